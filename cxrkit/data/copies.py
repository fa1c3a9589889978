"""Duplicate detection by content: which films show one and the same picture, whatever was done to the file.

Found: copies that were re-encoded, resized, turned to grey or colour, cropped by up to 10 % a side, padded,
brightened or labelled. Not found, on purpose: mirrored films, films of one patient on other days.

Two stages. Candidates: a signature of 35 low frequencies, whitened over the set, compared between each film
and 81 crops of each other through locality-sensitive hashing, so that the cost grows nearly linearly (one core,
synthetic signatures: 0.35 ms a film among 2,000, 0.5 among 10,000, 1.0 among 50,000).
Verification: registration.agreement, against THRESHOLD.

A 64-bit perceptual hash alone does not do: independent chest films differ in few of its bits.
"""

import functools
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from PIL import Image
from threadpoolctl import threadpool_limits

from cxrkit.data.registration import SIDE, Details, agreement
from cxrkit.environment import processors
from cxrkit.progress import Meter

VERSION = 1
THRESHOLD = 0.75
"""Least agreement of two copies. Figures in `find`."""

CROPS = (0.0, 0.035, 0.075)
FREQUENCIES = 8
TABLES = 16
SMALL_SET = 64
LEAST_SIMILARITY = 0.65
CANDIDATES_A_FILM = 16
PADDING = 0.25
AT_ONCE = 64
"""Candidates that are verified together, 1 MB an array: with fewer, threads wait for each other in Python; more do not fit the cache."""
DETAILS_KEPT = 4096
"""Films whose fine grain is kept while candidates are verified, 96 kB each."""

Name = TypeVar("Name", str, tuple[str, str])
"""An image_id, or where names may repeat, the collection and the image_id."""

Box = tuple[float, float, float, float]
"""Left, top, right and bottom edge of a crop, in shares of the side."""


@dataclass(frozen=True)
class Pair(Generic[Name]):
    """Two films of one picture; `first` is the larger cut where one is a crop of the other."""

    first: Name
    second: Name
    agreement: float


def thumbnail(grey: Image.Image) -> np.ndarray:
    """A grey PIL image as SIDE x SIDE bytes, without a uniform border of up to a quarter a side."""
    if max(grey.size) > 1024:
        grey = grey.copy()
        grey.thumbnail((512, 512), Image.Resampling.BOX)
    pixels = np.asarray(grey)
    top, bottom = _uniform_border(pixels.std(1))
    left, right = _uniform_border(pixels.std(0))
    return np.asarray(Image.fromarray(pixels[top:bottom, left:right]).resize((SIDE, SIDE), Image.Resampling.BOX))


def _uniform_border(spread: np.ndarray) -> tuple[int, int]:
    most, start, end = int(len(spread) * PADDING), 0, len(spread)
    while start < most and spread[start] < 4:
        start += 1
    while len(spread) - end < most and spread[end - 1] < 4:
        end -= 1
    return start, end


def find(thumbnails: Mapping[Name, np.ndarray]) -> list[Pair[Name]]:
    """All pairs of films that show one picture, sorted.

    thumbnails: {name: SIDE x SIDE grey bytes}. The result does not depend on the order, nor on the number of processors.
    Each thread computes alone: a small product that is shared out between two took 6 to 9 times as long on a busy machine of
    two cores. Threads and not processes: of 6,073 candidates on two cores one thread verified 3,500 a second, two
    threads 4,600 and two processes 6,300, which take .7 s to start.

    Measured on 1,933 real films (1,631 of CoronaHack, 142 of ieee8023, 160 of NIH): 45 pairs found, each
    known to be a copy or seen to be one, agree by .95 or more, and no other of 22,055 verified candidates by
    more than .56, so THRESHOLD lies in the empty middle (false positives: 0 of 22,055, 95 % interval 0 to
    0.02 %). Of copies made by cropping up to 10 % a side, brightening, encoding at quality 60 and a label
    over 0.7 % of the picture, 148 of 150 are found (missed: 1.3 %, Wilson 95 % 0.4 to 4.7 %); with a label
    over 2 %, 125 of 150 (missed: 17 %, 12 to 23 %), nearly all lost among the candidates.
    """
    names = sorted(thumbnails)
    with threadpool_limits(1):
        return _find(names, np.stack([thumbnails[name] for name in names])) if len(names) > 1 else []


def _find(names: list[Name], stack: np.ndarray) -> list[Pair[Name]]:
    # Candidates of one film lie together, so that only the partners have to be kept, and made again where they are too many.
    wanted = sorted(candidates(stack))
    details = functools.lru_cache(DETAILS_KEPT)(lambda index: Details(stack[index]))
    portions = [wanted[start : start + AT_ONCE] for start in range(0, len(wanted), AT_ONCE)]
    found: list[Pair[Name]] = []

    def verified(portion: list[tuple[int, int, Box]]) -> np.ndarray:
        wholes, parts, boxes = zip(*portion)
        return agreement([details(index) for index in wholes], [details(index) for index in parts], np.array(boxes))

    pool = ThreadPoolExecutor(processors())
    try:
        with Meter("comparing films", len(wanted)) as meter:
            for portion, values in zip(portions, pool.map(verified, portions)):
                for (whole, part, _), value in zip(portion, values.tolist()):
                    if value >= THRESHOLD:
                        found.append(Pair(names[whole], names[part], round(value, 3)))
                meter.advance(len(portion))
    finally:
        pool.shutdown(cancel_futures=True)  # who interrupts does not wait for the rest
    return sorted(found, key=lambda pair: (pair.first, pair.second))


