"""Trainings that failed or stand far off, and how many such ones the seeds drawn may have missed.

Where a network fails in a tenth of its trainings, five seeds show no failure in 59 of 100 cases, and its mean is then too
good. No test on means can see what was not drawn, so the numbers here stand beside every claim that rests on them.
"""

import numpy as np
from scipy.stats import beta

from cxrkit.evaluation.statistics import predicted_sd

FEW_SEEDS = 10
"""With fewer, a network that fails in every fourth training may have shown none of it."""
FAR = 5
"""Standard deviations above the median from which on a training stands far off."""
MAD_TO_SD = 1.4826
"""Of normal errors, the standard deviation over the median absolute deviation."""


def outlying(errors, n: int, rarer: float) -> np.ndarray:
    """Which of a network's trainings are outlying: one boolean an error rate.

    The rule: an error rate of at least `rarer`, the share of the rarer class, which is what calling all n images by the
    commoner one would give; or one that lies more than 5 standard deviations above the network's median. The standard
    deviation is the larger of the predicted one (statistics.predicted_sd, with one image wrong at least) and the one that
    the median absolute deviation gives (Leys et al. 2013, J. Exp. Soc. Psychol. 49:764).
    """
    errors = np.asarray(errors, float)
    middle = np.median(errors)
    spread = max(predicted_sd(max(middle, 1 / n), n), MAD_TO_SD * np.median(np.abs(errors - middle)))
    return (errors >= rarer) | (errors > middle + FAR * spread)


def share_at_most(outlying: int, trainings: int) -> float:
    """The share of all trainings that may be outlying, with 95 % confidence, after so many of those drawn were.

    Clopper and Pearson 1934, Biometrika 26:404, one-sided. After none it is about 3 / trainings, the rule of three (Hanley
    and Lippman-Hand 1983, JAMA 249:1743): 63 % after 3, 45 % after 5, 26 % after 10.
    """
    return 1.0 if outlying == trainings else float(beta.ppf(0.95, outlying + 1, trainings - outlying))
