"""What a set of predictions is worth, each figure with its 95 % interval and its n."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest, norm

Z = norm.ppf(0.975)


@dataclass(frozen=True)
class Confusion:
    """Counts with COVID-19 as the positive class."""

    tp: int
    fn: int
    tn: int
    fp: int

    @property
    def n(self):
        return self.tp + self.fn + self.tn + self.fp


def confusion(is_covid, p_covid, threshold=0.5):
    """Counts at a threshold: an image is called COVID-19 when its probability is at least `threshold`.

    is_covid: n booleans; p_covid: n probabilities.
    """
    truth, called = np.asarray(is_covid, bool), np.asarray(p_covid, float) >= threshold
    return Confusion(
        tp=int((truth & called).sum()),
        fn=int((truth & ~called).sum()),
        tn=int((~truth & ~called).sum()),
        fp=int((~truth & called).sum()),
    )


def proportion(count, n):
    """{value, low, high, n, interval} of count/n with its Wilson 95 % interval; None values where n is 0.

    Wilson 1927, J. Am. Stat. Assoc. 22:209, as scipy computes it.
    """
    if n == 0:
        return {"value": None, "low": None, "high": None, "n": 0, "interval": "Wilson 95 %"}
    interval = binomtest(count, n).proportion_ci(0.95, method="wilson")
    return {"value": count / n, "low": interval.low, "high": interval.high, "n": n, "interval": "Wilson 95 %"}


def rates(counts):
    """{name: proportion} of error rate, accuracy, sensitivity and specificity of a Confusion."""
    wrong, n = counts.fn + counts.fp, counts.n
    return {
        "error_rate": proportion(wrong, n),
        "accuracy": proportion(n - wrong, n),
        "sensitivity": proportion(counts.tp, counts.tp + counts.fn),
        "specificity": proportion(counts.tn, counts.tn + counts.fp),
    }


def auc(is_covid, p_covid):
    """{value, low, high, n, interval} of the area under the ROC curve, ties counted half.

    The interval is DeLong's on the logit scale (DeLong 1988, Biometrics 44:837; Sun and Xu 2014, IEEE
    Signal Process. Lett. 21:1389). Where it collapses, for perfect separation has no variance, Wilson's
    at n = min(positives, negatives) stands in: the variance of the area is at most AUC(1-AUC)/min(n+, n-)
    (Birnbaum and Klose 1957, Ann. Math. Stat. 28:933).
    """
    truth, scores = np.asarray(is_covid, bool), np.asarray(p_covid, float)
    positive, negative = scores[truth], scores[~truth]
    n = len(scores)
    if not len(positive) or not len(negative):
        return {"value": None, "low": None, "high": None, "n": n, "interval": "none: one class only"}
    area, variance = delong(positive, negative)
    if variance > 0 and 0 < area < 1:
        logit, spread = np.log(area / (1 - area)), Z * np.sqrt(variance) / (area * (1 - area))
        low, high = (1 / (1 + np.exp(-(logit + sign * spread))) for sign in (-1, 1))
        return {"value": area, "low": float(low), "high": float(high), "n": n, "interval": "DeLong 95 %, logit"}
    smaller = min(len(positive), len(negative))
    centre, half = (area + Z**2 / (2 * smaller)) / (1 + Z**2 / smaller), Z * np.sqrt(area * (1 - area) / smaller + Z**2 / (4 * smaller**2)) / (1 + Z**2 / smaller)
    return {"value": area, "low": float(max(0, centre - half)), "high": float(min(1, centre + half)), "n": n, "interval": "Wilson 95 % at the smaller class"}


def delong(positive, negative):
    """The AUC of two score arrays and DeLong's variance of it; the variance is 0 where a class has one score."""
    above = (positive[:, None] > negative[None, :]) + 0.5 * (positive[:, None] == negative[None, :])
    if min(above.shape) < 2:
        return float(above.mean()), 0.0
    variance = above.mean(1).var(ddof=1) / len(positive) + above.mean(0).var(ddof=1) / len(negative)
    return float(above.mean()), float(variance)


def study_confusion(row, covid, normal):
    """The Confusion that a row of the study's table implies, given its numbers of films of each class.

    Raises ValueError when the row's rounded figures fit no whole counts.
    """
    tp, tn = round(row["sensitivity"] * covid), round(row["specificity"] * normal)
    counts = Confusion(tp=tp, fn=covid - tp, tn=tn, fp=normal - tn)
    implied = {name: figure["value"] for name, figure in rates(counts).items()}
    for name in ("sensitivity", "specificity", "error_rate"):
        if abs(implied[name] - row[name]) > 0.5e-5 + 1e-9:
            raise ValueError(f"{name} {row[name]} fits no whole counts of {covid} and {normal} films; nearest {implied[name]:.5f}")
    return counts
