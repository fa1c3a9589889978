import numpy as np
import pytest

from cxrkit import pipeline
from cxrkit.audit import controls, probes
from cxrkit.audit.films import Films
from cxrkit.data import manifest as manifests
from cxrkit.data import sources
from cxrkit.data.copies import Pair
from cxrkit.data.manifest import Manifest
from cxrkit.errors import BadInput
from tests.audit.films import films, showing


def test_permuted_labels_fall_to_chance_even_where_the_true_ones_are_plain():
    row = controls.permutation(films(where="border"), permutations=10)
    assert row.passed and row.name == "permutation"
    assert "10 permutations of 160 films" in row.found


def test_the_permutation_control_fails_when_cross_validation_cuts_patients_in_two(monkeypatch):
    """The mistake it is there to catch: every patient's two films are alike, and folds are made by film."""
    drawn = films(size=32, patients=40)
    images = np.array(drawn.images)
    for group in np.unique(drawn.groups):
        images[drawn.groups == group] = np.random.default_rng(group).integers(0, 256, (32, 32), dtype=np.uint8)
    alike = showing(drawn, images)
    assert controls.permutation(alike, permutations=10).passed
    by_film = np.arange(len(drawn.groups)) % 2
    monkeypatch.setattr(probes, "folds", lambda *_: by_film)
    assert not controls.permutation(alike, permutations=10).passed


def test_dealing_out_keeps_the_patients_whole_and_the_number_of_covid_patients():
    drawn = films(films_a_patient=3)
    dealt = controls.permuted(drawn, np.random.default_rng(1))
    for group in np.unique(drawn.groups):
        assert len(set(dealt[drawn.groups == group])) == 1
    assert dealt.sum() == drawn.is_covid.sum() and (dealt != drawn.is_covid).any()


def test_the_planted_leaks_are_caught_by_the_gate_that_stops_a_training(finished_run, monkeypatch):
    manifest = manifests.read(finished_run / "manifest.csv")
    locate = sources.locator(manifests.read_roots(finished_run / "manifest.csv"))
    drawn, planted = Films.of(manifest), []
    real = controls.splits.leaks
    monkeypatch.setattr(controls.splits, "leaks", lambda records, groups: planted.append(records) or real(records, groups))
    patient, copy = controls.leaked_patient(drawn, manifest), controls.leaked_copy(drawn, manifest, locate)
    assert patient.passed and copy.passed
    monkeypatch.undo()
    with_leak = [Manifest(tuple(records)) for records in planted if len(records) > len(manifest.records)]
    assert len(with_leak) == 1 + controls.COPIES
    for leaking in with_leak:
        with pytest.raises(BadInput, match="leaks"):
            pipeline.refuse_leaks(leaking, False, "manifest.csv")
    pipeline.refuse_leaks(manifest, False, "manifest.csv")


def test_a_gate_that_sees_nothing_fails_the_control(monkeypatch):
    drawn = films()
    monkeypatch.setattr(controls.splits, "leaks", lambda records, groups: [])
    assert not controls.leaked_patient(drawn, Manifest(drawn.records)).passed


def test_a_copy_search_that_finds_nothing_fails_the_control(finished_run, monkeypatch):
    manifest = manifests.read(finished_run / "manifest.csv")
    monkeypatch.setattr(controls.copies, "find", lambda thumbnails: [])
    locate = sources.locator(manifests.read_roots(finished_run / "manifest.csv"))
    row = controls.leaked_copy(Films.of(manifest), manifest, locate)
    assert not row.passed and row.found == "0 of 5 reported"


def test_a_single_copy_that_the_search_overlooks_fails_no_control(finished_run, monkeypatch):
    """One in twenty is overlooked; with one film planted, every twentieth data set was told that nothing in its audit holds."""
    path = finished_run / "manifest.csv"
    manifest, locate = manifests.read(path), sources.locator(manifests.read_roots(path))
    for overlooked, passes in (({0}, True), ({0, 1, 4}, False)):
        found = [n for n in range(controls.COPIES) if n not in overlooked]
        monkeypatch.setattr(
            controls.copies, "find", lambda films, found=found: [Pair(list(films)[n], f"planted/film-{n}", 1.0) for n in found]
        )
        row = controls.leaked_copy(Films.of(manifest), manifest, locate)
        assert row.passed is passes and row.found == f"{len(found)} of 5 reported"


def test_the_planted_patient_is_one_who_is_known():
    """A film that nothing says the patient of can be in no leak that a gate could notice: its silence is no fault of the audit."""
    drawn = films()
    unnamed = {drawn.records[0].image_id}
    first = Manifest(tuple(record.but(patient="") if record.image_id in unnamed else record for record in drawn.records))
    assert controls.leaked_patient(Films.of(first), first).passed
    none = Manifest(tuple(record.but(patient="") for record in drawn.records))
    with pytest.raises(BadInput, match="says whose"):
        controls.leaked_patient(Films.of(none), none)


def test_films_without_splits_have_no_leak_to_plant():
    bare = Manifest(tuple(record.but(split="") for record in films().records))
    with pytest.raises(BadInput, match="no split"):
        controls.leaked_patient(Films.of(bare), bare)
