"""What pages say about a case and its films: plain values, each with the evidence it came from."""

import hashlib
import re
from dataclasses import asdict, dataclass, field, replace

XRAY, CT = "X-ray", "CT"

EXACT, STATED, GUESSED = "exact", "stated", "guessed"
"""How sure a modality is: a field of the site says it; words by the picture say it; weaker words hint at it."""


@dataclass(frozen=True)
class Said:
    """A value and the place or the words it was read from."""

    value: str = ""
    evidence: str = ""

    def __bool__(self):
        return bool(self.value)


NOTHING = Said()


@dataclass(frozen=True)
class Film:
    """One picture of a case.

    key: its name within the case. image_urls: where it lies, the full size first.
    patient: "a" or "b" in a case of two patients, else empty.
    note: why it cannot be fetched, when the page itself says so.
    """

    key: str
    image_urls: tuple[str, ...] = ()
    study: str = ""
    modality: Said = NOTHING
    confidence: str = ""
    view: Said = NOTHING
    patient: str = ""
    age: Said = NOTHING
    sex: Said = NOTHING
    caption: str = ""
    note: str = ""


@dataclass(frozen=True)
class Study:
    """One examination of a case. images: how many pictures its viewer names, None when that is not known."""

    key: str
    modality: str = ""
    caption: str = ""
    findings: str = ""
    images: int | None = None
    viewer_url: str = ""


@dataclass(frozen=True)
class Question:
    """What a person must decide. film: the film's key, or empty when it is about the case."""

    film: str
    field: str
    guess: str = ""
    words: str = ""


@dataclass(frozen=True)
class Case:
    """One case of one site; `key` is Radiopaedia's rID or SIRM's case number."""

    site: str
    key: str
    url: str
    title: str = ""
    finding: Said = NOTHING
    certainty: str = ""
    age: Said = NOTHING
    sex: Said = NOTHING
    presentation: str = ""
    discussion: str = ""
    author: str = ""
    institution: str = ""
    published: str = ""
    doi: str = ""
    licence: Said = NOTHING
    licence_url: str = ""
    terms_url: str = ""
    credit: str = ""
    tags: tuple[str, ...] = ()
    patients: tuple[str, ...] = ()
    studies: tuple[Study, ...] = ()
    films: tuple[Film, ...] = ()
    questions: tuple[Question, ...] = field(default=())

    def but(self, **changes):
        return replace(self, **changes)


def as_json(case):
    """The case as plain JSON values."""
    return asdict(case)


def ask(case):
    """The case with one question for everything about it that no page decides."""
    asked = list(case.questions)
    for film in case.films:
        if film.confidence not in (EXACT, STATED):
            asked.append(Question(film.key, "modality", film.modality.value, film.modality.evidence or film.caption))
        if len(case.patients) > 1 and not film.patient and film.modality.value != CT:
            asked.append(Question(film.key, "patient", "", f"the case tells of {len(case.patients)} patients"))
    return case.but(questions=tuple(dict.fromkeys(asked)))


def combine(cases):
    """One case out of several pages about it: the first page's word counts, the others fill its blanks.

    Films are the same when their keys are. Where two pages state a different age or sex of the same
    patient, neither is taken and a question is asked.
    """
    first, *others = cases
    for other in others:
        changes = {name: value for name, value in vars(other).items() if not getattr(first, name) and value}
        questions = [*first.questions, *other.questions]
        for name in ("age", "sex"):
            mine, its = getattr(first, name), getattr(other, name)
            if mine and its and mine.value != its.value:
                changes[name] = NOTHING
                questions.append(Question("", name, "", f"{mine.value} ({mine.evidence}); {its.value} ({its.evidence})"))
        changes["films"] = _union(first.films, other.films, _better_film)
        changes["studies"] = _union(first.studies, other.studies, _fuller_study)
        first = first.but(**changes | {"questions": tuple(dict.fromkeys(questions))})
    return first


def _union(mine, others, better):
    merged = {item.key: item for item in mine}
    for item in others:
        merged[item.key] = better(merged[item.key], item) if item.key in merged else item
    return tuple(merged.values())


def _better_film(one, two):
    rank = (EXACT, STATED, GUESSED, "")
    if rank.index(two.confidence) < rank.index(one.confidence):
        one, two = two, one
    blanks = {name: value for name, value in vars(two).items() if not getattr(one, name) and value}
    return replace(one, **blanks | {"image_urls": tuple(dict.fromkeys(one.image_urls + two.image_urls))})


def _fuller_study(one, two):
    blanks = {name: value for name, value in vars(two).items() if not getattr(one, name) and value}
    return replace(one, **blanks)


def safe_name(text, length=60):
    """A file name of a-z, 0-9, "-" and "_" for any text; different texts give different names.

    Text that is such a name already stays as it is; anything else gets part of its hash appended.
    """
    text = str(text)
    name = re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-")[:length]
    if name == text and name:
        return name
    return f"{name or 'x'}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}"
