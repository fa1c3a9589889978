"""manifest.csv: every image that any source named, used or not, one row each, with split, copies and reasons for exclusion."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from cxrkit.config import Experiment
from cxrkit.data import cache, copies, dicom, groups, matching, registration, splits
from cxrkit.data.records import ADULT, COLUMNS, LABELS, NUMBERS, SPLITS, VIEWS, Record, exclude, is_minor
from cxrkit.data.sources import Source, locator
from cxrkit.data.workers import Workers
from cxrkit.errors import BadInput
from cxrkit.files import csv_text, read_json, reading, refuse_foreign, sha256_of, sha256_of_json, write_json, write_text
from cxrkit.saved_tables import decoded, read_table

BUILD = "build it: python -m cxrkit manifest build"
BUILD_AGAIN = "build the manifest again: python -m cxrkit manifest build"
NAME = "name a manifest.csv, or build one: python -m cxrkit manifest build"
STARTS = tuple(sign.join(COLUMNS[:4]) for sign in ",;\t")
"""How a manifest begins, also one that a spreadsheet saved."""


@dataclass(frozen=True)
class Manifest:
    """The records of a manifest, sorted by image_id, and what follows from them, each computed once.

    records: given in any order, as any iterable. On disk: UTF-8, a row a record, the columns of records.COLUMNS, written
    the same way every time, so that sha256 names the data of a run on every machine.
    """

    records: tuple[Record, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "records", tuple(sorted(self.records, key=lambda record: record.image_id)))

    @cached_property
    def used(self) -> tuple[Record, ...]:
        return tuple(record for record in self.records if record.used)

    @cached_property
    def by_id(self) -> dict[str, Record]:
        """{image_id: record} of the used records."""
        return {record.image_id: record for record in self.used}

    @cached_property
    def groups(self) -> dict[str, str]:
        """{image_id: group} of all records: one patient's films and all copies of one picture share a group."""
        return groups.groups_of(self.records)

    @cached_property
    def leaks(self) -> tuple[str, ...]:
        """A sentence for each group in two splits."""
        return tuple(splits.leaks(self.records, self.groups))

    @cached_property
    def held_out(self) -> str:
        """The split that is judged: "test" where there is one, else "valid", else ""."""
        present = {record.split for record in self.used}
        return next((split for split in ("test", "valid") if split in present), "")

    @cached_property
    def text(self) -> str:
        """manifest.csv as text; the same records always give the same one."""
        return csv_text(COLUMNS, ([getattr(record, column) for column in COLUMNS] for record in self.records))

    @cached_property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 of manifest.csv."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def _knowing(self, **properties: Any) -> Self:
        """This manifest, with properties that whoever made it has computed already."""
        self.__dict__.update(properties)
        return self


def build(
    sources: Sequence[Source],
    experiment: Experiment,
    kept: str | Path | None = None,
    squares: bool = True,
    workers: Workers | None = None,
) -> Manifest:
    """The manifest of the sources as an experiment wants it: file facts, copies, conflicts, exclusions and splits.

    Of the experiment count split, split_seed, exclude_views, ages, match, age_caliper, label_conflicts ("exclude" or "keep")
    and duplicates: "remove" all copies of a picture but one, or "keep" them, and then split as if they were not known. Films
    that are matched stay in one split with their counterpart. kept: a cache
    folder, where what is learned of files and pairs stays, so that no film is decoded or compared again; squares: whether those of
    the experiment's image_size and resize are made there in the same pass; workers: who reads the films, threads of this process
    unless others are given.

    Raises BadInput: a source that cannot be read, an image_id that two sources share, no readable image, no two films that
    match, or a class without images in a split. Raises WrongUse where films are DICOM and pydicom is not installed.
    """
    records = _read(sources)
    dicom.require_reader(record.path for record in records if record.used)
    size = experiment.image_size if kept and squares else None
    records, thumbnails = cache.add_facts(records, locator(roots_of(sources)), kept, size, workers, experiment.resize)
    remove = experiment.duplicates == "remove"
    records = groups.mark_copies(records, _pairs(records, thumbnails, kept), remove)
    together = groups.groups_of(records)
    if experiment.label_conflicts == "exclude":
        records = groups.exclude_conflicts(records, together)
    records = exclude(records, lambda r: f"view {r.view}: left out by the experiment" if r.view in experiment.exclude_views else "")
    if experiment.ages == "adults":
        records = exclude(records, _not_adult)
    split_by = together if remove else groups.groups_of(records, links=False)
    if experiment.match:
        records, split_by = _matched(records, together, split_by, experiment)
    records = splits.assign(records, experiment.split, split_by, experiment.split_seed)
    return Manifest(tuple(records))._knowing(groups=together)


