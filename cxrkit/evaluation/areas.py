"""Areas under the ROC and the precision-recall curve, with intervals over patients.

DeLong's variance comes from each image's influence on the area, added up by patient; Newcombe's interval holds where
the classes are separated perfectly and there is none.
"""

import numpy as np
from scipy import sparse
from scipy.optimize import brentq
from scipy.stats import norm, rankdata

from cxrkit.evaluation.metrics import ONE_CLASS, Figure, Z, effective_n, wilson


def auc(is_covid, p_covid, groups=None) -> Figure:
    """The area under the ROC curve, ties counted half, with DeLong's interval beside Newcombe's.

    p_covid: n probabilities, or seeds x n: then it is the mean area over those trained networks, and its
    intervals speak of patients, not of further seeds. groups: n patient keys.

    low and high hold both DeLong's interval on the logit scale (`delong`; none where the classes are separated
    perfectly) and Newcombe's score interval over the effective sample size of each class. Of 268 images with 34
    positive, DeLong's alone held a true area of 0.97 to 0.995 in 90 of 100 simulated cases; Newcombe's, which takes
    both classes to spread alike, in 83 where one spread three times as far as the other.
    """
    truth, groups = np.asarray(is_covid, bool), _one_each(is_covid, groups)
    alone = delong(truth, p_covid, groups)
    if alone.value is None:
        return alone
    low, high = newcombe(alone.value, effective_n(groups[truth]), effective_n(groups[~truth]))
    if alone.low is not None and alone.high is not None:
        low, high = min(low, alone.low), max(high, alone.high)
    return Figure.of(alone.value, low, high, len(truth), "DeLong and Newcombe 95 %, the wider")


def delong(is_covid, p_covid, groups=None) -> Figure:
    """The same area with DeLong's interval alone, on the logit scale; none where the classes are separated perfectly."""
    truth, groups = np.asarray(is_covid, bool), _one_each(is_covid, groups)
    if truth.all() or not truth.any():
        return Figure.unknown(len(truth), ONE_CLASS)
    area, influence = mean_auc_influence(truth, p_covid)
    return _on_the_logit_scale(area, influence, truth, groups)


def _on_the_logit_scale(area: float, influence, truth, groups) -> Figure:
    variance = area_variance(influence, truth, groups)
    if variance == 0 or not 0 < area < 1:
        return Figure.of(area, None, None, len(influence), "none: no variance")
    logit, spread = np.log(area / (1 - area)), Z * np.sqrt(variance) / (area * (1 - area))
    low, high = (1 / (1 + np.exp(-(logit + sign * spread))) for sign in (-1, 1))
    return Figure.of(area, low, high, len(influence), "DeLong 95 %")


def _one_each(images, groups):
    return np.arange(len(images)) if groups is None else np.asarray(groups)


