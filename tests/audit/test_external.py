from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from PIL import Image

from cxrkit import config, pipeline
from cxrkit.audit import asked, audit, baselines, controls, external, support
from cxrkit.audit.context import Context, Options, carried_out
from cxrkit.audit.external import ExternalFilms
from cxrkit.data import manifest as manifests
from cxrkit.data import pixels, sources
from cxrkit.data.manifest import Manifest
from cxrkit.data.pixels import Pixels
from cxrkit.data.records import POSITIVE, Record
from cxrkit.data.sources import Source
from cxrkit.errors import BadInput, WrongUse
from cxrkit.evaluation import metrics
from tests.audit.films import draw_folder
from tests.conftest import SMALL
from tests.evaluation import runs


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return draw_folder(tmp_path_factory.mktemp("external") / "films")


@pytest.mark.parametrize(
    "text, source",
    [
        ("away=/some/dir", Source("folder", "away", Path("/some/dir"))),
        ("covidgr=/a=b", Source("covidgr", "covidgr", Path("/a=b"))),
        ("covidgr:granada=/x", Source("covidgr", "granada", Path("/x"))),
        ("folder:covidgr=/x", Source("folder", "covidgr", Path("/x"))),
        ("nih=/x/manifest.csv", Source("folder", "nih", Path("/x/manifest.csv"))),
    ],
)
def test_what_names_external_films(text, source):
    assert sources.external(text) == source
    assert not any(word in sources.name_of(text) for word in ("/", "some", "manifest"))


def test_what_names_no_external_films():
    for wrong in ("away", "/a/folder", "=dir", "away=", "a/b=dir", "ftp:away=dir", "phantom=dir", "phantom-marked:away=dir"):
        with pytest.raises(WrongUse):
            sources.external(wrong)
    with pytest.raises(WrongUse, match="named 'covidgr'"):
        sources.externals(["covidgr=a", "covidgr=b"])
    with pytest.raises(WrongUse, match="'away' and 'farther'"):
        sources.externals(["away=some/../dir", "farther=dir"])


