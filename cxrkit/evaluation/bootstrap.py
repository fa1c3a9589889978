"""Bootstrap intervals of every metric at once, with patients drawn, not images."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from cxrkit.evaluation import areas, metrics

RESAMPLES = 2000
AT_ONCE = 200
"""Resamples that are held as floating-point numbers at a time."""


@dataclass(frozen=True)
class Resamples:
    """Patients drawn with replacement, again and again.

    drawn: patients x B whole numbers below 256, how often each stands in each resample, a byte each; member: the patient of
    each of n images.
    """

    drawn: np.ndarray
    member: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """How often each image stands in each resample: B x n."""
        return self.drawn[self.member].T.astype(float)

    def sums(self, rows) -> Iterator[np.ndarray]:
        """The sums of K x n numbers, dense or sparse, over each resample's images: blocks of K x at most AT_ONCE, which make B."""
        patients, images = len(self.drawn), len(self.member)
        of_patient = sparse.csr_matrix((np.ones(images), (np.arange(images), self.member)), (images, patients))
        by_patient = sparse.csr_matrix(rows) @ of_patient
        for start in range(0, self.drawn.shape[1], AT_ONCE):
            yield by_patient @ self.drawn[:, start : start + AT_ONCE].astype(float)


def patient_weights(is_covid, groups, resamples=RESAMPLES, seed=0) -> Resamples:
    """Resamples of the patients of n images.

    Patients are drawn with replacement, with all their images, within those who have a COVID-19 image and
    those who have none, so that every resample has both classes (the stratified bootstrap of Carpenter and
    Bithell 2000, Stat. Med. 19:1141, with the patient as the unit).
    """
    random = np.random.default_rng(seed)
    members = np.unique(np.asarray(groups), return_inverse=True)[1]
    has_covid = np.bincount(members, is_covid) > 0
    drawn = np.zeros((len(has_covid), resamples), np.uint8)
    for stratum in (np.flatnonzero(has_covid), np.flatnonzero(~has_covid)):
        for start in range(0, resamples if len(stratum) else 0, AT_ONCE):
            block = slice(start, min(start + AT_ONCE, resamples))
            shares = np.full(len(stratum), 1 / len(stratum))
            drawn[stratum, block] = random.multinomial(len(stratum), shares, block.stop - start).T
    return Resamples(drawn, members)


def intervals(resamples: Resamples, is_covid, p_covid, threshold: float) -> dict[str, tuple[float, float]]:
    """{metric: (low, high)}, the middle 95 % of each metric over the resamples; see `patient_weights`.

    The names are those of metrics.Rates, auc, average_precision. Where no image was wrong, no resample is
    either, and the interval collapses to a point: read the closed-form one there.
    """
    truth = np.asarray(is_covid, bool)
    called = np.asarray(p_covid, float) >= threshold
    cells = np.stack([truth & called, truth & ~called, ~truth & ~called, ~truth & called])
    tp, fn, tn, fp = np.hstack(list(resamples.sums(cells)))
    n = tp + fn + tn + fp
    with np.errstate(invalid="ignore"):  # a resample without one class, where patients have images of both
        resampled = {"error_rate": (fn + fp) / n, "accuracy": (tp + tn) / n}
        if truth.any():
            resampled["sensitivity"] = tp / (tp + fn)
        if not truth.all():
            resampled["specificity"] = tn / (tn + fp)
    if truth.any() and not truth.all():
        blocks = [areas.of_placements(sums) for sums in resamples.sums(areas.placements(truth, p_covid))]
        resampled |= metrics.summaries(tp, fn, tn, fp) | {name: np.hstack([block[name] for block in blocks]) for name in blocks[0]}
    return {name: middle(values) for name, values in resampled.items()}


def middle(values) -> tuple[float, float]:
    """The limits that hold the middle 95 % of the values."""
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
