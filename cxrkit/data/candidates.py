"""Candidates of the copy search: pairs of films that are alike enough at low resolution to be laid over each other.

A signature of 35 low frequencies, whitened over the set, of each film is compared with that of 83 crops of each other, and of the other one inverted, through
locality-sensitive hashing, so that the cost grows nearly linearly. Only the films' own signatures and codes stay in memory,
less than 2 kB a film by their sizes; those of the crops are made, looked up and dropped, a portion of films at a time.

A 64-bit perceptual hash alone does not do: independent chest films differ in few of its bits.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor

import numpy as np

from cxrkit.data.registration import SIDE, WHOLE, Box

CROPS = (0.0, 0.05, 0.1)
"""Shares of the side that are cut, each with each, on the four sides."""
EVEN = (0.15, 0.2)
"""Shares that are cut on all four sides alike, for close crops and for films that somebody put a wide border round."""
FREQUENCIES = 8
TABLES = 32
FULL = 64
"""Films of one code that a signature is compared with, the nearest in their longer codes where there are more: without an end,
k films of nearly one picture, such as empty ones, would cost k squared."""

INVERTED = 81 + len(EVEN)
"""The number, after those of the crops, of the whole film with black for white."""

SMALL_SET = 64
"""Films of which a mean and a spread say little, so that signatures are not whitened and all pairs are compared."""

LEAST_SIMILARITY = 0.65
CANDIDATES_A_FILM = 16
PORTION = 256
"""Films whose crops are in memory at once, 3 MB of signatures."""

Alike = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Arrays of equal length: film, other film, crop of the first that is like the second, cosine similarity."""

NONE: Alike = np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int16), np.empty(0, np.float32)


def candidates(films: Sequence[np.ndarray], pool: Executor) -> list[tuple[int, int, int]]:
    """(whole, part, crop) sorted: film `part` looks like that crop of film `whole`, see `box`.

    films: SIDE x SIDE grey bytes each. A pair is one where it is among the CANDIDATES_A_FILM most similar of either film.
    Pictures of one grey are in none.
    """
    portions = [range(start, min(start + PORTION, len(films))) for start in range(0, len(films), PORTION)]
    wholes = np.concatenate(list(pool.map(lambda portion: signatures([films[i] for i in portion], crops=False)[:, 0], portions)))
    whitening = _Whitening(wholes)
    meeting = _Meeting(whitening.of(wholes), np.flatnonzero(wholes.any(1)))

    def alike(portion: range) -> Alike:
        crops = signatures([films[i] for i in portion])
        queries = whitening.of(np.concatenate([crops, -crops[:, :1]], 1))  # ranks of an inverted film are the negative ones
        return _best(*meeting.alike(queries, portion.start), len(films))

    found, kept = [], 0
    for one in pool.map(alike, portions):
        found.append(one)
        if sum(len(some[0]) for some in found[1:]) > max(kept, 1_000_000):  # pruned now and then, so that memory stays bounded
            found = [_best(*_joined(found), len(films))]
            kept = len(found[0][0])
    whole, part, crop, _ = _best(*_joined(found), len(films))
    order = np.lexsort((part, whole))
    return list(zip(whole[order].tolist(), part[order].tolist(), crop[order].tolist()))


def _joined(found: Sequence[Alike]) -> Alike:
    whole, part, crop, value = (np.concatenate(arrays) for arrays in zip(*found))
    return whole, part, crop, value


def _best(whole: np.ndarray, part: np.ndarray, crop: np.ndarray, value: np.ndarray, n: int) -> Alike:
    """Each pair of films once, as it is most similar, and of these what is among the best of either film.

    What is no longer there when this is done to some of the pairs would not be there if it were done to all of them at once.
    """
    order = np.lexsort((crop, part, whole, -value))
    pair = np.minimum(whole, part).astype(np.int64)[order] * n + np.maximum(whole, part)[order]
    order = order[np.sort(np.unique(pair, return_index=True)[1])]
    ends = np.concatenate([whole[order], part[order]])
    by_film = np.lexsort((np.tile(np.arange(len(order)), 2), ends))
    rank = np.empty(len(ends), int)
    rank[by_film] = np.arange(len(ends)) - np.searchsorted(ends[by_film], ends[by_film])
    order = order[rank.reshape(2, -1).min(0) < CANDIDATES_A_FILM]
    return whole[order], part[order], crop[order], value[order]


def _intervals() -> list[tuple[float, float]]:
    """Those of CROPS, the whole first, and those of EVEN."""
    return [(0.0, 1.0)] + [(low, 1 - high) for low in CROPS for high in CROPS if low or high] + [(cut, 1 - cut) for cut in EVEN]


def _crops() -> np.ndarray:
    """Crops x 2: the numbers of the intervals of rows and of columns."""
    n = len(CROPS) ** 2
    return np.array([(row, column) for row in range(n) for column in range(n)] + [(n + even, n + even) for even in range(len(EVEN))])


def box(crop: int) -> Box:
    """Where a crop lies."""
    if crop == INVERTED:
        return WHOLE
    rows, columns = (_intervals()[number] for number in _crops()[crop])
    return columns[0], rows[0], columns[1], rows[1]


