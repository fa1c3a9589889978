"""Patient groups: the films of one patient and all copies of one picture, which must stay in one split."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations

from cxrkit.data import words
from cxrkit.data.copies import Pair
from cxrkit.data.records import NEGATIVE, Record, age_span, copy_of, traits

UUID_NAME = re.compile(r"[0-9A-F]{8}-(?:[0-9A-F]{4}-){3}[0-9A-F]{12}", re.IGNORECASE)
"""SIRM published most films of March 2020 under such names, and the collections kept them."""

YEARS_APART, YEARS_OFF = 10, 2
"""By how many years the ages of one patient's films may differ: where it is not known when both were taken, for they lie weeks or a few
years from each other; and beyond the years between them where it is, for ages are rounded and of dates the years count."""


def groups_of(records: Iterable[Record], links: bool = True) -> dict[str, str]:
    """{image_id: group} for all records; a group is named by its smallest image_id, whatever the order.

    Records join by patient key and, with `links`, by duplicate_of and by a UUID that their names share
    (union-find). Excluded records join too: a copy that is not used, or whose file is missing, still says
    that two patient keys are one patient.
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for record in records:
        tied = [record.image_id]
        if record.patient:
            tied.append("patient " + record.patient)
        if links:
            tied += [record.duplicate_of] if record.duplicate_of else []
            tied += ["name " + uuid.upper() for uuid in UUID_NAME.findall(record.image_id)]
        for other in tied[1:]:
            parent[root(other)] = root(tied[0])
    members = defaultdict(list)
    for record in records:
        members[root(record.image_id)].append(record.image_id)
    return {name: min(names) for names in members.values() for name in names}


def mark_copies(records: Sequence[Record], pairs: Iterable[Pair], remove: bool = True) -> list[Record]:
    """The records with duplicate_of set on all but one of each picture; with `remove`, those are excluded.

    pairs: what copies.find returns. The one that stays knows most: a label, a view, a licence; then the one with
    more pixels, then the smaller image_id.
    """
    by_id = {record.image_id: record for record in records}
    parent = {name: name for pair in pairs for name in (pair.first, pair.second)}

    def root(name: str) -> str:
        while parent[name] != name:
            name = parent[name]
        return name

    for pair in pairs:
        parent[root(pair.first)] = root(pair.second)
    pictures = defaultdict(list)
    for name in parent:
        pictures[root(name)].append(by_id[name])
    original_of = {}
    for shown in pictures.values():
        best = min(shown, key=_ignorance)
        original_of |= {record.image_id: best.image_id for record in shown if record is not best}
    marked = []
    for record in records:
        if record.image_id in original_of:
            original = original_of[record.image_id]
            record = record.but(duplicate_of=original, excluded=record.excluded or (copy_of(original) if remove else ""))
        marked.append(record)
    return marked


def _ignorance(record: Record) -> tuple[bool, bool, bool, bool, int, str]:
    """What a record lacks, the weightiest first: of the records of one picture, the least stays, and a used one before all others."""
    pixels = (record.width or 0) * (record.height or 0)
    return (not record.used, not record.label, not record.view, record.licence in ("", "unknown"), -pixels, record.image_id)


CONFLICT = "conflicting labels"
"""How the reason of a film begins over which sources differ."""


def exclude_conflicts(records: Sequence[Record], groups: dict[str, str]) -> list[Record]:
    """The records, without the used ones over which two sources, or two rows, differ; both rows are named.

    That is a group with both labels, and a picture that is normal in one place and of another finding elsewhere. Pneumonia does not
    deny COVID-19, and one patient may have a finding on one film and none on another. Nor do two people differ over a film, where
    one number stands for both: see apart. groups: {image_id: group}, see groups_of.
    """
    said: dict[str, list[Record]] = defaultdict(list)
    other: dict[str, Record] = {}
    for record in sorted(records, key=lambda record: (record.modality != "X-ray", record.image_id)):
        if record.label:
            said[groups[record.image_id]].append(record)
        elif words.is_finding(record.finding):
            other.setdefault(_picture(record), record)
    result = []
    for record in records:
        if record.used:
            in_group = said[groups[record.image_id]]
            own = [record, *(film for film in in_group if _picture(film) == _picture(record))]
            of_others = {_picture(film) for film in in_group if any(_two_people(one, film) for one in own)}
            against = [film for film in in_group if film.label != record.label and _picture(film) not in of_others]
            labels = {film.label: film.image_id for film in [*reversed(against), record]}
            if against:
                labels[record.label] = next(film.image_id for film in in_group if film.label == record.label)
                record = record.but(excluded=f"{CONFLICT} in one group: " + _listed(labels))
            elif record.label == NEGATIVE and (film := other.get(_picture(record))):
                record = record.but(
                    excluded=f"{CONFLICT} of one picture: " + _listed({record.label: record.image_id, film.finding: film.image_id})
                )
        result.append(record)
    return result


def _listed(labels: dict[str, str]) -> str:
    return ", ".join(f"{label} by {name}" for label, name in sorted(labels.items()))


def _picture(record: Record) -> str:
    return record.duplicate_of or record.image_id


def _two_people(one: Record, other: Record) -> bool:
    return one.patient == other.patient != "" and _picture(one) != _picture(other) and apart(one, other)


def apart(one: Record, other: Record) -> bool:
    """Whether two films of one patient number cannot be one person's: by sex, or by ages that the years between them do not explain."""
    sexes = {traits(one)["sex"], traits(other)["sex"]} - {""}
    first, second = age_span(one.age), age_span(other.age)
    if len(sexes) > 1 or not first or not second:
        return len(sexes) > 1
    between, allowed = (other.taken - one.taken, YEARS_OFF) if one.taken and other.taken else (0, YEARS_APART)
    return max(first[0] + between - second[1], second[0] - between - first[1]) > allowed


def two_people(records: Iterable[Record]) -> list[tuple[Record, Record]]:
    """A pair of films for each patient number that may stand for two people, by number; used films stand for their like."""
    films: dict[str, dict[tuple, Record]] = defaultdict(dict)
    for record in sorted(records, key=lambda record: (not record.used, record.image_id)):
        if record.patient:
            films[record.patient].setdefault((traits(record)["sex"], age_span(record.age), record.taken), record)
    pairs = (next((pair for pair in combinations(films[patient].values(), 2) if apart(*pair)), None) for patient in sorted(films))
    return [pair for pair in pairs if pair]
