import numpy as np
import pytest
from PIL import Image

from cxrkit.audit import controls, external
from cxrkit.data import manifest
from cxrkit.data.readers import phantom
from cxrkit.errors import BadInput, WrongUse
from cxrkit.evaluation import predictions
from tests.evaluation import runs


def draw(folder, patients=8, seed=7):
    """A folder a class of phantoms of other patients."""
    random = np.random.default_rng(seed)
    for label in ("covid", "normal"):
        (folder / label).mkdir(parents=True)
        for number in range(patients):
            phantom.draw_film(phantom.Anatomy(random), label == "covid", random).save(folder / label / f"p{number:02}_1.png")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("outside") / "films")


def test_what_names_external_films():
    assert external.parse("away=/some/dir") == ("away", external.Path("/some/dir"))
    for wrong in ("away", "=dir", "away=", "a/b=dir"):
        with pytest.raises(WrongUse):
            external.parse(wrong)


def test_a_folder_a_class_is_read_and_what_cannot_be_read_is_listed(folder):
    (folder / "covid" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    records, locate, thumbnails = external.read("away", folder)
    used = [record for record in records if record.used]
    assert len(used) == len(thumbnails) == 16 and all(locate(record).is_file() for record in used)
    assert [record.excluded for record in records if not record.used] != [""] and len(records) == 17
    (folder / "covid" / "torn.png").unlink()


def test_a_manifest_is_read_with_its_roots_and_without_them_refused(folder, tmp_path):
    records, _, _ = external.read("away", folder)
    manifest.write(tmp_path / "manifest.csv", records, {"away": str(folder)})
    again, _, thumbnails = external.read("other", tmp_path / "manifest.csv")
    assert [record.image_id for record in again] == [record.image_id for record in records] and len(thumbnails) == 16
    (tmp_path / "manifest.roots.json").unlink()
    with pytest.raises(BadInput, match="not known where"):
        external.read("other", tmp_path / "manifest.csv")


def test_the_studys_pictures_are_removed_even_altered_and_so_are_repetitions(folder, tmp_path):
    inside_records, _, inside = external.read("study", folder)
    outside = draw(tmp_path / "outside", seed=8)
    with Image.open(folder / "covid" / "p03_1.png") as film:
        controls.altered(film.convert("L")).save(outside / "normal" / "altered_1.jpg")
    with Image.open(outside / "covid" / "p05_1.png") as film:
        film.save(outside / "covid" / "again_1.jpg", quality=80)
    records, _, thumbnails = external.read("away", outside)
    kept = external.without_copies(records, thumbnails, inside_records, inside)
    removed = {record.image_id: record.excluded for record in kept if not record.used}
    assert removed["away/normal/altered_1.jpg"] == "duplicate of study/covid/p03_1.png"
    assert len(removed) == 2 and any(name in removed for name in ("away/covid/again_1.jpg", "away/covid/p05_1.png"))


def test_without_the_studys_pictures_files_alike_byte_for_byte_are_still_found(folder):
    records, _, thumbnails = external.read("away", folder)
    kept = external.without_copies(records, {}, records[:3], {})
    assert sum(not record.used for record in kept) == 3


@pytest.fixture
def run(tmp_path):
    return predictions.read(runs.write_run(tmp_path / "run", seeds=(0, 1), images_a_patient=2))


def scored(records, seeds, sharp, random):
    is_covid = np.array([record.label == "covid" for record in records])
    logit = np.where(is_covid, 1, -1) * sharp + random.normal(0, 1, (seeds, len(records)))
    return 1 / (1 + np.exp(-logit))


def test_the_row_holds_metrics_drop_and_calibration_with_intervals(run):
    records = sorted(runs.records({"test": (60, 90)}, 2), key=lambda record: record.image_id)
    row = external.row("away", records, "resnet34", scored(records, 2, 0.3, np.random.default_rng(0)), run, 0.5)
    assert (row["n"], row["n_covid"], row["seeds"], row["patients"]) == (150, 60, 2, 75)
    for name in ("auc", "sensitivity", "specificity", "average_precision", "error_rate"):
        figure = row["metrics"][name]
        assert figure["low"] <= figure["value"] <= figure["high"] and figure["n"]
    drop = row["drop"]
    assert drop["auc"] == pytest.approx(row["inside"]["auc"]["value"] - row["metrics"]["auc"]["value"])
    assert 0 < drop["interval"][0] < drop["auc"] < drop["interval"][1]
    assert drop["sensitivity"]["value"] > 0 and row["calibration"]["before"]["ece"]["low"] is not None


def test_equal_films_drop_by_nothing_that_the_interval_excludes(run):
    inside = predictions.scores(run.table, "resnet34", run.held)
    records = [run.records[image_id] for image_id in inside.image_ids]
    drop = external.row("same", records, "resnet34", inside.p_covid, run, 0.5)["drop"]
    assert drop["auc"] == 0 and drop["interval"][0] < 0 < drop["interval"][1]


def test_films_of_one_class_have_no_area_but_their_rate(run):
    records = sorted(runs.records({"test": (0, 40)}), key=lambda record: record.image_id)
    row = external.row("normals", records, "resnet34", scored(records, 2, 0.2, np.random.default_rng(1)), run, 0.5)
    assert row["drop"]["auc"] is None and row["metrics"]["auc"]["value"] is None
    assert row["metrics"]["sensitivity"]["value"] is None
    assert row["drop"]["specificity"]["interval"][0] > 0
