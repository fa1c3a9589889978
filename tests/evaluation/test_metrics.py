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
        assert areas.area_variance(influence, TRUTH, np.arange(40)) == pytest.approx(variance, rel=1e-6)
    assert mannwhitneyu(A[TRUTH], A[~TRUTH]).statistic / (TRUTH.sum() * (~TRUTH).sum()) == pytest.approx(areas.auc(TRUTH, A).value)


def test_delong_by_patient_counts_a_patient_shown_twice_once():
    """Every image doubled, with the same patient: the variance is that of the images alone, for it counts patients."""
    once = areas.area_variance(areas.auc_influence(TRUTH, A)[1], TRUTH, np.arange(40))
    twice, truth = np.tile(np.arange(40), 2), np.tile(TRUTH, 2)
    assert areas.area_variance(areas.auc_influence(truth, np.tile(A, 2))[1], truth, twice) == pytest.approx(once, rel=1e-9)


def obuchowski(truth, scores, groups):
    """Her formula as it is printed (1997, equations 2 to 6), patient by patient and pair by pair."""
    patients = [np.flatnonzero(groups == patient) for patient in np.unique(groups)]
    m, n = truth.sum(), (~truth).sum()
    wins = (scores[truth][:, None] > scores[~truth]) + 0.5 * (scores[truth][:, None] == scores[~truth])
    area, v10, v01 = wins.mean(), dict(zip(np.flatnonzero(truth), wins.mean(1))), dict(zip(np.flatnonzero(~truth), wins.mean(0)))
    x, y = ([sum(v[i] - area for i in images if i in v) for images in patients] for v in (v10, v01))
    with_x, with_y = (sum(any(i in v for i in images) for images in patients) for v in (v10, v01))
    s10 = with_x / ((with_x - 1) * m) * sum(value**2 for value in x)
    s01 = with_y / ((with_y - 1) * n) * sum(value**2 for value in y)
    s11 = len(patients) / (len(patients) - 1) * sum(a * b for a, b in zip(x, y))
    return s10 / m + s01 / n + 2 * s11 / (m * n)


def test_the_area_by_patient_is_obuchowskis():
    """Patients of 1 to 6 images, some with images of both classes."""
    groups = np.sort(np.random.default_rng(3).integers(0, 14, 40))
    for scores in (A, B):
        found = areas.area_variance(areas.auc_influence(TRUTH, scores)[1], TRUTH, groups)
        assert found == pytest.approx(obuchowski(TRUTH, scores, groups))


def test_perfect_networks_have_an_interval_of_their_difference():
    truth = np.arange(268) < 34
    figure, p = areas.difference(truth, truth * 0.9, truth * 0.8, np.arange(268))
    assert (figure.value, p) == (0, 1) and -0.1 < figure.low < 0 < figure.high < 0.1
    one_wrong = np.where(np.arange(268) == 40, 0.95, truth * 0.9)
    figure, _ = areas.difference(truth, one_wrong, truth * 0.8, np.arange(268))
    assert figure.low < figure.value < 0 < figure.high


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


def test_the_chosen_threshold_is_the_conformal_one():
    truth, p = np.arange(60) < 20, np.random.default_rng(1).random(60)
    for wanted, missed in ((0.5, 9), (0.9, 1), (0.95, 0)):
        threshold, promised = metrics.threshold_for(wanted, truth, p)
        assert promised and (p[truth] < threshold).sum() == missed
    assert metrics.threshold_for(0.96, truth, p) == (p[truth].min(), False)


@pytest.mark.parametrize("n, wanted", [(34, 0.95), (34, 0.9), (100, 0.95)])
def test_the_chosen_threshold_keeps_its_promise_on_new_images(n, wanted):
    """In the mean over choices; and how often one choice falls five points below."""
    random, reached = np.random.default_rng(0), []
    for _ in range(2000):
        threshold, _ = metrics.threshold_for(wanted, np.ones(n, bool), random.random(n))
        reached.append(1 - threshold)
    print(
        f"n {n}, wanted {wanted}: mean {np.mean(reached):.4f}, below {wanted - 0.05:.2f} in {np.mean(np.array(reached) < wanted - 0.05):.3f}"
    )
    assert wanted - 0.003 <= np.mean(reached) <= wanted + 1 / (n + 1) + 0.003


