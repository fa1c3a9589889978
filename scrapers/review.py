"""Human review, review.csv: the questions that no page answers, for a person to fill in; the next refresh reads the answers."""

import re
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from cxrkit.data.readers.collected import CT, REVIEWED, XRAY, CaseRecord, Fact, StoredFilm
from cxrkit.data.records import VIEWS
from cxrkit.files import write_csv
from cxrkit.saved_tables import read_csv_rows
from scrapers.sites.site import SITES

COLUMNS = ("site", "case", "film", "field", "guess", "words", "file", "case_url", "answer", "reviewed_by")
NEEDED = ("site", "case", "film", "field", "answer", "reviewed_by")
UNKNOWN = "unknown"
FILM = "film:"
"""Stands before the key of a film that a spreadsheet would take for something else."""
TRUTH_VALUES = ("true", "false", "vero", "falso", "wahr", "falsch", "vrai", "faux")
ALLOWED = {
    "modality": (XRAY, CT, "other"),
    "view": tuple(view for view in VIEWS if view) + (UNKNOWN,),
    "sex": ("M", "F", UNKNOWN),
    "patient": (*string.ascii_lowercase, UNKNOWN),
    "reading": ("keep", "replace"),
}
OF_A_FILM = ("modality", "view", "patient", "age", "sex", "picture")
OF_A_CASE = ("rid", "finding", "age", "sex", "page", "reading")

Reviewed = TypeVar("Reviewed", CaseRecord, StoredFilm)


@dataclass(frozen=True)
class Answer:
    """One row that a person filled in. problem: why the answer cannot be used, with its line; such a row stays open."""

    site: str
    case: str
    film: str
    field: str
    answer: str
    reviewed_by: str
    problem: str = ""
    line: int = 0

    @property
    def question(self) -> tuple[str, str, str, str]:
        """Site, case, film and field: what is asked."""
        return self.site, self.case, self.film, self.field


def read(path: Path) -> list[Answer]:
    """The answers in a review.csv, which a spreadsheet may have saved in its own way. Raises BadInput."""
    if not path.exists():
        return []
    next = f"keep the columns {', '.join(COLUMNS)}, or delete the file"
    answers = []
    for line, row in enumerate(read_csv_rows(path, "The review", next, columns=NEEDED), start=2):
        values = {name: _unescaped((row[name] or "").strip()) for name in NEEDED}
        values |= {"site": values["site"].lower(), "film": values["film"].removeprefix(FILM)}
        if values["answer"]:
            wrong = _wrong(values)
            answers.append(Answer(**values, problem=f"review.csv, line {line}: {wrong}" if wrong else "", line=line))
    return answers


def unmatched(records: Iterable[CaseRecord], answers: Iterable[Answer]) -> list[tuple[str, str]]:
    """[(where, reason)] of the usable answers that are on no case or film of the store."""
    films = {(record.site, record.key): {"", *(film.key for film in record.films)} for record in records}
    found = []
    for answer in answers:
        there = films.get((answer.site, answer.case))
        if answer.problem or (there and answer.film in there):
            continue
        what = f"the case has no film {answer.film!r}" if there else f"the store has no case {answer.site} {answer.case!r}"
        hint = "a spreadsheet may have changed it; delete the row, and the question is asked again"
        found.append((f"review.csv, line {answer.line}", f"the answer is on nothing: {what}; {hint}"))
    return found


