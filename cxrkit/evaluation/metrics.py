"""Metrics of binary predictions, each a Figure: value, 95 % interval, n and method.

Images of one patient are not independent. Closed-form intervals therefore count the effective sample size, not images:
n images in groups of m1, m2, ... weigh as much as n**2 / sum(m**2) independent ones if a patient's images
always agree (Kish 1965, Survey Sampling, section 8.2). That is the worst case, so the intervals are wide
enough; with one image a patient, the effective sample size is the number of images.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

Z = norm.ppf(0.975)
DRAWS = 4000
ONE_CLASS = "none: one class only"


@dataclass(frozen=True)
class Figure:
    """One estimate, in the one shape that every file, table and sentence of the kit knows.

    value: None where nothing could be estimated; low, high: its 95 % interval, None where there is none;
    n: the number of observations (images, or runs); method: how the interval was made, or why there is none.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int | float
    method: str

    @classmethod
    def of(cls, value, low, high, n, method: str) -> "Figure":
        """From any numbers, numpy's too; NaN becomes None."""
        return cls(_number(value), _number(low), _number(high), n, method)

    @classmethod
    def unknown(cls, n, reason: str) -> "Figure":
        """Nothing could be estimated from n observations, for this reason."""
        return cls(None, None, None, n, reason)

    @property
    def known(self) -> bool:
        return self.value is not None

    @property
    def has_interval(self) -> bool:
        return self.low is not None and self.high is not None

    @property
    def bounded(self) -> bool:
        """Whether the value and its interval are known; what a file that somebody edited may have instead, NaN, is not."""
        return all(number is not None and math.isfinite(number) for number in (self.value, self.low, self.high))

    @property
    def width(self) -> float | None:
        return None if self.low is None or self.high is None else self.high - self.low

    def within(self, margin: float) -> bool:
        """Whether the whole interval lies nearer to 0 than the margin."""
        return self.low is not None and self.high is not None and -margin < self.low and self.high < margin

    def negated(self) -> "Figure":
        """The same difference the other way round."""
        value, low, high = (None if number is None else -number for number in (self.value, self.high, self.low))
        return Figure(value, low, high, self.n, self.method)


def _number(value) -> float | None:
    return None if value is None or np.isnan(value) else float(value)


@dataclass(frozen=True)
class Confusion:
    """Counts with COVID-19 as the positive class; a mean over runs need not be whole."""

    tp: int | float
    fn: int | float
    tn: int | float
    fp: int | float

    @property
    def n(self):
        n = self.tp + self.fn + self.tn + self.fp
        return round(n) if abs(n - round(n)) < 1e-6 else n

    @property
    def wrong(self):
        return self.fn + self.fp


@dataclass(frozen=True)
class Rates:
    """What a Confusion says, each with its interval."""

    error_rate: Figure
    accuracy: Figure
    sensitivity: Figure
    specificity: Figure
    balanced_accuracy: Figure
    f1: Figure
    mcc: Figure


@dataclass(frozen=True)
class PredictiveValues:
    """prevalence: the share of people with COVID-19; ppv, npv: positive and negative predictive value there."""

    prevalence: float
    ppv: Figure
    npv: Figure


def confusion(is_covid, p_covid, threshold: float) -> Confusion:
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


def mean_counts(runs: Sequence[Confusion]) -> Confusion:
    """The mean Confusion of runs on the same images; its classes are as large as theirs, to the last digit."""
    tp, tn = (float(np.mean([getattr(run, name) for run in runs])) for name in ("tp", "tn"))
    return Confusion(tp=tp, fn=runs[0].tp + runs[0].fn - tp, tn=tn, fp=runs[0].tn + runs[0].fp - tn)


def effective_n(groups) -> float:
    """The effective sample size of images in these groups (one key an image): the least that they are worth (Kish)."""
    sizes = np.unique(np.asarray(groups), return_counts=True)[1]
    return float(sizes.sum() ** 2 / (sizes**2).sum()) if len(sizes) else 0.0


def wilson(share: float, n: float, z: float = Z) -> tuple[float, float]:
    """Wilson's interval of a proportion over n observations; n need not be whole.

    Wilson 1927, J. Am. Stat. Assoc. 22:209.
    """
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return (0.0 if share == 0 else max(0.0, centre - half)), (1.0 if share == 1 else min(1.0, centre + half))


def proportion(count: float, n: float, n_effective: float | None = None) -> Figure:
    """count/n with Wilson's interval over the effective sample size (n, unless given)."""
    if n == 0:
        return Figure.unknown(0, "Wilson 95 %")
    n = round(n) if abs(n - round(n)) < 1e-6 else n  # a mean's classes add up to whole numbers but for rounding
    n_effective = n if n_effective is None else n_effective
    name = "Wilson 95 %" if np.isclose(n_effective, n) else f"Wilson 95 %, effective sample size {n_effective:.1f}"
    return Figure.of(count / n, *wilson(count / n, n_effective), n, name)


def minus(first: Figure, second: Figure, method: str = "Zou and Donner 95 %") -> Figure:
    """first minus second, two independent figures; unknown where either is.

    The distances to the limits, added in quadrature (Zou and Donner 2008, Stat. Med. 27:1693); of two shares with Wilson's
    intervals it is Newcombe's (1998, Stat. Med. 17:873, method 10).
    """
    n, ends = first.n + second.n, []
    for figure in (first, second):
        if figure.value is None or figure.low is None or figure.high is None:
            return Figure.unknown(n, "none: one of the two is not known")
        ends.append((figure.low, figure.value, figure.high))
    (low, value, high), (other_low, other, other_high) = ends
    below, above, value = np.hypot(value - low, other_high - other), np.hypot(high - value, other - other_low), value - other
    return Figure.of(value, value - below, value + above, n, method)


