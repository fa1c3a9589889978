"""What earlier copy searches found of pairs of films, in a file of the film cache: most of a search's time goes into these."""

import zlib
from pathlib import Path

import numpy as np

from cxrkit.data.registration import VERSION
from cxrkit.errors import BadInput
from cxrkit.files import reading, replacing

NAME = f"agreements-v{VERSION}.bin"
ROW = np.dtype([("key", "<u8"), ("agreement", "<f4")])


class Agreements:
    """{pair of thumbnails and first guess: how well they agree}, in memory where there is no folder.

    On disk: a CRC-32 and rows of 12 bytes, sorted by key. Raises BadInput for a damaged file.
    """

    def __init__(self, folder: Path | None) -> None:
        self.path = folder and folder / NAME
        self.rows = np.empty(0, ROW)
        if self.path and self.path.exists():
            remedy = "delete it; the films are compared again"
            with reading(self.path, "The list of agreements", remedy):
                content = self.path.read_bytes()
            if len(content) % ROW.itemsize != 4 or int.from_bytes(content[:4], "little") != zlib.crc32(content[4:]):
                raise BadInput("The list of agreements is damaged.", self.path, remedy)
            self.rows = np.frombuffer(content, ROW, offset=4)

    @staticmethod
    def keys(wholes: np.ndarray, parts: np.ndarray, crops: np.ndarray) -> np.ndarray:
        """64 bits a pair: from those of the two thumbnails, which one is the whole, and the crop that is the first guess."""
        odd = np.uint64(0x9E3779B97F4A7C15)  # the golden ratio's bits, as in Fibonacci hashing (Knuth, vol. 3, section 6.4)
        return (wholes * odd ^ (parts + crops.astype(np.uint64))) * odd

    def of(self, keys: np.ndarray) -> np.ndarray:
        """The agreements, NaN where none is known."""
        place = np.searchsorted(self.rows["key"], keys)
        known = place < len(self.rows)
        known[known] = self.rows["key"][place[known]] == keys[known]
        found = np.full(len(keys), np.nan, np.float32)
        found[known] = self.rows["agreement"][place[known]]
        return found

    def keep(self, keys: np.ndarray, agreements: np.ndarray) -> None:
        """Write those that are new and no NaN beside those that are known."""
        new = ~np.isnan(agreements) & np.isnan(self.of(keys))
        if self.path is None or not new.any():
            return
        added = np.empty(int(new.sum()), ROW)
        added["key"], added["agreement"] = keys[new], agreements[new]
        self.rows = np.sort(np.concatenate([self.rows, added]), order="key")
        content = self.rows.tobytes()
        with replacing(self.path) as temporary:
            temporary.write_bytes(zlib.crc32(content).to_bytes(4, "little") + content)
