"""Cases from parsed pages: listing pages, the questions a case leaves open, and the merging of several pages of one case."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from cxrkit.data.readers.collected import CT, EXACT, GUESSED, NOT_KNOWN, STATED, Case, Film, Question, Study
from cxrkit.errors import BadInput
from scrapers.sites import pages

Part = TypeVar("Part", Film, Study)


class NotACase(BadInput):
    """A page without the marks of a case: a wall, a log-in, an error, a list, or a page of something else."""


SIZE = re.compile(
    r"(?:_(?:jumbo|big_gallery|gallery|medium|small|thumb|tiny)|-\d{2,4}x\d{2,4}|-scaled)(?=(?: ?\(\d+\))?\.[A-Za-z]+$)", re.IGNORECASE
)
SHORTEST_NAME = 12
"""Characters. A picture's shorter name (1, figura1, IMAGE_001) says nothing of whose it is."""


@dataclass(frozen=True)
class Listing:
    """One page of a listing: the addresses of its cases, and of the next page or empty."""

    cases: tuple[str, ...]
    next: str = ""


def with_questions(case: Case) -> Case:
    """The case with a question for each film whose modality, or whose patient of several, the pages do not decide."""
    questions = list(case.questions)
    for film in case.films:
        if film.confidence not in (EXACT, STATED):
            questions.append(Question(film.key, "modality", film.modality.value, film.modality.evidence or film.caption))
        if len(case.patients) > 1 and not film.patient and film.modality.value != CT:
            known = f"the case tells of {len(case.patients)} patients: {', '.join(case.patients)}"
            questions.append(Question(film.key, "patient", "", known))
    return case.but(questions=tuple(dict.fromkeys(questions)))


def combine(cases: Sequence[Case]) -> Case:
    """One case from several pages of it: the first page decides, the others fill in what it leaves empty.

    Films are the same when their keys are. Where two pages state a different age or sex of the same
    patient, neither is taken and a question is asked.
    """
    first, *others = cases
    for other in others:
        other = same_keys(first.films, other)
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


def same_keys(films: Sequence[Film], case: Case, others: dict[str, str] | None = None) -> Case:
    """The case with the keys that its films have among `films`, which may know them by other names of their pictures.

    Two films are one when just one on each side has the name, the name is long enough to be one of its own, and not both
    have a number of the site. others: {key in the case: key among films}, known otherwise.
    """
    case = _other_keys(films, case)
    names, own = _names(films), _names(case.films)
    keys, known = dict(others or {}), {film.key for film in films}
    numbered = {film.key for film in (*films, *case.films) if any(f"/images/{film.key}/" in url for url in film.image_urls)}
    for name, mine in own.items():
        theirs = names.get(name, set())
        if len(mine) == len(theirs) == 1 and len(name[1]) >= SHORTEST_NAME:
            keys.setdefault(next(iter(mine)), next(iter(theirs)))
    taken = {film.key for film in case.films}
    keys = {key: new for key, new in keys.items() if key not in known and new not in taken and not {key, new} <= numbered}
    if len(set(keys.values())) < len(keys) or not keys:
        return case
    return _renamed(case, keys)


def _renamed(case: Case, keys: dict[str, str]) -> Case:
    """The case with other keys of its films, in its questions, too."""
    films = tuple(replace(film, key=keys.get(film.key, film.key)) for film in case.films)
    return case.but(films=films, questions=tuple(replace(q, film=keys.get(q.film, q.film)) for q in case.questions))


def _other_keys(films: Sequence[Film], case: Case) -> Case:
    """The case with another key for each film that has the key of one of `films` and other addresses on the site: figura1 of another month."""
    places = {film.key: _places(film) for film in films}
    keys = {
        film.key: safe_name(next(url for url in film.image_urls if url.startswith("http")))
        for film in case.films
        if (there := _places(film)) and places.get(film.key) and not there & places[film.key] and not film.key.isdigit()
    }
    return _renamed(case, keys) if keys else case


def _places(film: Film) -> set[str]:
    """The paths of a film's addresses on its site, without what a size adds to them."""
    web = [url for url in film.image_urls if url.startswith("http")]
    return {SIZE.sub("", re.sub(r"^https?://[^/]+", "", url)) for url in web}


def _names(films: Sequence[Film]) -> dict[tuple[str, str], set[str]]:
    """{(study, name of a picture without its size): keys of the films that have it}."""
    found: dict[tuple[str, str], set[str]] = {}
    for film in films:
        for url in film.image_urls:
            name = SIZE.sub("", pages.file_name(url).lower()).rpartition(".")[0]
            found.setdefault((film.study, name), set()).add(film.key)
    return found


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