def newcombe(area: float, positives: float, negatives: float, z: float = Z) -> tuple[float, float]:
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

    `area_variance` makes DeLong's variance of them; of those of two networks on the same images, subtracted, the variance
    of the difference (DeLong 1988, Biometrics 44:837; by ranks as in Sun and Xu 2014, IEEE Signal Process. Lett. 21:1389).
    """
    truth, scores = np.asarray(is_covid, bool), np.asarray(p_covid, float)
    ranks, influence = rankdata(scores), np.zeros(len(scores))
    for members, sign in ((truth, 1), (~truth, -1)):
        beaten = (ranks[members] - rankdata(scores[members])) / (~members).sum()
        influence[members] = sign * (beaten - beaten.mean()) / members.sum()
        if sign == 1:
            area = float(beaten.mean())
    return area, influence


def mean_auc_influence(is_covid, p_covid):
    """auc_influence averaged over the rows of p_covid (seeds x n, or n)."""
    parts = [auc_influence(is_covid, row) for row in np.atleast_2d(p_covid)]
    return float(np.mean([area for area, _ in parts])), np.mean([influence for _, influence in parts], axis=0)


def within_strata(is_covid, p_covid, strata, groups=None) -> Figure:
    """The area with the stratum held fixed: how often, of a pair of one stratum, the COVID-19 image has the higher probability.

    That is the mean of the strata's areas, weighted by their pairs (Janes and Pepe 2009, Biometrika 96:371, weight by
    cases). strata: n keys; n is that of the images which have a partner of the other class in their stratum. The interval
    is the wider of the two of `auc`, with an image worth as much as it has partners. It held the true area in 380 to 397 of 400
    simulated cases (34 of 268 images positive, or 60 of 120; 2, 4 or 8 strata, unevenly dealt to the classes; areas of 0.75, 0.9 and
    0.97; a score that moves by twice its spread from stratum to stratum; 18 conditions, 6,999 of 7,200 in all), and in 392 to 399 with
    three images a patient, correlated by a half (7,128 of 7,200).
    """
    truth, groups, strata = np.asarray(is_covid, bool), _one_each(is_covid, groups), np.asarray(strata)
    partners = partners_in_stratum(truth, strata)
    compared = partners > 0
    if not compared.any():
        return Figure.unknown(0, "none: no stratum has both classes")
    area, influence = strata_influence(truth, p_covid, strata)
    alone = _on_the_logit_scale(area, influence[compared], truth[compared], groups[compared])
    worth = [_worth(partners[compared & of_class], groups[compared & of_class]) for of_class in (truth, ~truth)]
    low, high = newcombe(area, *worth)
    if alone.low is not None and alone.high is not None:
        low, high = min(low, alone.low), max(high, alone.high)
    return Figure.of(area, low, high, int(compared.sum()), "DeLong and Newcombe 95 % over strata, the wider")


def partners_in_stratum(is_covid, strata):
    """n numbers: how many images of the other class each image's stratum has."""
    truth, (_, number) = np.asarray(is_covid, bool), np.unique(strata, return_inverse=True)
    positives, negatives = (np.bincount(number, of_class) for of_class in (truth, ~truth))
    return np.where(truth, negatives[number], positives[number])


def _worth(partners, groups) -> float:
    """Kish's effective sample size of images that weigh as many pairs as they have partners, by patient."""
    of_patient = np.bincount(np.unique(groups, return_inverse=True)[1], partners)
    return float(of_patient.sum() ** 2 / (of_patient**2).sum())


def strata_influence(is_covid, p_covid, strata):
    """The area within strata, the mean over the rows of p_covid, and how much each image moves it; as auc_influence.

    An image's influence is what its pairs win above the area, as a share of all pairs; with one stratum it is that of
    auc_influence. Strata need no variance of their own, so one that has a single COVID-19 image counts too.
    """
    truth, strata, rows = np.asarray(is_covid, bool), np.asarray(strata), np.atleast_2d(p_covid)
    partners = partners_in_stratum(truth, strata)
    pairs, won = partners[truth].sum(), np.zeros(rows.shape)
    for stratum in np.unique(strata[partners > 0]):
        inside = strata == stratum
        for row, scores in enumerate(rows):
            ranks = rankdata(scores[inside])
            for members, sign in ((truth[inside], 1), (~truth[inside], -1)):
                beaten = ranks[members] - rankdata(scores[inside][members])
                won[row, np.flatnonzero(inside)[members]] = beaten if sign == 1 else partners[inside][members] - beaten
    area = float(won[:, truth].sum(1).mean() / pairs)
    return area, (won.mean(0) - area * partners) / pairs


def area_variance(influence, is_covid, groups) -> float:
    """The variance of an area, or of a difference between areas, whose patients are independent, but not their images.

    Obuchowski 1997, Biometrics 53:567, which corrects for the numbers of patients in each class and in all, not of images;
    with one image a patient it is DeLong's. A class of one patient adds nothing: what is not known is not 0, so do not use
    it alone there.
    """
    truth, member = np.asarray(is_covid, bool), np.unique(groups, return_inverse=True)[1]
    parts = []
    for chosen in (truth, ~truth):
        there = np.bincount(member, chosen) > 0
        sums = np.bincount(member, np.where(chosen, influence, 0))
        parts.append((sums, there.sum() / max(there.sum() - 1, 1) * (there.sum() > 1)))
    (covid, of_covid), (normal, of_normal) = parts
    patients = len(covid)
    both = 2 * patients / max(patients - 1, 1) * (covid * normal).sum()
    return max(0.0, float(of_covid * (covid**2).sum() + of_normal * (normal**2).sum() + both))