def candidates(stack: np.ndarray) -> list[tuple[int, int, Box]]:
    """(whole, part, box) triples worth verifying: `part` looks like the crop `box` of `whole`.

    stack: n x SIDE x SIDE grey bytes. Each film stands in its most similar few.
    """
    wholes, parts, crops, similarity = similar(whiten(signatures(stack)))
    order = np.lexsort((crops, parts, wholes, -similarity))
    pair = np.minimum(wholes, parts) * len(stack) + np.maximum(wholes, parts)
    best = order[np.sort(np.unique(pair[order], return_index=True)[1])]
    count, chosen = np.zeros(len(stack), int), []
    for whole, part, crop in zip(wholes[best].tolist(), parts[best].tolist(), crops[best].tolist()):
        if min(count[whole], count[part]) < CANDIDATES_A_FILM:
            count[whole] += 1
            count[part] += 1
            chosen.append((whole, part, _box(crop)))
    return chosen


def _intervals() -> list[tuple[float, float]]:
    return [(0.0, 1.0)] + [(low, 1 - high) for low in CROPS for high in CROPS if low or high]


def _box(crop: int) -> Box:
    intervals = _intervals()
    rows, columns = intervals[crop // len(intervals)], intervals[crop % len(intervals)]
    return columns[0], rows[0], columns[1], rows[1]


def signatures(stack: np.ndarray) -> np.ndarray:
    """n x 81 x 35 low cosine frequencies of each thumbnail and its crops, each of unit length; the first crop is the whole.

    Cropping, resampling and the cosine transform are one product with a fixed matrix on either side.
    """
    position = (np.arange(SIDE) + 0.5) / SIDE
    basis = []
    for low, high in _intervals():
        inside = (position - low) / (high - low)
        waves = np.cos(np.pi * np.arange(FREQUENCIES)[:, None] * inside) * ((inside > 0) & (inside < 1))
        basis.append(waves / np.linalg.norm(waves, axis=1, keepdims=True))
    basis, n = np.concatenate(basis).astype(np.float32), len(basis)
    row, column = np.array([(i, j) for i in range(FREQUENCIES) for j in range(FREQUENCIES) if 0 < i + j < FREQUENCIES]).T
    low = np.empty((len(stack), n * n, len(row)), np.float32)  # (film, crop, frequency)
    for index, pixels in enumerate(stack):
        coefficients = basis @ _ranks(pixels) @ basis.T  # (crop in rows x frequency, crop in columns x frequency)
        low[index] = coefficients.reshape(n, FREQUENCIES, n, FREQUENCIES).transpose(0, 2, 1, 3)[:, :, row, column].reshape(n * n, -1)
    return low / (np.linalg.norm(low, axis=2, keepdims=True) + 1e-6)


def _ranks(pixels: np.ndarray) -> np.ndarray:
    """Grey bytes as their share of darker pixels, -0.5 to 0.5: a white label on black weighs no more than its area."""
    counts = np.bincount(pixels.ravel(), minlength=256)
    return ((np.cumsum(counts) - counts / 2) / pixels.size - 0.5).astype(np.float32)[pixels]


def whiten(signatures: np.ndarray) -> np.ndarray:
    """Signatures relative to the set's mean film, each frequency to unit spread, each of unit length."""
    whole = signatures[:, 0]
    if len(whole) > SMALL_SET:
        signatures = (signatures - whole.mean(0)) / (whole.std(0) + 1e-6)
    return signatures / (np.linalg.norm(signatures, axis=2, keepdims=True) + 1e-6)


def similar(signatures: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Arrays (whole, part, crop, similarity) of what may be copies: a crop of one film near another film.

    signatures: n x crops x d, whitened. Films meet where their random-hyperplane codes are equal in
    one of TABLES tables (Charikar 2002, STOC, section 3); the code's length grows with log2 n, so that a
    code holds a few films whatever n is. A small set is compared pair by pair.
    """
    n, crops, d = signatures.shape
    wholes, queries = signatures[:, 0], signatures.reshape(-1, d)  # (n, d), (n x crops, d)
    if n <= SMALL_SET:
        values = (queries @ wholes.T).reshape(n, crops, n)
        best, values = values.argmax(1), values.max(1)
        first, second = np.nonzero(~np.eye(n, dtype=bool))
        return first, second, best[first, second], values[first, second]
    random, bits = np.random.default_rng(0), int(np.ceil(np.log2(n))) + 2
    parts = []
    for _ in range(TABLES):
        planes, weights = random.normal(size=(d, bits)).astype(np.float32), 1 << np.arange(bits)
        codes, wanted = (wholes @ planes > 0) @ weights, (queries @ planes > 0) @ weights
        order = np.argsort(codes, kind="stable")
        low, high = (np.searchsorted(codes[order], wanted, side) for side in ("left", "right"))
        query = np.repeat(np.arange(len(queries)), high - low)
        offset = np.arange(len(query)) - np.repeat(np.cumsum(high - low) - (high - low), high - low)
        other = order[np.repeat(low, high - low) + offset]
        for start in range(0, len(query), 400_000):
            q, o = query[start : start + 400_000], other[start : start + 400_000]
            value = np.einsum("ij,ij->i", queries[q], wholes[o])
            near = (value > LEAST_SIMILARITY) & (q // crops != o)
            parts.append((q[near] // crops, o[near], q[near] % crops, value[near]))
    first, second, crop, value = (np.concatenate(arrays) for arrays in zip(*parts))
    return first, second, crop, value