def _not_adult(record: Record) -> str:
    minor = is_minor(record.age)
    if minor is None:
        return "age not known: the experiment wants adults"
    return f"a patient under {ADULT} years" if minor else ""


def _matched(
    records: list[Record], together: dict[str, str], split_by: dict[str, str], experiment: Experiment
) -> tuple[list[Record], dict[str, str]]:
    """The records, those left out that have no counterpart; and what stays in one split, each pair among it."""
    by, caliper = experiment.match, experiment.age_caliper
    found = matching.match((r for r in records if r.used), together, by, caliper, experiment.split_seed)
    records = exclude(records, lambda record: found.reasons.get(record.image_id))
    if not found.pairs:
        remedy = "match by less, or bring films of which more is known"
        raise BadInput(f"No two films match. {matching.sentence(records, by, caliper)}", next=remedy)
    return records, split_by | {negative: split_by[positive] for positive, negative in found.pairs}


def _read(sources: Sequence[Source]) -> list[Record]:
    """The records of all sources; a film that two of them call the same, as two snapshots of one collection do, is there twice.

    The source whose name comes first keeps the image_id, others add theirs behind "@". Raises BadInput for two films of one source.
    """
    records: dict[str, Record] = {}
    for source in sorted(sources, key=lambda source: source.name):
        own: set[str] = set()
        for record in sorted(source.read(), key=lambda record: (record.image_id, record.path)):
            if record.image_id in own:
                raise BadInput(f"Two images are named {record.image_id}.", source.root, "give each film a name of its own")
            own.add(record.image_id)
            if record.image_id in records:
                record = record.but(image_id=f"{record.image_id}@{source.name}")
            records[record.image_id] = record
    return sorted(records.values(), key=lambda record: record.image_id)


def _pairs(records: Sequence[Record], thumbnails: dict[str, np.ndarray], kept: str | Path | None) -> list[copies.Pair]:
    """copies.find's pairs, from the folder `kept` where they are known of the same films."""
    key = sha256_of_json(
        [
            copies.VERSION,
            registration.VERSION,
            sorted(f"{record.image_id} {record.sha256}" for record in records if record.image_id in thumbnails),
        ]
    )
    path = Path(kept) / "copies.json" if kept else None
    if path and path.exists():
        known = read_json(path, "The list of copies", "delete it; the films are compared again", keys=("key", "pairs"))
        if known["key"] == key:
            return [copies.Pair(*pair) for pair in known["pairs"]]
    pairs = copies.find(thumbnails, Path(kept) if kept else None)
    if path:
        write_json(path, {"key": key, "pairs": [[pair.first, pair.second, pair.agreement] for pair in pairs]})
    return pairs


def roots_of(sources: Iterable[Source]) -> dict[str, str]:
    """{folder name: folder} of sources, as `locator` takes it."""
    return {source.name: str(Path(source.root).absolute()) for source in sources}


def write(path: str | Path, manifest: Manifest, roots: dict[str, str]) -> None:
    """Write manifest.csv, and beside it where its folders lie on this machine (`*.roots.json`).

    The two are apart so that the manifest, and so its hash, is the same on every machine. Raises BadInput where `path` is no
    manifest but a file of somebody's, or what lies beside it is no list of folders: they stay.
    """
    refuse_others(path)
    write_text(path, manifest.text)
    write_json(roots_path(path), roots)


def refuse_others(path: str | Path) -> None:
    """Raise BadInput where `path`, or the list of folders beside it, is a file that the kit did not write."""
    refuse_foreign(path, *STARTS)
    sidecar = roots_path(path)
    there = sidecar.is_file() and sidecar.stat().st_size
    try:
        known = not there or all(Path(folder).is_absolute() for folder in read_roots(path).values())
    except BadInput:
        known = False
    if not known:
        raise BadInput(
            "Here lies something that this kit did not write.", sidecar, "move it, or name another manifest with --out; nothing was changed"
        )


