"""Calibration and temperature scaling: of the films given 80 % for COVID-19, are 80 % so?"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import minimize_scalar
from scipy.stats import t

from cxrkit.evaluation.bootstrap import Resamples, middle
from cxrkit.evaluation.metrics import Figure, Z, effective_n, wilson

BINS = 10
CERTAIN = 1e-7
"""Probabilities are kept this far from 0 and 1: a float32 softmax rounds to 1 from about here on."""

STEPS = 60
"""Of Newton's method; it ends within ten where there is a maximum."""
PRIOR = 0.7
"""Of log T: temperatures from 1/4 to 4 in 95 of 100."""


@dataclass(frozen=True)
class Bin:
    """A bin of the reliability curve. mean_p: the mean probability; share_covid: how many of its films are COVID-19."""

    mean_p: float
    share_covid: Figure


@dataclass(frozen=True)
class Decomposition:
    """The parts of the Brier score: reliability - resolution + uncertainty + within_bins."""

    reliability: float
    resolution: float
    uncertainty: float
    within_bins: float


@dataclass(frozen=True)
class Calibration:
    """bins: the reliability curve; ece: expected calibration error over bins of equal numbers of images; brier: the Brier score.

    intercept: how much too low the log odds are on the whole, 0 at best; slope: 1 at best, below it probabilities are too
    far from one another. None in files of earlier versions.
    """

    bins: list[Bin]
    ece: Figure
    brier: Figure
    decomposition: Decomposition
    intercept: Figure | None = None
    slope: Figure | None = None


def calibration(is_covid, p_covid, groups, weights: Resamples | None = None, bins=BINS) -> Calibration:
    """The Calibration of n probabilities.

    Expected calibration error: Nixon et al. 2019, arXiv 1904.01685; Brier score: Brier 1950, Mon. Weather Rev.
    78:1. weights: see bootstrap.patient_weights; their middle 95 % is the interval, and without them there is
    none. The expected calibration error of few images is above 0 even for perfect probabilities, and so is its
    interval.
    """
    truth, p, groups = np.asarray(is_covid, float), np.asarray(p_covid, float), np.asarray(groups)
    member = equal_bins(p, bins)
    n, last = len(p), int(member.max()) + 1
    rows = sparse.csr_matrix((p - truth, (member, np.arange(n))), (last, n))
    rows = sparse.vstack([rows, (p - truth) ** 2, np.ones(n)])
    sums = np.hstack([rows @ np.ones((n, 1)), *(weights.sums(rows) if weights is not None else ())])
    ece, brier = np.abs(sums[:last]).sum(0) / sums[-1], sums[last] / sums[-1]
    return Calibration(
        bins=[_bin(p[member == b], truth[member == b], groups[member == b]) for b in range(last)],
        ece=_figure(ece, len(p)),
        brier=_figure(brier, len(p)),
        decomposition=decomposition(truth, p, member),
        intercept=_recalibrated(truth, p, groups, with_slope=False),
        slope=_recalibrated(truth, p, groups, with_slope=True),
    )


def _recalibrated(truth, p, groups, with_slope: bool) -> Figure:
    """Calibration-in-the-large, the intercept of a logistic regression on log odds whose slope is 1; or the slope, beside an
    intercept of its own (Cox 1958, Biometrika 45:562; Van Calster et al. 2019, BMC Med. 17:230). Variance by patient
    (sandwich). None where the classes are separated, and the likelihood has no maximum.
    """
    z, n = logits(p), len(p)
    design, offset = (np.stack([np.ones(n), z]), 0.0) if with_slope else (np.ones((1, n)), z)
    beta = np.zeros(len(design))
    for _ in range(STEPS):
        fitted = 1 / (1 + np.exp(-np.clip(beta @ design + offset, -500, 500)))
        information = (design * (fitted * (1 - fitted))) @ design.T
        if np.linalg.cond(information) > 1e12 or not truth.any() or truth.all():
            return Figure.unknown(n, "none: the classes are separated")
        step = np.linalg.solve(information, design @ (truth - fitted))
        beta += step * min(1, 2 / max(np.abs(step).max(), 1e-12))  # a whole step may leap beyond the maximum
    if np.abs(step).max() > 1e-6 or np.abs(beta).max() > 50:
        return Figure.unknown(n, "none: the classes are separated")
    member = np.unique(groups, return_inverse=True)[1]
    sums = np.stack([np.bincount(member, row * (truth - fitted)) for row in design])
    inverse, patients = np.linalg.inv(information), sums.shape[1]
    variance = (inverse @ (sums @ sums.T) @ inverse)[-1, -1] * patients / max(patients - 1, 1)
    half = Z * np.sqrt(variance)
    return Figure.of(beta[-1], beta[-1] - half, beta[-1] + half, n, "sandwich 95 % over patients")


