"""Bootstrap intervals of every metric at once, with patients drawn, not images."""

import numpy as np

from cxrkit.evaluation import areas, metrics

RESAMPLES = 2000


def patient_weights(is_covid, groups, resamples=RESAMPLES, seed=0):
    """How often each of n images stands in each resample: resamples x n whole numbers.

    Patients are drawn with replacement, with all their images, within those who have a COVID-19 image and
    those who have none, so that every resample has both classes (the stratified bootstrap of Carpenter and
    Bithell 2000, Stat. Med. 19:1141, with the patient as the unit).
    """
    random = np.random.default_rng(seed)
    members = np.unique(np.asarray(groups), return_inverse=True)[1]
    has_covid = np.bincount(members, is_covid) > 0
    drawn = np.zeros((resamples, len(has_covid)), np.float32)
    for stratum in (np.flatnonzero(has_covid), np.flatnonzero(~has_covid)):
        if len(stratum):
            drawn[:, stratum] = random.multinomial(len(stratum), np.full(len(stratum), 1 / len(stratum)), resamples)
    return drawn[:, members]


def intervals(weights, is_covid, p_covid, threshold: float) -> dict[str, tuple[float, float]]:
    """{metric: (low, high)}, the middle 95 % of each metric over the resamples; see `patient_weights`.

    The names are those of metrics.Rates, auc, average_precision. Where no image was wrong, no resample is
    either, and the interval collapses to a point: read the closed-form one there.
    """
    truth = np.asarray(is_covid, bool)
    called = np.asarray(p_covid, float) >= threshold
    tp, fn, tn, fp = (weights @ rows.astype(np.float32) for rows in (truth & called, truth & ~called, ~truth & ~called, ~truth & called))
    n = tp + fn + tn + fp
    resampled = {
        "error_rate": (fn + fp) / n,
        "accuracy": (tp + tn) / n,
        **({"sensitivity": tp / (tp + fn)} if truth.any() else {}),
        **({"specificity": tn / (tn + fp)} if not truth.all() else {}),
    }
    if truth.any() and not truth.all():
        resampled |= metrics.summaries(tp, fn, tn, fp) | areas.weighted_areas(weights, truth, p_covid)
    return {name: middle(values) for name, values in resampled.items()}


def middle(values) -> tuple[float, float]:
    """The limits that hold the middle 95 % of the values."""
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
