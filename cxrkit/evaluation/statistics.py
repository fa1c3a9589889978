"""Statistical tests and intervals, each for one question; `decision` says how they make a verdict."""

import math

import numpy as np
from scipy.stats import binomtest, chi2, norm, t

from cxrkit.evaluation.metrics import Figure, wilson

EXACT_UP_TO = 1000


def mcnemar(only_a_wrong, only_b_wrong):
    """The two-sided exact p-value for two networks on the same images, from the images that one alone got wrong.

    McNemar 1947, Psychometrika 12:153; exact form: the smaller count is binomial with one half.
    """
    n = only_a_wrong + only_b_wrong
    return float(binomtest(min(only_a_wrong, only_b_wrong), n, 0.5).pvalue) if n else 1.0


def sign_flip(values):
    """The two-sided exact p-value for whole numbers whose signs were as likely the other way round.

    One value a patient: how much worse A did there than B, all seeds together. Were A and B alike, each value
    could as well have come with the other sign; p is the share of all sign patterns whose sum is at least as
    far from 0 as the one seen (Fisher 1935, The Design of Experiments, section 21). With values of 1 and -1
    alone it is McNemar's exact test. Beyond 1,000 values that are not 0: the normal approximation.
    """
    values = np.asarray(values, dtype=np.int64)
    values = values[values != 0]
    if not len(values):
        return 1.0
    if len(values) > EXACT_UP_TO:
        return float(2 * norm.sf(abs(values.sum()) / np.sqrt((values.astype(float) ** 2).sum())))
    sizes = np.abs(values) // math.gcd(*(int(value) for value in values))
    seen = abs(int(values.sum())) // math.gcd(*(int(value) for value in values))
    reach = int(sizes.sum())
    # Of all sign patterns, the share at which the positive ones add up to 0, 1, 2, ...: one shift a value.
    shares = np.zeros(reach + 1)
    shares[0] = 1.0
    filled = 0
    for size in sizes:
        shares[: filled + size + 1] /= 2
        shares[size : filled + size + 1] += shares[: filled + 1].copy()
        filled += size
    sums = np.abs(2 * np.arange(reach + 1) - reach)
    return float(min(1.0, shares[sums >= seen].sum()))


def holm(p_values):
    """Holm's adjusted p-values, in the order given (Holm 1979, Scand. J. Stat. 6:65)."""
    p_values = np.asarray(p_values, float)
    order, adjusted, largest = np.argsort(p_values, kind="stable"), np.empty(len(p_values)), 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted.tolist()


def probability_better(errors_a: dict[int, float], errors_b: dict[int, float]) -> Figure:
    """P(A > B): how likely a run of A errs less than a run of B, ties counted half.

    Bouthillier et al. 2021, MLSys (arXiv 2103.03098), who call A better where the interval lies above 0.5 and
    the value above 0.75. Runs are paired by seed where both have the same seeds, else each with each. The
    interval is Wilson's over the runs, for theirs, a bootstrap, has no width where one network always wins.
    """
    if set(errors_a) == set(errors_b):
        a, b = np.array([[errors_a[seed], errors_b[seed]] for seed in errors_a]).T
    else:
        a, b = np.array(list(errors_a.values()))[:, None], np.array(list(errors_b.values()))[None, :]
    value = float(((a < b) + 0.5 * (a == b)).mean())
    runs = min(len(errors_a), len(errors_b))
    return Figure.of(value, *wilson(value, runs), runs, "Wilson 95 % over runs")


def over_resplits(differences, n_train: float, n_test: float, floor: float = 0.0) -> tuple[Figure, float]:
    """A mean difference over resplits of one data set, and its standard error.

    The runs share training images, so their plain variance is too small; it is raised by n_test/n_train
    (Nadeau and Bengio 2003, Mach. Learn. 52:239, eq. 5). differences: one a split, two or more. floor: the least that
    their variance counts as; splits that happen to agree do not vary less than their own images make them.
    """
    differences = np.asarray(differences, float)
    splits, mean = len(differences), differences.mean()
    error = np.sqrt(max(differences.var(ddof=1), floor) * (1 / splits + n_test / n_train))
    half = t.ppf(0.975, splits - 1) * error
    return Figure.of(mean, mean - half, mean + half, splits, "Nadeau-Bengio 95 %"), float(error)


def predicted_sd(error_rate, n):
    """The standard deviation of the error rate from run to run that n images and the error rate alone predict.

    Jordan 2023 (arXiv 2304.01910, section 5): if the runs together are calibrated, an image that a share q of
    the runs calls positive is positive with probability q. Then q(1-q) is half its expected error, and with
    errors independent between images the variance of the rate is error_rate/(2n).
    """
    return float(np.sqrt(error_rate / (2 * n)))


def run_to_run(errors, n: int) -> tuple[Figure, float]:
    """The standard deviation of a network's error rate over seeds, and the predicted one.

    The interval of the first is chi-square's, which takes runs as normal; of one run nothing is known.
    """
    errors = np.asarray(errors, float)
    predicted, runs = predicted_sd(errors.mean(), n), len(errors)
    if runs < 2:
        return Figure.unknown(runs, "none: one run"), predicted
    sd = errors.std(ddof=1)
    low, high = (sd * np.sqrt((runs - 1) / chi2.ppf(share, runs - 1)) for share in (0.975, 0.025))
    return Figure.of(sd, low, high, runs, "chi-square 95 %"), predicted
