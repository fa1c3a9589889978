"""The area within strata against its definition, pair by pair, and against the area where there is one stratum."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from cxrkit.evaluation import areas


@some.composite
def films(draw):
    n = draw(some.integers(4, 40))
    random = np.random.default_rng(draw(some.integers(0, 10**6)))
    truth = random.random(n) < 0.4
    truth[:2] = True, False
    p_covid = np.round(random.random((draw(some.integers(1, 3)), n)) + 0.4 * truth, draw(some.integers(1, 6)))
    return truth, p_covid, random.integers(0, draw(some.integers(1, 5)), n), random.integers(0, n, n)


def by_pairs(truth, p_covid, strata):
    """The share of the pairs of one stratum that are in order, ties counted half; None where there is no pair."""
    won = [
        np.mean((p_covid[:, i] > p_covid[:, j]) + 0.5 * (p_covid[:, i] == p_covid[:, j]))
        for i in np.flatnonzero(truth)
        for j in np.flatnonzero(~truth)
        if strata[i] == strata[j]
    ]
    return np.mean(won) if won else None


@settings(max_examples=100, deadline=None)
@given(films())
def test_the_area_within_strata_is_the_share_of_pairs_in_order(drawn):
    truth, p_covid, strata, groups = drawn
    found, pairs = areas.within_strata(truth, p_covid, strata, groups), by_pairs(truth, p_covid, strata)
    if pairs is None:
        assert not found.known and found.n == 0
        return
    assert found.value == pytest.approx(pairs) and 0 <= found.low <= found.value <= found.high <= 1
    partners = areas.partners_in_stratum(truth, strata)
    assert found.n == (partners > 0).sum() and partners[truth].sum() == partners[~truth].sum()


@settings(max_examples=50, deadline=None)
@given(films())
def test_one_stratum_gives_the_area_its_influence_and_its_interval(drawn):
    truth, p_covid, _, groups = drawn
    one = np.zeros(len(truth))
    for found, expected in zip(areas.strata_influence(truth, p_covid, one), areas.mean_auc_influence(truth, p_covid)):
        assert found == pytest.approx(expected)
    found, expected = areas.within_strata(truth, p_covid, one, groups), areas.auc(truth, p_covid, groups)
    assert (found.value, found.low, found.high, found.n) == pytest.approx((expected.value, expected.low, expected.high, expected.n))


def test_a_score_that_knows_the_stratum_alone_is_worth_nothing_within_it():
    truth = np.array([True] * 30 + [False] * 10 + [True] * 10 + [False] * 30)
    strata = np.repeat([0, 1], 40)
    score = 1.0 - strata
    assert areas.auc(truth, score).value == pytest.approx(0.75) and areas.within_strata(truth, score, strata).value == 0.5
