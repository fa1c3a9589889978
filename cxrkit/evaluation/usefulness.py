"""Decision curves: what a network's answers are worth to one who weighs a missed case against a false alarm."""

from dataclasses import dataclass

import numpy as np

from cxrkit.evaluation.metrics import Figure, Z, effective_n

THRESHOLDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)


@dataclass(frozen=True)
class NetBenefit:
    """threshold: the probability of COVID-19 from which on one would act, which weighs a false alarm as t / (1 - t) of a case.

    network: cases found, less false alarms so weighed, an image, over patients; all: the same of acting on every image. Not
    to act at all is worth 0. over_best: network minus the better of the two, at this set's share of COVID-19.
    """

    threshold: float
    network: Figure
    all: float
    over_best: Figure


def decision_curve(is_covid, p_covid, groups, thresholds=THRESHOLDS) -> list[NetBenefit]:
    """The NetBenefit of n probabilities at each threshold (Vickers and Elkin 2006, Med. Decis. Making 26:565).

    Net benefit is a mean over images, so its variance is that of the sums by patient.
    """
    truth, p, groups = np.asarray(is_covid, bool), np.asarray(p_covid, float), np.asarray(groups)
    rows = []
    for t in thresholds:
        worth = np.where(truth, 1.0, -t / (1 - t))
        acted = worth * (p >= t)
        everyone = float(worth.mean())
        over = acted - (worth if everyone > 0 else 0)
        rows.append(NetBenefit(t, _mean(acted, groups), everyone, _mean(over, groups)))
    return rows


def _mean(values, groups) -> Figure:
    """A mean over images with the sandwich interval over patients; none where all images say the same, which is no certainty."""
    n, member = len(values), np.unique(groups, return_inverse=True)[1]
    patients = effective_n(groups)
    sums = np.bincount(member, values - values.mean())
    half = Z * np.sqrt((sums**2).sum() * patients / max(patients - 1, 1)) / n
    if half == 0:
        return Figure.of(values.mean(), None, None, n, "none: no two images differ")
    return Figure.of(values.mean(), values.mean() - half, values.mean() + half, n, "sandwich 95 % over patients")