def mean_calibration(is_covid, p_covid, groups) -> Figure:
    """The mean of n probabilities less the share of positives, 0 at best: calibration in the large (Van Calster et al. 2019).

    Interval: Student's t over patients, of a ratio to their images; none for one patient, or where no two differ. It held the true
    value in 370 to 385 of 400 drawn cases (5, 10, 30 or 100 patients, 1 or 3 images each, calibrated or twice too certain; 6,064 of 6,400).
    """
    apart = np.asarray(p_covid, float) - np.asarray(is_covid, float)
    if not len(apart):
        return Figure.unknown(0, "none: no film")
    value, member = apart.mean(), np.unique(groups, return_inverse=True)[1]
    sums = np.bincount(member, apart - value)
    patients, spread = len(sums), np.sqrt((sums**2).sum())
    if patients < 2 or not spread:
        return Figure.of(value, None, None, len(apart), "none: no variance")
    half = t.ppf(0.975, patients - 1) * spread / len(apart) * np.sqrt(patients / (patients - 1))
    return Figure.of(value, max(-1, value - half), min(1, value + half), len(apart), "t 95 % over patients")


def _figure(values, n) -> Figure:
    if len(values) == 1:
        return Figure.of(values[0], None, None, n, "none")
    return Figure.of(values[0], *middle(values[1:]), n, "bootstrap 95 % over patients")


def equal_bins(p_covid, bins=BINS):
    """The bin of each probability, 0, 1, ...; bins of equal size as far as equal probabilities allow."""
    edges = np.unique(np.quantile(p_covid, np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
    member = np.searchsorted(edges, p_covid, side="left")
    return np.unique(member, return_inverse=True)[1]


def _bin(p, truth, groups) -> Bin:
    share = truth.mean()
    return Bin(float(p.mean()), Figure.of(share, *wilson(share, effective_n(groups)), len(p), "Wilson 95 %"))


def decomposition(is_covid, p_covid, member) -> Decomposition:
    """The parts of the Brier score of n probabilities in bins.

    Murphy 1973, J. Appl. Meteorol. 12:595; the last term, for probabilities that differ within a bin, is
    Stephenson, Coelho and Jolliffe 2008, Weather Forecast. 23:752.
    """
    truth, p, sizes = np.asarray(is_covid, float), np.asarray(p_covid, float), np.bincount(member)
    mean_p, share = np.bincount(member, p) / sizes, np.bincount(member, truth) / sizes
    apart_p, apart_truth = p - mean_p[member], truth - share[member]
    return Decomposition(
        reliability=float((sizes * (mean_p - share) ** 2).sum() / len(p)),
        resolution=float((sizes * (share - truth.mean()) ** 2).sum() / len(p)),
        uncertainty=float(truth.mean() * (1 - truth.mean())),
        within_bins=float((apart_p**2 - 2 * apart_p * apart_truth).mean()),
    )


def logits(p_covid):
    """Log odds of probabilities, any shape; those nearer to 0 or 1 than CERTAIN count as if they were that far."""
    p = np.clip(np.asarray(p_covid, float), CERTAIN, 1 - CERTAIN)
    return np.log(p / (1 - p))


def fit_temperature(is_covid, p_covid, shrunk: bool = True) -> float:
    """The temperature, from 0.05 to 20, whose division of the logits makes the labels likeliest, shrunk towards 1.

    Guo et al. 2017, ICML (arXiv 1706.04599). Fit it on validation images only. log T has a normal prior of mean 0 and
    standard deviation PRIOR: where few images tell the classes apart almost perfectly, the likelihood alone falls to the
    end of the range (in 34 % of 300 drawn cases of 268 images with 34 positive at an AUC of 0.9998), and its log loss on
    new images was 0.025, with the prior 0.012, untempered 0.011. At an AUC of 0.99 and below the two differ by 2 % at most.
    """
    signs, values = np.where(np.asarray(is_covid, bool), 1, -1), logits(p_covid)

    def unlikely(log_t: float) -> float:
        return np.logaddexp(0, -signs * values / np.exp(log_t)).sum() + (log_t**2 / (2 * PRIOR**2) if shrunk else 0.0)

    return float(np.exp(minimize_scalar(unlikely, bounds=np.log([0.05, 20]), method="bounded").x))


def rests_on_prior(is_covid, p_covid) -> bool:
    """Whether the labels alone give no temperature: their likeliest one lies at an end of the range."""
    return not 0.06 < fit_temperature(is_covid, p_covid, shrunk=False) < 19


def tempered(p_covid, temperature):
    """The probabilities with their logits divided by the temperature."""
    return 1 / (1 + np.exp(-logits(p_covid) / temperature))
