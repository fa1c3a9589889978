"""The film cache of a folder: facts, thumbnails and grey squares, so that no film is decoded twice.

Everything is keyed by the SHA-256 of the film's file. The folder holds, for the thumbnails and for the squares of each
size and way of resizing, a pair of files that only grow: `NAME.u8` with the pictures one after the other, and `NAME.jsonl` with a line
a picture: its key, a CRC-32 and, for thumbnails, the facts of its file. A picture counts once its line is whole, and
lines are written after pictures, so a process that dies leaves nothing that counts and is wrong. A lock lets one
process write at a time; those that read keep the rows they know.
"""

import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import asdict
from functools import cached_property
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from cxrkit.data import copies, images
from cxrkit.data.looks import Facts, Look, Seen, Wanted
from cxrkit.data.records import Record
from cxrkit.data.registration import SIDE
from cxrkit.data.workers import Threads, Workers
from cxrkit.errors import BadInput, disk_errors
from cxrkit.files import locked, replacing
from cxrkit.progress import say, track

VERSION = 5
"""Of decoding and of the files' layout: a film decoded by another version is decoded again."""
SAVED_EVERY = 512
"""Films; how many are decoded between two writes, so held in memory at once, and lost at most when a process dies."""

EMPTY = b"{}"
"""The line of a row whose square is damaged; its film has another row once it is decoded again."""

Locate = Callable[[Record], Path]
Note = dict[str, Any]


