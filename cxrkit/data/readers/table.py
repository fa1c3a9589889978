"""Metadata tables beside films: the rules of every reader of one, so that no row leads out of its folder or counts twice."""

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from cxrkit.data import images, words
from cxrkit.data.readers import listing
from cxrkit.data.records import Record
from cxrkit.errors import BadInput
from cxrkit.progress import counted, say
from cxrkit.saved_tables import read_table

PLAIN_NAME = re.compile(r"[^/\\\x00-\x1f]+")
DOWNLOAD = "download the file again"

Row = dict[str, str]


def rows_of(path: Path, columns: Sequence[str], original: str) -> list[tuple[int, Row]]:
    """The rows of a metadata table, each with its number in the file; names and values without the spaces around them.

    columns: those that it must have; original: what to do where it lacks one. Raises BadInput, also for a table without rows.
    """
    _, read, taken_for = read_table(path, "The metadata", DOWNLOAD)
    if taken_for:
        say(f"{path.name}: read as {taken_for}")
    rows = [{(name or "").strip(): (value or "").strip() for name, value in row.items() if not isinstance(value, list)} for row in read]
    if not rows:
        raise BadInput("The metadata has no rows.", path, DOWNLOAD)
    rows = _renamed(rows, columns)
    lacking = [column for column in columns if column not in rows[0]]
    if lacking:
        raise BadInput(
            f"The metadata lacks the column{'s' * (len(lacking) != 1)} {', '.join(lacking)}; it has: {', '.join(rows[0])}.", path, original
        )
    return list(enumerate(rows, start=2))


def _renamed(rows: list[Row], columns: Sequence[str]) -> list[Row]:
    """The rows with those of `columns` that they lack taken from the column that means the same: patient_id for patientid."""
    other = {}
    for wanted in columns:
        meant = next((names.split() for names in words.COLUMNS.values() if words.squeezed(wanted) in names.split()), [])
        for name in [words.squeezed(wanted), *meant]:
            found = [column for column in rows[0] if words.squeezed(column) == name and column not in (*columns, *other)]
            if wanted not in rows[0] and found and wanted not in other.values():
                other[found[0]] = wanted
    return [{other.get(column, column): value for column, value in row.items()} for row in rows] if other else rows


def leads_nowhere(number: int, name: str, folder: str = "images") -> str:
    """Why the file that a row names must not be looked for, or nothing: a name with a path in it could lead out of the source."""
    plain = PLAIN_NAME.fullmatch(name) and name not in (".", "..") and re.fullmatch(r"\w+", folder)
    return "" if plain else f"row {number} of the metadata names no plain file: {name!r}"


def once_each(records: Iterable[tuple[int, Record]]) -> list[Record]:
    """The records of numbered rows; one whose file an earlier row names is renamed after its row, and excluded.

    So are all of a file to which rows give two labels.
    """
    told: list[Record] = []
    first: dict[str, int] = {}
    for number, record in records:
        place = first.setdefault(record.image_id, len(told))
        if place < len(told):
            again = "the metadata names this file more than once"
            if told[place].label != record.label and told[place].label and record.label:
                again = "the metadata names this file with two labels"
                told[place] = told[place].but(excluded=told[place].excluded or again)
            record = record.but(image_id=f"{record.image_id}#row{number}", excluded=record.excluded or again)
        told.append(record)
    return told


def loose(name: str) -> str:
    """A file's name in one spelling, without an image's suffix, and without the " (1)" that browsers and file managers add."""
    name = unicodedata.normalize("NFC", name).strip().casefold()
    while os.path.splitext(name)[1] in images.SUFFIXES:
        name = os.path.splitext(name)[0]
    return re.sub(r"[ _]*\(\d+\)$", "", name)


def on_disk(records: Sequence[Record], root: Path) -> list[Record]:
    """The records, those whose file is not there under its name with the path of the one file that is meant.

    That is the only file of that folder which no other row names and whose name differs in case, in the suffix or its lack, or in
    " (1)" alone, and the row the only one that could mean it. root: the source's folder, the first part of each path.
    """
    there: dict[str, set[str]] = {}
    named = {record.path for record in records}
    lost: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        folder, _, name = record.path.partition("/")[2].rpartition("/")
        if name and folder not in there:
            there[folder] = set(os.listdir(root / folder)) if (root / folder).is_dir() else set()
        if name and name not in there[folder]:
            lost[folder, loose(name)].append(record)
    meant: dict[str, str] = {}
    for folder in {folder for folder, _ in lost}:
        near = defaultdict(list)
        for name in there[folder]:
            near[loose(name)].append(name)
        for (place, key), rows in lost.items():
            path = rows[0].path.rpartition("/")[0]
            files = [name for name in near[key] if f"{path}/{name}" not in named] if place == folder else []
            if len(files) == len({row.path for row in rows}) == 1:
                meant |= {row.path: f"{path}/{files[0]}" for row in rows}
    if meant:
        first, have = next(iter(sorted(meant))), "has" if len(meant) == 1 else "have"
        say(f"{root.name}: {counted(len(meant), 'file')} {have} another ending or number than the row says, as {meant[first]} for {first}")
    _say_unnamed(root, there, {path.partition("/")[2] for path in named | set(meant.values())})
    return [record.but(path=meant.get(record.path, record.path)) for record in records]


def _say_unnamed(root: Path, there: dict[str, set[str]], named: set[str]) -> None:
    """Say which pictures lie among the named ones, and are read by no row. there: {folder: names}."""
    every = (f"{folder}/{name}" if folder else name for folder, names in there.items() for name in names if not listing.is_hidden(name))
    unnamed = sorted(path for path in every if path not in named and path.lower().endswith(images.SUFFIXES))
    if unnamed:
        some = f"{', '.join(unnamed[:3])}{', ...' if unnamed[3:] else ''}"
        say(f"{root.name}: {counted(len(unnamed), 'picture')} without a row in the metadata, not read: {some}")
