"""Duplicate detection by content: which films show one and the same picture, whatever was done to the file.

Found: copies that were re-encoded, resized, turned to grey or colour, turned by up to 3 degrees, inverted, cropped by up to 18 %
a side, evenly or not, padded, put on a screen with text, under a grid, a watermark, brightened or labelled.
Not found, on purpose: mirrored films, films of one patient on other days. Often missed: films under small translucent text all over.

Equal thumbnails first, then three stages: candidates.candidates, registration.agreement against THRESHOLD, overlays.without.
"""

import functools
import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from PIL import Image
from threadpoolctl import threadpool_limits

from cxrkit.data import overlays
from cxrkit.data.agreements import Agreements
from cxrkit.data.candidates import INVERTED, box, candidates
from cxrkit.data.registration import SIDE, WHOLE, Details, agreement, laid_over
from cxrkit.environment import processors
from cxrkit.progress import Meter

VERSION = 2
THRESHOLD = 0.75
"""Least agreement of two copies. Figures in `find`."""

PADDING = 0.25
MOST = (0.1, 0.8)
"""Quantiles of a line of pixels between which a border is even."""
EVEN_GREY = 5
"""Grey levels between which most of a border's line lies."""
LINE = 8
"""Grey levels by which a grid's line differs from the film, averaged over a thumbnail's pixel."""
LEFT = 0.3
"""Share of a row that a line leaves of the film, below which its grain is not brought back."""
AT_ONCE = 64
"""Candidates that are verified together, 1 MB an array: with fewer, threads wait for each other in Python; more do not fit the cache."""
DETAILS_KEPT = 4096
"""Films whose fine grain is kept while candidates are verified, 16 kB each, and 64 kB more of the few that are compared at full size."""

Name = TypeVar("Name", str, tuple[str, str])
"""An image_id, or where names may repeat, the collection and the image_id."""


@dataclass(frozen=True)
class Pair(Generic[Name]):
    """Two films of one picture; `first` is the larger cut where one is a crop of the other."""

    first: Name
    second: Name
    agreement: float


def thumbnail(grey: Image.Image) -> np.ndarray:
    """A grey PIL image as SIDE x SIDE bytes, without a border of up to PADDING a side, and without the lines of a grid."""
    if max(grey.size) > 1024:
        grey = grey.copy()
        grey.thumbnail((512, 512), Image.Resampling.BOX)
    pixels = np.asarray(grey)
    small = np.asarray(grey.resize((SIDE, SIDE), Image.Resampling.BOX))  # noise of the border is averaged away
    (top, bottom), (left, right) = (_inside(small, axis, pixels.shape[1 - axis]) for axis in (1, 0))
    small = np.asarray(Image.fromarray(pixels[top:bottom, left:right]).resize((SIDE, SIDE), Image.Resampling.BOX))
    return _without_lines(_without_lines(small).T).T.copy()


def shows_film(pixels: np.ndarray, axis: int) -> np.ndarray:
    """Which lines along an axis of grey pixels, 0 to 255, are no border's: booleans of the other axes. A border's line is of one grey for
    most of its pixels; above them lies what is written in it."""
    low, high = np.quantile(pixels, MOST, axis=axis)
    return high - low >= EVEN_GREY


def _inside(small: np.ndarray, axis: int, length: int) -> tuple[int, int]:
    """Where, along a side of `length`, the lines of a film begin and end: those before and after are of one grey for most of their pixels, so
    that text in a border is none of the film."""
    filled = np.flatnonzero(shows_film(small, axis))
    runs = np.split(filled, np.flatnonzero(np.diff(filled) > 1) + 1)
    film, most = max(runs, key=len), int(SIDE * PADDING)
    start, end = (min(film[0], most), max(film[-1] + 1, SIDE - most)) if len(film) else (most, SIDE - most)
    return start * length // SIDE, -(-end * length // SIDE)