class Rows:
    """Equal grey squares in one file that only grows; only the process that holds the folder's lock may make one.

    side: pixels. known: {SHA-256: row} of the squares that are what they were when they were written.
    """

    def __init__(self, folder: Path, name: str, side: int) -> None:
        self.squares, self.index, self.side = folder / f"{name}.u8", folder / f"{name}.jsonl", side
        self._notes = self._read()
        self.known: dict[str, int] = {note["sha256"]: row for row, note in enumerate(self._notes) if note}

    def images(self) -> np.ndarray:
        """All squares as a read-only memory map, uint8 [n, side, side]; a row that is in nothing `known` means nothing."""
        return self._mapped(len(self._notes))

    def note(self, sha256: str) -> Note:
        """What was written beside a known square."""
        return self._notes[self.known[sha256]]

    def append(self, made: Sequence[tuple[Note, np.ndarray]]) -> None:
        """Write squares, each with its note {"sha256": ..., ...}: first all squares, then all lines."""
        if not made:
            return
        _append(self.squares, (square.tobytes() for _, square in made))
        _append(self.index, (_line(note | {"crc": _crc(note, square)}) for note, square in made))
        for note, _ in made:
            self.known[note["sha256"]] = len(self._notes)
            self._notes.append(note)

    def _mapped(self, count: int) -> np.ndarray:
        if not count:
            return np.zeros((0, self.side, self.side), np.uint8)
        return np.memmap(self.squares, np.uint8, "r", shape=(count, self.side, self.side))

    def _read(self) -> list[Note]:
        """The note of each row, empty for a row that is damaged; what a dead process or a cut file left over is taken away."""
        lines = self.index.read_bytes().split(b"\n") if self.index.exists() else [b""]
        there = self.squares.stat().st_size if self.squares.exists() else 0
        count = min(len(lines) - 1, there // self.side**2)
        if there and not count:
            self.squares.unlink()  # not emptied, for another process may be reading the squares of the index that is lost
        elif there > count * self.side**2:
            os.truncate(self.squares, count * self.side**2)
        squares = self._mapped(count)
        notes = [_sound(line, squares[row]) for row, line in enumerate(lines[:count])]
        damaged = sum(not note and line != EMPTY for line, note in zip(lines, notes))
        if damaged:
            say(f"film cache: {damaged} of {count} squares are damaged and are decoded again ({self.squares})")
        if damaged or any(lines[count:]):
            with replacing(self.index) as temporary:
                temporary.write_bytes(b"".join((line if note else EMPTY) + b"\n" for line, note in zip(lines, notes)))
        return notes


def _line(note: Note) -> bytes:
    return json.dumps(note).encode() + b"\n"


def _crc(note: Note, square: np.ndarray) -> int:
    return zlib.crc32(square.tobytes(), zlib.crc32(_line(note)))


def _sound(line: bytes, square: np.ndarray) -> Note:
    """The note that a line of the index holds, or an empty one where the line or its square is damaged."""
    try:
        note = json.loads(line)
        return note if note.pop("crc") == _crc(note, square) else {}
    except (ValueError, LookupError, TypeError, AttributeError):
        return {}


def _append(path: Path, parts: Iterable[bytes]) -> None:
    with open(path, "ab") as file:
        file.writelines(parts)
        file.flush()
        os.fsync(file.fileno())


class FilmCache:
    """What a folder holds of films: thumbnails with facts, and squares of `size` pixels a side where a size is named.

    resize: how a film becomes a square, see images.square.
    """

    def __init__(self, folder: Path, size: int | None, resize: str = "squish") -> None:
        self.folder, self.size, self.resize = folder, size, resize

    @cached_property
    def thumbnails(self) -> Rows:
        return Rows(self.folder, f"thumbnails-v{VERSION}.{copies.VERSION}", SIDE)

    @cached_property
    def squares(self) -> Rows:
        if self.size is None:
            raise ValueError("the cache was opened without a size")
        way = "" if self.resize == "squish" else f"{self.resize}-"
        return Rows(self.folder, f"grey-{self.size}-{way}v{VERSION}", self.size)

    def facts(self, sha256: str) -> Facts:
        """The facts of the file of a known thumbnail."""
        return Facts(**self.thumbnails.note(sha256))

    def learn(
        self, records: Sequence[Record], locate: Locate, lacking: Rows, verify: bool, workers: Workers | None = None
    ) -> dict[str, str | BadInput]:
        """Read the records' files, and decode once each whose SHA-256 `lacking` does not know; all that is made of it is kept.

        lacking: this cache's thumbnails or squares. verify: whether a file must have the SHA-256 of its record. workers: who reads
        them, threads of this process unless others are given. Returns {image_id: the file's SHA-256, or why it cannot be used}.
        About SAVED_EVERY films are in memory at once, and those that were read are kept whatever ends this.
        """
        learned: dict[str, str | BadInput] = {}
        wanted: dict[str, Wanted] = {}
        for record in records:
            try:
                wanted[record.image_id] = Wanted(locate(record), record.sha256 if verify else "", record.used)
            except BadInput as error:
                learned[record.image_id] = error
        if not wanted:
            return learned
        thumbnails, squares = self.thumbnails, self.squares if self.size else None
        look = Look(thumbnails.known, squares.known if squares else (), lacking.known, self.size, self.resize)
        broken: dict[str, BadInput] = {}
        made: list[Seen] = []
        with closing((workers or Threads()).map(look, list(wanted.values()))) as found:
            try:
                for name, seen in zip(wanted, track(found, "reading films", len(wanted))):
                    learned[name] = seen.sha256 or seen.problem
                    if seen.problem:
                        broken[seen.sha256] = seen.problem
                    made += [seen] if seen.facts else []
                    if len(made) == SAVED_EVERY:
                        made, full = [], made
                        self._keep(full)
            finally:
                self._keep(made)
        return {name: broken.get(seen, seen) if isinstance(seen, str) else seen for name, seen in learned.items()}

    def _keep(self, made: Sequence[Seen]) -> None:
        """Append what is not known yet: of two equal files, two machines may have made the same."""
        facts = {one.facts.sha256: asdict(one.facts) for one in made if one.facts}
        thumbnails = {one.sha256: one.thumbnail for one in made if one.thumbnail is not None and one.sha256 not in self.thumbnails.known}
        self.thumbnails.append([(facts[sha256], thumbnail) for sha256, thumbnail in thumbnails.items()])
        if self.size:
            squares = {one.sha256: one.square for one in made if one.square is not None and one.sha256 not in self.squares.known}
            self.squares.append([({"sha256": sha256}, square) for sha256, square in squares.items()])


@contextmanager
def opened(folder: str | Path, size: int | None = None, resize: str = "squish") -> Iterator[FilmCache]:
    """The cache of a folder, held by this process alone while the block runs. Raises DiskFull, and BadInput as files.locked does."""
    folder = Path(folder)
    with disk_errors(folder), locked(folder / "films.lock"):
        yield FilmCache(folder, size, resize)


def add_facts(
    records: Sequence[Record],
    locate: Locate,
    folder: str | Path | None = None,
    size: int | None = None,
    workers: Workers | None = None,
    resize: str = "squish",
) -> tuple[list[Record], dict[str, np.ndarray]]:
    """The records with the facts of their files, and {image_id: copies.thumbnail's array}, of excluded films, too, for the search.

    A film that is not used for its finding may be a copy of one that is, or tie two patients. A file that cannot be read excludes its
    record, with the reason, unless it has one. folder: a cache folder, so that a file with the same
    bytes is not decoded again; size, resize: make the squares of what is decoded, too, for pixels.load.
    Raises BadInput when there are images to read and none can be; DiskFull.
    """
    used, films = [record for record in records if record.used], [record for record in records if record.used or _may_be_read(record)]
    with nullcontext(folder) if folder else TemporaryDirectory() as place, opened(place, size, resize) as cache:
        learned = cache.learn(films, locate, cache.thumbnails, verify=False, workers=workers)
        pictures = cache.thumbnails.images() if folder else np.array(cache.thumbnails.images())
        known, facts = cache.thumbnails.known, {name: cache.facts(seen) for name, seen in learned.items() if isinstance(seen, str)}
    problems = {name: seen for name, seen in learned.items() if not isinstance(seen, str)}
    if used and not any(record.image_id in facts for record in used):
        first = problems[used[0].image_id]
        raise BadInput(
            f"None of the {len(used)} images can be read; the first: {first.what}.",
            locate(used[0]),
            "check that the pictures lie beside the metadata and that the disk or mount is readable",
        )
    told = {name: asdict(fact) for name, fact in facts.items()} | {name: {"excluded": error.what} for name, error in problems.items()}
    records = [record.but(**told[record.image_id]) if record.used or record.image_id in facts else record for record in records]
    return records, {name: pictures[known[fact.sha256]] for name, fact in facts.items()}


def _may_be_read(record: Record) -> bool:
    """Whether a film that is left out may be opened: an X-ray film whose path has an image's name, or none that says anything else."""
    suffix = PurePosixPath(record.path).suffix.lower()
    return bool(record.path) and record.modality == "X-ray" and suffix in ("", *images.SUFFIXES)
