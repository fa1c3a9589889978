"""The difference between two manifests: how many films were added, removed, relabelled or moved, by label and split; and each by name."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cxrkit.data.manifest import Manifest
from cxrkit.data.records import COLUMNS, LABELS, SPLITS, Record
from cxrkit.progress import counted, table

ALWAYS = ("added", "removed", "relabelled", "moved")
"""Kinds of changes that are counted even where there are none."""
UNCHANGED = "unchanged"
TOLD = ("label", "split", "excluded", "sha256")
"""Columns whose changes have a kind of their own."""


@dataclass(frozen=True)
class Change:
    """kind: added, removed, relabelled, moved, reason (of an exclusion), content (another file) or facts (other columns); record: as it
    is now, as it was where it was removed; words: what changed, empty where the kind says it."""

    kind: str
    record: Record
    words: str = ""

    @property
    def line(self) -> str:
        return f"{self.kind:<11} {self.record.image_id}" + (f": {self.words}" if self.words else "")


def changes(before: Manifest, after: Manifest) -> list[Change]:
    """All changes from one manifest to another; of one film there may be several, or none."""
    old, new = ({record.image_id: record for record in manifest.records} for manifest in (before, after))
    found = [Change("added", new[name]) for name in sorted(new.keys() - old.keys())]
    found += [Change("removed", old[name]) for name in sorted(old.keys() - new.keys())]
    return found + [change for name in sorted(old.keys() & new.keys()) for change in _of_film(old[name], new[name])]


def _of_film(old: Record, new: Record) -> Iterator[Change]:
    if old.label != new.label:
        yield Change("relabelled", new, f"{old.label or 'none'} to {new.label or 'none'}")
    if old.split != new.split:
        yield Change("moved", new, f"{old.split or 'unused'} to {new.split or 'unused'}")
    if old.excluded != new.excluded:
        yield Change("reason", new, f"{old.excluded or 'used'} to {new.excluded or 'used'}")
    if old.sha256 != new.sha256:
        yield Change("content", new, "another file" if old.sha256 and new.sha256 else f"a file {'added' if new.sha256 else 'removed'}")
    if others := [column for column in COLUMNS if column not in TOLD and getattr(old, column) != getattr(new, column)]:
        yield Change("facts", new, ", ".join(others))


def text(before: Manifest, after: Manifest) -> str:
    """The counts as a table, and below it a line a change."""
    found = changes(before, after)
    touched = {change.record.image_id for change in found}
    kinds = dict.fromkeys([*ALWAYS, *(change.kind for change in found)])
    rows = [_row(kind, (change.record for change in found if change.kind == kind)) for kind in kinds]
    rows.append(_row(UNCHANGED, (record for record in after.records if record.image_id not in touched)))
    header = ["", "films", *LABELS, "no label", *SPLITS[:-1], "not in use"]
    sizes = "; ".join(
        f"{name}: {counted(len(manifest.records), 'row')}, {len(manifest.used):,} in use"
        for name, manifest in (("before", before), ("after", after))
    )
    several = "labels and splits as they are now, of removed films as they were; a film may have changed in several ways"
    told = [sizes, table(rows, header, right=header[1:]), several if found else "no difference"]
    return "\n\n".join([*told, *(["\n".join(change.line for change in found)] if found else [])])


def _row(kind: str, records: Iterable[Record]) -> list[object]:
    listed = list(records)
    labels, splits = (Counter(getattr(record, column) for record in listed) for column in ("label", "split"))
    return [kind, len(listed), *(labels[label] for label in (*LABELS, "")), *(splits[split] for split in SPLITS)]
