"""The whole audit on drawn hospitals: honest films are supported, and each single flaw gets the conclusion that names it.

Nothing is trained. The films are drawn and audited as they lie on the disk, with their baselines, controls, masks and films
from elsewhere; the network that is asked is a matched filter (tests/audit/hospitals.py), and the run's predictions are its own.
"""

from types import SimpleNamespace

import numpy as np
import pytest

from cxrkit.audit import asked, audit, controls, external, inquiry
from cxrkit.data.records import NEGATIVE, POSITIVE
from cxrkit.evaluation.calibration import logits
from tests.audit import hospitals
from tests.audit.hospitals import AWAY, HOME, Hospital

BOTH = {POSITIVE: 64, NEGATIVE: 64}
ELSEWHERE = {POSITIVE: 100, NEGATIVE: 100}
SOUTH = Hospital("south", grain=5, frame=2, light=1.1)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Function (hospital, patients, seed, **drawn as hospitals.draw) to its folder; the same films are drawn once."""
    found = {}

    def folder(hospital=HOME, patients=BOTH, seed=0, **how):
        key = repr((hospital, patients, seed, sorted(how.items())))
        if key not in found:
            found[key] = hospitals.save(tmp_path_factory.mktemp("films"), hospital, patients, seed, **how)
        return found[key]

    return folder


@pytest.fixture
def audited(tmp_path, monkeypatch):
    """Function (folders, away folder, reader, records) to the audit of a run whose network is the reader."""

    def look(homes, away, read, records=None, roots=True):
        monkeypatch.setattr(inquiry, "loaded", lambda network, device: read)
        monkeypatch.setattr(inquiry, "p_covid", lambda model, images, device, meter: model(images))
        monkeypatch.setattr(inquiry, "features", lambda model, images, device, meter: model(images)[:, None])
        monkeypatch.setattr(external, "without_copies", lambda films, manifest, thumbnails: films)  # no copies are drawn; seconds an audit
        monkeypatch.setattr(controls.permutation, "__defaults__", (10,))
        monkeypatch.setattr(asked, "PARTS", tuple(part for part in asked.PARTS if part.field != "attention"))
        where = {home.name: str(home) for home in homes}
        records = records or [record for home in homes for record in hospitals.records(home)]
        hospitals.write_run(tmp_path, where, records, read)
        if not roots:
            (tmp_path / "manifest.roots.json").unlink()
        return audit.audit(tmp_path, audit.Options(external=tuple(f"{away.name}={away}" for away in away)))

    return look


def elsewhere(drawn, patients=ELSEWHERE, **how):
    return [drawn(AWAY, patients, 1, **how)]


def one_home(drawn, away=True, reader="lungs", elsewhere_drawn=None, patients=ELSEWHERE, **how):
    """(folders, folders elsewhere, reader)."""
    there = elsewhere(drawn, patients, **(how if elsewhere_drawn is None else elsewhere_drawn)) if away else []
    return SimpleNamespace(homes=[drawn(**how)], away=there, read=hospitals.reader(reader), records=None, roots=True)


def sources_of_one_class(drawn):
    case = one_home(drawn)
    case.homes = [drawn(HOME, {POSITIVE: 64, NEGATIVE: 0}), drawn(SOUTH, {POSITIVE: 0, NEGATIVE: 64}, 2)]
    return case


def two_homes(drawn, knows=0.0, shared=(32, 32), away=True, **how):
    """Two hospitals, alike in both classes unless `shared` (COVID-19 and normal films of the first) says otherwise.

    knows: how much the reader adds to the log odds of films of the first, which it knows by the frame of the second.
    """
    case = one_home(drawn, away)
    first = {POSITIVE: shared[0], NEGATIVE: shared[1]}
    second = {label: 64 - count for label, count in first.items()}
    case.homes = [drawn(HOME, first, **how), drawn(SOUTH, second, 2, **how)]
    lungs = hospitals.reader()

    def read(images):
        of_south = (images[:, 0] == 0).all(1)
        return 1 / (1 + np.exp(-logits(lungs(images)) - knows * ~of_south))

    case.read = read
    return case


def with_records(drawn, change):
    case = one_home(drawn)
    case.records = change(hospitals.records(case.homes[0]))
    return case


def a_patient_in_two_splits(records):
    training, held = (next(record for record in records if record.split == split) for split in ("train", "test"))
    return [record.but(patient=training.patient) if record is held else record for record in records]


def few_held_out(records):
    held = [record for record in records if record.split == "test" and record.label == POSITIVE]
    return [record.but(split="train") if record in held[6:] else record for record in records]


def of_ages(records):
    """Patients with the disease are forty years older."""
    return [record.but(age=str(20 + 40 * (record.label == POSITIVE) + number % 9)) for number, record in enumerate(records)]


def films_not_here(drawn):
    case = one_home(drawn)
    case.roots = False
    return case


FEW = {POSITIVE: 5, NEGATIVE: 5}
CASES = {
    "honest": (one_home, "supported", ""),
    "two hospitals alike": (two_homes, "supported", ""),
    "each hospital has one class": (sources_of_one_class, "source-shortcut", "lungless-source"),
    "the network goes by the frame of an uneven hospital": (
        lambda drawn: two_homes(drawn, 50.0, (52, 12), away=False, strength=0.0),
        "border-shortcut",
        "fixed-source",
    ),
    "the old have it": (lambda drawn: with_records(drawn, of_ages), "source-shortcut", "lungless-age"),
    "the lesion lies in the frame": (
        lambda drawn: one_home(drawn, reader="frame", lesions=hospitals.IN_FRAME, strength=120.0),
        "border-shortcut",
        "lungs-hidden",
    ),
    "no lesion elsewhere": (lambda drawn: one_home(drawn, elsewhere_drawn={"strength": 0.0}), "no-transfer", "external-auc"),
    "a glow that a thumbnail sees": (lambda drawn: one_home(drawn, bright=80.0), "thumbnail", "coarse"),
    "a patient in two splits": (lambda drawn: with_records(drawn, a_patient_in_two_splits), "leak", "leaks"),
    "six patients held out": (lambda drawn: with_records(drawn, few_held_out), "too-few", "patients"),
    "ten films elsewhere": (lambda drawn: one_home(drawn, patients=FEW), "unknown", "external-few"),
    "films not here": (films_not_here, "unknown", "missing-masking"),
    "nothing from elsewhere": (lambda drawn: one_home(drawn, away=False), "no-shortcut-found-inside", "missing-external"),
    "sixty patients elsewhere": (lambda drawn: one_home(drawn, patients={POSITIVE: 60, NEGATIVE: 60}), "no-shortcut-found", ""),
}


@pytest.mark.parametrize("name", CASES)
def test_drawn_hospitals_get_the_conclusion_that_their_one_flaw_deserves(name, drawn, audited):
    """By a matched filter in place of a trained network."""
    make, conclusion, rule = CASES[name]
    case = make(drawn)
    audits = audited(case.homes, case.away, case.read, case.records, case.roots)
    told = [(reason.rule, reason.text) for reason in audits.verdict.reasons], [r for r in audits.verdict.requirements if not r.met]
    assert audits.verdict.conclusion == conclusion, told
    assert not rule or rule in {reason.rule for reason in audits.verdict.reasons}, told
    if name == "honest":
        areas = {(row.mask, row.side): row.area.auc for row in audits.masking}
        assert areas["centre", 0.8].low < 0.5 and areas["surround", 0.8].low > 0.8 and len(audits.controls) == 3
