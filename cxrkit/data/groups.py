"""Patient groups: the films of one patient and all copies of one picture, which must stay in one split."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from cxrkit.data.copies import Pair
from cxrkit.data.records import Record, copy_of

UUID_NAME = re.compile(r"[0-9A-F]{8}-(?:[0-9A-F]{4}-){3}[0-9A-F]{12}", re.IGNORECASE)
"""SIRM published most films of March 2020 under such names, and the collections kept them."""


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


def _ignorance(record: Record) -> tuple[bool, bool, bool, int, str]:
    """What a record lacks, the weightiest first: of the records of one picture, the least stays."""
    pixels = (record.width or 0) * (record.height or 0)
    return (not record.label, not record.view, record.licence in ("", "unknown"), -pixels, record.image_id)


def exclude_conflicts(records: Sequence[Record], groups: dict[str, str]) -> list[Record]:
    """The records, without the used ones of a group that two sources label differently; both rows are named.

    groups: {image_id: group}, see groups_of.
    """
    said: dict[str, dict[str, str]] = defaultdict(dict)
    for record in sorted(records, key=lambda record: (record.modality != "X-ray", record.image_id)):
        if record.label:
            said[groups[record.image_id]].setdefault(record.label, record.image_id)
    result = []
    for record in records:
        labels = said[groups[record.image_id]]
        if record.used and len(labels) > 1:
            record = record.but(
                excluded="conflicting labels in one group: " + ", ".join(f"{label} by {name}" for label, name in sorted(labels.items()))
            )
        result.append(record)
    return result
