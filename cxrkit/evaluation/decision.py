"""Decision between two networks: better, worse, equivalent, equivalent in error or undecided, by one procedure.

**The question.** Does architecture A, trained once more with a new seed, err less than B on new patients of
the same kind? The difference d is A's error rate less B's, averaged over seeds and images.

**The uncertainty.** d moves with the patients who happen to be in the held-out set and with the seeds that
happened to be drawn. Each has its own variance, printed on its own:

* patients: how much d varies between patients, each patient's images and all seeds taken together;
* seeds: how much d varies between seeds, on the same images.

The interval of d adds the half-widths of Student's intervals over patients and over seeds in quadrature, each
with its own degrees of freedom (as in Zou and Donner 2008, Stat. Med. 27:1693). The noise of single images in
single runs counts in both, so it is taken off once (as in the two-way clustering of Cameron, Gelbach and Miller
2011, J. Bus. Econ. Stat. 29:238), but the sum is never less than either of the two. Two shortcuts were simulated and left out. To
demand that a test over patients and one over seeds both reject calls equal networks different in 17 % of
cases where both variances are alike. One Student interval with Satterthwaite's degrees of freedom does so too
often where seeds are few and differ much (2 seeds: 14 %).

**Better or worse** needs both p-values at or below 0.05 after Holm over all pairs:

* the test that belongs to that interval. Few discordant images make the variance over patients too small; one
  pseudo-patient, half for A and half for B, is added (after Agresti and Min 2005, Stat. Med. 24:729);
* the exact sign-flip test over patients, which for one seed and one image a patient is McNemar's.

**Equivalent in error** needs two one-sided tests to show that d lies within the margin (Schuirmann 1987, J.
Pharmacokinet. Biopharm. 15:657), after Holm over all pairs. There the variance over patients is at least the
one that a difference as large as the margin brings with it, so that a small set on which two networks happen
to agree proves nothing. **Equivalent** needs the same of sensitivity on the COVID-19 images and of specificity on
the normal ones, each within its own margin: where few images are COVID-19, the error rate hides a loss of sensitivity
(five points on 34 of 268 are 0.6 points of error). All three must hold, so the largest of the three p-values counts
(intersection-union: Berger 1982, Technometrics 24:295). Both words go before better and worse: a difference within
the margin is none that the user cares for.

**In which of the two** a network is better or worse, the same test says of sensitivity and of specificity, after
Holm over all pairs and both rates.

**Undecided** is everything else, and every pair of which one network ran only once: one run says nothing of
the next.

What it does not cover: other training images, for all runs share one split (see statistics.over_resplits); and
trainings that fail now and then, where none of the seeds drawn did (see outliers).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri, stdtrit

from cxrkit.evaluation import statistics
from cxrkit.evaluation.metrics import Figure, effective_n
from cxrkit.schema.common import Margins, Word

ALPHA = 0.05
MARGINS = Margins()
TINY = 1e-12


@dataclass(frozen=True)
class Part:
    """A share of a variance, and the degrees of freedom it was estimated with."""

    variance: float
    df: float


@dataclass(frozen=True)
class Difference:
    """A's rate less B's, and what it rests on.

    n: images that the rate is of; n_effective: what they are worth (metrics.effective_n). patients, seeds: the Parts of
    its variance; seeds is empty where a network has one run. both: the variance from single images in single runs,
    which those two include. p_sign_flip: 0 for ratios, to which the test does not apply.
    """

    value: float
    n: int
    n_effective: float
    n_seeds: int
    patients: Part
    seeds: tuple
    both: float
    p_sign_flip: float

    @property
    def decidable(self):
        return bool(self.seeds)

    @property
    def p_difference(self):
        """Two-sided p-value of no difference: the larger of the interval's and the sign-flip test's."""
        return max(p_value(abs(self.value), *self._both_ways()), self.p_sign_flip)

    @property
    def p_as_trained(self):
        """The same over patients alone, for these very trained networks."""
        return max(p_value(abs(self.value), (self.patients,)), self.p_sign_flip)

    def p_equivalence(self, margin):
        """One-sided p-value of a difference as large as the margin or larger."""
        at_margin = max(self.patients.variance, margin * (1 - margin) / self.n_effective)
        one_sided = p_value(abs(margin - abs(self.value)), *self._both_ways(at_margin)) / 2
        return one_sided if abs(self.value) < margin else 1 - one_sided

    def interval(self) -> Figure:
        """The difference with its 95 % interval over patients and seeds together."""
        return self._figure("patients and seeds" if self.seeds else "patients only: a network ran once", *self._both_ways())

    def interval_over_patients(self) -> Figure:
        return self._figure("patients, for these seeds", (self.patients,))

    def interval_over_seeds(self) -> Figure:
        if not self.seeds:
            return Figure.of(self.value, None, None, self.n_seeds, "none: one run says nothing of the next")
        return replace(self._figure("seeds, for these patients", self.seeds), n=self.n_seeds)

    def _both_ways(self, over_patients=None):
        """The parts of the variance over patients and seeds, and what both include."""
        patients = self.patients if over_patients is None else Part(over_patients, self.patients.df)
        return (patients, *self.seeds), self.both if self.seeds else 0.0

    def _figure(self, over, parts, both=0.0):
        half = half_width(ALPHA, parts, both)
        low, high = max(self.value - half, -1), min(self.value + half, 1)  # no two rates lie farther apart
        return Figure.of(self.value, low, high, self.n, f"Student 95 % over {over}")


def half_width(alpha, parts, both=0.0):
    """Half the width of the 1 - alpha interval: the parts' own half-widths, added in quadrature.

    both: the variance that each of two parts includes; it is taken off once, but never below the wider part.
    """
    squares = [stdtrit(part.df, alpha / 2) ** 2 * part.variance for part in parts]
    return float(np.sqrt(max(sum(squares) - ndtri(alpha / 2) ** 2 * both, *squares, 0.0)))


def p_value(distance, parts, both=0.0):
    """The alpha at which the interval is just that wide: the two-sided p-value of a value that far off."""
    if half_width(1, parts, both) >= distance:
        return 1.0
    if half_width(TINY, parts, both) <= distance:
        return TINY
    return float(np.exp(brentq(lambda log_alpha: half_width(np.exp(log_alpha), parts, both) - distance, np.log(TINY), 0, xtol=1e-6)))


def difference(values_a, values_b, groups, seeds_a, seeds_b, worth=None) -> Difference:
    """The Difference between two networks on the same n images.

    values_a, values_b: seeds x n booleans whose mean is the rate, or numbers that stand for a ratio (see `ratio`); groups:
    n patient keys; seeds_a, seeds_b: the seed of each row. The same seeds in both: the variance over seeds is that of the
    differences seed by seed. Other seeds: each network's own. worth: the effective number of images that the rate rests
    on; of all n, unless given. The degrees of freedom over patients are those of the effective number, for where a few
    patients have most of the images, their many films vary as a few do.
    """
    exact = np.asarray(values_a).dtype == bool
    values_a, values_b = np.asarray(values_a, float), np.asarray(values_b, float)
    n, members = values_a.shape[1], np.unique(np.asarray(groups), return_inverse=True)[1]
    by_image = values_a.mean(0) - values_b.mean(0)
    value, n_effective = by_image.mean(), effective_n(members)
    sums, df = np.bincount(members, by_image - value), max(n_effective - 1, 1)
    over_patients = (sums**2).sum() / n**2 * n_effective / df + 1 / (worth or n_effective) ** 2
    flips = np.rint(np.bincount(members, by_image) * math.lcm(len(values_a), len(values_b))).astype(int) if exact else ()
    return Difference(
        value=float(value),
        n=n,
        n_effective=worth or n_effective,
        n_seeds=min(len(values_a), len(values_b)),
        patients=Part(float(over_patients), df),
        seeds=_over_seeds(dict(zip(seeds_a, values_a.mean(1))), dict(zip(seeds_b, values_b.mean(1)))),
        both=_both(values_a, members) + _both(values_b, members),
        p_sign_flip=statistics.sign_flip(flips) if exact else 0.0,
    )


def ratio(counted, of):
    """seeds x n numbers whose mean is the ratio of two seeds x n tables of 0 and 1, by linearization (the delta method).

    Predictive values are such ratios: of the images called COVID-19, those that are (Moskowitz and Pepe 2006, Clin.
    Trials 3:272).
    """
    counted, of = np.asarray(counted, float), np.asarray(of, float)
    value = counted.sum() / of.sum()
    return value + (counted - value * of) / of.mean()


def _over_seeds(errors_a, errors_b):
    """The Parts of the variance over seeds of a difference between two networks' {seed: error rate}."""
    if min(len(errors_a), len(errors_b)) < 2:
        return ()
    paired = set(errors_a) == set(errors_b)
    samples = [[errors_a[seed] - errors_b[seed] for seed in errors_a]] if paired else [list(errors_a.values()), list(errors_b.values())]
    return tuple(Part(float(np.var(sample, ddof=1) / len(sample)), len(sample) - 1) for sample in samples)