def _wrong(row: dict[str, str]) -> str:
    """Why an answer cannot be used; empty when it can."""
    fields, owner = (OF_A_FILM, "film") if row["film"] else (OF_A_CASE, "case")
    allowed = ALLOWED.get(row["field"])
    if row["field"] not in fields:
        return f"a {owner} has no field {row['field']!r}; it has {', '.join(fields)}"
    if allowed and row["answer"] not in allowed:
        return f"{row['answer']!r} is no {row['field']}; write one of {', '.join(allowed) if len(allowed) < 10 else f'{allowed[0]} to {allowed[-2]}, {allowed[-1]}'}"
    if row["field"] == "rid" and not re.fullmatch(r"\d{1,9}", row["answer"]):
        return f"{row['answer']!r} is no rID; write its digits"
    if row["field"] == "age" and not re.fullmatch(r"\d{1,2}|10\d|11[0-5]|\d{1,2} (?:months|weeks|days)|unknown", row["answer"]):
        return f"{row['answer']!r} is no age; write years (53), or months, weeks or days (18 months)"
    if row["field"] == "page" and not re.fullmatch(r"yes|no|https?://\S+", row["answer"]):
        return f"{row['answer']!r} says of no page where it was; write yes, no, or the case's address"
    if row["field"] == "page" and row["answer"] not in ("yes", "no"):
        parser = SITES.get(row["site"])
        name = parser.case_name(row["answer"]) if parser and parser.owns(row["answer"]) else ""
        if not name or (name.isdigit() and name != row["case"]):
            return f"{row['answer']} is no address of case {row['case']}; write the address of its own page"
    if not row["reviewed_by"]:
        return "reviewed_by is empty; write who decided"
    return ""


def apply(record: CaseRecord, answers: Iterable[Answer]) -> CaseRecord:
    """The record with the usable answers on it, which outlast every later refresh."""
    answers = [answer for answer in answers if not answer.problem and (answer.site, answer.case) == (record.site, record.key)]
    for answer in answers:
        if not answer.film:
            record = _answered(record, answer)
        for film in record.films:
            if film.key == answer.film:
                record = record.with_film(_answered(film, answer))
    answered = {(answer.film, answer.field) for answer in answers if (answer.field, answer.answer) != ("page", "no")}
    return replace(record, questions=tuple(q for q in record.questions if (q.film, q.field) not in answered))


def _answered(part: Reviewed, answer: Answer) -> Reviewed:
    """A case or a film with an answer on it."""
    value = "" if answer.answer == UNKNOWN else answer.answer
    part = replace(part, reviewed_by=answer.reviewed_by)
    if answer.field in ("picture", "reading") or answer.answer == "no":
        return part  # decided where pictures are found, and pages are taken
    if isinstance(part, CaseRecord) and answer.field == "page":
        asked = next((question.guess for question in part.questions if question.field == "page"), "")
        return replace(part, url=part.url or (asked if value == "yes" else value))
    if isinstance(part, CaseRecord) and answer.field == "rid":
        credit = part.credit.replace("rID: unknown", f"rID: {value}")
        return replace(part, rid=value, doi=f"https://doi.org/10.53347/rID-{value}", credit=credit)
    if answer.field == "patient":
        return replace(part, patient=value)
    if answer.field == "modality":
        part = replace(part, confidence=REVIEWED)
    return replace(part, **{answer.field: Fact(value, f"review.csv: {answer.reviewed_by}")})


def write(path: Path, records: Iterable[CaseRecord], answers: Sequence[Answer]) -> None:
    """Write the open questions of the records, and the answers that were given, so that they stay."""
    rows = {}
    for record in records:
        files = {film.key: film.file for film in record.films}
        for question in record.questions:
            key = (record.site, record.key, question.film, question.field)
            file = files.get(question.film, "")
            rows[key] = [question.guess, question.words, f"{record.site}/{record.key}/{file}" if file else "", record.url, "", ""]
    for answer in answers:
        context = rows.get(answer.question, [""] * 6)[:4]
        rows[answer.question] = [*context, answer.answer, answer.reviewed_by]
    shown = [(site, case, _kept(film), field, *rows[site, case, film, field]) for site, case, film, field in sorted(rows)]
    write_csv(path, COLUMNS, [[_escaped(cell) for cell in row] for row in shown])


def _kept(film: str) -> str:
    """A film's key as no spreadsheet changes it: 1-16 would become a date, 1e5 a number, true a truth value."""
    plain = re.fullmatch(r"[1-9]\d{0,10}|[a-z][a-z_-]*|(?![a-z]{3,9}[ ._-]?\d{1,4}$)[a-z][a-z0-9_-]*", film)
    return film if not film or (plain and film not in TRUTH_VALUES) else FILM + film


def _escaped(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: the words come from web pages."""
    return "'" + cell if cell[:1] in ("=", "+", "-", "@", "\t") else cell


def _unescaped(cell: str) -> str:
    return cell[1:] if cell[:2] in ("'=", "'+", "'-", "'@") else cell
