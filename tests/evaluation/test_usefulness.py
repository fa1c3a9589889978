"""Decision curves against the definition counted out, and their intervals against the bootstrap and simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxrkit.evaluation import bootstrap
from cxrkit.evaluation.usefulness import decision_curve
from tests.evaluation.simulated import probabilities


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 20).map(lambda k: k / 20)), min_size=2, max_size=60), st.sampled_from([0.05, 0.2, 0.5])
)
@settings(max_examples=60, deadline=None)
def test_net_benefit_is_cases_found_less_weighed_false_alarms(rows, threshold):
    truth, p = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    found = decision_curve(truth, p, np.arange(len(p)), (threshold,))[0]
    cases = sum(is_covid and value >= threshold for is_covid, value in rows)
    alarms = sum(not is_covid and value >= threshold for is_covid, value in rows)
    odds = threshold / (1 - threshold)
    assert found.network.value == pytest.approx((cases - alarms * odds) / len(rows), abs=1e-12)
    assert found.all == pytest.approx(truth.mean() - (1 - truth.mean()) * odds, abs=1e-12)
    assert found.over_best.value == pytest.approx(found.network.value - max(found.all, 0), abs=1e-12)


def test_acting_on_all_is_worth_nothing_at_the_threshold_of_the_prevalence():
    truth = np.arange(200) < 40
    found = decision_curve(truth, np.full(200, 0.5), np.arange(200), (0.2, 0.1))
    assert found[0].all == pytest.approx(0, abs=1e-12)
    assert (found[1].over_best.value, found[1].over_best.low) == (0, None)


def test_its_spread_is_the_bootstraps_over_patients():
    """All patients drawn from one urn, unlike in bootstrap.patient_weights, for the share of COVID-19 is drawn too."""
    random = np.random.default_rng(0)
    truth, p = probabilities(random, 80, 320, 1.5)
    groups = np.sort(random.integers(0, 150, 400))
    order = random.permutation(400)
    truth, p = truth[order], p[0][order]
    found = decision_curve(truth, p, groups, (0.2,))[0].network
    members = [np.flatnonzero(groups == patient) for patient in np.unique(groups)]
    drawn = []
    for _ in range(1500):
        images = np.concatenate([members[i] for i in random.integers(0, len(members), len(members))])
        drawn.append(decision_curve(truth[images], p[images], images, (0.2,))[0].network.value)
    assert (found.high - found.low) / 2 / 1.96 == pytest.approx(np.std(drawn), rel=0.12)


def test_the_interval_holds_the_true_net_benefit():
    random, held = np.random.default_rng(1), []
    for _ in range(300):
        truth = random.random(268) < 0.2
        called = np.where(truth, random.random(268) < 0.9, random.random(268) < 0.1)
        figure = decision_curve(truth, called.astype(float), np.arange(268), (0.2,))[0].network
        held.append(figure.low <= 0.2 * 0.9 - 0.8 * 0.1 / 4 <= figure.high)
    assert np.mean(held) >= 0.95 - 3.3 * np.sqrt(0.05 * 0.95 / 300)


def test_the_resamples_sums_are_those_of_the_weights():
    random = np.random.default_rng(2)
    truth, groups = np.arange(60) < 12, np.repeat(np.arange(20), 3)
    resamples, rows = bootstrap.patient_weights(truth, groups, bootstrap.AT_ONCE + 7), random.normal(0, 1, (4, 60))
    assert np.hstack(list(resamples.sums(rows))) == pytest.approx(rows @ resamples.weights.T)
