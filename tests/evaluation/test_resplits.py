"""Verdicts over several splits: ties prove nothing, equal networks are seldom called different, and clear cases are found."""

import numpy as np
import pytest

from cxrkit.evaluation import decision
from cxrkit.evaluation.resplits import OverSplits


def verdict(wrong, worth, n_train=4, pairs=1):
    """The verdict on two networks; wrong: for each split (of A, of B), seeds x n booleans, every eighth image COVID-19."""
    n = wrong[0][0].shape[1]
    is_covid, seeds = np.arange(n) % 8 == 0, range(len(wrong[0][0]))
    each = [decision.compared(a, b, is_covid, np.arange(n), seeds, seeds) for a, b in wrong]
    found = [
        OverSplits([getattr(one, name) for one in each], n_train * n, n, share * worth, pairs)
        for name, share in (("error", 1), ("sensitivity", 1 / 8), ("specificity", 7 / 8))
    ]
    return decision.decide([decision.Compared(*found)] * pairs)[0], found[0]


@pytest.mark.parametrize("splits", (3, 5))
def test_networks_that_never_differ_on_few_images_are_undecided_and_have_an_interval(splits):
    found, over = verdict([(np.zeros((1, 134), bool),) * 2] * splits, worth=134)
    assert found.word == "undecided" and over.p_equivalence(0.01) == 1 and over.p_difference == pytest.approx(1)
    assert over.interval().width > 0.02


def test_and_on_many_images_they_are_equivalent():
    found, _ = verdict([(np.zeros((1, 8000), bool),) * 2] * 5, worth=40000)
    assert found.word == "equivalent"


def test_the_splits_spread_counts_where_it_is_the_larger_one():
    """Nadeau and Bengio's standard error of differences of 0, 5 and 10 points, by hand."""
    wrong = [(np.arange(1000)[None] < 50 * split, np.zeros((1, 1000), bool)) for split in range(3)]
    _, over = verdict(wrong, worth=3000)
    half = over.interval().high - over.value
    assert over.value == pytest.approx(0.05) and half == pytest.approx(4.302653 * 0.05 * (1 / 3 + 1 / 4) ** 0.5)


def test_equal_networks_are_called_different_in_at_most_5_percent_and_far_ones_are_found():
    random, called, found = np.random.default_rng(0), [], []
    for _ in range(100):
        draw = lambda rate: random.random((1, 268)) < rate
        called.append(verdict([(draw(0.02), draw(0.02)) for _ in range(3)], 800)[0].word)
        found.append(verdict([(draw(0.25), draw(0.02)) for _ in range(5)], 1000)[0].word)
    assert np.mean([word != "undecided" for word in called]) <= 0.05 and found.count("worse") > 90
