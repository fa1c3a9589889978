"""Scores on matched pairs: a network that goes by age falls to chance there, one that does not keeps its score."""

import numpy as np
import pytest

from cxrkit.audit import matched
from cxrkit.data.records import MATCHABLE, NEGATIVE, POSITIVE, Record
from cxrkit.evaluation.predictions import Predictions
from cxrkit.report.tables import elsewhere


def held_out(score, n=160, seed=0, **facts):
    """Positives older than negatives, and two seeds of a network whose logit is score(is_covid, age) and noise."""
    random, records = np.random.default_rng(seed), {}
    is_covid = np.arange(n) % 2 == 0
    ages = np.clip(np.where(is_covid, random.normal(62, 12, n), random.normal(48, 12, n)).round(), 19, 90)
    for number in range(n):
        name = f"s/{number:03}"
        label = POSITIVE if is_covid[number] else NEGATIVE
        records[name] = Record(name, "", "s", label=label, age=f"{ages[number]:.0f}", view="PA", **facts)
    logit = score(is_covid, ages) + random.normal(0, 1, (2, n))
    return Predictions(tuple(records), is_covid, np.arange(n), (0, 1), 1 / (1 + np.exp(-logit))), records


def rows(held, records):
    return {tuple(row.by): row for row in matched.rows("resnet34", held, records, 5.0, 0)}


def test_a_network_that_goes_by_age_falls_to_chance():
    found = rows(*held_out(lambda is_covid, ages: (ages - 55) / 4))
    by_age = found[("age",)]
    assert by_age.all_films.auc.value > 0.75 and by_age.pairs > 30
    assert by_age.matched.auc.low < 0.6 and by_age.fall.low > 0.05
    assert by_age.fall.value == pytest.approx(by_age.all_films.auc.value - by_age.matched.auc.value)
    assert by_age.lost_covid and sum(by_age.lost_covid.values()) == 80 - by_age.pairs


def test_a_network_that_sees_the_disease_keeps_its_score():
    found = rows(*held_out(lambda is_covid, ages: np.where(is_covid, 1.0, -1.0)))
    fall = found[("age",)].fall
    assert fall.low < 0 < fall.high and found[("view",)].fall.value == 0 and found[("view",)].pairs == 80


def test_what_no_source_says_is_not_matched():
    found = rows(*held_out(lambda is_covid, ages: ages - 55))
    for by in (("sex",), MATCHABLE):
        row = found[by]
        assert row.pairs == 0 and not row.matched.auc.known and not row.fall.known
        assert row.lost_covid == row.lost_normal == {"sex not known": 80}
    assert elsewhere._causes(found[("sex",)].lost_covid) == "sex not known (80)"


def test_perfect_scores_have_an_interval_and_no_fall():
    fall = rows(*held_out(lambda is_covid, ages: np.where(is_covid, 99.0, -99.0), sex="F"))[MATCHABLE].fall
    assert fall.value == 0 and fall.low < 0 < fall.high
