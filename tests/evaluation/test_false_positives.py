"""How often the whole decision procedure is wrong, for four networks that are equal or just not equivalent.

CXRKIT_REPETITIONS=2000 python -m pytest tests/evaluation/test_false_positives.py -s prints the full figures.
"""

import os
from itertools import combinations

import numpy as np
import pytest

from cxrkit.evaluation import decision
from tests.evaluation.simulated import wrong_tables

REPETITIONS = int(os.environ.get("CXRKIT_REPETITIONS", 100))

EQUAL = (
    {"seeds": 2, "error_rate": 0.02},
    {"seeds": 2, "error_rate": 0.3, "seed_spread": 1.0},
    {"seeds": 3, "error_rate": 0.015},
    {"seeds": 3, "error_rate": 0.015, "seed_spread": 1.0},
    {"seeds": 3, "error_rate": 0.1, "seed_spread": 0.5},
    {"seeds": 3, "error_rate": 0.3, "seed_spread": 1.5, "network_spread": 0.1},
    {"seeds": 3, "error_rate": 0.3, "seed_spread": 0.2, "network_spread": 0.0, "image_spread": 0.0},
    {"seeds": 3, "error_rate": 0.05, "seed_spread": 0.3, "network_spread": 2.0, "images_a_patient": 4},
    {"seeds": 10, "error_rate": 0.015},
    {"seeds": 10, "error_rate": 0.015, "seed_spread": 1.0},
    {"seeds": 10, "error_rate": 0.1, "seed_spread": 0.5},
    {"seeds": 10, "error_rate": 0.1, "network_spread": 2.0, "seed_spread": 0.3},
    {"seeds": 10, "error_rate": 0.3, "seed_spread": 0.1, "network_spread": 0.0, "image_spread": 0.0},
    {"seeds": 10, "error_rate": 0.2, "network_spread": 3.0, "images_a_patient": 4},
    {"seeds": 10, "error_rate": 0.1, "seed_spread": 0.5, "n": 34},
)


def verdicts(random, seeds_of_first=None, **scene):
    """The six verdicts on four drawn networks; the first may have fewer seeds than the others."""
    tables, groups = wrong_tables(random, **scene)
    seeds = [range(len(table)) for table in tables]
    if seeds_of_first:
        tables[0], seeds[0] = tables[0][:seeds_of_first], range(50, 50 + seeds_of_first)
    pairs = list(combinations(range(4), 2))
    found = [decision.difference(tables[a], tables[b], groups, seeds[a], seeds[b]) for a, b in pairs]
    return decision.decide([decision.Compared(d) for d in found])


def told(scene):
    return ", ".join(f"{key} {value}" for key, value in scene.items())


@pytest.mark.parametrize("scene", EQUAL, ids=told)
def test_equal_networks_are_called_different_in_at_most_5_percent(scene):
    random = np.random.default_rng(1)
    wrong = np.mean([any(v.word in ("better", "worse") for v in verdicts(random, **scene)) for _ in range(REPETITIONS)])
    print(f"equal, {told(scene):<90} any of six pairs decided: {wrong:.4f}  ({REPETITIONS} repetitions)")
    assert wrong <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / REPETITIONS)


def test_unequal_numbers_of_seeds_decide_no_more_often():
    random, scene = np.random.default_rng(2), {"seeds": 10, "error_rate": 0.05, "seed_spread": 0.3}
    wrong = np.mean([any(v.word in ("better", "worse") for v in verdicts(random, seeds_of_first=3, **scene)) for _ in range(REPETITIONS)])
    print(f"equal, 3 seeds of the first and 10 of the others, {told(scene)}: {wrong:.4f}")
    assert wrong <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / REPETITIONS)


@pytest.mark.parametrize(
    "scene",
    (
        {"n": 700, "seeds": 3, "error_rate": 0.01},
        {"n": 1500, "seeds": 10, "error_rate": 0.02},
        {"n": 700, "seeds": 10, "error_rate": 0.005, "network_spread": 0.1},
    ),
    ids=told,
)
def test_a_difference_of_the_margin_is_called_equivalent_in_at_most_5_percent(scene):
    random = np.random.default_rng(3)
    first = [[v.word for v in verdicts(random, shift=decision.MARGINS.error, **scene)][:3] for _ in range(REPETITIONS)]
    wrong = np.mean(["equivalent in error" in words for words in first])
    print(f"one point apart, {told(scene):<70} any of three pairs equivalent: {wrong:.4f}")
    assert wrong <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / REPETITIONS)


def test_large_differences_and_real_equivalence_are_found():
    """The procedure is no machine for saying nothing."""
    random, repetitions = np.random.default_rng(4), min(REPETITIONS, 100)
    apart = [verdicts(random, n=268, seeds=10, error_rate=0.05, shift=0.08)[0].word for _ in range(repetitions)]
    alike = [[v.word for v in verdicts(random, n=4000, seeds=10, error_rate=0.01, network_spread=0.3)] for _ in range(repetitions)]
    print(f"8 points apart, 268 images, 10 seeds: decided {np.mean(np.array(apart) == 'worse'):.2f}")
    print(f"equal, 4,000 images, 10 seeds: equivalent {np.mean(np.array(alike) == 'equivalent in error'):.2f}")
    assert np.mean(np.array(apart) == "worse") > 0.6
    assert np.mean(np.array(alike) == "equivalent in error") > 0.6
