"""Image quality: is a film as sharp, and framed as closely, as the training films are? No network is asked.

The distance of audit/reference.py sees shapes: a film that only lost something, blurred, cropped to its middle or lost in
a wide margin, lies near enough. Two measures of the square that the networks see tell it, each held against the range of
the training films, class by class; how far a film may lie out in them and in the distance together, audit/reference.py says:

- sharpness: how strong details of about a pixel are beside those of four to eight, which contrast and exposure leave
  as it is (a ratio of two bands of a Laplacian pyramid: Burt and Adelson 1983, IEEE Trans. Commun. 31:532);
- framing: the zoom that a ridge regression sees in a thumbnail and its edges. It is fitted to the training films cropped
  and padded by known amounts, so nothing about lungs is built in (a pretext task: Gidaris et al. 2018, arXiv 1803.07728).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from cxrkit.audit import probes
from cxrkit.audit.films import resized, thumbnails

SIDE = 16
"""Cells a side of the thumbnail."""
BANDS = ((1, 1.4), (4, 8))
"""Pixels: deviations of the Gaussians between which the fine and the coarse details lie."""
MACHINES = 1.25
"""Factor by which the range of sharpness is widened, for machines of other hospitals differ in it."""
CROPS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Shares of the side that are left, from which the framing is learned."""
MARGINS = (0.05, 0.1, 0.15, 0.2, 0.3)
"""Shares of the side that are added on each of the four, in black, in white and as grey as the border on the whole."""
SEEN = 64
"""Pixels; the side of the squares that are cropped and padded."""
MOST_FILMS = 400
"""Of a class, from which the framing is learned."""
PENALTY = 10.0
"""Of the ridge regression, on edges and thumbnails of deviation 1."""


SHARPNESS = (
    "it is less sharp than the training films: blurred, or enlarged from few pixels",
    "it is sharper or noisier than the training films",
)
FRAMING = (
    "it shows less of the chest than the training films: cropped, or taken from nearer",
    "the chest is smaller in it than in the training films: padded, or taken from farther away",
)
"""What is said of a film below the range, and above it."""


@dataclass(frozen=True)
class Range:
    """Between which values the films of a class are accepted that fit it in all else."""

    label: str
    n: int
    low: float
    high: float

    @classmethod
    def of(cls, label: str, values: np.ndarray, accepted: float) -> "Range":
        """Of n values, the range that holds the accepted share of them."""
        low, high = np.quantile(values, [(1 - accepted) / 2, (1 + accepted) / 2])
        return cls(label, len(values), float(low), float(high))

    def wider(self, factor: float) -> "Range":
        middle, half = (self.low + self.high) / 2, (self.high - self.low) / 2
        return Range(self.label, self.n, middle - factor * half, middle + factor * half)

    def place(self, values: np.ndarray) -> np.ndarray:
        """Where values lie in it: 0 in its middle, -1 at its lower end, 1 at its upper one."""
        return (values - (self.low + self.high) / 2) / max((self.high - self.low) / 2, 1e-9)


@dataclass(frozen=True)
class Quality:
    """What the training films are like. zoom: weights of the edges and a constant; sharpness, framing: a Range a class."""

    zoom: np.ndarray
    sharpness: list[Range]
    framing: list[Range]

    def places(self, images: np.ndarray) -> np.ndarray:
        """Where grey squares, uint8 [n, size, size], lie in the ranges of sharpness and of framing: [classes, 2, n]."""
        sharp, zoom = sharpness(images), framing(edges(images), self.zoom)
        return np.array([[own.place(sharp), of.place(zoom)] for own, of in zip(self.sharpness, self.framing)])


def describe(
    images: Callable[[np.ndarray], np.ndarray], labels: np.ndarray, groups: np.ndarray, accepted: float
) -> tuple[Quality, np.ndarray]:
    """The Quality of n films of which `accepted`, a share, lies within each range, and where each lies in those of its class, 2 x n.

    images: function from row numbers to squares, uint8 [k, size, size], so that few are in memory; labels: n texts, the
    classes whose ranges are told apart; groups: n keys, one a patient. Framing is measured by a regression that did not
    see the patient.
    """
    rows, kinds = np.arange(len(labels)), np.unique(labels)
    sharp, seen = _by_portions(images, rows, sharpness), _by_portions(images, rows, edges)
    learned = np.concatenate([_spread(rows[labels == kind]) for kind in kinds])
    altered = _by_portions(images, learned, lambda squares: np.stack([edges(kind) for kind in _altered(squares)], axis=1))
    weights = 1 / np.array([(labels[learned] == labels[row]).sum() for row in learned])
    zoom = np.zeros(len(labels))
    for rest, held in GroupKFold(min(probes.FOLDS, len(set(groups)))).split(seen, groups=groups):
        chosen = np.isin(learned, rest)
        zoom[held] = framing(seen[held], _fitted(altered[chosen], weights[chosen]))
    places, ranges = np.zeros((2, len(labels))), []
    for row, (measured, wider) in enumerate(((sharp, MACHINES), (zoom, 1))):
        ranges.append([Range.of(str(kind), measured[labels == kind], accepted).wider(wider) for kind in kinds])
        for kind, known in zip(kinds, ranges[-1]):
            places[row, labels == kind] = known.place(measured[labels == kind])
    return Quality(_fitted(altered, weights), *ranges), places