def difference(is_covid, p_a, p_b, groups) -> tuple[Figure, float | None]:
    """AUC(A) - AUC(B) on the same images, each averaged over its seeds, and its p-value; no value without both classes.

    p_a, p_b: seeds x n, or n. The wider of DeLong's paired interval over patients, and of one from both areas' own
    intervals and their correlation (Zou and Donner 2008, Stat. Med. 27:1693), which does not vanish where the classes are
    separated perfectly; where no image tells the two apart, the areas count as uncorrelated. It takes the trained networks
    as given, and says nothing of other seeds.
    """
    truth, groups = np.asarray(is_covid, bool), _one_each(is_covid, groups)
    if truth.all() or not truth.any():
        return Figure.unknown(len(truth), ONE_CLASS), None
    (area_a, influence_a), (area_b, influence_b) = mean_auc_influence(truth, p_a), mean_auc_influence(truth, p_b)
    value = area_a - area_b
    apart, of_a, of_b = (area_variance(each, truth, groups) for each in (influence_a - influence_b, influence_a, influence_b))
    correlation = np.clip((of_a + of_b - apart) / 2 / np.sqrt(of_a * of_b), -1, 1) if apart and of_a and of_b else 0.0
    a, b = auc(truth, p_a, groups), auc(truth, p_b, groups)
    limits = []
    for sign, (near, far) in ((-1, (area_a - (a.low or 0), (b.high or 0) - area_b)), (1, ((a.high or 0) - area_a, area_b - (b.low or 0)))):
        half = np.sqrt(max(near**2 + far**2 - 2 * correlation * near * far, 0))
        limits.append(value + sign * max(half, Z * np.sqrt(apart)))
    figure = Figure.of(value, max(-1, limits[0]), min(1, limits[1]), len(truth), "DeLong, paired, and Zou and Donner 95 %, the wider")
    return figure, float(2 * norm.sf(abs(value) / np.sqrt(apart))) if apart else 1.0


def average_precision(is_covid, p_covid, groups=None) -> Figure:
    """Average precision, the step-wise area under the precision-recall curve.

    The interval is Wilson's over the effective sample size of the positive class (Boyd 2013, ECML PKDD, section 3.1).
    """
    truth = np.asarray(is_covid, bool)
    if truth.all() or not truth.any():
        return Figure.unknown(len(truth), ONE_CLASS)
    value = of_placements(placements(truth, p_covid) @ np.ones((len(truth), 1)))["average_precision"][0]
    n_effective = truth.sum() if groups is None else effective_n(np.asarray(groups)[truth])
    return Figure.of(value, *wilson(value, n_effective), len(truth), "Wilson 95 % at the positive class")


def placements(is_covid, p_covid) -> sparse.csr_matrix:
    """(3 K + 1) x n zeros and ones, a single one an image: where it stands among the K scores that positive images have.

    The first K rows are the positive images by falling score, the next K + 1 the negative ones above, between and below
    those scores, and the last K the negative ones at them. Areas follow from the sums of these rows (see `of_placements`),
    so that n images need not be sorted anew for each resample.
    """
    truth, scores = np.asarray(is_covid, bool), np.asarray(p_covid, float)
    levels = np.unique(scores[truth])
    below, count = np.searchsorted(levels, scores, "right"), len(levels)
    tied = below > np.searchsorted(levels, scores, "left")
    row = count - below + np.where(truth, 0, np.where(tied, 2 * count + 1, count))
    return sparse.csr_matrix((np.ones(len(scores)), (row, np.arange(len(scores)))), (3 * count + 1, len(scores)))


def of_placements(sums) -> dict[str, np.ndarray]:
    """{auc, average_precision: B values} of the sums of `placements` over B weightings of the images, (3 K + 1) x B."""
    count = len(sums) // 3
    positive, between, tied = np.split(sums, [count, 2 * count + 1])
    hits, alarms = positive.cumsum(0), (between[:count] + tied).cumsum(0)
    all_positive, all_negative = hits[-1], alarms[-1] + between[count]
    with np.errstate(invalid="ignore"):
        precision = np.nan_to_num(hits / (hits + alarms))
        return {
            "auc": (positive * (all_negative - alarms + tied / 2)).sum(0) / (all_positive * all_negative),
            "average_precision": (positive * precision).sum(0) / all_positive,
        }
