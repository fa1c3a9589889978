"""Overlays: what many films of a set have in common and is no film, such as a viewer's frame, a watermark or a grid.

Different films under one overlay agree in it, and may be taken for copies of each other. Copies agree in their coarse picture too, which an
overlay leaves; and where an overlay or a change spoils that, in what is left of them when what the set has in common is taken away.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from cxrkit.data.candidates import ranks
from cxrkit.data.registration import COARSE, SIDE, Details, blocks

RELATED = 0.5
"""Agreement from which on two films may have an overlay in common; of 1,645 candidates among 302 real films none but copies reached it,
and one film beside itself on another day."""
APART = 0.07
"""Difference of coarse ranks, which are -0.5 to 0.5, from which on two films differ from the others of their set in a square."""
MOST, SAME = 0.85, 0.04
"""Films whose coarse ranks differ by SAME or less in this share of the squares where they differ from the others are copies. A label is in few."""
DIFFER = 0.2
"""Share of a block's energy that is left when the common part is gone, from which on the films differ there."""
ENOUGH = 0.1
"""Share of the squares and of the blocks in which films have to differ: those that differ in fewer squares are copies all; in fewer blocks
says nothing, for an overlay may leave of the fine grain less than DIFFER."""
ALIKE = 0.8
"""Correlation of what is left of two films, from which on they are copies. Three different films give 0.5: the third is in both."""

Found = tuple[int, int, float]
Laid = list[tuple[Details, Details]]


def without(found: Sequence[Found], threshold: float, detail: Callable[[int], Details], laid: Callable[[Found], Laid]) -> list[Found]:
    """The pairs of `threshold` or more that are alike for more than an overlay. found: (whole, part, agreement) of pairs that agree by RELATED
    at least; laid: a pair, the whole laid over its part and the other way round. In one of the two frames at least they differ from
    further copies of one of them, which may be cropped or turned as the one is and not as the other.

    The surest pairs come first, and what is a copy of either film is none of the others from which a pair has to differ: of a
    film, a plain copy and a changed one, the plain one would say that the change is all that is left. Two pictures alone are taken as they are.
    """
    kept = []
    for members, pairs in _groups(found):
        total = _sum(detail(film) for film in members) if len(members) > 2 else None
        copies = {film: frozenset([film]) for film in members}
        for pair in sorted(pairs, key=lambda pair: (-pair[2], pair[:2])):
            both = copies[pair[0]] | copies[pair[1]]
            others = len(members) - len(both)
            if pair[2] < threshold:
                break
            if total and others:
                fine, coarse = ((of_all - of_both) / others for of_all, of_both in zip(total, _sum(detail(film) for film in sorted(both))))
                if not any(_same(one, other, coarse) or _alike(one, other, fine) for one, other in laid(pair)):
                    continue
            kept.append(pair)
            copies.update(dict.fromkeys(both, both))
    return kept


def _sum(films: Iterable[Details]) -> tuple[np.ndarray, np.ndarray]:
    """Of the fine grain at half size, and of the coarse ranks."""
    fine, coarse = zip(*((film.half.astype(np.float64), _coarse(film)) for film in films))
    return sum(fine), sum(coarse)


def _coarse(film: Details) -> np.ndarray:
    """A film's ranks, in which gamma and brightness do not count, as the means of COARSE x COARSE squares."""
    side = SIDE // COARSE
    return ranks(film.thumbnail).astype(np.float64).reshape(COARSE, side, COARSE, side).mean((1, 3))


def _same(one: Details, other: Details, common: np.ndarray) -> bool:
    """Whether two films are of one coarse picture where they differ from that of the others of their set, whose mean is `common`."""
    first, second = _coarse(one), _coarse(other)
    differ = np.abs(first - common) + np.abs(second - common) >= APART
    return differ.mean() < ENOUGH or float(np.quantile(np.abs(first - second)[differ], MOST)) <= SAME


def _alike(one: Details, other: Details, common: np.ndarray) -> bool:
    """Whether the fine grain of two films is alike where they differ from the others of their set, whose mean is `common`."""
    both = np.stack([one.half, other.half])
    left, whole = blocks(both - common), blocks(both)
    energies = (left**2).sum(2)
    differ = energies.sum(0) >= DIFFER * (whole**2).sum((0, 2)) + 1e-6
    correlation = (left[0] * left[1]).sum(1) / np.sqrt(energies[0] * energies[1] + 1e-6)
    return differ.mean() >= ENOUGH and float(np.median(correlation[differ])) >= ALIKE


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
