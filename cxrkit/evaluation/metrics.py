"""What a set of predictions is worth, each figure with its 95 % interval and its n.

Images of one patient are not independent. Closed-form intervals therefore count *units*, not images:
n images in groups of m1, m2, ... weigh as much as n**2 / sum(m**2) independent ones if a patient's images
always agree (Kish 1965, Survey Sampling, section 8.2). That is the worst case, so the intervals are wide
enough; with one image a patient, units are images.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm, rankdata

Z = norm.ppf(0.975)
DRAWS = 4000


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

    @property
    def wrong(self):
        return self.fn + self.fp


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


def units(groups):
    """The number of independent observations that images in these groups (one key an image) are worth at least."""
    sizes = np.unique(np.asarray(groups), return_counts=True)[1]
    return float(sizes.sum() ** 2 / (sizes**2).sum()) if len(sizes) else 0.0


def figure(value, low, high, n, interval):
    """One figure as it stands in metrics.json."""
    return {"value": _number(value), "low": _number(low), "high": _number(high), "n": n, "interval": interval}


def _number(value):
    return None if value is None or np.isnan(value) else float(value)


def wilson(share, n, z=Z):
    """Wilson's interval of a proportion over n observations; n need not be whole.

    Wilson 1927, J. Am. Stat. Assoc. 22:209.
    """
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return (0.0 if share == 0 else max(0.0, centre - half)), (1.0 if share == 1 else min(1.0, centre + half))


def proportion(count, n, n_units=None):
    """The figure count/n with Wilson's interval over n_units observations (n, unless given)."""
    if n == 0:
        return figure(None, None, None, 0, "Wilson 95 %")
    n_units = n if n_units is None else n_units
    name = "Wilson 95 %" if np.isclose(n_units, n) else f"Wilson 95 %, worth {n_units:.1f} independent images"
    return figure(count / n, *wilson(count / n, n_units), n, name)


def rates(counts, covid_units=None, normal_units=None):
    """{name: figure} of what a Confusion says.

    covid_units, normal_units: what the images of each class are worth (see `units`); their number, unless given.
    Error rate, accuracy, sensitivity and specificity have Wilson's interval. Balanced accuracy, F1 and
    Matthews' correlation are functions of sensitivity and specificity at this set's prevalence; their
    intervals follow from Jeffreys' distributions of the two (Totsch and Hoffmann 2021, PeerJ Comput. Sci.
    7:e398), which do not collapse where nothing was wrong, as a bootstrap's do.
    """
    covid, normal = counts.tp + counts.fn, counts.tn + counts.fp
    covid_units = covid if covid_units is None else covid_units
    normal_units = normal if normal_units is None else normal_units
    all_units = counts.n**2 / (_square(covid, covid_units) + _square(normal, normal_units)) if counts.n else 0
    found = {
        "error_rate": proportion(counts.wrong, counts.n, all_units),
        "accuracy": proportion(counts.n - counts.wrong, counts.n, all_units),
        "sensitivity": proportion(counts.tp, covid, covid_units),
        "specificity": proportion(counts.tn, normal, normal_units),
    }
    exact = summaries(counts.tp, counts.fn, counts.tn, counts.fp)
    if not covid or not normal:
        return found | {name: figure(None, None, None, counts.n, "none: one class only") for name in exact}
    sensitivity, specificity = likely_rates(counts, covid_units, normal_units)
    drawn = summaries(covid * sensitivity, covid * (1 - sensitivity), normal * specificity, normal * (1 - specificity))
    for name, value in exact.items():
        found[name] = figure(value, *_spread(drawn[name], value), counts.n, "Jeffreys 95 %")
    return found


def _square(n, n_units):
    """The sum of the squared group sizes behind n images worth n_units."""
    return n**2 / n_units if n else 0.0


