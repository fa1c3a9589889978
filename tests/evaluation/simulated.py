"""Networks whose true error rates are known, and what they predict on drawn patients."""

import numpy as np
from scipy.stats import norm


def wrong_tables(
    random,
    n=268,
    seeds=3,
    networks=4,
    error_rate=0.02,
    image_spread=2.0,
    network_spread=1.0,
    seed_spread=0.0,
    shift=0.0,
    images_a_patient=1,
):
    """For each network an array seeds x n: whether it is wrong about each of n images; and n patient keys.

    On the logit scale an image's chance to be got wrong is the sum of its own difficulty, what this network
    makes of it, and the fortune of the seed; all are drawn anew, from the same distributions for all networks.
    So all networks have the same expected error over patients and seeds, but for `shift`, which is added to
    the first one's expected error.
    """
    patients = -(-n // images_a_patient)
    groups = np.repeat(np.arange(patients), images_a_patient)[:n]
    total_spread = np.sqrt(image_spread**2 + network_spread**2 + seed_spread**2)
    difficulty = random.normal(0, image_spread, patients)
    tables = []
    for network in range(networks):
        wanted = error_rate + (shift if network == 0 else 0)
        own = random.normal(0, network_spread, patients)
        fortune = random.normal(0, seed_spread, (seeds, 1))
        chance = 1 / (1 + np.exp(-(_centre(wanted, total_spread) + difficulty + own + fortune)))
        tables.append(random.random((seeds, n)) < chance[:, groups])
    return tables, groups


CENTRES = {}


def _centre(error_rate, spread):
    """The logit that has this mean error rate once normal noise of that spread is added."""
    key = (round(error_rate, 9), round(spread, 9))
    if key not in CENTRES:
        points, weights = np.polynomial.hermite_e.hermegauss(81)
        low, high = -60.0, 60.0
        for _ in range(80):
            middle = (low + high) / 2
            mean = (weights / (1 + np.exp(-(middle + spread * points)))).sum() / weights.sum()
            low, high = (middle, high) if mean < error_rate else (low, middle)
        CENTRES[key] = low
    return CENTRES[key]


def probabilities(random, n_covid=34, n_normal=234, separation=3.0, seeds=1):
    """is_covid (n) and p_covid (seeds x n) of networks with normal scores; their AUC is Phi(separation/sqrt(2))."""
    is_covid = np.arange(n_covid + n_normal) < n_covid
    scores = random.normal(0, 1, (seeds, n_covid + n_normal)) + separation * is_covid - separation / 2
    return is_covid, 1 / (1 + np.exp(-separation * scores))


def true_average_precision(n_covid, n_normal, separation):
    """The average precision that scores like those of `probabilities` tend to, by numerical integration."""
    thresholds = np.linspace(-12, 12, 20001)
    hits, alarms = (norm.sf(thresholds - sign * separation / 2) for sign in (1, -1))
    precision = n_covid * hits / np.maximum(n_covid * hits + n_normal * alarms, 1e-300)
    return float(-np.trapezoid(precision, hits))