def signatures(films: Sequence[np.ndarray], crops: bool = True) -> np.ndarray:
    """n x 83 x 35 low cosine frequencies of films and their crops, each of unit length, 0 where a film has one grey.

    The first crop is the whole, and the only one without `crops`. Cropping, resampling and the cosine transform are one
    product with a fixed matrix on either side.
    """
    position = (np.arange(SIDE) + 0.5) / SIDE
    waves = []
    for low, high in _intervals() if crops else _intervals()[:1]:
        inside = (position - low) / (high - low)
        wave = np.cos(np.pi * np.arange(FREQUENCIES)[:, None] * inside) * ((inside > 0) & (inside < 1))
        waves.append(wave / np.linalg.norm(wave, axis=1, keepdims=True))
    basis, n = np.concatenate(waves).astype(np.float32), len(waves)
    row, column = np.array([(i, j) for i in range(FREQUENCIES) for j in range(FREQUENCIES) if 0 < i + j < FREQUENCIES]).T
    in_rows, in_columns = (_crops() if crops else np.zeros((1, 2), int)).T
    low = np.empty((len(films), len(in_rows), len(row)), np.float32)  # (film, crop, frequency)
    for index, pixels in enumerate(films):
        coefficients = basis @ ranks(pixels) @ basis.T  # (crop in rows x frequency, crop in columns x frequency)
        low[index] = coefficients.reshape(n, FREQUENCIES, n, FREQUENCIES).transpose(0, 2, 1, 3)[in_rows, in_columns][:, row, column]
    return low / (np.linalg.norm(low, axis=2, keepdims=True) + 1e-6)


def ranks(pixels: np.ndarray) -> np.ndarray:
    """Grey bytes as their share of darker pixels, -0.5 to 0.5: a white label on black weighs no more than its area."""
    counts = np.bincount(pixels.ravel(), minlength=256)
    return ((np.cumsum(counts) - counts / 2) / pixels.size - 0.5).astype(np.float32)[pixels]


class _Whitening:
    """Signatures relative to the set's mean film, each frequency to unit spread, each of unit length; 0 stays 0."""

    def __init__(self, wholes: np.ndarray) -> None:
        enough = len(wholes) > SMALL_SET
        self.mean, self.spread = (wholes.mean(0), wholes.std(0) + 1e-6) if enough else (np.float32(0), np.float32(1))

    def of(self, signatures: np.ndarray) -> np.ndarray:
        white = (signatures - self.mean) / self.spread * signatures.any(-1, keepdims=True)
        return white / (np.linalg.norm(white, axis=-1, keepdims=True) + 1e-6)


class _Meeting:
    """Where n films meet: in one of TABLES tables their random-hyperplane codes are equal (Charikar 2002, STOC, section 3).

    The code's length grows with log2 n, so that a code holds a few films whatever n is; a longer one orders the films of a code.
    The films of a small set all meet.
    """

    def __init__(self, wholes: np.ndarray, filled: np.ndarray) -> None:
        """wholes: n x d whitened; filled: the films that may meet others."""
        self.wholes, self.filled = wholes, filled
        self.bits = int(np.ceil(np.log2(max(len(wholes), 2)))) + 2
        self.planes = np.random.default_rng(0).normal(size=(TABLES, wholes.shape[1], 32)).astype(np.float32)
        self.tables = []
        for planes in self.planes if len(wholes) > SMALL_SET else ():
            codes = _codes(wholes[filled], planes)
            order = np.argsort(codes, kind="stable")
            starts = np.searchsorted(codes[order] >> (32 - self.bits), np.arange((1 << self.bits) + 1)).astype(np.int32)
            self.tables.append((codes[order], starts, filled[order].astype(np.int32)))

    def alike(self, signatures: np.ndarray, first: int) -> Alike:
        """Which films are like which crops of some films: signatures, k x crops x d, of the films from number `first` on."""
        crops = signatures.shape[1]
        queries = signatures.reshape(-1, signatures.shape[2])
        parts = [NONE]
        for query, other in self._met(queries):
            value = np.einsum("ij,ij->i", queries[query], self.wholes[other])
            film = query // crops + first
            near = (value > (LEAST_SIMILARITY if self.tables else -2)) & (film != other)
            parts.append((film[near].astype(np.int32), other[near], (query[near] % crops).astype(np.int16), value[near]))
        return _joined(parts)

    def _met(self, queries: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        if not self.tables:
            some = np.flatnonzero(queries.any(1))
            yield np.repeat(some, len(self.filled)), np.tile(self.filled.astype(np.int32), len(some))
        for planes, (codes, starts, order) in zip(self.planes, self.tables):
            wanted = _codes(queries, planes)
            short = wanted >> (32 - self.bits)
            low, high = starts[short].astype(int), starts[short + 1].astype(int)
            (many,) = np.nonzero(high - low > FULL)
            low[many] = np.clip(np.searchsorted(codes, wanted[many]) - FULL // 2, low[many], high[many] - FULL)
            high[many] = low[many] + FULL
            count = high - low
            query = np.repeat(np.arange(len(queries)), count)
            place = np.arange(len(query)) - np.repeat(np.cumsum(count) - count, count)
            for start in range(0, len(query), 400_000):
                some = slice(start, start + 400_000)
                yield query[some], order[low[query[some]] + place[some]]


def _codes(signatures: np.ndarray, planes: np.ndarray) -> np.ndarray:
    """On which side of each of 32 planes each signature lies, the first plane in the highest bit, int64."""
    return np.packbits(signatures @ planes > 0, axis=1).view(">u4")[:, 0].astype(np.int64)
