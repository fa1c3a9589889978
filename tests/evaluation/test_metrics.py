"""Metrics against scikit-learn, scipy, two DeLong implementations, and what must hold of any predictions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, mannwhitneyu
from sklearn import metrics as sklearn_metrics

from cxrkit.evaluation import areas, bootstrap, metrics

TRUTH = np.arange(40) % 3 == 0
A = np.round(np.sin(np.arange(40) * 1.7) + 1.2 * TRUTH, 2)
B = np.round(np.cos(np.arange(40) * 2.3) + 0.5 * TRUTH, 1)

predictions = st.lists(st.tuples(st.booleans(), st.integers(0, 20).map(lambda k: k / 20)), min_size=4, max_size=60).filter(
    lambda rows: 0 < sum(is_covid for is_covid, _ in rows) < len(rows)
)


@given(predictions, st.sampled_from([0.25, 0.5, 0.9]))
@settings(max_examples=80, deadline=None)
def test_values_are_scikit_learns(rows, threshold):
    truth, p = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    called = p >= threshold
    counts = metrics.confusion(truth, p, threshold)
    tn, fp, fn, tp = sklearn_metrics.confusion_matrix(truth, called).ravel()
    assert (counts.tn, counts.fp, counts.fn, counts.tp) == (tn, fp, fn, tp)
    found = metrics.rates(counts)
    assert found.accuracy.value == pytest.approx(sklearn_metrics.accuracy_score(truth, called))
    assert found.balanced_accuracy.value == pytest.approx(sklearn_metrics.balanced_accuracy_score(truth, called))
    assert found.f1.value == pytest.approx(sklearn_metrics.f1_score(truth, called, zero_division=0))
    assert found.mcc.value == pytest.approx(sklearn_metrics.matthews_corrcoef(truth, called))
    assert areas.auc(truth, p).value == pytest.approx(sklearn_metrics.roc_auc_score(truth, p))
    assert areas.average_precision(truth, p).value == pytest.approx(sklearn_metrics.average_precision_score(truth, p))
    for figure in (*vars(found).values(), areas.auc(truth, p), areas.average_precision(truth, p)):
        assert figure.low <= figure.value <= figure.high


@pytest.mark.parametrize("count, n", [(33, 34), (32, 34), (30, 34), (34, 34), (233, 234), (231, 234), (268, 268), (0, 5)])
def test_wilson_is_scipys(count, n):
    low, high = metrics.wilson(count / n, n)
    expected = binomtest(count, n).proportion_ci(0.95, method="wilson")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_the_effective_sample_size_is_images_alone_and_patients_when_all_have_as_many():
    assert metrics.effective_n(range(34)) == 34
    assert metrics.effective_n(np.repeat(range(10), 4)) == 10
    assert metrics.effective_n([0, 0, 0, 1]) == pytest.approx(1.6)


def test_delong_variances_are_those_of_two_other_implementations():
    """Frozen from confidenceinterval 1.0.5 (delong_roc_variance) and MLstatkit 0.1.91 on the arrays above."""
    for scores, area, variance in ((A, 0.8159340659340659, 0.00479266717), (B, 0.7486263736263736, 0.0065357561)):
        found, influence = areas.auc_influence(TRUTH, scores)
        assert found == pytest.approx(area)
        assert areas.grouped_variance(influence, np.arange(40)) == pytest.approx(variance, rel=1e-6)
    assert mannwhitneyu(A[TRUTH], A[~TRUTH]).statistic / (TRUTH.sum() * (~TRUTH).sum()) == pytest.approx(areas.auc(TRUTH, A).value)


def test_delong_by_patient_counts_a_patient_shown_twice_once():
    """Every image doubled, with the same patient: the variance is that of the images alone, but for n - 1."""
    once = areas.grouped_variance(areas.auc_influence(TRUTH, A)[1], np.arange(40))
    twice = np.tile(np.arange(40), 2)
    doubled = areas.grouped_variance(areas.auc_influence(np.tile(TRUTH, 2), np.tile(A, 2))[1], twice)
    assert doubled == pytest.approx(once, rel=0.06)


@pytest.mark.parametrize("area, positives, negatives", [(0.9, 34, 234), (0.995, 34, 234), (0.6, 17, 17), (0.98, 10.5, 200)])
def test_newcombes_limits_solve_his_equation(area, positives, negatives):
    """The limits are the roots of the quartic that the method is often written as."""
    star, z2, mn = (positives + negatives) / 2 - 1, metrics.Z**2, positives * negatives
    theta = np.polynomial.Polynomial([0, 1])
    both = (2 - theta) * (1 + theta)
    variance = theta * (1 - theta) * (both + star * (1 - theta) * (1 + theta) + star * theta * (2 - theta))
    roots = ((area - theta) ** 2 * both * mn - z2 * variance).roots()
    inside = sorted(root.real for root in roots if abs(root.imag) < 1e-9 and 0 < root.real < 1)
    assert areas.newcombe(area, positives, negatives) == pytest.approx((inside[0], inside[-1]), abs=1e-7)


def test_a_perfect_network_still_has_an_interval():
    truth = np.arange(268) < 34
    found = areas.auc(truth, truth * 0.9)
    assert (found.value, found.high, areas.delong(truth, truth * 0.9).low) == (1, 1, None)
    assert 0.9 < found.low < 0.99
    rates = metrics.rates(metrics.Confusion(34, 0, 234, 0))
    assert all(figure.low < 1 == figure.high for name, figure in vars(rates).items() if name != "error_rate")


def test_one_class_alone_has_no_area_and_no_sensitivity():
    counts = metrics.confusion([False] * 5, [0.1] * 5, 0.5)
    assert metrics.rates(counts).sensitivity.value is None
    assert metrics.rates(counts).mcc.value is None
    assert areas.auc([False] * 5, [0.1] * 5).value is None
    assert metrics.predictive_values(counts, 0.1).ppv.value is None


def test_predictive_values_follow_bayes():
    """Altman and Bland 1994, BMJ 309:102: sensitivity 231/258, specificity 54/86; at 25 % they give ppv 0.45, npv 0.95."""
    counts = metrics.Confusion(tp=231, fn=27, tn=54, fp=32)
    found = metrics.predictive_values(counts, 0.25)
    assert found.ppv.value == pytest.approx(0.45, abs=0.005)
    assert found.npv.value == pytest.approx(0.95, abs=0.005)
    own = metrics.predictive_values(counts, 258 / 344)
    assert own.ppv.value == pytest.approx(231 / 263)
    assert own.npv.value == pytest.approx(54 / 81)


def test_the_chosen_threshold_reaches_the_wanted_sensitivity_and_no_higher_one_does():
    truth, p = np.arange(60) < 20, np.random.default_rng(1).random(60)
    for wanted in (0.5, 0.9, 0.95, 1.0):
        threshold = metrics.threshold_for(wanted, truth, p)
        assert (p[truth] >= threshold).mean() >= wanted
        assert (p[truth] > threshold).mean() < wanted


def test_bootstrap_draws_patients_whole_and_keeps_both_classes():
    truth, groups = np.arange(60) < 12, np.repeat(np.arange(20), 3)
    weights = bootstrap.patient_weights(truth, groups, 200)
    assert (weights.reshape(200, 20, 3) == weights.reshape(200, 20, 3)[:, :, :1]).all()
    assert (weights[:, truth].sum(1) == 12).all() and (weights.sum(1) == 60).all()


def test_bootstrap_values_are_those_of_the_images_drawn():
    """A resample scored image by image with scikit-learn gives what the weights give."""
    truth, p = TRUTH, 1 / (1 + np.exp(-A))
    weights = bootstrap.patient_weights(truth, np.arange(40), 3)
    for row in weights:
        images = np.repeat(np.arange(40), row.astype(int))
        resampled = areas.weighted_areas(row[None], truth, p)
        assert resampled["auc"][0] == pytest.approx(sklearn_metrics.roc_auc_score(truth[images], p[images]))
        assert resampled["average_precision"][0] == pytest.approx(sklearn_metrics.average_precision_score(truth[images], p[images]))
