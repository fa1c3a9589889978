"""review.csv: what no page decides, for a person to fill in; the next refresh reads the answers back."""

import csv
import io
import re
from dataclasses import dataclass

from cxrkit.data.records import VIEWS
from cxrkit.errors import BadInput
from cxrkit.files import write_text
from scrapers.sites.cases import CT, XRAY

COLUMNS = ("site", "case", "film", "field", "guess", "words", "file", "case_url", "answer", "reviewed_by")
UNKNOWN = "unknown"
ALLOWED = {
    "modality": (XRAY, CT, "other"),
    "view": tuple(view for view in VIEWS if view) + (UNKNOWN,),
    "sex": ("M", "F", UNKNOWN),
    "patient": ("a", "b", UNKNOWN),
}
REVIEWED = "reviewed"


@dataclass(frozen=True)
class Answer:
    """One filled-in row. problem: why the answer cannot be used, with its line; such a row stays open."""

    site: str
    case: str
    film: str
    field: str
    answer: str
    reviewed_by: str
    problem: str = ""

    @property
    def about(self):
        return self.site, self.case, self.film, self.field


def read(path):
    """The answers of a review.csv. Raises BadInput.

    A spreadsheet may have saved it with ";" or tabs, a byte-order mark, or as Windows-1252.
    """
    if not path.exists():
        return []
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    rows = csv.DictReader(io.StringIO(text), delimiter=separator)
    if not set(COLUMNS) - {"guess", "words", "file", "case_url"} <= set(rows.fieldnames or ()):
        raise BadInput(
            "The review has not the columns that a refresh wrote.", path, f"keep the columns {', '.join(COLUMNS)}, or delete the file"
        )
    answers = []
    for row in rows:
        values = {name: _unguarded((row.get(name) or "").strip()) for name in COLUMNS}
        if values["answer"]:
            wrong = _wrong(values)
            given = (values[name] for name in ("site", "case", "film", "field", "answer", "reviewed_by"))
            answers.append(Answer(*given, problem=f"review.csv, line {rows.line_num}: {wrong}" if wrong else ""))
    return answers


def _wrong(row):
    allowed = ALLOWED.get(row["field"])
    if allowed and row["answer"] not in allowed:
        return f"{row['answer']!r} is no {row['field']}; write one of {', '.join(allowed)}"
    if row["field"] == "rid" and not re.fullmatch(r"\d{1,9}", row["answer"]):
        return f"{row['answer']!r} is no rID; write its digits"
    if row["field"] not in (*ALLOWED, "rid", "age", "finding"):
        return f"there is no field {row['field']!r}"
    if not row["reviewed_by"]:
        return "reviewed_by is empty; write who decided"
    return ""


def apply(record, answers):
    """The record with the usable answers about it, which outlast every later refresh."""
    answers = [answer for answer in answers if not answer.problem]
    films = [dict(film) for film in record["films"]]
    by_key = {film["key"]: film for film in films}
    record = record | {"films": films}
    for answer in answers:
        target = by_key.get(answer.film) if answer.film else record
        if (answer.site, answer.case) != (record["site"], record["key"]) or target is None:
            continue
        value = "" if answer.answer == UNKNOWN else answer.answer
        if answer.field == "rid":
            record["rid"], record["doi"] = value, f"https://doi.org/10.53347/rID-{value}"
            record["credit"] = record["credit"].replace("rID: unknown", f"rID: {value}")
        elif answer.field == "patient":
            target["patient"] = value
        else:
            target[answer.field] = {"value": value, "evidence": f"review.csv: {answer.reviewed_by}"}
        if answer.field == "modality":
            target["confidence"] = REVIEWED
        target["reviewed_by"] = answer.reviewed_by
    answered = {answer.about for answer in answers}
    left = [q for q in record["questions"] if (record["site"], record["key"], q["film"], q["field"]) not in answered]
    return record | {"questions": left}


def write(path, records, answers):
    """Write the open questions of the records, and the answers that were given, so that they stay."""
    rows = {}
    for record in records:
        files = {film["key"]: film.get("file", "") for film in record["films"]}
        for question in record["questions"]:
            about = (record["site"], record["key"], question["film"], question["field"])
            name = files.get(question["film"], "")
            rows[about] = [
                *about,
                question["guess"],
                question["words"],
                f"{record['site']}/{record['key']}/{name}" if name else "",
                record["url"],
                "",
                "",
            ]
    for answer in answers:
        asked = rows.get(answer.about, [*answer.about, "", "", "", "", "", ""])
        rows[answer.about] = [*asked[:-2], answer.answer, answer.reviewed_by]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_guarded(cell) for cell in rows[about]] for about in sorted(rows))
    write_text(path, text.getvalue())


def _guarded(cell):
    """A cell that no spreadsheet takes for a formula: the words come from web pages."""
    return "'" + cell if cell[:1] in ("=", "+", "-", "@", "\t") else cell


def _unguarded(cell):
    return cell[1:] if cell[:2] in ("'=", "'+", "'-", "'@") else cell
