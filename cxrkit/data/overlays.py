"""Overlays: what many films of a set have in common and is no film, such as a viewer's frame, a watermark, a mosaic or a grid.

Different films under one overlay agree in its fine grain, and may be taken for copies of each other. Their coarse pictures differ all
the same where the overlay leaves any of the film, so where several films are alike, copies are those whose coarse pictures differ from
the others' and not from each other's. Two pictures alone cannot tell, however many copies of each there are.

Measured on 60 different real films (ieee8023, NIH) under each of 15 overlays of the whole film, some of them tuned on: mosaics of 4, 8, 16
and 32 blocks of noise a side, of 15, 25 and 40 % (not 32 of 15 %), smooth noise, stripes and two checkerboards of 25 %. Of 15 times 1,770
pairs none was taken for copies (1,475 while the fine grain alone was compared, 498 of them under one checkerboard). With 15 copies more
under each, at quality 60 and 60 to 90 % of the size, 225 of 225 were found (225), and 23 other pairs (392). Of 60 films drawn anew from
the same 302 under the four worst none of 7,080; with 60 copies, 60 and 6 other pairs.

SAME lies between the most of 705 pairs of real copies, .035 (re-encoded, small, cropped, turned, labelled, in a border or under a grid),
and the least of 1,932 pairs of different films under four overlays and in a frame, .079; of drawn films in a frame .048. Copies that are
brighter and saturated differ by up to .12, under a word, a disc or after CLAHE by .3: in a set with third pictures they may be missed.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from cxrkit.data.candidates import ranks
from cxrkit.data.registration import COARSE, SIDE

RELATED = 0.5
"""Agreement from which on two films may have an overlay in common; of 1,645 candidates among 302 real films none but copies reached it,
and one film beside itself on another day."""
APART = 0.07
"""Difference of coarse ranks, which are -0.5 to 0.5, from which on two films differ from the others of their set in a square."""
ENOUGH = 0.1
"""Share of the squares in which films have to differ from the others; those that differ in fewer are copies all."""
MOST, SAME = 0.85, 0.04
"""Films whose coarse ranks differ by SAME or less in this share of the squares where they differ from the others are copies. A label is in few."""

Found = tuple[int, int, float]
Laid = list[tuple[np.ndarray, np.ndarray]]


def without(found: Sequence[Found], threshold: float, films: Sequence[np.ndarray], laid: Callable[[Found], Laid]) -> list[Found]:
    """The pairs of `threshold` or more that are alike for more than an overlay. found: (whole, part, agreement) of pairs that agree by RELATED
    at least; films: thumbnails; laid: those of a pair, the whole laid over its part and the other way round. In one of the two frames at least
    they differ from further copies of one of them, which may be cropped or turned as the one is and not as the other.

    The surest pairs come first, and what is a copy of either film is none of the others: of a film, a plain copy and a changed one, the
    plain one would say that the change is all in which the three differ.
    """
    kept = []
    for members, pairs in _groups(found):
        total = _sum(films[film] for film in members) if len(members) > 2 else None
        copies = {film: frozenset([film]) for film in members}
        for pair in sorted(pairs, key=lambda pair: (-pair[2], pair[:2])):
            both = copies[pair[0]] | copies[pair[1]]
            others = len(members) - len(both)
            if pair[2] < threshold:
                break
            if total is not None and others:
                common = (total - _sum(films[film] for film in both)) / others
                if not any(_same(_coarse(one), _coarse(other), common) for one, other in laid(pair)):
                    continue
            kept.append(pair)
            copies.update(dict.fromkeys(both, both))
    return kept


def _sum(films: Iterable[np.ndarray]) -> np.ndarray:
    return sum((_coarse(film) for film in films), np.zeros((COARSE, COARSE)))


def _coarse(film: np.ndarray) -> np.ndarray:
    """A film's ranks, in which gamma and brightness do not count, as the means of COARSE x COARSE squares."""
    side = SIDE // COARSE
    return ranks(film).astype(np.float64).reshape(COARSE, side, COARSE, side).mean((1, 3))


def _same(one: np.ndarray, other: np.ndarray, common: np.ndarray) -> bool:
    """Whether two coarse pictures are one where they differ from those of the others of their set, whose mean is `common`."""
    differ = np.abs(one - common) + np.abs(other - common) >= APART
    return differ.mean() < ENOUGH or float(np.quantile(np.abs(one - other)[differ], MOST)) <= SAME


def _groups(found: Sequence[Found]) -> list[tuple[set[int], list[Found]]]:
    """Films that hang together through pairs, and these pairs."""
    parent: dict[int, int] = {}

    def root(film: int) -> int:
        while parent.setdefault(film, film) != film:
            parent[film] = film = parent[parent[film]]
        return film

    for one, other, _ in found:
        parent[root(one)] = root(other)
    groups: dict[int, tuple[set[int], list[Found]]] = defaultdict(lambda: (set(), []))
    for pair in found:
        members, pairs = groups[root(pair[0])]
        members.update(pair[:2])
        pairs.append(pair)
    return list(groups.values())
