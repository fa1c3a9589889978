"""Each statistic against a published example, scipy, or every case counted out."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test, ttest_rel

from cxrkit.evaluation import areas, statistics
from tests.evaluation.test_metrics import TRUTH, A, B


def test_mcnemar_on_a_published_example():
    """Armitage and Berry 1994, p. 127: two culture media, 12 and 2 discordant specimens, exact two-sided p 0.0129."""
    assert statistics.mcnemar(12, 2) == pytest.approx(0.0129, abs=5e-5)


def test_mcnemar_needs_six_discordant_images_all_one_way():
    assert statistics.mcnemar(5, 0) > 0.05 >= statistics.mcnemar(6, 0)
    assert 6 * statistics.mcnemar(7, 0) > 0.05 >= 6 * statistics.mcnemar(9, 0)
    assert statistics.mcnemar(0, 0) == 1


@given(st.integers(0, 40), st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_sign_flips_of_single_images_are_mcnemars_test(only_a, only_b):
    values = [1] * only_a + [-1] * only_b + [0] * 5
    assert statistics.sign_flip(values) == pytest.approx(statistics.mcnemar(only_a, only_b))


@given(st.lists(st.integers(-6, 6), min_size=1, max_size=10))
@settings(max_examples=60, deadline=None)
def test_sign_flips_are_all_patterns_counted(values):
    sums = [sum(sign * value for sign, value in zip(signs, values)) for signs in product((1, -1), repeat=len(values))]
    assert statistics.sign_flip(values) == pytest.approx(np.mean([abs(total) >= abs(sum(values)) for total in sums]))


def test_sign_flips_are_scipys_permutation_test():
    values = np.array([3, -1, 4, 1, -5, 9, 2, 6, -5, 3, 5])
    expected = permutation_test((values,), np.sum, permutation_type="samples", n_resamples=np.inf)
    assert statistics.sign_flip(values) == pytest.approx(expected.pvalue)


def test_many_sign_flips_go_over_into_the_normal_approximation():
    values = np.where(np.arange(1000) < 545, 1, -1)
    exact, approximate = statistics.sign_flip(values), statistics.sign_flip(np.append(values, [1, -1]))
    assert approximate == pytest.approx(exact, abs=0.0015)


def test_holm_on_a_known_example():
    """The values that R's p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") gives."""
    assert statistics.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert statistics.holm([0.5, 0.9]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_holm_lies_between_the_raw_values_and_bonferronis(p_values):
    for raw, adjusted in zip(p_values, statistics.holm(p_values)):
        assert raw <= adjusted <= min(1, raw * len(p_values)) + 1e-12


def test_resplits_without_overlap_are_students_test():
    a, b = np.array([0.03, 0.05, 0.02, 0.06, 0.04]), np.array([0.02, 0.02, 0.03, 0.03, 0.02])
    expected = ttest_rel(a, b)
    figure, error = statistics.over_resplits(a - b, n_train=1e12, n_test=1)
    assert figure.value / error == pytest.approx(expected.statistic)
    assert [figure.low, figure.high] == pytest.approx(list(expected.confidence_interval()))


@pytest.mark.parametrize("splits, wider", [(5, 1.39), (10, 1.69), (20, 2.17)])
def test_resplits_widen_the_interval_by_nadeau_and_bengios_factor(splits, wider):
    """sqrt(1 + J n_test / n_train) for 1,438 and 268 images."""
    differences = np.random.default_rng(2).normal(0, 1, splits)
    widths = [np.diff([f.low, f.high])[0] for f in (statistics.over_resplits(differences, n, 268)[0] for n in (1438, 1e15))]
    assert widths[0] / widths[1] == pytest.approx(wider, abs=0.005)


def test_splits_that_agree_vary_as_their_images_do():
    figure, error = statistics.over_resplits([0.02, 0.02, 0.02], 1000, 250, floor=0.01**2)
    assert error == pytest.approx(0.01 * (1 / 3 + 0.25) ** 0.5) and figure.low < 0 < figure.high
    assert statistics.over_resplits([0.0, 0.05, 0.1], 1000, 250, floor=0.01**2) == statistics.over_resplits([0.0, 0.05, 0.1], 1000, 250)


def test_paired_auc_difference_is_that_of_another_implementation():
    """Frozen from MLstatkit 0.1.91, Delong_test: p 0.5338357545863082, variance 0.0117037031."""
    figure, p = areas.difference(TRUTH, A[None], B[None], np.arange(40))
    assert p == pytest.approx(0.5338357545863082, rel=1e-6)
    influence = areas.auc_influence(TRUTH, A)[1] - areas.auc_influence(TRUTH, B)[1]
    assert areas.area_variance(influence, TRUTH, np.arange(40)) == pytest.approx(0.011703703101632096, rel=1e-6)
    assert (figure.high - figure.low) / 2 / 1.959964 >= 0.011703703101632096**0.5 - 1e-7


def test_equal_scores_show_no_auc_difference():
    figure, p = areas.difference(TRUTH, A[None], A[None], np.arange(40))
    assert (figure.value, p) == (0, 1.0) and figure.low < 0 < figure.high


def test_probability_better():
    a, b = {0: 0.01, 1: 0.02, 2: 0.03, 3: 0.04}, {0: 0.02, 1: 0.02, 2: 0.04, 3: 0.03}
    assert statistics.probability_better(a, b).value == (1 + 0.5 + 1 + 0) / 4
    assert statistics.probability_better(a, {7: 0.025, 8: 0.035}).value == (2 + 2 + 1 + 0) / 8
    assert statistics.probability_better(a, b).value + statistics.probability_better(b, a).value == 1


def test_predicted_deviation():
    """Error 1.5 % on 268 images: 0.53 points, or 1.4 images."""
    assert statistics.predicted_sd(0.015, 268) == pytest.approx(0.0053, abs=5e-5)


def test_observed_deviation_beside_the_predicted_one():
    calm, predicted = statistics.run_to_run([0.02, 0.0205, 0.02, 0.0195, 0.02], 268)
    assert calm.high < predicted == pytest.approx(statistics.predicted_sd(0.02, 268))
    wild, predicted = statistics.run_to_run([0.0, 0.1, 0.02, 0.2, 0.05], 268)
    assert wild.low > predicted
    assert statistics.run_to_run([0.02], 268)[0].value is None
