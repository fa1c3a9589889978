"""The films of a manifest as grey squares of one size, read from the film cache as a memory map."""

import mmap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cxrkit.data import cache
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import Record
from cxrkit.data.workers import Workers
from cxrkit.errors import BadInput

LISTED = 10


@dataclass(frozen=True)
class Pixels:
    """Films as squares. images: uint8 [n, size, size]; rows: {image_id: index into images}."""

    images: np.ndarray
    rows: dict[str, int]

    def of(self, image_ids: Iterable[str]) -> np.ndarray:
        """The squares of these films, uint8 [n, size, size], in their order."""
        return self.images[[self.rows[image_id] for image_id in image_ids]]

    @property
    def size(self) -> int:
        return self.images.shape[-1]

    def __reduce__(self) -> tuple:
        """To another process a map of a whole file goes as the file's name, so that both read the same memory."""
        images = self.images
        if isinstance(images, np.memmap) and isinstance(images.base, mmap.mmap) and images.mode != "c":
            return _mapped, (str(images.filename), images.offset, images.shape, self.rows)
        return Pixels, (np.asarray(images), self.rows)


def _mapped(path: str, offset: int, shape: tuple[int, ...], rows: dict[str, int]) -> Pixels:
    return Pixels(np.memmap(path, np.uint8, "r", offset, shape), rows)


def load(
    films: Manifest | Iterable[Record],
    locate: cache.Locate,
    size: int,
    folder: str | Path,
    workers: Workers | None = None,
    resize: str = "squish",
) -> Pixels:
    """The Pixels of all used records, from the film cache in `folder`; what it lacks is decoded and added.

    locate: function from a record to its file; resize: how a film becomes a square, see images.square; workers: who decodes, as in FilmCache.learn. Two records with the same bytes share a row. A square whose
    checksum is wrong is decoded again. Raises BadInput that lists the films which cannot be decoded any more,
    or are not those of the manifest; the others are cached then. Raises DiskFull.
    """
    used = films.used if isinstance(films, Manifest) else [record for record in films if record.used]
    with cache.opened(folder, size, resize) as films_of_folder:
        squares = films_of_folder.squares
        new = {record.sha256: record for record in used if record.sha256 not in squares.known}
        learned = films_of_folder.learn(list(new.values()), locate, squares, verify=True, workers=workers)
    problems = [f"{name}: {error.what} ({error.where})" for name, error in learned.items() if isinstance(error, BadInput)]
    if problems:
        raise BadInput(
            f"{len(problems)} films of the manifest cannot be decoded:\n{_listed(problems)}",
            folder,
            "build the manifest again, which leaves them out and says so",
        )
    return Pixels(squares.images(), {record.image_id: squares.known[record.sha256] for record in used})


def _listed(problems: Sequence[str]) -> str:
    more = [f"  and {len(problems) - LISTED} more"] if len(problems) > LISTED else []
    return "\n".join([*(f"  - {problem}" for problem in problems[:LISTED]), *more])
