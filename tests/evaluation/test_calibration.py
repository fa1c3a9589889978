"""Calibration against scikit-learn, an identity, and networks whose temperature is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss

from cxrkit.evaluation import bootstrap
from cxrkit.evaluation.calibration import (
    calibration,
    decomposition,
    equal_bins,
    fit_temperature,
    logits,
    mean_calibration,
    rests_on_prior,
    tempered,
)


def drawn(n, temperature, seed=0):
    """Truths, and probabilities whose logits are `temperature` times too large."""
    random = np.random.default_rng(seed)
    logit = random.normal(0, 2, n)
    return random.random(n) < 1 / (1 + np.exp(-logit)), 1 / (1 + np.exp(-temperature * logit))


def test_curve_and_brier_are_scikit_learns():
    truth, p = drawn(1000, 1.5)
    found = calibration(truth, p, np.arange(1000))
    share, mean_p = calibration_curve(truth, p, n_bins=10, strategy="quantile")
    assert [b.share_covid.value for b in found.bins] == pytest.approx(list(share), abs=0.012)
    assert [b.mean_p for b in found.bins] == pytest.approx(list(mean_p), abs=0.012)
    assert {b.share_covid.n for b in found.bins} <= {99, 100, 101}
    assert found.brier.value == pytest.approx(brier_score_loss(truth, p))


def test_ece_counted_by_hand():
    """Two bins of two: |0.1 - 0| and |0.8 - 0.5| weigh one half each."""
    found = calibration([False, False, True, False], [0.1, 0.1, 0.8, 0.8], np.arange(4), bins=2)
    assert found.ece.value == pytest.approx((0.1 + 0.3) / 2)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 10).map(lambda k: k / 10)), min_size=2, max_size=80))
@settings(max_examples=80, deadline=None)
def test_the_parts_of_brier_add_up(rows):
    truth, p = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    parts = decomposition(truth, p, equal_bins(p))
    total = parts.reliability - parts.resolution + parts.uncertainty + parts.within_bins
    assert total == pytest.approx(((p - truth) ** 2).mean(), abs=1e-12)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0, 4.0])
def test_the_temperature_is_found_and_mends_the_probabilities(temperature):
    truth, p = drawn(20000, temperature)
    found = fit_temperature(truth, p)
    assert found == pytest.approx(temperature, rel=0.06)
    slope = LogisticRegression(C=1e9, fit_intercept=False).fit(logits(p)[:, None], truth).coef_[0, 0]
    assert 1 / found == pytest.approx(slope, rel=2e-3)
    assert 1 / fit_temperature(truth, p, shrunk=False) == pytest.approx(slope, rel=1e-3)
    before, after = (calibration(truth, values, np.arange(len(p))).ece.value for values in (p, tempered(p, found)))
    assert after < 0.012 and (temperature == 1 or after < before / 3)


def test_films_told_apart_perfectly_give_a_temperature_near_1_that_says_what_it_rests_on():
    truth, p = np.arange(268) < 34, np.where(np.arange(268) < 34, 0.9, 0.1)
    assert fit_temperature(truth, p, shrunk=False) < 0.06 and rests_on_prior(truth, p)
    assert 0.2 < fit_temperature(truth, p) < 1
    assert rests_on_prior(truth, 1 - p) and fit_temperature(truth, 1 - p) > 1
    assert not rests_on_prior(*drawn(268, 1.0))


def test_shrinking_loses_little_where_the_films_tell_and_gains_where_they_do_not():
    """Log loss on new films of the same kind: an AUC of 0.9998 and of 0.98, 34 of 268 positive on validation."""
    random, losses = np.random.default_rng(1), {}
    for distance in (5.0, 3.0):
        lost = []
        for _ in range(60):
            (truth, p), (new, new_p) = (overlapping(random, n, distance) for n in (268, 4000))
            lost.append([log_loss(new, tempered(new_p, fit_temperature(truth, p, shrunk))) for shrunk in (True, False)])
        losses[distance] = np.mean(lost, axis=0)
    assert losses[5.0][0] < 0.75 * losses[5.0][1]
    assert losses[3.0][0] < 1.02 * losses[3.0][1]


def overlapping(random, n, distance):
    """Truths, 34 in 268, and well calibrated probabilities of two normal classes so many standard deviations apart."""
    truth = np.arange(n) < round(n * 34 / 268)
    return truth, 1 / (1 + np.exp(-distance * (random.normal(0, 1, n) + distance * (truth - 0.5)) - np.log(34 / 234)))


def test_certain_probabilities_can_be_tempered():
    assert np.isfinite(fit_temperature([True, False, True], [1.0, 0.0, 0.0]))
    assert np.all((tempered([0.0, 1.0], 3) > 0) & (tempered([0.0, 1.0], 3) < 1))


def test_intercept_and_slope_are_scikit_learns_and_their_spread_statsmodels():
    """Standard errors frozen from statsmodels 0.15.0, GLM clustered by patient; the slope's without its (n - 1) / (n - k)."""
    truth, p = drawn(300, 2.0, seed=4)
    found = calibration(truth, p, np.arange(300) // 3)
    slope = LogisticRegression(C=1e12, tol=1e-10, max_iter=1000).fit(logits(p)[:, None], truth).coef_[0, 0]
    assert found.slope.value == pytest.approx(slope, rel=1e-4) == pytest.approx(0.4315689068379944, rel=1e-4)
    assert found.intercept.value == pytest.approx(-0.03895684689182837)
    spreads = [(figure.high - figure.low) / 2 / 1.9599640 for figure in (found.intercept, found.slope)]
    assert spreads == pytest.approx([0.2750058468816575, 0.06232298396885025 * (298 / 299) ** 0.5], rel=1e-5)


def test_honest_probabilities_have_intercept_0_and_slope_1_and_separated_classes_none():
    truth, p = drawn(20000, 1.0)
    found = calibration(truth, p, np.arange(len(p)))
    assert found.intercept.low < 0 < found.intercept.high and found.slope.low < 1 < found.slope.high
    truth = np.arange(50) < 9
    apart = calibration(truth, np.where(truth, 0.8, 0.3) + np.arange(50) / 1000, np.arange(50))
    assert not apart.slope.known and "separated" in apart.slope.method
    assert not calibration(np.zeros(9, bool), np.full(9, 0.2), np.arange(9)).intercept.known


def test_intervals_are_drawn_over_patients():
    truth, p = drawn(100, 2)
    alone, twice = np.arange(100), np.repeat(np.arange(50), 2)
    truth, p = np.repeat(truth[:50], 2), np.repeat(p[:50], 2)
    widths = []
    for groups in (alone, twice):
        figure = calibration(truth, p, groups, bootstrap.patient_weights(truth, groups)).brier
        assert figure.low < figure.value < figure.high
        widths.append(figure.high - figure.low)
    assert widths[1] == pytest.approx(widths[0] * 2**0.5, rel=0.15)


def test_mean_calibration_is_what_the_mean_probability_is_too_high_by_and_counts_patients():
    truth, p = drawn(400, 1)
    figure = mean_calibration(truth, p, np.arange(400))
    assert figure.value == pytest.approx(p.mean() - truth.mean()) and figure.low < 0 < figure.high
    assert mean_calibration(truth, np.minimum(p + 0.2, 1), np.arange(400)).low > 0
    thrice = mean_calibration(np.repeat(truth, 3), np.repeat(p, 3), np.repeat(np.arange(400), 3))
    assert (thrice.value, thrice.low, thrice.high) == pytest.approx((figure.value, figure.low, figure.high))


@pytest.mark.parametrize("truth, p, groups", [([True, True], [0.5, 0.5], [0, 1]), ([True, False], [0.9, 0.2], [0, 0])])
def test_mean_calibration_without_variance_has_no_interval(truth, p, groups):
    figure = mean_calibration(truth, p, groups)
    assert figure.known and not figure.has_interval
    assert not mean_calibration([], [], []).known