def test_a_threshold_for_a_specificity_leaves_that_share_of_normal_images_below():
    truth, p = np.arange(60) < 20, np.random.default_rng(1).random(60)
    for wanted, alarms in ((0.5, 19), (0.9, 3), (0.95, 1)):
        threshold, promised = metrics.threshold_at_specificity(wanted, truth, p)
        assert promised and (p[~truth] >= threshold).sum() == alarms
    threshold, promised = metrics.threshold_at_specificity(0.99, truth, p)
    assert not promised and (p[~truth] < threshold).all()


def test_the_mean_of_runs_has_whole_numbers_of_images():
    runs = [metrics.Confusion(tp, 34 - tp, tn, 235 - tn) for tp, tn in ((33, 230), (34, 233), (31, 229))] * 7
    mean = metrics.mean_counts(runs)
    assert mean.n == 269 and isinstance(mean.n, int)
    assert {figure.n for figure in vars(metrics.rates(mean)).values()} == {269, 34, 235}


def test_bootstrap_draws_patients_whole_and_keeps_both_classes():
    truth, groups = np.arange(60) < 12, np.repeat(np.arange(20), 3)
    weights = bootstrap.patient_weights(truth, groups, 200).weights
    assert (weights.reshape(200, 20, 3) == weights.reshape(200, 20, 3)[:, :, :1]).all()
    assert (weights[:, truth].sum(1) == 12).all() and (weights.sum(1) == 60).all()


def test_bootstrap_values_are_those_of_the_images_drawn():
    """A resample scored image by image with scikit-learn gives what the weights give."""
    truth, p = TRUTH, 1 / (1 + np.exp(-A))
    resamples = bootstrap.patient_weights(truth, np.arange(40), 3)
    found = areas.of_placements(next(resamples.sums(areas.placements(truth, p))))
    for index, row in enumerate(resamples.weights):
        images = np.repeat(np.arange(40), row.astype(int))
        assert found["auc"][index] == pytest.approx(sklearn_metrics.roc_auc_score(truth[images], p[images]))
        assert found["average_precision"][index] == pytest.approx(sklearn_metrics.average_precision_score(truth[images], p[images]))


def weighted_areas(weights, truth, scores):
    """The areas of each row of weights by sorting and adding up all images: the way of version 0.1, in double precision."""
    order = np.argsort(-scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=np.inf))
    positive, negative = (np.add.reduceat(weights[:, order] * part[order], starts, axis=1) for part in (truth, ~truth))
    hits, alarms = positive.cumsum(1), negative.cumsum(1)
    beaten = alarms[:, -1:] - alarms + negative / 2
    precision = np.nan_to_num(hits / np.maximum(hits + alarms, 1e-300))
    return (positive * beaten).sum(1) / hits[:, -1] / alarms[:, -1], (positive * precision).sum(1) / hits[:, -1]


@given(predictions, st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_intervals_in_blocks_are_those_of_all_resamples_at_once(rows, images_a_patient):
    truth, p = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    groups = np.arange(len(p)) // images_a_patient
    resamples = bootstrap.patient_weights(truth, groups, bootstrap.AT_ONCE + 40)
    weights, found = resamples.weights, bootstrap.intervals(resamples, truth, p, 0.5)
    with np.errstate(invalid="ignore"):
        auc, precision = weighted_areas(weights, truth, p)
    for name, values in (("auc", auc), ("average_precision", precision)):
        if np.isfinite(values).all():
            assert found[name] == pytest.approx(tuple(np.quantile(values, [0.025, 0.975])), abs=1e-9)
    wrong = weights @ ((p >= 0.5) != truth) / weights.sum(1)
    assert found["error_rate"] == pytest.approx(tuple(np.quantile(wrong, [0.025, 0.975])), abs=1e-9)