def _by_portions(images, rows, look, at_once=256) -> np.ndarray:
    return np.concatenate([look(images(rows[start : start + at_once])) for start in range(0, len(rows), at_once)])


def _spread(rows: np.ndarray) -> np.ndarray:
    """At most MOST_FILMS of them, evenly spread."""
    return rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MOST_FILMS)).round().astype(int))]


def sharpness(images: np.ndarray) -> np.ndarray:
    """n numbers, octaves: how strong fine details of grey squares, uint8 [n, size, size], are beside coarse ones."""
    return np.array([np.log2(_strength(image, BANDS[0]) / _strength(image, BANDS[1])) for image in images.astype(np.float32)])


def _strength(image: np.ndarray, band: tuple[float, float]) -> float:
    """The deviation of a band's details in grey levels; a hundredth is added, so that a blank picture has one."""
    fine, coarse = (gaussian_filter(image, sigma, mode="nearest") for sigma in band)
    return float((fine - coarse).std()) + 0.01


def contrasted(images: np.ndarray, side: int = SIDE) -> np.ndarray:
    """n x side**2: thumbnails with mean 0 and deviation 1, so that exposure counts for nothing."""
    return standardised(thumbnails(images, side))


def standardised(thumbs: np.ndarray) -> np.ndarray:
    """n thumbnails, of any shape, as rows of mean 0 and deviation 1."""
    thumbs = thumbs.reshape(len(thumbs), -1)
    thumbs = thumbs - thumbs.mean(1, keepdims=True)
    return thumbs / np.maximum(thumbs.std(1, keepdims=True), 1e-6)


def edges(images: np.ndarray) -> np.ndarray:
    """n x k: contrasted thumbnails, and how much each cell differs from the next one to the right and below."""
    cells = contrasted(images).reshape(-1, SIDE, SIDE)
    parts = (cells, np.abs(np.diff(cells, axis=2)), np.abs(np.diff(cells, axis=1)))
    return np.hstack([part.reshape(len(cells), -1) for part in parts])


def framing(seen: np.ndarray, zoom: np.ndarray) -> np.ndarray:
    """n numbers: the logarithm of how far away the chest seems, by its edges; the training films lie about 0."""
    return seen @ zoom[:-1] + zoom[-1]


ZOOMS = np.log([1, *CROPS, *np.repeat([1 + 2 * margin for margin in MARGINS], 3)])
"""Of a film as _altered alters it."""
WEIGHTS = np.array([1, *[1] * len(CROPS), *[1 / 3] * (3 * len(MARGINS))])


def _altered(images: np.ndarray) -> list[np.ndarray]:
    """The squares as they are, cropped and padded, one after the other as ZOOMS has them."""
    small, made = [resized(image, SEEN) for image in images], []
    for cut in [0, *(round((1 - share) / 2 * SEEN) for share in CROPS)]:
        made.append(np.stack([resized(image[cut : SEEN - cut, cut : SEEN - cut], SEEN) for image in small]))
    for margin in (round(margin * SEEN) for margin in MARGINS):
        for grey in (lambda image: 0, lambda image: 255, _of_border):
            made.append(np.stack([resized(np.pad(image, margin, constant_values=grey(image)), SEEN) for image in small]))
    return made


def _of_border(image: np.ndarray) -> int:
    return round(float(np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]]).mean()))


def _fitted(altered: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weights and constant of the regression on n films in their k alterations, [n, k, features]; weights: of the films."""
    each = np.outer(weights, WEIGHTS).ravel()
    features, wanted = altered.reshape(len(each), -1), np.tile(ZOOMS, len(altered))
    with threadpool_limits(1):
        fitted = Ridge(PENALTY).fit(features, wanted, sample_weight=each / each.mean())
    return np.append(fitted.coef_, fitted.intercept_)
