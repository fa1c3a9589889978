"""What one look into a film's file gives: its facts, thumbnail and square, as values that may come from another machine."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

import numpy as np

from cxrkit.data import copies, images
from cxrkit.errors import BadInput

TRIED = 5
"""Films, beside one of each suffix, that another machine reads for trial."""


@dataclass(frozen=True)
class Facts:
    """What a film's file says of itself: the fields of Record of the same names."""

    width: int
    height: int
    mode: str
    format: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Wanted:
    """A file to look into. sha256: what it must have, "" for any; squared: whether a square is made of it; anyway: whether it is
    decoded even where all is known of it."""

    path: Path
    sha256: str = ""
    squared: bool = True
    anyway: bool = False


@dataclass(frozen=True)
class Seen:
    """What a file held. size: bytes, None where it cannot be read; sha256: "" where it cannot be used at all, as `problem` says, which
    also says why it is no film; facts, and thumbnail and square, uint8 [side, side]: what was lacking, else None."""

    size: int | None
    sha256: str = ""
    problem: BadInput | None = None
    facts: Facts | None = None
    thumbnail: np.ndarray | None = None
    square: np.ndarray | None = None


class Look:
    """The workers.Work of reading films. To another machine it goes as it is then, and claims nothing there.

    thumbnails, squares: SHA-256 of those that are known; lacking: one of the two, whose absence alone is a reason to decode.
    side: pixels, None for no square; resize: see images.square. Of equal files that are looked into at one time one is decoded.
    """

    def __init__(
        self, thumbnails: Collection[str], squares: Collection[str], lacking: Collection[str], side: int | None, resize: str
    ) -> None:
        self.thumbnails, self.squares, self.lacking, self.side, self.resize = thumbnails, squares, lacking, side, resize
        self._claimed: set[str] = set()
        self._tried: dict[Wanted, Seen] = {}
        self._turn = Lock()

    def __reduce__(self) -> tuple:
        return Look, (set(self.thumbnails), set(self.squares), set(self.lacking), self.side, self.resize)

    def __call__(self, wanted: Wanted) -> Seen:
        size = None
        try:
            content = images.read_film(wanted.path)
            size, sha256 = len(content), hashlib.sha256(content).hexdigest()
            if wanted.sha256 not in ("", sha256):
                raise BadInput("the file is another than the manifest's", wanted.path)
        except BadInput as error:
            return Seen(size, problem=error)
        try:
            return self._decoded(wanted, content, sha256) if wanted.anyway or self._claims(sha256) else Seen(size, sha256)
        except BadInput as error:
            return Seen(size, sha256, error)

    def _claims(self, sha256: str) -> bool:
        with self._turn:
            needed = sha256 not in self.lacking and sha256 not in self._claimed
            self._claimed.add(sha256)
        return needed

    def _decoded(self, wanted: Wanted, content: bytes, sha256: str) -> Seen:
        film = images.decode(wanted.path, content)
        facts = Facts(film.width, film.height, film.mode, film.format, len(content), sha256)
        thumbnail = copies.thumbnail(film.grey) if wanted.anyway or sha256 not in self.thumbnails else None
        squared = self.side and wanted.squared and (wanted.anyway or sha256 not in self.squares)
        square = images.square(film.grey, self.side, self.resize) if self.side and squared else None
        return Seen(len(content), sha256, None, facts, thumbnail, square)

    def trial(self, items: Sequence[Wanted]) -> list[Wanted]:
        by_suffix = {item.path.suffix.lower(): item for item in reversed(items)}
        spread = items[:: max(1, len(items) // TRIED)]
        return [replace(item, anyway=True) for item in dict.fromkeys([*by_suffix.values(), *spread])]

    def doubt(self, item: Wanted, value: Seen) -> str:
        """Of films for trial all is compared, of others the size; those that could not be read are looked into here."""
        try:
            size = item.path.stat().st_size
        except OSError:
            size = None
        if value.size is not None and value.size == size and not item.anyway:
            return ""
        key = replace(item, anyway=True)
        here = self._tried[key] = self._tried.get(key) or self(key)
        if value.size is None and here.size is not None:
            return f"it does not see {item.path}"
        if value.size != here.size or value.sha256 != here.sha256:
            return f"it sees another {item.path}, of {value.size or 0:,} bytes instead of {here.size or 0:,}"
        same = str(value.problem) == str(here.problem)
        if item.anyway:
            same &= value.facts == here.facts and _equal(value.thumbnail, here.thumbnail) and _equal(value.square, here.square)
        return "" if same else f"it decodes {item.path} otherwise"


def _equal(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    return one is other if one is None or other is None else np.array_equal(one, other)