def _without_lines(small: np.ndarray) -> np.ndarray:
    """Rows that are brighter, or darker, than those at a distance of 3 on either side in most of their pixels are mended: a line of one grey
    over a share of the row leaves of the film a linear function, which is fitted to the mean of those two and inverted."""
    before, here, after = (small[start : SIDE - 6 + start].astype(np.float32) for start in (0, 3, 6))
    lines = np.median(np.maximum(here - np.maximum(before, after), np.minimum(before, after) - here), axis=1) >= LINE
    small = small.copy()
    if lines.any():
        between, here = (before + after)[lines] / 2, here[lines]
        x, y = between - between.mean(1, keepdims=True), here - here.mean(1, keepdims=True)
        left = np.clip((x * y).sum(1, keepdims=True) / ((x * x).sum(1, keepdims=True) + 1), 0, 1)
        small[3:-3][lines] = np.clip(between + (y - left * x) / np.maximum(left, LEFT), 0, 255)
    return small


def find(thumbnails: Mapping[Name, np.ndarray], kept: Path | None = None) -> list[Pair[Name]]:
    """All pairs of films that show one picture, sorted; of films with equal thumbnails, each with the first one.

    thumbnails: {name: SIDE x SIDE grey bytes}, as arrays or rows of a memory map: they are read when they are needed.
    kept: a folder where the agreements found stay, so that no two films are compared again. The result does not depend on the order, nor
    on the number of processors, nor on what was kept. A `manifest build` of 2,000 and of 20,000 drawn films of 128 pixels (24,569 and
    259,317 candidates) took 102 and 1,246 s of processor time, 1 and 12 minutes on two cores, and 406 and 981 MB at the peak; without the
    coarse squares 2,000 took 77 s there. Of 100,000 an earlier search took 1.4 times as long a film as of 20,000, and 3,229 MB.
    Raises BadInput for a damaged file there.

    Each thread computes alone: a small product that is shared out between two took 6 to 9 times as long on a busy machine of
    two cores. Threads and not processes: of 6,073 candidates, without a second look, on two cores one thread verified 3,500 a second, two
    threads 4,600 and two processes 6,300, which take .7 s to start.

    Measured on 1,944 real films (CoronaHack, ieee8023, NIH): 45 pairs found, each known to be a copy or seen to be one, agree by
    .92 or more, and no other of 23,140 verified candidates by more than .61 (false positives: 0, 95 % interval 0 to .02 %).

    Of 60 of 151 real films (ieee8023, NIH) on which nothing was tuned, drawn once for each kind, one copy each was sought among all 302; in
    brackets without the coarse squares and with crops in finer steps (95 % Wilson interval of 60: .94 to 1, of 57 .86 to .98, of 54 .80
    to .95, of 48 .68 to .88, of 40 .54 to .77): a label over 2 % in a corner, each another one 60 (56), one and the same for all 57 (38), in
    the middle 59 and 60 (57, 60); a word of 25 % across the film 59 and 59 (59, 59), a disc of 25 % 58 and 59 (56, 58), small text of 25 %
    all over 40 and 35 (41, 34); cropped unevenly by 0 to 18 % a side 57 (39), by 6 to 18 % 60 (28), evenly by 10, 12, 15 % 60, 60, 59
    (59, 55, 49); under a grid 54 (54), on a black screen with text 59 (56), of a wide one's height 60 (55), in a border of noisy grey 57
    (55); turned by 1, 2, 3 degrees 60, 58, 48 (60, 58, 44), by 2 degrees and cropped by 5 % a side 60 (57), inverted 60 (59), of 64 x 64
    pixels 54 (53), of 96 x 96 59 (59), quality 40 60 (60), gamma .6 and 1.6 60 and 59 (60, 59), CLAHE 57 (55), 224 x 224 at quality 60 60
    (60), brighter 54 (52). No other pair was found but of films that are copies themselves.

    With a plain copy at quality 60 beside it, of 24 changed ones each (in brackets while the three's fine grain was compared, less what they
    have in common): cropped by 10, 12, 15 % 24, 24, 23 (24, 24, 23), unevenly by 0 and by 6 to 18 % 24 and 24 (24, 24), turned by 2, 3 degrees
    24, 21 (24, 21), inverted 24 (24), under a label in the middle, each its own and all one, 24 and 24 (14, 8), in a corner 24 and 22 (23, 19),
    under a grid 24 (5), of 64 x 64 pixels 23 (20), quality 40 24 (16), brighter 22 (15), CLAHE 21 (0), under a word of 25 % 13 (1), a disc 6
    (0). The word and the disc are others than above: without a plain copy 35 and 23 of 60 (36, 24).

    Films under one overlay: see overlays.
    """
    first: dict[int, Name] = {}
    equal = []
    for name in sorted(thumbnails):
        original = first.setdefault(_digest(thumbnails[name]), name)
        equal += [Pair(original, name, 1.0)] if original != name else []
    names = list(first.values())
    films = [thumbnails[name] for name in names]
    with threadpool_limits(1), ThreadPoolExecutor(processors()) as pool:
        try:
            found = _found(films, np.array(list(first), np.uint64), kept, pool) if len(films) > 1 else []
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # who interrupts does not wait for the rest
    pairs = equal + [Pair(names[whole], names[part], round(value, 3)) for whole, part, value in found]
    return sorted(pairs, key=lambda pair: (pair.first, pair.second))


