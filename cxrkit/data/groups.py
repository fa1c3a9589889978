"""Patient groups: the films of one patient and all copies of one picture, which must stay in one split."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from cxrkit.data import words
from cxrkit.data.copies import Pair
from cxrkit.data.records import NEGATIVE, Record, copy_of, traits

UUID_NAME = re.compile(r"[0-9A-F]{8}-(?:[0-9A-F]{4}-){3}[0-9A-F]{12}", re.IGNORECASE)
"""SIRM published most films of March 2020 under such names, and the collections kept them."""

YEARS_APART = 10
"""Films of one patient lie weeks or a few years from each other, and ages are rounded."""


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
            other.setdefault(record.duplicate_of or record.image_id, record)
    result = []
    for record in records:
        if record.used:
            against = [film for film in said[groups[record.image_id]] if film.label != record.label and not _two_people(record, film)]
            labels = {film.label: film.image_id for film in [*reversed(against), record]}
            if against:
                labels[record.label] = next(f.image_id for f in said[groups[record.image_id]] if f.label == record.label)
                record = record.but(excluded=f"{CONFLICT} in one group: " + _listed(labels))
            elif record.label == NEGATIVE and (film := other.get(record.duplicate_of or record.image_id)):
                record = record.but(
                    excluded=f"{CONFLICT} of one picture: " + _listed({record.label: record.image_id, film.finding: film.image_id})
                )
        result.append(record)
    return result


def _listed(labels: dict[str, str]) -> str:
    return ", ".join(f"{label} by {name}" for label, name in sorted(labels.items()))


def _two_people(one: Record, other: Record) -> bool:
    return (
        one.patient == other.patient != ""
        and (one.duplicate_of or one.image_id) != (other.duplicate_of or other.image_id)
        and apart(one, other)
    )


def apart(one: Record, other: Record) -> bool:
    """Whether two films of one patient number are told apart: by sex, or by ages more than YEARS_APART years from each other."""
    first, second = traits(one), traits(other)
    sexes, ages = {first["sex"], second["sex"]} - {""}, [age for age in (one.years, other.years) if age is not None]
    return len(sexes) > 1 or len(ages) > 1 and abs(ages[0] - ages[1]) > YEARS_APART
