"""How much more would decide a pair of networks: seeds and images, as ranges, for a difference and for equivalence."""

import math
from dataclasses import astuple, replace

from scipy.stats import norm

from cxrkit.evaluation.decision import ALPHA, MARGINS, Compared, Difference, Part, half_width
from cxrkit.schema.common import Margins
from cxrkit.schema.comparisons import Needed, Range

POWER = 0.8
CONFIDENCE = 0.8
"""Of the interval of the difference whose two ends give the two ends of a range."""
MANY_SEEDS = 20
MOST_SEEDS = 1000
MOST_IMAGES = 10_000_000


def needed(pair: Compared[Difference], pairs: int, margins: Margins = MARGINS, alpha=ALPHA, power=POWER) -> Needed | None:
    """How much would decide the pair, with 80 % power at Holm's first step; None where a network ran once.

    A pilot's own difference is too far from 0 as often as too near, so each number is a range: for a true difference at
    the far and at the near end of its 80 % interval. One run of each says nothing of how far seeds lie apart, on which
    every such number rests. Equivalence: images at 20 seeds, were the two alike in all three rates, which needs images
    of the rarer class above all.
    """
    d = pair.error
    if not d.decidable:
        return None
    half = half_width(1 - CONFIDENCE, (d.patients, *d.seeds), d.both)
    near, far = max(abs(d.value) - half, 0.0), abs(d.value) + half

    def end(value: float, enough, low: int, high: int) -> int | None:
        at_end = replace(d, value=value)
        return _smallest(lambda k: enough(at_end, k), low, high) if value else None

    def of(enough, low: int, high: int) -> Range:
        return Range(end(far, enough, low, high), end(near, enough, low, high))

    def alike(rate: Difference | None, margin: float) -> int | None:
        if rate is None:
            return None
        return _smallest(lambda n: _alike(rate, n * rate.n / d.n, pairs, margin, alpha, power), d.n, MOST_IMAGES)

    images = [alike(rate, margin) for rate, margin in zip((d, pair.sensitivity, pair.specificity), astuple(margins))]
    known = [n for n in images if n is not None]
    return Needed(
        seeds=of(lambda e, s: _decided(e, d.n, s, pairs, alpha, power), 2, MOST_SEEDS),
        images=of(lambda e, n: _decided(e, n, d.n_seeds, pairs, alpha, power), d.n, MOST_IMAGES),
        images_at_20_seeds=of(lambda e, n: _decided(e, n, MANY_SEEDS, pairs, alpha, power), d.n, MOST_IMAGES),
        images_for_equivalence=max(known) if len(known) == len(images) else None,
    )


def _scaled(d: Difference, n: float, seeds: int):
    """The parts of the variance, and what both include, with n images and so many seeds of each network."""
    more_images, more_seeds = n / d.n, seeds / d.n_seeds
    single = d.both / more_images / more_seeds
    pseudo = 1 / d.n_effective**2
    over_patients = max(d.patients.variance - pseudo - d.both, 0) / more_images + single + pseudo / more_images**2
    over_seeds = max(sum(part.variance for part in d.seeds) - d.both, 0) / more_seeds + single
    return Part(over_patients, max(d.n_effective * more_images - 1, 1)), Part(over_seeds, seeds - 1), single


def _decided(d: Difference, n, seeds, pairs, alpha, power) -> bool:
    """Whether n images and that many seeds of each network would decide the difference, were it the true one."""
    *parts, single = _scaled(d, n, seeds)
    return abs(d.value) >= half_width(alpha / pairs, parts, single) + half_width(2 * (1 - power), parts, single)


def _alike(d: Difference, n, pairs, margin, alpha, power) -> bool:
    """Whether n images at 20 seeds would show that a true difference of 0 lies within the margin."""
    patients, seeds, single = _scaled(d, n, max(MANY_SEEDS, d.n_seeds))
    at_margin = replace(patients, variance=max(patients.variance, margin * (1 - margin) / (d.n_effective * n / d.n)))
    spread = half_width(1 - power, (patients, seeds), single)
    return margin >= half_width(2 * alpha / pairs, (at_margin, seeds), single) + spread


def _smallest(enough, low, high):
    """The smallest whole number from low to high with which it is enough, None where even high is not."""
    if not enough(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return int(low)


def images_for_equivalence(pairs, margin=MARGINS.error, alpha=ALPHA):
    """The fewest independent images on which networks that never differ could be called equivalent."""
    return math.ceil(norm.ppf(1 - alpha / pairs) ** 2 * (1 - margin) / margin)
