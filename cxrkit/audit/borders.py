"""Artificial borders: was a film put on a larger canvas? No network is asked, and nothing is learned but how wide they are in training.

A film in a wide even border shows its lungs smaller and farther to the middle than the networks ever saw them. Its thumbnail
lies near those of films taken from farther away, and some collections hold bordered films of one class alone; so the border is
measured by itself. Beams that are narrowed to the chest leave even strips beside a film, seldom on four sides: two limits.

Of 160 films of NIH in a border of a fifth, black or grey, all have 12 % at least on each side of the square, and as they are
at most 3 %; on two opposite sides 7 % (CoronaHack and ieee8023, 1,460 training films: 8 % on four sides, 17 % on two).
"""

from dataclasses import dataclass

import numpy as np

from cxrkit.audit.films import thumbnails
from cxrkit.data.copies import shows_film

SEEN = 64
"""Pixels a side of the thumbnail that is measured, in which a border's noise is averaged away."""
QUANTILE = 0.995
"""Share of the training films whose border is no wider than the limit, before SLACK."""
SLACK = 1.25
LEAST_ALL_ROUND, LEAST_OPPOSITE = 0.05, 0.1
"""Shares of the side that are no border yet, on four sides and on two opposite ones."""


def widths(images: np.ndarray) -> np.ndarray:
    """How wide the even borders of grey squares, uint8 [n, size, size], are: shares of the side at the top, at the bottom, on the left
    and on the right, [4, n]. A picture of one grey is all border."""
    squares = 255 * thumbnails(images, SEEN).reshape(-1, SEEN, SEEN)
    found = []
    for lines in (squares, squares[:, ::-1], squares.swapaxes(1, 2), squares.swapaxes(1, 2)[:, ::-1]):
        film = shows_film(lines, axis=2)
        found.append(np.where(film.any(1), film.argmax(1), SEEN) / SEEN)
    return np.array(found)


def all_round(of_sides: np.ndarray) -> np.ndarray:
    """Widths as `widths` gives them: of n films, the narrowest of the four borders."""
    return of_sides.min(0)


def opposite(of_sides: np.ndarray) -> np.ndarray:
    """Of n films, the narrower border of two opposite sides, of those two where it is wider."""
    return np.maximum(of_sides[:2].min(0), of_sides[2:].min(0))


@dataclass(frozen=True)
class Borders:
    """The widest borders that are accepted, shares of the side: on all four sides, on two opposite ones."""

    all_round: float
    opposite: float

    @classmethod
    def of(cls, of_sides: np.ndarray) -> "Borders":
        """of_sides: the training films' widths, [4, n]."""

        def limit(found: np.ndarray, least: float) -> float:
            return max(least, SLACK * float(np.quantile(found, QUANTILE)))

        return cls(limit(all_round(of_sides), LEAST_ALL_ROUND), limit(opposite(of_sides), LEAST_OPPOSITE))

    def doubts(self, image: np.ndarray) -> list[str]:
        """What is wrong with the borders of a grey square, uint8 [size, size]: a sentence, or none."""
        of_sides = widths(image[None])
        for found, limit, where in (
            (all_round(of_sides)[0], self.all_round, "on all four sides"),
            (opposite(of_sides)[0], self.opposite, "on two opposite sides"),
        ):
            if found > limit:
                return [
                    f"it lies in an even border, {100 * found:.0f} % wide {where}; up to {100 * limit:.0f} % is known from the training films"
                ]
        return []
