"""Decision between two networks: better, worse, equivalent or undecided, by one procedure.

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

**Equivalent** needs two one-sided tests to show that d lies within the margin (Schuirmann 1987, J.
Pharmacokinet. Biopharm. 15:657), after Holm over all pairs. There the variance over patients is at least the
one that a difference as large as the margin brings with it, so that a small set on which two networks happen
to agree proves nothing. Equivalent goes before better and worse: a difference within the margin is none that
the user cares for.

**Undecided** is everything else, and every pair of which one network ran only once: one run says nothing of
the next.

What it does not cover: other training images. All runs share one split (see statistics.over_resplits).
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri, stdtrit
from scipy.stats import norm

from cxrkit.evaluation import statistics
from cxrkit.evaluation.metrics import Figure, effective_n
from cxrkit.schema.common import Word
from cxrkit.schema.comparisons import Needed

ALPHA = 0.05
MARGIN = 0.01
POWER = 0.8
TINY = 1e-12
MOST_SEEDS = 1000
MOST_IMAGES = 10_000_000


@dataclass(frozen=True)
class Part:
    """A share of a variance, and the degrees of freedom it was estimated with."""

    variance: float
    df: float


@dataclass(frozen=True)
class Difference:
    """A's error rate less B's, and what it rests on.

    patients, seeds: the Parts of its variance; seeds is empty where a network has one run. both: the variance
    from single images in single runs, which those two include. n_effective: see metrics.effective_n.
    """

    value: float
    n: int
    n_patients: int
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
        return Figure.of(self.value, self.value - half, self.value + half, self.n, f"Student 95 % over {over}")


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


def difference(wrong_a, wrong_b, groups, seeds_a, seeds_b) -> Difference:
    """The Difference between two networks on the same n images.

    wrong_a, wrong_b: seeds x n booleans; groups: n patient keys; seeds_a, seeds_b: the seed of each row. The
    same seeds in both: the variance over seeds is that of the differences seed by seed. Other seeds: each
    network's own.
    """
    wrong_a, wrong_b = np.asarray(wrong_a, float), np.asarray(wrong_b, float)
    n, members = wrong_a.shape[1], np.unique(np.asarray(groups), return_inverse=True)[1]
    by_image = wrong_a.mean(0) - wrong_b.mean(0)
    value, n_patients, n_effective = by_image.mean(), int(members.max()) + 1, effective_n(members)
    sums = np.bincount(members, by_image - value)
    over_patients = (sums**2).sum() / n**2 * n_patients / max(n_patients - 1, 1) + 1 / n_effective**2
    flips = np.rint(np.bincount(members, by_image) * math.lcm(len(wrong_a), len(wrong_b))).astype(int)
    return Difference(
        value=float(value),
        n=n,
        n_patients=n_patients,
        n_effective=n_effective,
        n_seeds=min(len(wrong_a), len(wrong_b)),
        patients=Part(float(over_patients), max(n_patients - 1, 1)),
        seeds=_over_seeds(dict(zip(seeds_a, wrong_a.mean(1))), dict(zip(seeds_b, wrong_b.mean(1)))),
        both=_both(wrong_a, members) + _both(wrong_b, members),
        p_sign_flip=statistics.sign_flip(flips),
    )


def _over_seeds(errors_a, errors_b):
    """The Parts of the variance over seeds of a difference between two networks' {seed: error rate}."""
    if min(len(errors_a), len(errors_b)) < 2:
        return ()
    paired = set(errors_a) == set(errors_b)
    samples = [[errors_a[seed] - errors_b[seed] for seed in errors_a]] if paired else [list(errors_a.values()), list(errors_b.values())]
    return tuple(Part(float(np.var(sample, ddof=1) / len(sample)), len(sample) - 1) for sample in samples)


def _both(wrong, members):
    """The variance of a network's mean error that single images in single runs bring; predicted for one run."""
    runs, n = wrong.shape
    if runs < 2:
        return statistics.predicted_sd(wrong.mean(), n) ** 2
    rest = wrong - wrong.mean(0) - wrong.mean(1, keepdims=True) + wrong.mean()
    sums = np.stack([np.bincount(members, row) for row in rest])
    return float((sums**2).sum() / (n**2 * runs * (runs - 1)))


@dataclass(frozen=True)
class Verdict:
    """word: what A is beside B.

    p_difference, p_equivalence: adjusted by Holm over all pairs; as_trained: the verdict on these very
    trained networks, by the sign-flip test alone, whatever another run would bring.
    """

    word: Word
    p_difference: float
    p_equivalence: float
    as_trained: Word


def decide(differences, margin=MARGIN, alpha=ALPHA) -> list[Verdict]:
    """A Verdict for each of the Differences, which together are all pairs that were compared."""
    p_difference = statistics.holm([d.p_difference for d in differences])
    p_equivalence = statistics.holm([d.p_equivalence(margin) for d in differences])
    p_as_trained = statistics.holm([d.p_sign_flip for d in differences])
    verdicts = []
    for d, differs, alike, trained in zip(differences, p_difference, p_equivalence, p_as_trained):
        direction: Word = "better" if d.value < 0 else "worse"
        word: Word = "undecided"
        if d.decidable and alike <= alpha:
            word = "equivalent"
        elif d.decidable and differs <= alpha:
            word = direction
        verdicts.append(Verdict(word, differs, alike, direction if trained <= alpha else "undecided"))
    return verdicts


def needed(d: Difference, pairs: int, alpha=ALPHA, power=POWER) -> Needed:
    """How much more would decide the difference seen, were it the true one: with 80 % power, Holm's first step.

    Held-out images at the present seeds; seeds at the present images; images at 20 seeds. None: no number
    reaches it. The variances are those seen; where a network ran once, the noise of a run is the predicted one
    (statistics.predicted_sd).
    """
    if d.value == 0:
        return Needed(None, None, None)
    return Needed(
        images=_smallest(lambda n: _decided(d, n, d.n_seeds, pairs, alpha, power), d.n, MOST_IMAGES) if d.decidable else None,
        seeds=_smallest(lambda s: _decided(d, d.n, s, pairs, alpha, power), 2, MOST_SEEDS),
        images_at_20_seeds=_smallest(lambda n: _decided(d, n, 20, pairs, alpha, power), d.n, MOST_IMAGES),
    )


def _decided(d, n, seeds, pairs, alpha, power):
    """Whether n images and that many seeds of each network would decide the difference seen."""
    more_images, more_seeds = n / d.n, seeds / d.n_seeds
    single = d.both / more_images / more_seeds
    pseudo = 1 / d.n_effective**2
    over_patients = max(d.patients.variance - pseudo - d.both, 0) / more_images + single + pseudo / more_images**2
    over_seeds = max(sum(part.variance for part in d.seeds) - d.both, 0) / more_seeds + single
    parts = (Part(over_patients, d.n_patients * more_images - 1), Part(over_seeds, seeds - 1))
    return abs(d.value) >= half_width(alpha / pairs, parts, single) + half_width(2 * (1 - power), parts, single)


def _smallest(enough, low, high):
    """The smallest whole number from low to high with which it is enough, None where even high is not."""
    if not enough(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return int(low)


def images_for_equivalence(pairs, margin=MARGIN, alpha=ALPHA):
    """The fewest independent images on which networks that never differ could be called equivalent."""
    return math.ceil(norm.ppf(1 - alpha / pairs) ** 2 * (1 - margin) / margin)