def read(path: str | Path) -> Manifest:
    """The manifest of a manifest.csv; its text and sha256 are the file's. Raises BadInput, with the row, for what breaks the schema."""
    if Path(path).is_dir():
        inner = next((each for each in (Path(path) / "manifest.csv", Path(path) / "results" / "manifest.csv") if each.is_file()), None)
        raise BadInput("This is a folder, and no manifest.", path, f"name the file in it: {inner}" if inner else NAME)
    with reading(path, "The manifest", BUILD_AGAIN, absent=BUILD):
        raw = Path(path).read_bytes()
        text = raw.decode() if not decoded(raw)[1] else decoded(raw)[0]
    columns, rows, _ = read_table(path, "The manifest", BUILD_AGAIN, BUILD)  # a spreadsheet may have saved it in its own way
    if tuple(columns) != COLUMNS:
        raise BadInput(f"The columns are not a manifest's: {_told(columns)}.", path, NAME)
    records = [_from_row(row, f"{path}, row {number}") for number, row in enumerate(rows, start=2)]
    return Manifest(tuple(records))._knowing(text=text)


def _told(columns: Sequence[str]) -> str:
    """How a table's columns differ from a manifest's."""
    lacking, beyond = ([name for name in one if name not in other] for one, other in ((COLUMNS, columns), (columns, COLUMNS)))
    told = [("lacking ", lacking), ("beyond them ", [name or "one without a name" for name in beyond])]
    parts = [words + ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "") for words, names in told if names]
    return "; ".join(parts) or "they stand in another order, or twice"


def _from_row(row: dict[str, Any], where: str) -> Record:
    if None in row or None in row.values():
        raise BadInput("The row has too many or too few cells.", where, BUILD_AGAIN)
    try:
        values: dict[str, Any] = row | {column: _whole(row[column]) if row[column] else None for column in NUMBERS}
        return Record(**values)
    except ValueError as error:
        raise BadInput(f"The row holds no whole number where one belongs: {error}.", where, BUILD_AGAIN) from error


def _whole(text: str) -> int:
    """A whole number, also as a spreadsheet writes it: 1024.0."""
    return int(text.removesuffix(".0").removesuffix(",0"))


def read_roots(path: str | Path) -> dict[str, str]:
    """{folder name: folder} as the manifest's sidecar says, or {} where there is none. Raises BadInput."""
    sidecar = roots_path(path)
    roots = read_json(sidecar, "The list of folders", BUILD_AGAIN) if sidecar.exists() else {}
    if not isinstance(roots, dict) or not all(isinstance(folder, str) for folder in roots.values()):
        raise BadInput("The list of folders is not as it was written: it holds no folder for each source.", sidecar, BUILD_AGAIN)
    return roots


def roots_path(path: str | Path) -> Path:
    """The file beside a manifest that says where its folders lie on this machine."""
    return Path(path).with_suffix(".roots.json")


def problems(manifest: Manifest, locate: cache.Locate | None = None, hashes: bool = False) -> list[str]:
    """Everything wrong with a manifest, as sentences; an empty list when nothing is.

    locate: function from a record to its file; given, each used file must be there.
    hashes: whether the files' bytes are compared too.
    """
    counts = Counter(record.image_id for record in manifest.records)
    wrong = [f"image_id {name} stands {count} times" for name, count in counts.items() if count > 1]
    for record in manifest.records:
        for field, allowed in (("label", (*LABELS, "")), ("view", VIEWS), ("split", SPLITS)):
            if getattr(record, field) not in allowed:
                wrong.append(f"{record.image_id}: {field} {getattr(record, field)!r} is none of {allowed}")
        if not record.image_id.startswith(record.source + "/"):
            wrong.append(f"{record.image_id}: image_id does not start with its source {record.source!r}")
        if record.used and record.label not in LABELS:
            wrong.append(f"{record.image_id}: used, but without a label")
        if record.used and not record.split:
            wrong.append(f"{record.image_id}: used, but in no split")
        if record.used and locate:
            wrong += _file_problems(record, locate, hashes)
    return [*wrong, *splits.missing_classes(manifest.used), *manifest.leaks]


def _file_problems(record: Record, locate: cache.Locate, hashes: bool) -> list[str]:
    try:
        path = locate(record)
    except BadInput as error:
        return [f"{record.image_id}: {error.what}"]
    if not path.is_file():
        return [f"{record.image_id}: no file {path}"]
    if hashes and sha256_of(path) != record.sha256:
        return [f"{record.image_id}: the file's SHA-256 is not the manifest's: {path}"]
    return []
