"""The table of facts beside a folder's films: whose rows are matched to films as people write names, and what matches none is said."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from cxrkit.data import words
from cxrkit.data.images import SUFFIXES
from cxrkit.data.readers import table
from cxrkit.data.records import Record
from cxrkit.errors import BadInput
from cxrkit.files import read_table
from cxrkit.progress import counted, say

TABLE = "films.csv"
TABLES = ("films.csv", "films.tsv", "films.xlsx")
"""What the table may be called, in any case; the first that is there counts."""
CORRECT = "correct it or take it away"
LISTED = 3

Row = dict[str, str]
"""{meaning of a column, as words.COLUMNS has it: value}."""


@dataclass(frozen=True)
class Facts:
    """of: {path of a film: what the table says of it}; nobody: (number, name, why) of the rows that name no film."""

    of: dict[str, Row]
    nobody: tuple[tuple[int, str, str], ...] = ()

    def unmatched(self, source: str) -> list[Record]:
        """A record for each row that names no film."""
        return [
            Record(
                f"{source}/{TABLE}#row{number}", "", source, collected="imported", excluded=f"row {number} of the metadata {why}: {name!r}"
            )
            for number, name, why in self.nobody
        ]


def of_folder(root: Path, names: Iterable[str]) -> Path | None:
    """The table of a folder in which files of these names lie. Raises BadInput where there are two."""
    found = sorted(name for name in names if name.casefold() in TABLES)
    if len(found) > 1:
        raise BadInput(f"The folder has {len(found)} tables of films: {', '.join(found)}.", root, "keep one of them")
    return root / found[0] if found else None


def read(path: Path | None, films: Sequence[str]) -> Facts:
    """The facts of a table, see of_folder, where there is one, for films named by their paths below its folder.

    A row names a film by the end of its path, or by more than the path: with or without the folders, the suffix, the (1) of a copy where
    one film alone is meant, in either slash and case. Raises BadInput: no rows, no column for the file, two rows that differ over a film, or no row that names a film.
    """
    if path is None:
        return Facts({})
    header, rows, taken_for = read_table(path, "The table of films", CORRECT)
    meant = words.columns_of([name for name in header if name])
    if not header:
        raise BadInput("The table of films is empty.", path, CORRECT)
    if "file" not in meant:
        raise BadInput(f"The table of films names no file; its columns are: {', '.join(header)}.", path, "call one of them file")
    if not rows:
        raise BadInput("The table of films has no rows.", path, CORRECT)
    ending = defaultdict(set)
    for film in films:
        parts = _parts(film)
        for start in range(len(parts)):
            ending[parts[start:]].add(film)
    numbered = defaultdict(set)  # as `ending`, without the (1) of a copy
    for parts, fits in ending.items():
        numbered[(*parts[:-1], table.loose(parts[-1]))] |= fits
    told: dict[str, tuple[int, Row]] = {}
    nobody = []
    for number, row in enumerate(rows, start=2):
        if not any(isinstance(value, str) and value.strip() for value in row.values()):
            continue
        facts = {meaning: words.known(row.get(column) or "") for meaning, column in meant.items()}
        named = facts.pop("file")
        parts = _parts(named)
        fits = ending.get(parts) or next((ending[parts[start:]] for start in range(len(parts)) if _is_whole(parts[start:], ending)), set())
        if not fits and "%" in named:  # as in an address
            fits = ending.get(_parts(unquote(named)), set())
        fits = fits or (numbered.get((*parts[:-1], table.loose(parts[-1])), set()) if parts else set())
        if len(fits) != 1:
            nobody.append((number, named, f"names {len(fits)} films" if fits else "names no film"))
            continue
        (film,) = fits
        if film in told and told[film][1] != facts:
            where = f"{path}, rows {told[film][0]} and {number}"
            raise BadInput(f"Two rows of the table of films differ over {film}.", where, CORRECT)
        told[film] = number, facts
    if not told:
        example = f"its first row names {nobody[0][1]!r}, a film is {films[0]!r}" if films else "the folder has no films"
        raise BadInput(f"No row of the table of films names a film: {example}.", path, "write the file's path below this folder")
    _say(path, films, told, nobody, sorted(set(filter(None, header)) - set(meant.values())), taken_for)
    return Facts({film: facts for film, (_, facts) in told.items()}, tuple(nobody))


def _parts(name: str) -> tuple[str, ...]:
    """A path's parts in one spelling, without the suffix of an image."""
    name = unicodedata.normalize("NFC", name).strip().casefold().replace("\\", "/")
    stem, dot, suffix = name.rpartition(".")
    name = stem if dot + suffix in SUFFIXES else name
    return tuple(part for part in name.split("/") if part not in ("", "."))


def _is_whole(parts: tuple[str, ...], ending: dict[tuple[str, ...], set[str]]) -> bool:
    """Whether these parts are the whole path of a film, so that what stood before them is the place of the folder."""
    return parts in ending and any(_parts(film) == parts for film in ending[parts])


def _say(path: Path, films: Sequence[str], told: dict, nobody: list, unknown: list[str], taken_for: str) -> None:
    pictures = [film for film in films if film in told or Path(film).suffix.lower() in SUFFIXES]
    untold = [film for film in pictures if film not in told]
    say(f"{path.name}{f' (read as {taken_for})' if taken_for else ''}: tells of {len(told)} of {len(pictures)} films")
    for kind, lack, listed in (
        ("film", "without a row", untold),
        ("row", "without a film", [f"{name} (row {number})" for number, name, _ in nobody]),
        ("column", "not used", unknown),
    ):
        if listed:
            say(f"  {counted(len(listed), kind)} {lack}: {', '.join(listed[:LISTED])}{', ...' if len(listed) > LISTED else ''}")
