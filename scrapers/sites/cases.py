"""Cases from parsed pages: listing pages, the questions a case leaves open, and the merging of several pages of one case."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from cxrkit.data.readers.collected import CT, EXACT, GUESSED, NOT_KNOWN, STATED, Case, Film, Question, Study

Part = TypeVar("Part", Film, Study)


@dataclass(frozen=True)
class Listing:
    """One page of a listing: the addresses of its cases, and of the next page or empty."""

    cases: tuple[str, ...]
    next: str = ""


def with_questions(case: Case) -> Case:
    """The case with a question for each film whose modality, or whose patient of two, the pages do not decide."""
    questions = list(case.questions)
    for film in case.films:
        if film.confidence not in (EXACT, STATED):
            questions.append(Question(film.key, "modality", film.modality.value, film.modality.evidence or film.caption))
        if len(case.patients) > 1 and not film.patient and film.modality.value != CT:
            questions.append(Question(film.key, "patient", "", f"the case tells of {len(case.patients)} patients"))
    return case.but(questions=tuple(dict.fromkeys(questions)))


def combine(cases: Sequence[Case]) -> Case:
    """One case from several pages of it: the first page decides, the others fill in what it leaves empty.

    Films are the same when their keys are. Where two pages state a different age or sex of the same
    patient, neither is taken and a question is asked.
    """
    first, *others = cases
    for other in others:
        changes = {name: value for name, value in vars(other).items() if not getattr(first, name) and value}
        questions = [*first.questions, *other.questions]
        for name in ("age", "sex"):
            one, two = getattr(first, name), getattr(other, name)
            if one and two and one.value != two.value:
                changes[name] = NOT_KNOWN
                questions.append(Question("", name, "", f"{one.value} ({one.evidence}); {two.value} ({two.evidence})"))
        changes["films"] = _union(first.films, other.films, _merged_film)
        changes["studies"] = _union(first.studies, other.studies, fill_blanks)
        first = first.but(**changes | {"questions": tuple(dict.fromkeys(questions))})
    return first


def _union(first: Sequence[Part], second: Sequence[Part], merge: Callable[[Part, Part], Part]) -> tuple[Part, ...]:
    merged = {part.key: part for part in first}
    for part in second:
        merged[part.key] = merge(merged[part.key], part) if part.key in merged else part
    return tuple(merged.values())


def _merged_film(one: Film, two: Film) -> Film:
    """Two descriptions of one film: the one that is surer of the modality decides."""
    rank = (EXACT, STATED, GUESSED, "")
    if rank.index(two.confidence) < rank.index(one.confidence):
        one, two = two, one
    return replace(fill_blanks(one, two), image_urls=tuple(dict.fromkeys(one.image_urls + two.image_urls)))


def fill_blanks(part: Part, other: Part) -> Part:
    """A film or study with what is empty in it taken from another description of it."""
    return replace(part, **{name: value for name, value in vars(other).items() if not getattr(part, name) and value})


def safe_name(text: str, length: int = 60) -> str:
    """A file name of a-z, 0-9, "-" and "_" for any text; different texts give different names.

    Text that is such a name already stays as it is; anything else gets part of its hash appended.
    """
    text = str(text)
    name = re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-")[:length]
    if name == text and name:
        return name
    return f"{name or 'x'}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}"
