"""Conformal sets: the rank counted out, coverage by simulation, patients as units, and what is said where n is too small."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxrkit.errors import WrongUse
from cxrkit.evaluation import conformal
from cxrkit.evaluation.evaluate import evaluate
from cxrkit.evaluation.predictions import Predictions
from tests.evaluation.runs import reread, write_run


def predictions(is_covid, p_covid, groups=None):
    names = tuple(map(str, range(len(p_covid))))
    return Predictions(
        names, np.asarray(is_covid, bool), np.arange(len(names)) if groups is None else groups, (0,), np.array([p_covid], float)
    )


def drawn(random, n_covid, n_normal, separation=2.0, films=1):
    """Predictions of patients with so many films each, which are alike."""
    truth = np.repeat(np.arange(n_covid + n_normal) < n_covid, films)
    patient = np.repeat(random.normal(0, 1, n_covid + n_normal), films)
    logit = separation * (truth - 0.5) + patient + 0.3 * random.normal(0, 1, len(truth))
    return predictions(truth, 1 / (1 + np.exp(-logit)), np.repeat(np.arange(n_covid + n_normal), films))


@given(st.lists(st.integers(0, 1000), min_size=9, max_size=60), st.sampled_from([0.5, 0.8, 0.9]), st.booleans())
@settings(max_examples=80, deadline=None)
def test_a_limit_holds_as_many_of_its_own_calibration_patients_as_the_rank_says(thousandths, coverage, is_covid):
    """Counted out: the smallest limit with ceil((n + 1) c) of n patients inside, so that one more falls outside."""
    p, n = np.array(thousandths) / 1000, len(thousandths)
    other = np.full(20, 0.5)
    valid = predictions([is_covid] * n + [not is_covid] * 20, [*p, *other])
    sets = conformal.prediction_sets(valid, valid, coverage, "test")
    limit = (sets.covid if is_covid else sets.normal).limit
    inside = p >= limit if is_covid else p <= limit
    rank = int(np.ceil(round((n + 1) * coverage, 9)))
    assert inside.sum() >= rank > (p > limit if is_covid else p < limit).sum()


@pytest.mark.parametrize("films", (1, 4))
def test_new_patients_are_covered_as_promised_in_each_class(films):
    """500 calibrations on 34 and 60 patients, each judged on 100 and 100 new ones; so the mean is known to 0.01."""
    random, held = np.random.default_rng(0), []
    for _ in range(500):
        sets = conformal.prediction_sets(drawn(random, 34, 60, films=films), drawn(random, 100, 100, films=films), 0.9, "test")
        held.append((sets.covid.covered.value, sets.normal.covered.value))
        promised = sets.covid.promised, sets.normal.promised
    for found, figure in zip(np.transpose(held), promised):
        assert figure.value == pytest.approx(found.mean(), abs=0.01) and 0.9 <= figure.value < 0.93
        inside = np.mean((figure.low - 0.06 < found) & (found < figure.high + 0.06))
        assert inside > 0.95, "the coverage of one calibration lies as far off as the beta distribution says, and 100 patients add"


def test_films_of_one_patient_do_not_count_as_so_many_patients():
    """20 films of 5 patients are 5; and one film outside is a patient outside."""
    random = np.random.default_rng(1)
    few = conformal.prediction_sets(drawn(random, 5, 40, films=4), drawn(random, 30, 30), 0.9, "test")
    assert (few.covid.limit, few.covid.patients, few.covid.least) == (None, 5, 9)
    assert few.films == {} and few.of(0.99) is None and "9 are needed" in few.covid.covered.method
    valid = predictions([True] * 20 + [False] * 20, [0.6] * 20 + [0.4] * 20)
    held = predictions([True, True, True, False], [0.9, 0.1, 0.9, 0.1], np.array([0, 0, 1, 2]))
    assert conformal.prediction_sets(valid, held, 0.9, "test").covid.covered.value == 0.5


@pytest.mark.parametrize("coverage, least", [(0.5, 1), (0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99)])
def test_the_fewest_patients_are_those_whose_least_typical_one_still_promises_it(coverage, least):
    assert conformal.least_patients(coverage) == least
    assert least / (least + 1) >= coverage - 1e-9 > (least - 1) / least - 1e-9


def test_a_film_gets_one_class_both_or_none():
    limit = conformal.ClassLimit(0.6, 20, 9, None, None)
    apart = conformal.PredictionSets(0.9, False, limit, replace(limit, limit=0.4), {})
    assert [apart.of(p) for p in (0.3, 0.4, 0.5, 0.6)] == ["normal", "normal", "none", "COVID-19"]
    across = conformal.PredictionSets(0.9, False, replace(limit, limit=0.4), limit, {})
    assert [across.of(p) for p in (0.3, 0.5, 0.7)] == ["normal", "both", "COVID-19"]


def test_metrics_json_has_the_sets_of_each_run_and_ensemble(tmp_path):
    results = write_run(tmp_path / "run", seeds=(0, 1), error_rates=(0.1, 0.2))
    metrics, _ = evaluate(results, coverage=0.8)
    assert reread(results).metrics == metrics
    for row in [row for row in (*metrics.scores, *metrics.ensembles) if row.stage == "unfrozen"]:
        sets = row.prediction_sets
        assert (sets.wanted, sets.covid.patients, sets.normal.patients, sum(sets.films.values())) == (0.8, 34, 234, 268)
        assert sets.same_images == (row.split == "valid") == (not sets.covid.covered.known)
    assert all(row.prediction_sets is None for row in metrics.means)
    with pytest.raises(WrongUse, match="coverage"):
        evaluate(results, coverage=1.0)