def summaries(tp, fn, tn, fp):
    """{name: value} of balanced accuracy, F1 and Matthews' correlation; 0 where they are not defined.

    The counts may be arrays, and need not be whole.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        balanced = (tp / np.add(tp, fn, dtype=float) + tn / np.add(tn, fp, dtype=float)) / 2
        f1 = np.nan_to_num(2 * tp / np.asarray(2 * tp + fp + fn, float))
        spread = np.sqrt(np.asarray(tp + fp, float) * (tp + fn) * (tn + fp) * (tn + fn))
        mcc = np.nan_to_num((tp * tn - fp * fn) / np.where(spread == 0, np.nan, spread))
    return {"balanced_accuracy": balanced, "f1": f1, "mcc": mcc}


def likely_rates(counts, covid_units, normal_units, draws=DRAWS):
    """Draws of sensitivity and specificity from their Jeffreys distributions; the same each time."""
    random = np.random.default_rng(0)
    sensitivity, specificity = counts.tp / (counts.tp + counts.fn), counts.tn / (counts.tn + counts.fp)
    return tuple(
        random.beta(share * n + 0.5, (1 - share) * n + 0.5, draws) for share, n in ((sensitivity, covid_units), (specificity, normal_units))
    )


def _spread(drawn, value):
    """The middle 95 % of the draws, stretched to hold the value itself where it stands at a limit."""
    low, high = np.quantile(drawn, [0.025, 0.975])
    return min(low, value), max(high, value)


def predictive_values(counts, prevalence, covid_units=None, normal_units=None):
    """{prevalence, ppv, npv}: the predictive values where that share of people have COVID-19 (Bayes' rule).

    prevalence: strictly between 0 and 1. Intervals as in `rates`; no value where nobody would be called so.
    """
    covid, normal = counts.tp + counts.fn, counts.tn + counts.fp
    if not covid or not normal:
        return {"prevalence": prevalence} | {name: figure(None, None, None, counts.n, "none: one class only") for name in ("ppv", "npv")}
    drawn = likely_rates(counts, covid if covid_units is None else covid_units, normal if normal_units is None else normal_units)
    found = {"prevalence": prevalence}
    exact = _ppv_npv(np.float64(counts.tp / covid), np.float64(counts.tn / normal), prevalence)
    for name, value, likely in zip(("ppv", "npv"), exact, _ppv_npv(*drawn, prevalence)):
        low, high = (None, None) if np.isnan(value) else _spread(likely, value)
        found[name] = figure(value, low, high, counts.n, "Jeffreys 95 %")
    return found


def _ppv_npv(sensitivity, specificity, prevalence):
    with np.errstate(divide="ignore", invalid="ignore"):
        hits, misses = sensitivity * prevalence, (1 - sensitivity) * prevalence
        alarms, passes = (1 - specificity) * (1 - prevalence), specificity * (1 - prevalence)
        return hits / (hits + alarms), passes / (passes + misses)


def auc(is_covid, p_covid, groups=None):
    """The figure of the area under the ROC curve, ties counted half, with DeLong's interval beside Newcombe's.

    p_covid: n probabilities, or seeds x n: then it is the mean area over those trained networks, and its
    intervals speak of patients, not of further seeds. groups: n patient keys.

    low and high hold both DeLong's interval on the logit scale (`delong`; none where the classes are separated
    perfectly) and Newcombe's score interval over the units of each class. Of 268 images with 34 positive,
    DeLong's alone held a true area of 0.97 to 0.995 in 90 of 100 simulated cases; Newcombe's, which takes both
    classes to spread alike, in 83 where one spread three times as far as the other.
    """
    truth = np.asarray(is_covid, bool)
    groups = np.arange(len(truth)) if groups is None else np.asarray(groups)
    if truth.all() or not truth.any():
        return figure(None, None, None, len(truth), "none: one class only") | {"delong": None}
    area, influence = mean_auc_influence(truth, p_covid)
    low, high = newcombe(area, units(groups[truth]), units(groups[~truth]))
    variance, delong = grouped_variance(influence, groups), None
    if variance > 0 and 0 < area < 1:
        logit, spread = np.log(area / (1 - area)), Z * np.sqrt(variance) / (area * (1 - area))
        delong = [float(1 / (1 + np.exp(-(logit + sign * spread)))) for sign in (-1, 1)]
        low, high = min(low, delong[0]), max(high, delong[1])
    return figure(area, low, high, len(truth), "DeLong and Newcombe 95 %, the wider") | {"delong": delong}


def newcombe(area, positives, negatives, z=Z):
    """The areas that lie z standard errors from the one seen, each with the standard error it would itself have.

    Newcombe 2006, Stat. Med. 25:559, method 5. The numbers of each class need not be whole.
    """
    half = (positives + negatives) / 2 - 1

    def standard_error(a):
        return np.sqrt(a * (1 - a) * (1 + half * ((1 - a) / (2 - a) + a / (1 + a))) / (positives * negatives))

    def limit(end):
        if end == round(area) == area:
            return float(end)
        nearest, farthest = np.clip([area, end], 1e-9, 1 - 1e-9)
        return float(brentq(lambda a: abs(area - a) - z * standard_error(a), nearest, farthest, xtol=1e-12))

    return limit(0), limit(1)


def auc_influence(is_covid, p_covid):
    """The area under the ROC curve, and how much each image moves it.

    The squared influences add up to DeLong's variance of the area; those of two networks on the same images,
    subtracted, to the variance of the difference (DeLong 1988, Biometrics 44:837; by ranks as in Sun and Xu
    2014, IEEE Signal Process. Lett. 21:1389). A class of one image has no variance.
    """
    truth, scores = np.asarray(is_covid, bool), np.asarray(p_covid, float)
    ranks, influence = rankdata(scores), np.zeros(len(scores))
    for members, sign in ((truth, 1), (~truth, -1)):
        own, other = members.sum(), (~members).sum()
        beaten = (ranks[members] - rankdata(scores[members])) / other
        if own > 1:
            influence[members] = sign * (beaten - beaten.mean()) / np.sqrt(own * (own - 1))
        if sign == 1:
            area = float(beaten.mean())
    return area, influence


def mean_auc_influence(is_covid, p_covid):
    """auc_influence averaged over the rows of p_covid (seeds x n, or n)."""
    parts = [auc_influence(is_covid, row) for row in np.atleast_2d(p_covid)]
    return float(np.mean([area for area, _ in parts])), np.mean([influence for _, influence in parts], axis=0)


def grouped_variance(influence, groups):
    """The variance of a sum of influences whose patients are independent, but not their images.

    Obuchowski 1997, Biometrics 53:567, for areas; the same sandwich for any mean.
    """
    return float((np.bincount(np.unique(groups, return_inverse=True)[1], influence) ** 2).sum())


def average_precision(is_covid, p_covid, groups=None):
    """The figure of average precision, the step-wise area under the precision-recall curve.

    The interval is Wilson's over the units of the positive class (Boyd 2013, ECML PKDD, section 3.1).
    """
    truth = np.asarray(is_covid, bool)
    if truth.all() or not truth.any():
        return figure(None, None, None, len(truth), "none: one class only")
    value = weighted_areas(np.ones((1, len(truth))), truth, p_covid)["average_precision"][0]
    n_units = truth.sum() if groups is None else units(np.asarray(groups)[truth])
    return figure(value, *wilson(value, n_units), len(truth), "Wilson 95 % at the positive class")


def weighted_areas(weights, is_covid, p_covid):
    """{auc, average_precision: B values} of n images under each of B rows of weights (B x n)."""
    truth, scores = np.asarray(is_covid, bool), np.asarray(p_covid, float)
    order = np.argsort(-scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=np.inf))
    positive, negative = weights[:, order] * truth[order], weights[:, order] * ~truth[order]
    if len(starts) < len(scores):  # equal scores share one threshold
        positive, negative = (np.add.reduceat(part, starts, axis=1) for part in (positive, negative))
    hits, alarms = positive.cumsum(1), negative.cumsum(1)
    all_positive, all_negative = hits[:, -1:], alarms[:, -1:]
    beaten = all_negative - alarms + negative / 2
    with np.errstate(invalid="ignore"):
        precision = np.nan_to_num(hits / (hits + alarms))
    return {
        "auc": (positive * beaten).sum(1) / (all_positive * all_negative)[:, 0],
        "average_precision": (positive * precision).sum(1) / all_positive[:, 0],
    }


def threshold_for(sensitivity, is_covid, p_covid):
    """The highest threshold at which at least that share of the COVID-19 images is called so."""
    positive = np.sort(np.asarray(p_covid, float)[np.asarray(is_covid, bool)])[::-1]
    return float(positive[int(np.ceil(sensitivity * len(positive) - 1e-9)) - 1])
