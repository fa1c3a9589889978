import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxrkit.audit import probes
from cxrkit.audit.films import Films
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import Record
from cxrkit.evaluation.metrics import Figure
from tests.audit.films import films


def test_a_patient_is_never_in_two_folds_and_a_copy_joins_two_patients():
    found = films(films_a_patient=3)
    number = probes.folds(found.is_covid, found.groups)
    for group in np.unique(found.groups):
        assert len(set(number[found.groups == group])) == 1
    records = [Record("a/1", "a/1", "a", "covid", patient="a:1"), Record("a/2", "a/2", "a", "covid", patient="a:2")]
    records.append(Record("a/3", "a/3", "a", "covid", patient="a:2", duplicate_of="a/1", excluded="duplicate of a/1"))
    assert len(set(Films.of(Manifest(tuple(records))).groups)) == 1


def test_a_feature_that_names_the_patient_does_not_help():
    """Cross-validation by image would learn each patient's label by heart; by patient it cannot."""
    found = films(patients=30, films_a_patient=4)
    patient = (found.groups[:, None] == np.unique(found.groups)).astype(float)
    area = probes.area(found.is_covid, probes.out_of_fold(patient, found.is_covid, found.groups), found.groups)
    assert area.auc.low < 0.5 < area.auc.high and area.auc.value < 0.6


def test_a_feature_that_carries_the_label_is_found_with_n_and_interval():
    found = films()
    features = found.is_covid[:, None] + np.random.default_rng(0).normal(0, 0.2, (len(found.is_covid), 3))
    area = probes.area(found.is_covid, probes.out_of_fold(features, found.is_covid, found.groups), found.groups)
    assert area.auc.value > 0.99 and area.auc.low > 0.9
    assert (area.auc.n, area.positives) == (160, 80)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), films_a_patient=st.integers(1, 3))
def test_noise_scores_chance(seed, films_a_patient):
    found = films(patients=25, films_a_patient=films_a_patient, size=4, seed=seed)
    features = np.random.default_rng(seed).normal(size=(len(found.groups), 2))
    area = probes.area(found.is_covid, probes.out_of_fold(features, found.is_covid, found.groups), found.groups)
    assert 0.2 < area.auc.value < 0.8


def test_too_few_patients_are_named_and_films_of_one_patient_count_once():
    assert not probes.too_few([True] * 10 + [False] * 10, range(20))
    assert "9 and 10 patients" in probes.too_few([True] * 9 + [False] * 10, range(19))
    assert "1 and 10 patients" in probes.too_few([True] * 10 + [False] * 10, [0] * 10 + list(range(1, 11)))


def test_the_advantage_is_the_difference_of_the_areas_and_none_over_itself():
    random = np.random.default_rng(0)
    truth, groups = np.arange(200) < 60, np.arange(200)
    good, poor = truth + random.normal(0, 0.4, 200), truth + random.normal(0, 2, 200)
    found = probes.advantage(truth, good, poor, groups)
    assert found.value == pytest.approx(probes.area(truth, good, groups).auc.value - probes.area(truth, poor, groups).auc.value)
    assert found.low > 0 and found.n == 200 and "DeLong, paired" in found.method
    same = probes.advantage(truth, good, good, groups)
    assert same.value == 0 and same.low < 0 < same.high, "perfect agreement is no certainty"
    assert same.n == 200


def test_the_difference_of_figures_holds_more_than_either_interval_and_nothing_without_a_value():
    first, second = Figure(0.9, 0.8, 0.95, 50, "Wilson 95 %"), Figure(0.7, 0.6, 0.8, 70, "Wilson 95 %")
    found = probes.difference(first, second)
    assert found.value == pytest.approx(0.2)
    assert found.low == pytest.approx(0.2 - np.hypot(0.1, 0.1)) and found.high == pytest.approx(0.2 + np.hypot(0.05, 0.1))
    assert (found.n, found.method) == (120, "Zou and Donner 95 %")
    unknown = probes.difference(first, Figure.unknown(70, "none: one class only"))
    assert (unknown.value, unknown.low, unknown.high) == (None, None, None)