def _both(values, members):
    """The variance of a network's mean that single images in single runs bring; not known, and not used, for one run."""
    runs, n = values.shape
    if runs < 2:
        return 0.0
    rest = values - values.mean(0) - values.mean(1, keepdims=True) + values.mean()
    sums = np.stack([np.bincount(members, row) for row in rest])
    return float((sums**2).sum() / (n**2 * runs * (runs - 1)))


class Tested(Protocol):
    """A difference in a rate that a verdict can be made of: a Difference, or one over several splits."""

    @property
    def value(self) -> float: ...
    @property
    def decidable(self) -> bool: ...
    @property
    def p_difference(self) -> float: ...
    @property
    def p_as_trained(self) -> float: ...
    def p_equivalence(self, margin: float) -> float: ...
    def interval(self) -> Figure: ...


T = TypeVar("T", bound=Tested)


@dataclass(frozen=True)
class Compared(Generic[T]):
    """Two networks' differences on the same images. error: A's error rate less B's; sensitivity, specificity: A's less B's,
    on the images of that class; None where it is absent."""

    error: T
    sensitivity: T | None = None
    specificity: T | None = None

    @property
    def rates(self) -> list[T]:
        return [rate for rate in (self.sensitivity, self.specificity) if rate is not None]


def compared(wrong_a, wrong_b, is_covid, groups, seeds_a, seeds_b) -> Compared[Difference]:
    """The Compared of two networks that were wrong so (seeds x n booleans) about n images of that truth."""
    wrong_a, wrong_b, truth, groups = (np.asarray(values) for values in (wrong_a, wrong_b, is_covid, groups))

    def of_class(chosen):
        images = ~wrong_a[:, chosen], ~wrong_b[:, chosen], groups[chosen]
        return difference(*images, seeds_a, seeds_b) if chosen.any() else None

    return Compared(difference(wrong_a, wrong_b, groups, seeds_a, seeds_b), of_class(truth), of_class(~truth))


