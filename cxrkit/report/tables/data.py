"""Tables of the data: the way from the sources to the splits, and what was left out and why."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from cxrkit.data import summary
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import LABEL_WORDS, LABELS, SPLIT_WORDS, SPLITS, Record
from cxrkit.progress import counted
from cxrkit.report.tables.patients import unknown
from cxrkit.tables import Cell, Column, Table
from cxrkit.tables import number_cell as number

STUDY_VIEWS = "The study had “a mixture of posterior to anterior as well as lateral views”."


@dataclass(frozen=True)
class Step:
    """A step of the data's way. title; count: images; parts: [(words, count)], commonest first; kind: kept, out or split."""

    title: str
    count: int
    parts: list[tuple[str, int]]
    kind: Literal["kept", "out", "split"]


def flow(manifest: Manifest) -> list[Step]:
    """The way of the data, from what the sources hold to the splits."""
    everything, used = manifest.records, manifest.used
    copies = Counter(summary.short_reason(record) for record in everything if record.is_removed_copy)
    others = Counter(summary.short_reason(record) for record in everything if not record.used and not record.is_removed_copy)
    steps = [Step("read from the sources", len(everything), Counter(record.source for record in everything).most_common(), "kept")]
    if copies:
        steps.append(Step("copy removed" if copies.total() == 1 else "copies removed", copies.total(), copies.most_common(), "out"))
        steps.append(Step("different pictures", len(everything) - copies.total(), [], "kept"))
    if others:
        steps.append(Step("left out", others.total(), _capped(others), "out"))
    steps.append(Step("used", len(used), _labels(used), "kept"))
    for split in SPLITS:
        of_split = [record for record in used if record.split == split]
        if of_split and split:
            patients = len({manifest.groups[record.image_id] for record in of_split})
            words = "patients at most" if unknown(of_split) else "patients"
            steps.append(Step(SPLIT_WORDS[split], len(of_split), [*_labels(of_split), (words, patients)], "split"))
    return steps


def _capped(counts: Counter[str]) -> list[tuple[str, int]]:
    rest = counts.most_common()[summary.LISTED :]
    return counts.most_common(summary.LISTED) + ([(f"{len(rest)} rarer reasons", sum(count for _, count in rest))] if rest else [])


def _labels(records: Iterable[Record]) -> list[tuple[str, int]]:
    counts = Counter(record.label for record in records)
    return [(LABEL_WORDS[label], counts[label]) for label in LABELS]


def sources(manifest: Manifest) -> Table:
    rows = []
    for source in sorted({record.source for record in manifest.records}):
        of_source = [record for record in manifest.records if record.source == source]
        used = [record for record in of_source if record.used]
        counts = [sum(record.label == label for record in used) for label in LABELS]
        copies = sum(bool(record.duplicate_of) for record in of_source)
        listed = [_commonest(record.view or "not known" for record in used), _commonest(record.licence or "unknown" for record in used)]
        rows.append(
            [
                Cell(source),
                *[number(value) for value in (len(of_source), len(used), *counts, copies)],
                _patients(used),
                *[Cell(text) for text in listed],
            ]
        )
    columns = (
        Column("source"),
        *[Column(title, True) for title in ("read", "used", "COVID-19", "normal", "copies", "patients")],
        Column("views"),
        Column("licences"),
    )
    return Table("sources-of-films", "Images of each source.", columns, rows)


def _patients(used: list[Record]) -> Cell:
    """How many patients are known, and of how many films none is."""
    known, lacking = len({record.patient for record in used} - {""}), unknown(used)
    if not lacking:
        return number(known)
    return number(known, f"{known:,}, and {lacking:,} films of unknown ones" if known else "not known")


def left_out(manifest: Manifest) -> Table:
    reasons = sorted(summary.left_out(manifest, summary.REASONS), key=lambda row: (not row[1], -row[0]))
    rows = [[Cell(reason), Cell(source), number(count)] for count, source, reason in reasons]
    columns = (Column("reason"), Column("source"), Column("images", True))
    return Table("left-out", f"{counted(sum(count for count, *_ in reasons), 'image')} left out, and why.", columns, rows)


def views_sentence(manifest: Manifest, left_out: Iterable[str]) -> str:
    """Which views the used films are, of each class, which were left out (key exclude_views), and what the study used."""
    told = [
        f"{LABEL_WORDS[label]}: {_commonest(record.view or 'not known' for record in manifest.used if record.label == label)}"
        for label in LABELS
    ]
    out = sum(record.excluded.startswith("view ") for record in manifest.records)
    key = f"The setting exclude_views leaves out: {', '.join(left_out) or 'none'}; {out:,} film{'s were' if out != 1 else ' was'} left out because of the view"
    return f"Views in use: {'; '.join(told)}. {key}. {STUDY_VIEWS}"


def _commonest(values: Iterable[str]) -> str:
    return ", ".join(f"{value} {count:,}" for value, count in Counter(values).most_common(5))
