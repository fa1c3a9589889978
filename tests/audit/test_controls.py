import numpy as np
import pytest

from cxrkit import pipeline
from cxrkit.audit import controls, probes
from cxrkit.data import manifest, sources
from cxrkit.errors import BadInput
from tests.audit.films import films


def test_permuted_labels_fall_to_chance_even_where_the_true_ones_are_plain():
    row = controls.permutation(films(where="border"), permutations=10)
    assert row["passed"] and row["name"] == "permutation"
    assert "10 permutations of 160 films" in row["found"]


def test_the_permutation_control_fails_when_cross_validation_cuts_patients_in_two(monkeypatch):
    """The mistake it is there to catch: every patient's two films are alike, and folds are made by film."""
    found = films(size=32, patients=40)
    images = np.array(found.images)
    for group in np.unique(found.groups):
        images[found.groups == group] = np.random.default_rng(group).integers(0, 256, (32, 32), dtype=np.uint8)
    alike = type(found)(found.records, found.groups, images)
    assert controls.permutation(alike, permutations=10)["passed"]
    by_film = np.arange(len(found.groups)) % 2
    monkeypatch.setattr(probes, "folds", lambda *_: by_film)
    assert not controls.permutation(alike, permutations=10)["passed"]


def test_dealing_out_keeps_the_patients_whole_and_the_number_of_covid_patients():
    found = films(films_a_patient=3)
    dealt = controls.permuted(found, np.random.default_rng(1))
    for group in np.unique(found.groups):
        assert len(set(dealt[found.groups == group])) == 1
    assert dealt.sum() == found.is_covid.sum() and (dealt != found.is_covid).any()


def test_the_planted_leaks_are_caught_by_the_gate_that_stops_a_training(finished_run, monkeypatch):
    records = manifest.read(finished_run / "manifest.csv")
    locate = sources.locator(manifest.read_roots(finished_run / "manifest.csv"))
    found, planted = probes.Films.of(records), []
    real = controls.splits.leaks
    monkeypatch.setattr(controls.splits, "leaks", lambda mine: planted.append(mine) or real(mine))
    patient, copy = controls.leaked_patient(found, records), controls.leaked_copy(found, records, locate)
    assert patient["passed"] and copy["passed"]
    monkeypatch.undo()
    for with_leak in [mine for mine in planted if len(mine) > len(records)]:
        with pytest.raises(BadInput, match="leaks"):
            pipeline.leak_gate(with_leak, False, "manifest.csv")
    assert pipeline.leak_gate(records, False, "manifest.csv") == []


def test_a_gate_that_sees_nothing_fails_the_control(monkeypatch):
    found = films()
    monkeypatch.setattr(controls.splits, "leaks", lambda records: [])
    assert not controls.leaked_patient(found, list(found.records))["passed"]


def test_a_copy_search_that_finds_nothing_fails_the_control(finished_run, monkeypatch):
    records = manifest.read(finished_run / "manifest.csv")
    monkeypatch.setattr(controls.duplicates, "find", lambda thumbnails: [])
    row = controls.leaked_copy(probes.Films.of(records), records, sources.locator(manifest.read_roots(finished_run / "manifest.csv")))
    assert not row["passed"] and row["found"] == "not reported"


def test_films_without_splits_have_no_leak_to_plant():
    found = films()
    bare = type(found)(tuple(record.but(split="") for record in found.records), found.groups, found.images)
    with pytest.raises(BadInput, match="no split"):
        controls.leaked_patient(bare, list(bare.records))
