"""Outlying trainings: the rule on cases counted out, how often it is wrong, and the bound against scipy and simulation."""

import numpy as np
import pytest
from scipy.stats import binomtest

from cxrkit.evaluation import outliers

RARER = 34 / 268


def test_a_training_that_is_no_better_than_one_answer_for_all_is_outlying():
    assert outliers.outlying([0.01, RARER, 0.4], 268, RARER).tolist() == [False, True, True]
    assert outliers.outlying([RARER + 0.01] * 3, 268, RARER).all()


def test_a_training_far_above_the_others_is_outlying_and_one_far_below_is_not():
    errors = [0.010, 0.012, 0.011, 0.009, 0.06]
    assert outliers.outlying(errors, 268, RARER).tolist() == [False] * 4 + [True]
    assert not outliers.outlying([0.05, 0.052, 0.049, 0.0], 268, RARER).any()
    assert not outliers.outlying([0.0, 0.0, 0.0, 3 / 268], 268, RARER).any()


@pytest.mark.parametrize("error_rate, seeds", [(0.01, 3), (0.01, 10), (0.05, 5)])
def test_honest_trainings_are_seldom_called_outlying_and_failed_ones_always(error_rate, seeds):
    random = np.random.default_rng(0)
    honest = random.binomial(268, error_rate, (2000, seeds)) / 268
    called = np.mean([outliers.outlying(errors, 268, RARER).any() for errors in honest])
    print(f"error {error_rate}, {seeds} seeds: any of the honest trainings called outlying in {called:.4f} of 2,000")
    assert called < 0.02
    honest[:, 0] = random.binomial(268, 0.4, 2000) / 268
    assert np.mean([outliers.outlying(errors, 268, RARER)[0] for errors in honest]) == 1


@pytest.mark.parametrize("far, runs", [(0, 3), (0, 5), (0, 10), (2, 10), (5, 5)])
def test_the_bound_is_clopper_and_pearsons(far, runs):
    expected = binomtest(far, runs, alternative="less").proportion_ci(0.95, method="exact").high
    assert outliers.share_at_most(far, runs) == pytest.approx(expected)


def test_the_bound_is_the_rule_of_three():
    assert outliers.share_at_most(0, 100) == pytest.approx(3 / 100, rel=0.02)
    assert [round(outliers.share_at_most(0, runs), 2) for runs in (3, 5, 10)] == [0.63, 0.45, 0.26]
