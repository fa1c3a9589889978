"""What a manifest holds, counted, as text: sources, reasons, splits, copies."""

import re
from collections import Counter
from collections.abc import Iterable

from cxrkit.config import Experiment
from cxrkit.data import groups, splits
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import COPY, LABELS, POSITIVE, SPLITS, Record
from cxrkit.errors import NoFilm
from cxrkit.progress import table

LISTED, REASONS = 8, 20
"""How many examples are listed, and how many reasons of films that are left out."""


def text(manifest: Manifest) -> str:
    """Text tables of a manifest: sources, reasons for exclusions, splits, and how many leaks there are."""
    counts = Counter((record.split, record.label) for record in manifest.used)
    present = [split for split in SPLITS if any(counts[split, label] for label in LABELS)]
    rows = [[split, *(counts[split, label] for label in LABELS), sum(counts[split, label] for label in LABELS)] for split in present]
    parts = [
        _by_source(manifest),
        _reasons(manifest),
        _views(manifest),
        _people(manifest),
        table(rows, ["split", *LABELS, "images"], right=[*LABELS, "images"]),
        _leaks(manifest),
    ]
    return "\n\n".join(filter(None, parts))


def _views(manifest: Manifest) -> str:
    """The words for views that were not understood, as published; empty where all were."""
    said = Counter(record.view_basis.partition(": ")[2] for record in manifest.records if record.view_basis and not record.view)
    return "views not known: " + ", ".join(f"{words!r} ({count})" for words, count in said.most_common(8)) if said else ""


def _people(manifest: Manifest) -> str:
    """Patient numbers that may stand for two people, as questions to whoever knows; empty where there are none."""
    pairs = sorted(groups.two_people(manifest.records), key=lambda pair: not any(record.used for record in pair))
    if not pairs:
        return ""
    lines = [f"question: is {pair[0].patient} one patient? " + "; ".join(map(_person, pair)) for pair in pairs[:LISTED]]
    lines += [f"  and {len(pairs) - LISTED} more"] * (len(pairs) > LISTED)
    return "\n".join(
        [
            *lines,
            "They stay in one split meanwhile. Where they are two people, give each a number of its own in the source's table, and build again.",
        ]
    )


def _person(record: Record) -> str:
    taken = f" in {record.taken}" if record.taken else ""
    return f"{record.sex or 'sex not known'}, {record.age.removesuffix('.0') or 'age not known'}{taken} ({record.image_id}{'' if record.used else ', not in use'})"


def _leaks(manifest: Manifest) -> str:
    """How many patients and pictures stand in two splits; of how many films it is not known whose they are is part of the answer."""
    unknown = sum(not record.patient for record in manifest.used)
    if not unknown:
        return f"patients or pictures in two splits: {len(manifest.leaks)}"
    found = f"{len(manifest.leaks)} found; " if manifest.leaks or unknown < len(manifest.used) else ""
    return (
        f"patients in two splits: {found}not known for {unknown} of {len(manifest.used)} films, of which nothing says whose they are "
        "(films.csv may say it, in a column patient). Pictures in two splits: "
        f"{sum(leak.startswith('one picture') for leak in manifest.leaks)}"
    )


def _by_source(manifest: Manifest) -> str:
    header = ["source", "read", "kept", *LABELS, "copies", "patients", "views", "licences"]
    rows = []
    for source in sorted({record.source for record in manifest.records}):
        read = [record for record in manifest.records if record.source == source]
        used = [record for record in read if record.used]
        rows.append(
            [
                source,
                len(read),
                len(used),
                *(sum(record.label == label for record in used) for label in LABELS),
                sum(bool(record.duplicate_of) for record in read),
                _patients(used),
                _counts(record.view for record in used),
                _counts(record.licence for record in used),
            ]
        )
    return table(rows, header, right=header[1:7])


def _patients(used: list[Record]) -> str:
    known = len({record.patient for record in used} - {""})
    return str(known) if all(record.patient for record in used) else f"{known} + ?" if known else "?"


def left_out(manifest: Manifest, most: int) -> list[tuple[int, str, str]]:
    """(films, source, reason) of the exclusions, the most frequent of each source first, at most so many rows; the last sums the rest up."""
    reasons = Counter((record.source, short_reason(record)) for record in manifest.records if not record.used)
    ordered = sorted(reasons.items(), key=lambda item: (item[0][0], -item[1], item[0][1]))
    rare = {key for key, _ in reasons.most_common()[most:]}
    rows = [(count, source, reason) for (source, reason), count in ordered if (source, reason) not in rare]
    rest = sum(reasons[key] for key in rare)
    return rows + ([(rest, "", f"{len(rare)} rarer reasons: manifest.csv has them all, in the column excluded")] if rare else [])


def _reasons(manifest: Manifest) -> str:
    """A table of the reasons for exclusions; empty where nothing is left out."""
    rows = [[*row] for row in left_out(manifest, REASONS)]
    return table(rows, ["left out", "source", "why"], right=["left out"]) if rows else ""


def _counts(values: Iterable[str]) -> str:
    return ", ".join(f"{value or '?'} {count}" for value, count in Counter(values).most_common(5))


def short_reason(record: Record) -> str:
    """The reason of an exclusion without the parts that name one file, so that reasons can be counted."""
    reason = record.excluded
    if record.is_removed_copy:
        return f"{COPY}a film of {reason.removeprefix(COPY).split('/')[0]}"
    if reason.startswith((groups.CONFLICT, "cannot be decoded", "the DICOM file cannot be decoded", "it is damaged")):
        return reason.partition(":")[0]
    if reason.startswith(NoFilm.words):
        return re.sub(r"\d+", "n", reason)
    if reason.startswith("row "):
        return "a" + reason[reason.index(" of the metadata") :].replace(" of the metadata", " metadata row", 1)
    return reason


def as_merged(manifest: Manifest, experiment: Experiment) -> str:
    """What the study's merging would have done with the same films, in one sentence.

    The copies that were removed are put back and split by patient key alone, as the study believed; then
    the validation COVID-19 films whose picture or patient is in training as well are counted.
    """
    merged = [
        record.but(excluded="")
        if record.duplicate_of and record.is_removed_copy and record.view not in experiment.exclude_views
        else record
        for record in manifest.records
    ]
    merged = splits.assign(merged, experiment.split, groups.groups_of(merged, links=False), experiment.split_seed)
    group_of = manifest.groups  # the same films, patients and copies
    train = {group_of[record.image_id] for record in merged if record.used and record.split == "train"}
    valid = [record for record in merged if record.used and record.split == "valid" and record.label == POSITIVE]
    leaking = sum(group_of[record.image_id] in train for record in valid)
    return f"Merged as the study did, {leaking} of {len(valid)} COVID-19 films in validation would have a copy or the same patient in training."