def rates(counts: Confusion, covid_n: float | None = None, normal_n: float | None = None) -> Rates:
    """The Rates of a Confusion.

    covid_n, normal_n: what the images of each class are worth (see `effective_n`); their number, unless given.
    Error rate, accuracy, sensitivity and specificity have Wilson's interval. Balanced accuracy, F1 and
    Matthews' correlation are functions of sensitivity and specificity at this set's prevalence; their
    intervals follow from Jeffreys' distributions of the two (Totsch and Hoffmann 2021, PeerJ Comput. Sci.
    7:e398), which do not collapse where nothing was wrong, as a bootstrap's do.
    """
    covid, normal = counts.tp + counts.fn, counts.tn + counts.fp
    covid_n = covid if covid_n is None else covid_n
    normal_n = normal if normal_n is None else normal_n
    all_n = counts.n**2 / (_square(covid, covid_n) + _square(normal, normal_n)) if counts.n else 0
    shares = {
        "error_rate": proportion(counts.wrong, counts.n, all_n),
        "accuracy": proportion(counts.n - counts.wrong, counts.n, all_n),
        "sensitivity": proportion(counts.tp, covid, covid_n),
        "specificity": proportion(counts.tn, normal, normal_n),
    }
    exact = summaries(counts.tp, counts.fn, counts.tn, counts.fp)
    if not covid or not normal:
        return Rates(**shares, **{name: Figure.unknown(counts.n, ONE_CLASS) for name in exact})
    sensitivity, specificity = likely_rates(counts, covid_n, normal_n)
    drawn = summaries(covid * sensitivity, covid * (1 - sensitivity), normal * specificity, normal * (1 - specificity))
    combined = {name: Figure.of(value, *_spread(drawn[name], value), counts.n, "Jeffreys 95 %") for name, value in exact.items()}
    return Rates(**shares, **combined)


def _square(n, n_effective):
    """The sum of the squared group sizes behind n images worth n_effective."""
    return n**2 / n_effective if n else 0.0


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


def likely_rates(counts: Confusion, covid_n: float, normal_n: float, draws: int = DRAWS) -> tuple[np.ndarray, np.ndarray]:
    """Draws of sensitivity and specificity from their Jeffreys distributions; the same each time."""
    random = np.random.default_rng(0)
    sensitivity, specificity = counts.tp / (counts.tp + counts.fn), counts.tn / (counts.tn + counts.fp)
    return (
        random.beta(sensitivity * covid_n + 0.5, (1 - sensitivity) * covid_n + 0.5, draws),
        random.beta(specificity * normal_n + 0.5, (1 - specificity) * normal_n + 0.5, draws),
    )


def _spread(drawn, value) -> tuple[float, float]:
    """The middle 95 % of the draws, stretched to hold the value itself where it stands at a limit."""
    low, high = np.quantile(drawn, [0.025, 0.975])
    return min(low, value), max(high, value)


def predictive_values(
    counts: Confusion, prevalence: float, covid_n: float | None = None, normal_n: float | None = None
) -> PredictiveValues:
    """The predictive values where that share of people have COVID-19 (Bayes' rule).

    prevalence: strictly between 0 and 1. Intervals as in `rates`; no value where nobody would be called so.
    """
    covid, normal = counts.tp + counts.fn, counts.tn + counts.fp
    if not covid or not normal:
        return PredictiveValues(prevalence, *[Figure.unknown(counts.n, ONE_CLASS)] * 2)
    drawn = likely_rates(counts, covid if covid_n is None else covid_n, normal if normal_n is None else normal_n)
    exact = _ppv_npv(np.float64(counts.tp / covid), np.float64(counts.tn / normal), prevalence)
    figures = []
    for value, likely in zip(exact, _ppv_npv(drawn[0], drawn[1], prevalence)):
        low, high = (None, None) if np.isnan(value) else _spread(likely, value)
        figures.append(Figure.of(value, low, high, counts.n, "Jeffreys 95 %"))
    return PredictiveValues(prevalence, *figures)


def _ppv_npv(sensitivity, specificity, prevalence) -> tuple:
    with np.errstate(divide="ignore", invalid="ignore"):
        hits, misses = sensitivity * prevalence, (1 - sensitivity) * prevalence
        alarms, passes = (1 - specificity) * (1 - prevalence), specificity * (1 - prevalence)
        return hits / (hits + alarms), passes / (passes + misses)


def threshold_for(sensitivity, is_covid, p_covid) -> tuple[float, bool]:
    """The highest threshold that promises that share of new COVID-19 images, and whether any does.

    Of n images, the threshold is the value of the ceil((n + 1) * sensitivity)-th highest: then a new one of the same kind
    lies at or above it with at least that probability (split conformal prediction: Angelopoulos and Bates 2021, arXiv
    2107.07511, section 1). The n-th part in place of n + 1 fell below 0.90 on new images in 13 % of cases of 34 when 0.95
    was wanted, this in 3 %. With n below sensitivity / (1 - sensitivity) no threshold promises it; the lowest value then.
    """
    positive = np.sort(np.asarray(p_covid, float)[np.asarray(is_covid, bool)])[::-1]
    rank = int(np.ceil(sensitivity * (len(positive) + 1) - 1e-9))
    return float(positive[min(rank, len(positive)) - 1]), rank <= len(positive)


def threshold_at_specificity(specificity, is_covid, p_covid) -> tuple[float, bool]:
    """The lowest threshold that promises that share of new normal images to lie below it, and whether any does; as threshold_for."""
    highest, promised = threshold_for(specificity, ~np.asarray(is_covid, bool), -np.asarray(p_covid, float))
    return float(np.nextafter(-highest, np.inf)), promised