@dataclass(frozen=True)
class RateVerdict:
    """word: what A is beside B in that rate, "equivalent" where the pair is; p_difference: after Holm over all pairs and
    both rates; p_equivalence: as it is, for it counts as one of the pair's three."""

    word: Word
    p_difference: float
    p_equivalence: float


@dataclass(frozen=True)
class Verdict:
    """word: what A is beside B.

    p_difference, p_error: of a difference in error rate, and of one beyond its margin; p_equivalence: of one beyond its
    margin in any of the three; each adjusted by Holm over all pairs. as_trained: the verdict on these very trained
    networks, over patients alone, whatever another run would bring.
    """

    word: Word
    p_difference: float
    p_error: float
    p_equivalence: float
    as_trained: Word
    sensitivity: RateVerdict | None
    specificity: RateVerdict | None


def decide(pairs: Sequence[Compared], margins: Margins = MARGINS, alpha=ALPHA) -> list[Verdict]:
    """A Verdict for each of the Compared, which together are all pairs that were compared."""
    p_difference = statistics.holm([pair.error.p_difference for pair in pairs])
    p_error = statistics.holm([pair.error.p_equivalence(margins.error) for pair in pairs])
    p_equivalence = statistics.holm([_p_all_within(pair, margins) for pair in pairs])
    p_as_trained = statistics.holm([pair.error.p_as_trained for pair in pairs])
    p_rates = iter(statistics.holm([rate.p_difference for pair in pairs for rate in pair.rates]))
    verdicts = []
    for pair, differs, in_error, alike, trained in zip(pairs, p_difference, p_error, p_equivalence, p_as_trained):
        direction: Word = "better" if pair.error.value < 0 else "worse"
        word: Word = "undecided"
        if pair.error.decidable:
            word = "equivalent" if alike <= alpha else "equivalent in error" if in_error <= alpha else word
            word = direction if word == "undecided" and differs <= alpha else word
        rates = [
            None if rate is None else _rate_verdict(rate, next(p_rates), word, margin, alpha)
            for rate, margin in ((pair.sensitivity, margins.sensitivity), (pair.specificity, margins.specificity))
        ]
        as_trained: Word = direction if trained <= alpha else "undecided"
        verdicts.append(Verdict(word, differs, in_error, alike, as_trained, *rates))
    return verdicts


def _p_all_within(pair: Compared, margins: Margins) -> float:
    """The largest p-value of the three equivalences; 1 where a class is absent."""
    if pair.sensitivity is None or pair.specificity is None:
        return 1.0
    of_rates = pair.sensitivity.p_equivalence(margins.sensitivity), pair.specificity.p_equivalence(margins.specificity)
    return max(pair.error.p_equivalence(margins.error), *of_rates)


def _rate_verdict(rate: Tested, p: float, of_pair: Word, margin: float, alpha: float) -> RateVerdict:
    word: Word = "equivalent" if of_pair == "equivalent" else "undecided"
    if word == "undecided" and rate.decidable and p <= alpha:
        word = "better" if rate.value > 0 else "worse"
    return RateVerdict(word, p, rate.p_equivalence(margin))