def _digest(thumbnail: np.ndarray) -> int:
    """64 bits that name a thumbnail: two of 100,000 different ones share them once in 4 billion sets."""
    return int.from_bytes(hashlib.blake2b(np.ascontiguousarray(thumbnail), digest_size=8).digest(), "little")


def _found(films: Sequence[np.ndarray], digests: np.ndarray, kept: Path | None, pool: Executor) -> list[tuple[int, int, float]]:
    """(whole, part, agreement) of the copies among different films."""
    whole, part, crop = np.array(candidates(films, pool), np.int64).reshape(-1, 3).T
    known = Agreements(kept)
    keys = Agreements.keys(digests[whole], digests[part], crop)
    value = known.of(keys)
    (unknown,) = np.nonzero(np.isnan(value))
    # Candidates of one film lie together, so that only the partners have to be kept, and made again where they are too many.
    details = functools.lru_cache(DETAILS_KEPT)(lambda index: Details(films[index]))
    inverted = functools.lru_cache(AT_ONCE)(lambda index: Details(255 - films[index]))
    portions = [unknown[start : start + AT_ONCE] for start in range(0, len(unknown), AT_ONCE)]

    def verified(portion: np.ndarray) -> np.ndarray:
        boxes = np.array([box(one) for one in crop[portion].tolist()])
        wholes = [(inverted if turned else details)(film) for film, turned in zip(whole[portion].tolist(), crop[portion] == INVERTED)]
        return agreement(wholes, [details(film) for film in part[portion].tolist()], boxes)

    try:
        with Meter("comparing films", len(unknown)) as meter:
            for portion, values in zip(portions, pool.map(verified, portions)):
                value[portion] = values
                meter.advance(len(portion))
    finally:
        known.keep(keys, value)
    (alike,) = np.nonzero(value >= min(THRESHOLD, overlays.RELATED))
    related = list(zip(whole[alike].tolist(), part[alike].tolist(), value[alike].tolist()))
    guess = dict(zip(related, crop[alike].tolist()))

    def laid(pair: overlays.Found) -> overlays.Laid:
        number = guess[pair]
        one, other = (inverted if number == INVERTED else details)(pair[0]), details(pair[1])
        return [(laid_over(one, other, box(number)), other.thumbnail), (one.thumbnail, laid_over(other, one, WHOLE))]

    return overlays.without(related, THRESHOLD, films, laid)
