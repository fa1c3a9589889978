"""Films decoded once: grey squares in one file that only grows, read as a memory map.

The cache of a folder is a pair of files, `grey-SIZE-vVERSION.u8` with the squares one after the other, and
`.json` with {SHA-256 of the film's file: [row, CRC-32 of the square]}. A square counts once the index names
it, and the index is written after the squares, so a process that dies leaves nothing that counts and is
wrong. A lock lets one process write at a time; those that read keep the rows they know.
"""

import hashlib
import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from cxrkit.data.images import open_grey
from cxrkit.environment import processors
from cxrkit.errors import BadInput, disk_errors
from cxrkit.files import locked, read_json, write_json
from cxrkit.progress import say, track

VERSION = 1
"""Of the transform and the layout: a film decoded by another version is decoded again."""
SAVED_EVERY = 512
"""Films; how many are decoded between two writes of the index, and so lost at most when a process dies."""
LISTED = 10


@dataclass(frozen=True)
class Pixels:
    """Films as squares. images: uint8 [n, size, size]; rows: {image_id: index into images}."""

    images: np.ndarray
    rows: dict

    def of(self, image_ids):
        """The squares of these films, uint8 [n, size, size], in their order."""
        return self.images[[self.rows[image_id] for image_id in image_ids]]

    @property
    def size(self):
        return self.images.shape[-1]


def square(grey, size):
    """A grey PIL image squeezed into size x size bytes, as fastai's Resize with "squish" does it."""
    return np.asarray(grey.resize((size, size), Image.Resampling.BILINEAR))


def load(records, locate, size, folder, workers=None):
    """The Pixels of all used records, from the cache in `folder`; what it lacks is decoded and added.

    locate: function from a record to its file. Two records with the same bytes share a row. A square whose
    checksum is wrong is decoded again. Raises BadInput that lists the films which cannot be decoded any more,
    or are not those of the manifest; the others are cached then. Raises DiskFull.
    """
    used = [record for record in records if record.used]
    cache = Cache(folder, size)
    with disk_errors(folder), locked(cache.lock):
        index = cache.sound(read_json(cache.index) if cache.index.exists() else {})
        wanted = {record.sha256: record for record in used if record.sha256 not in index}
        problems = cache.add(wanted, locate, index, workers or min(8, processors()))
    if problems:
        listed = "\n".join(f"  - {problem}" for problem in problems[:LISTED])
        more = f"\n  and {len(problems) - LISTED} more" if len(problems) > LISTED else ""
        raise BadInput(
            f"{len(problems)} films of the manifest cannot be decoded:\n{listed}{more}",
            folder,
            "build the manifest again, which leaves them out and says so",
        )
    return Pixels(cache.images(len(index)), {record.image_id: index[record.sha256][0] for record in used})


class Cache:
    """The two files of one size."""

    def __init__(self, folder, size):
        self.size = size
        stem = Path(folder) / f"grey-{size}-v{VERSION}"
        self.squares, self.index, self.lock = (stem.with_name(stem.name + suffix) for suffix in (".u8", ".json", ".lock"))

    def images(self, count):
        """The squares as a read-only memory map, uint8 [count, size, size]."""
        if not count:
            return np.zeros((0, self.size, self.size), np.uint8)
        return np.memmap(self.squares, np.uint8, "r", shape=(count, self.size, self.size))

    def sound(self, index):
        """The index as far as its squares are what they were when they were written."""
        there = self.squares.stat().st_size // self.size**2 if self.squares.exists() else 0
        images = self.images(there)
        good = {key: (row, crc) for key, (row, crc) in index.items() if row < there and zlib.crc32(images[row]) == crc}
        if len(good) < len(index):
            say(f"pixel cache: {len(index) - len(good)} of {len(index)} squares are damaged and are decoded again ({self.squares})")
            good = {key: (row, crc) for row, (key, (_, crc)) in enumerate(self._compact(good))}
            write_json(self.index, good)  # whether or not the damaged films are wanted, and so decoded, now
        return good

    def _compact(self, good):
        """Write the sound squares alone into the file, in the order of their rows, and return them in it."""
        ordered = sorted(good.items(), key=lambda item: item[1])
        temporary = self.squares.with_suffix(".partial")
        images = self.images(self.squares.stat().st_size // self.size**2) if ordered else []
        with open(temporary, "wb") as file:
            for _, (row, _) in ordered:
                file.write(images[row].tobytes())
        self.index.unlink()
        os.replace(temporary, self.squares)
        return ordered

    def add(self, wanted, locate, index, workers):
        """Decode the wanted {sha256: record} and add them to `index` and the files; return what went wrong, a line each."""
        problems, keys = [], list(wanted)
        if not keys:
            return problems

        def decode(key):
            try:
                path = locate(wanted[key])
                content = path.read_bytes()
                if hashlib.sha256(content).hexdigest() != key:
                    return f"{wanted[key].image_id}: the file is another than the manifest's ({path})"
                return square(open_grey(path, content), self.size)
            except BadInput as error:
                return f"{wanted[key].image_id}: {error.what} ({error.where})"
            except OSError as error:
                return f"{wanted[key].image_id}: {error.strerror} ({error.filename})"

        with open(self.squares, "ab") as file, ThreadPoolExecutor(workers) as pool:
            file.truncate(len(index) * self.size**2)  # squares that a dead process wrote and did not name
            for key, found in zip(keys, track(_in_portions(pool, decode, keys), "decoding films", len(keys))):
                if isinstance(found, str):
                    problems.append(found)
                    continue
                index[key] = (len(index), zlib.crc32(found))
                file.write(found.tobytes())
                if len(index) % SAVED_EVERY == 0:
                    self._save(file, index)
            self._save(file, index)
        return problems

    def _save(self, file, index):
        file.flush()
        os.fsync(file.fileno())
        write_json(self.index, index)


def _in_portions(pool, function, items):
    """pool.map, a portion at a time, so that results do not pile up in memory."""
    for start in range(0, len(items), SAVED_EVERY):
        yield from pool.map(function, items[start : start + SAVED_EVERY])