def test_films_that_are_the_runs_own_are_no_external_ones_and_that_is_told_before_they_are_read(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(external, "records_of", lambda source: pytest.fail("the films are read"))
    run = runs.write_run(tmp_path / "out" / "results", seeds=(0,), error_rates=(0.1,))
    manifests.write(tmp_path / "out" / "manifest.csv", run.manifest, {"drawn": str(folder)})
    for place in (folder, folder / ".." / folder.name, run.folder / "manifest.csv", tmp_path / "out" / "manifest.csv"):
        with pytest.raises(WrongUse, match="'away' are the run's own"):
            audit.audit(run, Options(external=(f"away={place}",)))
    with pytest.raises(WrongUse, match="'away' are the run's own"):
        pipeline.run(config.load("paper", {"data": [f"folder:ours={folder}"], "external": [f"away={folder}"]}), tmp_path / "new")


def test_a_table_that_is_no_manifest_is_told_how_a_folder_is_named(tmp_path):
    (tmp_path / "films.csv").write_text("file,label\na.png,covid\n")
    with pytest.raises(BadInput, match="columns are not a manifest's") as told:
        read("away", tmp_path / "films.csv")
    assert "a folder of films, with a table in it or without, is NAME=DIR" in told.value.next


def test_a_set_of_which_the_run_has_all_pictures_says_so(folder, capsys):
    """As a copy of the training films at another place."""
    films = read("away", folder)
    left = external.without_copies(replace(films, thumbnails={}), films.manifest, {})
    assert not left.manifest.used and "has all pictures or patients of away" in capsys.readouterr().out
    assert external.why_none(left) == "no film is left to be asked about (16 x a picture that the run has, or that stands there twice)"


def read(name, place, **named):
    return external.read(sources.external(f"{name}={place}"), **named)


def test_a_folder_a_class_is_read_and_what_cannot_be_read_is_listed(folder):
    (folder / "covid" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    films = read("away", folder)
    records = films.manifest.records
    used = [record for record in records if record.used]
    assert len(used) == len(films.thumbnails) == 16 and all(films.locate(record).is_file() for record in used)
    assert [record.excluded for record in records if not record.used] != [""] and len(records) == 17
    (folder / "covid" / "torn.png").unlink()


def test_a_manifest_is_read_with_its_roots_and_without_them_refused(folder, tmp_path):
    films = read("away", folder)
    manifests.write(tmp_path / "manifest.csv", films.manifest, {"away": str(folder)})
    again = read("other", tmp_path / "manifest.csv")
    assert list(again.manifest.by_id) == list(films.manifest.by_id) and len(again.thumbnails) == 16
    (tmp_path / "manifest.roots.json").unlink()
    with pytest.raises(BadInput, match="not known where"):
        read("other", tmp_path / "manifest.csv")


def test_the_runs_pictures_are_removed_even_altered_and_so_are_repetitions(folder, tmp_path):
    internal = read("study", folder)
    away = draw_folder(tmp_path / "away", seed=8)
    with Image.open(folder / "covid" / "p03_1.png") as film:
        controls.altered(film.convert("L")).save(away / "normal" / "altered_1.jpg")
    with Image.open(away / "covid" / "p05_1.png") as film:
        film.save(away / "covid" / "again_1.jpg", quality=80)
    left = external.without_copies(read("away", away), internal.manifest, internal.thumbnails)
    removed = {record.image_id: record.excluded for record in left.manifest.records if not record.used}
    assert removed["away/normal/altered_1.jpg"] == "duplicate of study/covid/p03_1.png"
    assert len(removed) == 2 and any(name in removed for name in ("away/covid/again_1.jpg", "away/covid/p05_1.png"))


def test_without_the_runs_pictures_files_alike_byte_for_byte_are_still_found(folder):
    films = read("away", folder)
    left = external.without_copies(replace(films, thumbnails={}), Manifest(films.manifest.records[:3]), {})
    assert sum(not record.used for record in left.manifest.records) == 3


def judged(films, run):
    return external.row(films, "resnet34", np.full((1, 120), 0.5), run, external.lungless(films))


def test_the_share_of_a_set_that_is_outside_by_its_picture_is_told_for_each_network_and_not_known_without_a_description(
    run, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(asked.inquiry, "loaded", lambda network, device: None)
    monkeypatch.setattr(asked.inquiry, "p_covid", lambda model, images, device, meter: np.full(len(images), 0.5))
    away = external.read(sources.external(f"away={draw_folder(tmp_path / 'films')}"))
    context = Context(run.manifest, tmp_path, None, results=run, pixels=Pixels(np.zeros((0, 32, 32), np.uint8), {}), external=(away,))
    [part] = [part for part in asked.PARTS if part.field == "external"]
    not_done = []
    assert {row.outside for row in carried_out([part], None, context, not_done)["external"]} == {None}
    assert capsys.readouterr().out.count("OUTSIDE by their picture is not known: the run left no description") == 1, "once a set"

    def broken(folder):
        raise BadInput("It is broken.", folder, "restore it")

    monkeypatch.setattr(asked.reference, "load", broken)
    rows = carried_out([part], None, context, not_done)["external"]
    assert {row.outside for row in rows} == {None} and all(row.n for row in rows) and not_done == [], "the scores are there"
    assert "is not known: It is broken. restore it" in capsys.readouterr().out

    class Known:
        def share_outside(self, films):
            return metrics.proportion(1, len(films.images))

    monkeypatch.setattr(asked.reference, "load", lambda folder: (Known(), ""))
    told = [row.outside for row in carried_out([part], None, context, [])["external"]]
    assert len(told) == 4 and all(share.value == 1 / share.n and share.n == len(away.manifest.used) for share in told)


def test_what_belongs_to_a_set_is_made_once_and_not_for_each_network(run, tmp_path, monkeypatch):
    """Regression: squares and lungless baselines were made again for each architecture; of 2,000 films that is minutes."""
    made, nearest, load = [], baselines.nearest, pixels.load
    monkeypatch.setattr(baselines, "nearest", lambda films: made.append("baselines") or nearest(films))
    monkeypatch.setattr(pixels, "load", lambda *given, **how: made.append("squares") or load(*given, **how))
    monkeypatch.setattr(asked.inquiry, "loaded", lambda network, device: None)
    monkeypatch.setattr(asked.inquiry, "p_covid", lambda model, images, device, meter: np.full(len(images), 0.5))
    root = draw_folder(tmp_path / "films")
    sets = tuple(external.read(sources.external(f"{name}={root}")) for name in ("away", "farther"))
    context = Context(run.manifest, tmp_path, None, results=run, pixels=Pixels(np.zeros((0, 32, 32), np.uint8), {}), external=sets)
    not_done = []
    rows = carried_out([part for part in asked.PARTS if part.field == "external"], None, context, not_done)["external"]
    assert [(row.name, row.architecture) for row in rows] == [(name, each) for name in ("away", "farther") for each in run.architectures]
    assert len(run.architectures) == 4 and not_done == [] and sorted(made) == ["baselines"] * 2 + ["squares"] * 2


def test_external_films_have_baselines_of_their_own(run):
    """As a folder has them whose classes come from two hospitals."""
    drawn = [record.but(width=100, height=100, bytes=9000, mode="L", format="PNG") for record in runs.records({"test": (60, 60)}, 1)]
    alike = judged(named("away", Manifest(tuple(drawn))), run)
    apart = [record.but(format="JPEG") if record.label == POSITIVE else record for record in drawn]
    told = judged(named("away", Manifest(tuple(apart))), run)
    assert told.lungless.name == "file" and told.lungless.area.auc.value == 1 and alike.lungless.area.auc.value < 0.7
    assert "alone separates its classes" in support.given_away(told) and not support.given_away(alike)


def test_of_external_films_whose_sources_have_one_class_each_nothing_is_known_within_a_source(run):
    drawn = runs.records({"test": (60, 60)}, 1)
    apart = [record.but(source="a" if record.label == POSITIVE else "b") for record in drawn]
    mixed = [record.but(source="ab"[number % 2]) for number, record in enumerate(drawn)]
    rows = []
    for records in (drawn, apart, mixed):
        manifest = Manifest(tuple(records))
        rows.append(external.row(named("away", manifest), "resnet34", scored(manifest, 2, 0.5, np.random.default_rng(3)), run))
    assert rows[0].drop.within is None and rows[0].loss == rows[0].drop.auc
    assert rows[1].drop.auc.bounded and not rows[1].loss.known and "no stratum" in rows[1].loss.method
    assert rows[2].loss.bounded and rows[2].loss.n and rows[2].loss.value != rows[2].drop.auc.value


def test_other_films_of_the_runs_patients_are_left_out_and_that_is_said(folder, capsys):
    """As where a run and the films from elsewhere are of one collection."""
    films = read("away", folder)
    patient = next(record.patient for record in films.manifest.used if record.patient)
    elsewhere = films.manifest.used[0].but(image_id="home/a.png", sha256="0", patient=patient)
    left = external.without_copies(replace(films, thumbnails={}), Manifest((elsewhere,)), {})
    out = [record for record in left.manifest.records if not record.used]
    assert out and all(record.patient == patient and record.excluded == external.OWN_PATIENT for record in out)
    assert f"{len(out)} film" in capsys.readouterr().out
    stranger = Manifest((elsewhere.but(patient=""),))
    assert external.without_copies(replace(films, thumbnails={}), stranger, {}).manifest == films.manifest


@pytest.fixture
def run(tmp_path):
    return runs.write_run(tmp_path / "run", seeds=(0, 1), images_a_patient=2)


def named(name, manifest):
    """External films of which only the manifest is looked at."""
    return ExternalFilms(name, manifest, lambda record: None, {})


def scored(manifest, seeds, sharp, random):
    is_covid = np.array([record.label == POSITIVE for record in manifest.used])
    logit = np.where(is_covid, 1, -1) * sharp + random.normal(0, 1, (seeds, len(is_covid)))
    return 1 / (1 + np.exp(-logit))


def test_the_row_holds_scores_drop_and_calibration_with_intervals(run):
    manifest = Manifest(tuple(runs.records({"test": (60, 90)}, 2)))
    row = external.row(named("away", manifest), "resnet34", scored(manifest, 2, 0.3, np.random.default_rng(0)), run)
    assert (row.n, row.positives, row.seeds, row.patients) == (150, 60, 2, 75)
    rates = row.external.rates
    for figure in (row.external.auc, row.external.average_precision, rates.sensitivity, rates.specificity, rates.error_rate):
        assert figure.low <= figure.value <= figure.high and figure.n
    assert row.drop.auc.value == pytest.approx(row.internal.auc.value - row.external.auc.value)
    assert 0 < row.drop.auc.low < row.drop.auc.value < row.drop.auc.high
    assert row.drop.sensitivity.value > 0 and row.scaling.before.ece.low is not None


def test_equal_films_drop_by_nothing_that_the_interval_excludes(run):
    internal = run.required("resnet34")
    manifest = Manifest(tuple(run.manifest.by_id[image_id] for image_id in internal.image_ids))
    drop = external.row(named("same", manifest), "resnet34", internal.p_covid, run).drop
    assert drop.auc.value == 0 and drop.auc.low < 0 < drop.auc.high


def test_films_of_one_class_have_no_area_but_their_rate(run):
    manifest = Manifest(tuple(runs.records({"test": (0, 40)})))
    row = external.row(named("normals", manifest), "resnet34", scored(manifest, 2, 0.2, np.random.default_rng(1)), run)
    assert not row.drop.auc.known and not row.external.auc.known
    assert not row.external.rates.sensitivity.known
    assert row.drop.specificity.low > 0
    assert row.internal.ece.known and row.external.ece.known and row.drop.ece.value == row.internal.ece.value - row.external.ece.value


def test_views_that_the_run_left_out_are_not_asked_about(folder):
    told = [record.but(view="lateral") if "p03" in record.image_id else record for record in read("away", folder).manifest.records]
    manifests.write(folder.parent / "told.csv", Manifest(tuple(told)), {"away": str(folder)})
    left = read("away", folder.parent / "told.csv", exclude_views=("lateral",)).manifest
    assert [record.excluded for record in left.records if not record.used] == ["view lateral: the run has none"] * 2
    assert len(read("away", folder.parent / "told.csv").manifest.used) == 16


def test_external_films_that_cannot_be_read_stop_the_run_before_anything_is_trained(tmp_path):
    for text, error in ((f"covidgr={tmp_path}", "no P/ and N/"), ("away=/nowhere/at/all", "no such data folder")):
        with pytest.raises(BadInput, match=error):
            pipeline.run(config.load("dry-run", SMALL | {"external": [text]}), tmp_path / "out")
    assert not (tmp_path / "out" / "jobs").exists()


def of_patients(*kinds):
    """kinds: (label, patients, films a patient)."""
    return [
        Record(f"s/{label}-{patient}-{film}", "", "s", label=label, patient=f"s:{label}{patient}")
        for label, patients, films in kinds
        for patient in range(patients)
        for film in range(films)
    ]


def counted(records):
    used = [record for record in records if record.used]
    return {label: sum(record.label == label for record in used) for label in ("covid", "normal")}, {record.patient for record in used}


@settings(max_examples=50, deadline=None)
@given(some.integers(0, 40), some.integers(0, 200), some.integers(1, 3), some.integers(10, 120), some.integers(0, 5))
def test_a_sample_keeps_patients_whole_and_both_classes(covid, normal, each, most, seed):
    records = of_patients(("covid", covid, each), ("normal", normal, each))
    found = external.sampled(records, most, seed)
    counts, patients = counted(found)
    if len(records) <= most:
        assert found == records
        return
    assert most - 2 * each < sum(counts.values()) <= most
    assert sum(counts.values()) == each * len(patients), "whole patients"
    assert all(counts[label] or not number for label, number in (("covid", covid), ("normal", normal)))
    assert counts["covid"] >= min(covid * each, most // 2) - each + 1, "few of a class are kept"
    assert found == external.sampled(records, most, seed) and [record.image_id for record in found] == [r.image_id for r in records]


def test_a_large_sample_keeps_the_share_of_the_classes_and_says_why_others_are_left():
    found = external.sampled(of_patients(("covid", 1500, 1), ("normal", 4500, 1)), 2000)
    assert counted(found)[0] == {"covid": 500, "normal": 1500}
    assert {record.excluded for record in found if not record.used} == {"not in the sample of 2000 films"}
    others = external.sampled(of_patients(("covid", 1500, 1), ("normal", 4500, 1)), 2000, seed=1)
    assert counted(found)[1] != counted(others)[1]
    assert counted(external.sampled(of_patients(("normal", 4500, 1)), 2000))[0] == {"covid": 0, "normal": 2000}


def test_films_of_a_sample_alone_are_opened_and_the_number_there_is_told(folder, tmp_path, capsys):
    films = external.read(sources.external(f"away={folder}"), tmp_path, most=6)
    assert len(films.manifest.used) == 6 and films.sampled_from == 16 and len(films.thumbnails) == 6
    assert "sample of 6 of its 16 films" in capsys.readouterr().out
    assert external.read(sources.external(f"away={folder}"), tmp_path, most=16).sampled_from is None
