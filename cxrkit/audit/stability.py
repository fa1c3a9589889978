"""Stability of the call: does p hold under small changes that change no diagnosis?

A radiologist reads a film alike when it lies a little to the side, is cropped by a hair or mirrored on the screen. Where a
network does not, what it goes by is no finding (small shifts alone turn classifiers' answers: Azulay and Weiss 2019,
J. Mach. Learn. Res. 20:184). A film's call is unstable where under one of CHANGES p crosses the threshold, or moves farther
than seeds lie apart, which are trained alike and differ by chance alone: on this film, or by their repeatability on the
validation films (spreads), whichever is more. Networks of one seed have the first rule alone.

How much is unstable is the network's doing. Of EfficientNet-Lite0 from ImageNet's weights, the mean of three seeds of 2 epochs
a stage, `paper` at 128 pixels on CoronaHack and ieee8023, one training (AUC .993) has 4 % [2, 10] unstable calls among 160 ordinary
films of NIH and 9 % among its 273 validation films, an earlier one (.995) had 10 % [6, 16] and 3 %; `rigorous` at 96 pixels on
CoronaHack alone (.974) 45 % of 324 test films and 74 % of NIH's. All of these cross the threshold; beyond the seeds alone lay none.
What a film lost shows little in it: the call of one that is cropped or blurred holds, for it is called COVID-19 by a long way.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from cxrkit.audit.films import Films, resized
from cxrkit.evaluation import metrics
from cxrkit.evaluation.metrics import Figure
from cxrkit.evaluation.predictions import Predictions
from cxrkit.results import Results
from cxrkit.schema import StabilityRow

AMOUNT = 0.03
"""Share of the side by which a film is moved, cropped or padded."""
BLUR = 0.004
"""Share of the side: the blur's deviation."""
REPEATABILITY = 1.96 * 2**0.5
"""Standard deviations within which two measurements of one thing lie apart in 95 of 100 cases (Bland and Altman 1986, Lancet 1:307)."""
ALL = "all"
"""Names all networks together among spreads."""


def moved(images: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Squares moved by whole pixels; the border that is left is repeated."""
    side = images.shape[-1]
    place = [np.clip(np.arange(side) - by, 0, side - 1) for by in (rows, columns)]
    return images[:, place[0]][:, :, place[1]]


def cropped(images: np.ndarray, cut: int) -> np.ndarray:
    """Squares without `cut` pixels on each side, enlarged to what they were."""
    return np.stack([resized(image[cut:-cut, cut:-cut], images.shape[-1]) for image in images])


def padded(images: np.ndarray, margin: int) -> np.ndarray:
    """Squares with so many black pixels on each side, made as small as they were."""
    return np.stack([resized(np.pad(image, margin), images.shape[-1]) for image in images])


def blurred(images: np.ndarray) -> np.ndarray:
    blur = BLUR * images.shape[-1]
    return np.stack([np.rint(gaussian_filter(image.astype(np.float32), blur, mode="nearest")).astype(np.uint8) for image in images])


def _amount(images: np.ndarray) -> int:
    """Whole pixels, one at least."""
    return max(1, round(AMOUNT * images.shape[-1]))


CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "moved 3 % to the side": lambda images: moved(images, 0, _amount(images)),
    "moved 3 % down": lambda images: moved(images, _amount(images), 0),
    "cropped by 3 % a side": lambda images: cropped(images, _amount(images)),
    "padded by 3 % a side": lambda images: padded(images, _amount(images)),
    "slightly blurred": blurred,
    "mirrored": lambda images: images[:, :, ::-1],
}
"""{name: function from grey squares, uint8 [n, size, size], to squares of that shape}; none of them changes a diagnosis."""


def asked(ask: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> np.ndarray:
    """The probabilities of COVID-19 for n grey squares as they are and under each change: [1 + changes, n].

    ask: a network, as function from n squares to n probabilities. The changes are made one after the other, so that few changed
    films are in memory.
    """
    return np.stack([ask(images), *(ask(np.ascontiguousarray(change(images))) for change in CHANGES.values())])


@dataclass(frozen=True)
class Moves:
    """How p moved under the changes. p: n probabilities; changed: changes x n; crosses, beyond: changes x n booleans: whether it
    crosses the threshold, and whether it moves farther than seeds lie apart."""

    p: np.ndarray
    changed: np.ndarray
    crosses: np.ndarray
    beyond: np.ndarray

    @classmethod
    def of(cls, p, changed, threshold: float, spread) -> "Moves":
        """spread: a number, or n; None or NaN where it is not known."""
        p, changed = np.asarray(p, float), np.asarray(changed, float)
        limit = np.full(p.shape, np.nan if spread is None else spread, float)
        return cls(p, changed, (changed >= threshold) != (p >= threshold), np.abs(changed - p) > np.where(np.isnan(limit), np.inf, limit))

    @property
    def unstable(self) -> np.ndarray:
        """n booleans."""
        return (self.crosses | self.beyond).any(0)

    def doubts(self, shown: Callable[[float], float] = float) -> list[str]:
        """Why the call of a single film (n = 1) is not stable, sentences, the farthest move of each kind; empty where it is.

        shown: function from a probability to the one that people read.
        """
        found = []
        for kind, words in ((self.crosses, "across the threshold"), (self.beyond & ~self.crosses.any(0), "farther than seeds lie apart")):
            if kind.any():
                distance = np.where(kind[:, 0], np.abs(self.changed - self.p)[:, 0], -1)
                change, place = list(CHANGES)[int(distance.argmax())], int(distance.argmax())
                what = f"its call is not stable: {change}, it moves from {shown(self.p[0]):.3f} to {shown(self.changed[place, 0]):.3f}"
                found.append(f"{what}, {words}")
        return found


def spreads(results: Results) -> dict[str, float]:
    """{architecture, or ALL: the repeatability of p over its networks on the validation films}, of those with two at least.

    REPEATABILITY standard deviations of networks about their mean on each film, pooled over films: unlike the distance of
    the farthest two it does not grow with the number of seeds.
    """
    rows = {name: results.required(name, "valid").p_covid for name in results.architectures if results.predictions(name, "valid")}
    if len(rows) > 1:
        rows[ALL] = np.concatenate([*rows.values()])
    return {name: REPEATABILITY * float(np.sqrt(np.var(p, axis=0, ddof=1).mean())) for name, p in rows.items() if len(p) > 1}


def row(films: Films, held: Predictions, answers: np.ndarray, architecture: str, threshold: float, spread: float | None) -> StabilityRow:
    """The share of the films whose call is unstable.

    films: the held-out ones; held: their predictions, in that order; answers: [seeds, 1 + changes, n] of those seeds that
    were asked, whose mean is called.
    """
    mean, own = answers.mean(0), np.ptp(held.p_covid, axis=0)
    moves = Moves.of(mean[0], mean[1:], threshold, None if spread is None else np.maximum(own, spread))
    worth = metrics.effective_n(films.groups)

    def share(chosen: np.ndarray) -> Figure:
        return metrics.proportion(int(chosen.sum()), len(chosen), worth)

    return StabilityRow(
        architecture=architecture,
        seeds=len(answers),
        unstable=share(moves.unstable),
        crossing=share(moves.crosses.any(0)),
        spread=spread,
        changes={name: share(one) for name, one in zip(CHANGES, moves.crosses | moves.beyond)},
    )
