"""Overlays: what many films of a set have in common and is no film, such as a viewer's frame, a watermark or a grid.

Different films under one overlay agree in it, and may be taken for copies of each other. Where several films are alike, what
they have in common is taken away from any two of them, and these are compared where the films differ. Two films alone cannot tell,
nor can films of whose grain an overlay leaves less than DIFFER: under a mosaic of 25 % over all of them, different ones are taken for copies.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from cxrkit.data.registration import blocks

RELATED = 0.5
"""Agreement from which on two films may have an overlay in common; of 1,645 candidates among 302 real films none but copies reached it,
and one film beside itself on another day."""
FEWEST = 3
"""Films that are alike, of which it can be told what they have in common."""
DIFFER = 0.2
"""Share of a block's energy that is left when the common part is gone, from which on the films differ there."""
ENOUGH = 0.1
"""Share of the blocks in which films have to differ; those that differ in fewer are copies all."""
ALIKE = 0.8
"""Correlation of what is left of two films, from which on they are copies. Three different films give 0.5: the third is in both."""

Found = tuple[int, int, float]
Laid = list[tuple[np.ndarray, np.ndarray]]


def without(found: Sequence[Found], detail: Callable[[int], np.ndarray], laid: Callable[[Found], Laid]) -> list[Found]:
    """The pairs that are alike for more than an overlay. found: (whole, part, agreement) of pairs that agree by RELATED at least; detail: the
    normalised fine grain of a film, float32 [side, side]; laid: that of a pair, the whole laid over its part and the other way round. In one of the
    two frames at least they differ from further copies of one of them, which may be cropped or turned as the one is and not as the other.
    """
    kept = []
    for members, pairs in _groups(found):
        if len(members) < FEWEST:
            kept += pairs
            continue
        total = sum(detail(film).astype(np.float64) for film in members)
        for pair in pairs:
            common = (total - detail(pair[0]) - detail(pair[1])) / (len(members) - 2)
            if any(_alike(one, other, common) for one, other in laid(pair)):
                kept.append(pair)
    return kept


def _alike(one: np.ndarray, other: np.ndarray, common: np.ndarray) -> bool:
    """Whether two films are alike where they differ from the others of their set, whose mean is `common`."""
    both = np.stack([one, other])
    left, whole = blocks(both - common), blocks(both)
    energies = (left**2).sum(2)
    differ = energies.sum(0) >= DIFFER * (whole**2).sum((0, 2)) + 1e-6
    if differ.mean() < ENOUGH:
        return True
    correlation = (left[0] * left[1]).sum(1) / np.sqrt(energies[0] * energies[1] + 1e-6)
    return float(np.median(correlation[differ])) >= ALIKE


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
