import json
import os
import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter, ImageOps

import cxrkit
from cxrkit import answers, panels, predict, progress, state_files
from cxrkit.__main__ import main
from cxrkit.audit import attention, reference, stability
from cxrkit.data import cache, dicom
from cxrkit.data.pixels import Pixels
from cxrkit.data.readers import folder, phantom
from cxrkit.data.records import Record
from cxrkit.errors import BadInput, Unwritable, WrongUse, run_command
from cxrkit.evaluation.calibration import tempered
from cxrkit.evaluation.evaluate import evaluate
from cxrkit.evaluation.scoring import final_scores
from cxrkit.files import read_json, sha256_of, write_json
from cxrkit.inference.by_torch import TorchEngine
from cxrkit.results import Results
from cxrkit.schema import VERSION, Audits, Conclusion, FilmCounts, Judged
from cxrkit.training import networks, states
from tests.evaluation import runs

SIZE = 64


def drawn(seed, opacities=False):
    random = np.random.default_rng(seed)
    return phantom.draw_film(phantom.Anatomy(random), opacities, random, 128)


def finished(folder, architectures):
    """A results folder: untrained networks of two seeds each, predictions that calibrate, phantoms as training films."""
    error_rates = (0.1, 0.2)[: len(architectures)]
    results = runs.write_run(
        folder, seeds=(0, 1), error_rates=error_rates, sizes={"train": (60, 60), "valid": (40, 40), "test": (40, 40)}, image_size=SIZE
    )
    evaluate(results)
    (folder / "models").mkdir()
    for architecture in architectures:
        for seed in (0, 1):
            state, name = attention.randomised(architecture, seed=seed + 1).state_dict(), f"{architecture}-seed{seed}"
            if seed:
                state_files.write(folder / "models", name, states.written(state, architecture))
            else:  # as earlier versions wrote it
                torch.save(state, folder / "models" / f"{name}.pt")
    records = results.manifest.records
    squares = [np.asarray(drawn(number, record.label == "covid").resize((SIZE, SIZE))) for number, record in enumerate(records)]
    reference.describe_training(Pixels(np.stack(squares), {r.image_id: row for row, r in enumerate(records)}), results.manifest, folder)
    return folder


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return finished(tmp_path_factory.mktemp("run") / "results", ["resnet34"])


def copied(results, to):
    """A copy of the folder whose weights are links: they are large."""
    return shutil.copytree(
        results,
        to,
        copy_function=lambda source, target: (
            os.link(source, target) if source.endswith(state_files.SUFFIXES) else shutil.copy(source, target)
        ),
    )


@pytest.fixture
def film(tmp_path):
    drawn(1001).save(tmp_path / "film.png")
    return tmp_path / "film.png"


def test_probabilities_are_the_networks_own_calibrated_on_validation(film, tmp_path):
    keys = [("resnet34", 0), ("resnet34", 1), ("resnet101", 0), ("resnet101", 1)]
    results = finished(tmp_path / "two", ["resnet34", "resnet101"])
    (answer,) = predict.predict(results, [film]).films
    square = np.array(predict.open_film(film, SIZE).square)[None]
    raw = {
        key: networks.p_covid(networks.load(state_files.find(results / "models", f"{key[0]}-seed{key[1]}"), key[0]), square)[0]
        for key in keys
    }
    metrics = Results.open(results).metrics

    def temperature(rows, architectures, seeds):
        (row,) = [row for row in final_scores(metrics, rows) if (row.architectures, row.seeds) == (architectures, seeds)]
        return row.scaling.temperature

    for row in answer.networks:
        own = [raw[key] for key in keys if key[0] == row.architecture]
        p = row.probability
        assert p.calibrated and row.seeds == [0, 1] and p.networks == 2
        of_both = temperature("ensembles", [row.architecture], [0, 1])
        assert p.p_covid == pytest.approx(tempered(np.mean(own), of_both))
        assert (p.low, p.high) == pytest.approx((tempered(min(own), of_both), tempered(max(own), of_both)))
    assert [row.architecture for row in answer.networks] == ["resnet34", "resnet101"]
    together = temperature("ensembles", ["resnet34", "resnet101"], [0, 1])
    assert answer.ensemble.p_covid == pytest.approx(tempered(np.mean(list(raw.values())), together))
    ends = tempered(min(raw.values()), together), tempered(max(raw.values()), together)
    assert (answer.ensemble.low, answer.ensemble.high) == pytest.approx(ends) and ends[0] <= answer.ensemble.p_covid <= ends[1]


def test_the_results_folder_alone_is_enough_on_another_machine(results, film, tmp_path):
    other = tmp_path / "elsewhere"
    other.mkdir()
    for name in ("run.json", "metrics.json", "reference.json"):
        shutil.copy(results / name, other / name)
    copied(results / "models", other / "models")
    expected = predict.predict(results, [film]).films
    assert predict.predict(other, [film]).films == predict.predict(results.parent, [film]).films == expected


def test_a_set_of_networks_without_a_temperature_of_its_own_says_so(results, film, tmp_path):
    other = copied(results, tmp_path / "more")
    os.link(results / "models" / "resnet34-seed0.pt", other / "models" / "resnet34-seed2.pt")
    found = predict.predict(other, [film]).films[0].ensemble
    assert found.networks == 3 and not found.calibrated and "no temperature" in found.why_not_calibrated
    assert found.low <= found.p_covid == found.raw <= found.high
    for seed in (1, 2):
        state_files.find(other / "models", f"resnet34-seed{seed}").unlink()
    one = predict.predict(other, [film]).films[0].ensemble
    assert one.networks == 1 and one.calibrated and one.low == one.high == pytest.approx(one.p_covid)


@pytest.mark.parametrize("change", [{"temperature": 0.05}, {"temperature": 20.0}, {"rests_on_prior": True}], ids=str)
def test_a_temperature_at_the_end_of_its_range_is_none(results, film, tmp_path, change):
    other = copied(results, tmp_path / "perfect")
    metrics = read_json(other / "metrics.json")
    for row in metrics["scores"] + metrics["ensembles"]:
        if row["scaling"]:
            row["scaling"] |= change
    write_json(other / "metrics.json", metrics)
    content = predict.predict(other, [film])
    found = content.films[0].ensemble
    assert not found.calibrated and found.p_covid == found.raw and "perfectly" in found.why_not_calibrated
    assert "not calibrated: validation gave no temperature" in answers.text(content)


def test_what_is_no_film_is_marked_and_still_listed(results, film, tmp_path):
    Image.open(film).rotate(180).save(tmp_path / "turned.png")
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (100, 300, 3), dtype=np.uint8)).save(tmp_path / "noise.jpg")
    content = predict.predict(results, [film, tmp_path / "turned.png", tmp_path / "noise.jpg"])
    assert [answer.outside for answer in content.films] == [False, True, True]
    assert any("upside down" in why for why in content.films[1].why_outside)
    assert {"colour", "width"} <= {word for why in content.films[2].why_outside for word in why.split()}
    said = answers.text(content)
    assert said.count("its probability means nothing") == 2 and "turned.png" in said


def with_limits(results, to, covid, normal, **change):
    """A copy of the results whose sets, of all networks together, hold COVID-19 from `covid` on and normal up to `normal`."""
    other = copied(results, to)
    metrics = read_json(other / "metrics.json")
    for row in metrics["ensembles"]:
        row["prediction_sets"]["covid"]["limit"], row["prediction_sets"]["normal"]["limit"] = covid, normal
        row["prediction_sets"] |= change
    write_json(other / "metrics.json", metrics)
    return other


@pytest.mark.parametrize(
    "covid, normal, classes, words",
    [
        (0.0, -0.1, ["COVID-19"], "COVID-19 alone"),
        (1.1, 1.0, ["normal"], "normal alone"),
        (0.0, 1.0, ["COVID-19", "normal"], "undecided: COVID-19 or normal"),
        (1.1, -0.1, [], "neither: not among the 90 % most typical of either class"),
        (None, 1.0, None, "no set"),
    ],
)
def test_a_film_has_the_set_that_the_raw_probability_of_all_networks_says(results, film, tmp_path, covid, normal, classes, words):
    content = predict.predict(with_limits(results, tmp_path / "limits", covid, normal), [film])
    found = content.films[0].possible
    assert (found.classes, found.words) == (classes, words) and words in answers.text(content)
    assert found.coverage == (None if classes is None else 0.9)


def test_the_limit_is_one_of_the_mean_probability_before_scaling(results, film, tmp_path):
    raw = predict.predict(results, [film]).films[0].ensemble.raw
    for shift, classes in ((1e-9, ["normal"]), (-1e-9, ["COVID-19"])):
        other = with_limits(results, tmp_path / f"at{shift}", raw + shift, raw + shift)
        assert predict.predict(other, [film]).films[0].possible.classes == classes


def test_what_the_sets_promise_and_whether_it_was_checked_is_said(results, film, tmp_path):
    said = answers.text(predict.predict(results, [film]))
    assert "of new patients like the 40 COVID-19 and 40 normal ones of validation, 90 % of each class" in said
    covered = final_scores(Results.open(results).metrics, "ensembles")[-1].prediction_sets.covid.covered
    assert f"of the test patients: {covered.value:.2f} [{covered.low:.2f}, {covered.high:.2f}] of 40 COVID-19 ones" in said
    assert "nothing checks that" in answers.text(predict.predict(with_limits(results, tmp_path / "same", 0, 1, same_images=True), [film]))
    few = with_limits(results, tmp_path / "few", None, 1.0)
    assert "no set. A coverage of 90 % needs more patients in validation; there are 40 COVID-19 ones of 9" in answers.text(
        predict.predict(few, [film])
    )
    older = copied(results, tmp_path / "older-scores")
    metrics = read_json(older / "metrics.json")
    for row in metrics["scores"] + metrics["means"] + metrics["ensembles"]:
        del row["prediction_sets"]
    write_json(older / "metrics.json", metrics)
    assert "python -m cxrkit evaluate RUN computes them anew" in answers.text(predict.predict(older, [film]))


def test_a_film_that_is_outside_has_no_set(results, film, tmp_path):
    Image.open(film).rotate(180).save(tmp_path / "turned.png")
    found = predict.predict(results, [tmp_path / "turned.png"]).films[0].possible
    assert found.classes is None and found.words == "no set: the film is outside"


def test_a_call_that_changes_with_what_changes_no_diagnosis_is_outside(results, film, tmp_path, capsys):
    other = copied(results, tmp_path / "near")
    square, trained = predict.open_film(film, SIZE).square[None], Results.open(other).networks_on_disk()
    engine = TorchEngine("cpu")
    p = np.mean([stability.asked(engine.load(each).p_covid, square)[:, 0] for each in trained], axis=0)
    farthest = int(np.abs(p[1:] - p[0]).argmax())
    info = read_json(other / "run.json")
    info["experiment"]["threshold"] = float(p[0] + p[1 + farthest]) / 2
    write_json(other / "run.json", info)
    content = predict.predict(other, [film])
    (why,) = content.films[0].why_outside
    assert content.films[0].outside and not content.films[0].stable
    assert why.startswith(f"its call is not stable: {list(stability.CHANGES)[farthest]}") and "across the threshold" in why
    assert f"from {content.films[0].ensemble.p_covid:.3f} to" in why and "its call is not stable" in answers.text(content)
    capsys.readouterr()  # what a slow machine said of its progress
    main(["predict", str(other), str(film), "--json"])
    (answer,) = json.loads(capsys.readouterr().out)["films"]
    assert answer["why_outside"] == [why] and answer["stable"] is False


def test_a_film_that_lost_information_is_outside_with_the_reason(results, film, tmp_path):
    with Image.open(film) as whole:
        whole.filter(ImageFilter.GaussianBlur(whole.width / 20)).save(tmp_path / "blurred.png")
        ImageOps.expand(whole, whole.width // 4, 0).save(tmp_path / "padded.png")
    blurred, padded = predict.predict(results, [tmp_path / "blurred.png", tmp_path / "padded.png"]).films
    assert blurred.outside and any("less sharp" in why for why in blurred.why_outside)
    assert padded.outside and any("padded" in why for why in padded.why_outside)


def test_a_description_of_an_older_version_is_told_and_not_taken_for_a_check(results, film, tmp_path):
    other = copied(results, tmp_path / "version1")
    write_json(other / "reference.json", read_json(other / "reference.json") | {"version": 1})
    content = predict.predict(other, [film])
    assert not content.out_of_distribution_checked and "version 1" in answers.text(content) and content.films[0].stable


def test_without_a_description_of_the_training_films_nothing_is_claimed(results, film, tmp_path):
    other = copied(results, tmp_path / "older")
    (other / "reference.json").unlink()
    content = predict.predict(other, [film])
    assert content.films[0].outside is None and not content.out_of_distribution_checked
    assert "was not checked" in answers.text(content)


def test_bad_files_are_listed_with_reasons_and_the_others_go_on(results, film, tmp_path, capsys):
    folder = tmp_path / "films"
    (folder / "deeper").mkdir(parents=True)
    shutil.copy(film, folder / "deeper" / "good.png")
    (folder / "page.png").write_text("<html>")
    (folder / "cut.png").write_bytes(film.read_bytes()[:2000])
    (folder / "empty.jpg").write_bytes(b"")
    Image.new("L", (8, 8)).save(folder / "icon.png")
    code = main(["predict", str(results), str(folder), str(tmp_path / "gone.png")])
    said = capsys.readouterr().out
    assert code == 0 and "1 film read, 5 not" in said
    for name, reason in (
        ("page", "no image of a known format"),
        ("cut", "cannot be decoded"),
        ("icon", "8 x 8"),
        ("gone", "No such file"),
        ("empty", ""),
    ):
        assert any("not read: " in line and name in line and reason in line for line in said.splitlines())


def test_what_is_no_film_has_a_row_without_a_probability_and_the_manifests_words(results, film, tmp_path, capsys):
    films = tmp_path / "films" / "covid"
    films.mkdir(parents=True)
    grey = Image.open(film)
    Image.new("L", (99, 99)).save(films / "black.png")
    grey.point(lambda level: level // 50 * 50).save(films / "few.png")
    grey.resize((33, 33)).save(films / "icon.png")
    grey.resize((40, 3000)).save(films / "strip.png")
    Image.fromarray(np.full((99, 99), np.nan, np.float32)).save(films / "nan.tif")
    grey.save(films / "pages.tif", save_all=True, append_images=[grey])
    grey.save(films / "frames.gif", save_all=True, append_images=[grey.rotate(9)])
    (films / "page.png").write_text("<html>")
    records = cache.add_facts(
        [*folder.read(films.parent), Record("x/film", "x/film.png", "x")],
        lambda record: film.parent / record.path.replace("folder", "films", 1).replace("x/", "", 1),
    )[0]
    excluded = {record.path.rpartition("/")[2]: record.excluded for record in records if record.excluded}
    assert len(excluded) == 8 and sum(why.startswith("not a film: ") for why in excluded.values()) == 7
    found = predict.predict(results, [films, film])
    assert {bad.file.rpartition("/")[2]: bad.reason.partition(" (")[0] for bad in found.unreadable} == excluded
    said = answers.text(found)
    for name, why in excluded.items():
        rows = [line for line in said.splitlines() if line.startswith(name)]
        assert len(rows) == (why != excluded["page.png"]) and all(why in row and "0." not in row for row in rows)
    assert "1 film read, 8 not" in said
    assert run_command(lambda: main(["predict", str(results), str(films / "black.png")])) == 3
    assert "not a film: no content, 1 grey level in all" in capsys.readouterr().out


def test_nothing_readable_at_all_is_exit_code_3_also_for_machines(results, tmp_path, capsys):
    (tmp_path / "a.png").write_text("no film")
    (tmp_path / "none").mkdir()
    for paths in ([tmp_path / "a.png"], [tmp_path / "none"]):
        assert run_command(lambda: main(["predict", str(results), *map(str, paths), "--json"])) == 3
        content = json.loads(capsys.readouterr().out)
        assert content["films"] == [] and len(content["unreadable"]) == (paths[0].suffix == ".png")


def test_progress_is_said_beside_the_answer_that_a_program_reads(results, film, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(progress, "EVERY_SECONDS", 0)
    monkeypatch.setattr(progress, "WORTH_SAYING_SECONDS", 0)
    main(["predict", str(results), str(film), str(film), "--json", "--out", str(tmp_path / "maps")])
    captured = capsys.readouterr()
    assert len(json.loads(captured.out)["films"]) == 2
    asked = 2 * (
        len(Results.open(results).networks()) * (1 + len(stability.CHANGES)) + 1
    )  # of one architecture, whose first network has its maps made
    assert f"asking networks: {asked} in " in captured.err and "reading films: 1 of 2 (50 %)" in captured.err


def test_the_research_line_and_the_verdict_stand_by_every_answer(results, film, tmp_path, capsys):
    other = copied(results, tmp_path / "audited")
    main(["predict", str(other), str(film), "--json"])
    warnings = " ".join(json.loads(capsys.readouterr().out)["warnings"])
    assert "Research use only" in warnings and "DRAWN PHANTOMS" in warnings and "RANDOM WEIGHTS" in warnings and "No audit" in warnings
    results = Results.open(other)
    judged = Judged("test", 40, 40, 40, 40)
    verdict = Conclusion("thumbnail", "On this data no score shows that a network sees disease.", [], [])
    parts = {"baselines": [], "sources": [], "controls": [], "networks": [], "held_fixed": [], "parts": [], "not_done": []}
    parts |= {"masking": None, "external": None, "attention": None}
    counts = FilmCounts(140, 140, 280, 1, 0, judged)
    results.write(Audits(VERSION, results.info.manifest_sha256, "", "phantom", counts, verdict=verdict, **parts))
    main(["predict", str(other), str(film)])
    said = capsys.readouterr().out
    assert "Research use only" in said and "no score shows that a network sees disease" in said
    (other / "audits.json").write_text("[]")
    assert any("cannot be read" in warning for warning in predict.predict(other, [film]).warnings)


def test_attention_pictures_are_named_safely_and_show_film_and_map(results, film, tmp_path):
    hostile = tmp_path / "a b<script>..\\x.png"
    shutil.copy(film, hostile)
    content = predict.predict(results, [film, hostile], tmp_path / "maps")
    names = sorted(path.name for path in (tmp_path / "maps").glob("*.png"))
    assert names == ["001-film.png", "002-a-b-script-x.png"]
    assert [answer.attention for answer in content.films] == [str(tmp_path / "maps" / name) for name in names]
    with Image.open(tmp_path / "maps" / names[0]) as picture:
        assert picture.width == 2 * predict.PANEL and picture.height > predict.PANEL
        film_in_it = np.asarray(picture.convert("RGB"))[-predict.PANEL - 4 : -4, : predict.PANEL]
        assert np.ptp(film_in_it, axis=-1).max() <= 12 < np.ptp(film_in_it), "the film itself stands there in grey"


def test_an_answer_names_the_file_the_call_and_what_it_was_made_with(results, film, tmp_path):
    content = predict.predict(results, [film])
    (answer,) = content.films
    threshold = Results.open(results).experiment.threshold
    assert answer.sha256 == sha256_of(film) and content.threshold == threshold
    assert (answer.called == "covid") == (answer.ensemble.raw >= threshold)
    assert content.version == cxrkit.__version__ and content.schema == VERSION
    assert f"cxrkit {content.version}" in answers.text(content)


def test_a_picture_says_that_a_film_is_outside_and_why(results, film):
    (answer,) = predict.predict(results, [film]).films
    panel = Image.new("L", (predict.PANEL, predict.PANEL))
    (inside,), (outside,) = (
        [words for words, colour in panels.told(replace(answer, outside=bool(why), why_outside=why)) if colour == panels.WARNING] or [""]
        for why in ([], ["it lies turned"])
    )
    assert inside == "" and "OUTSIDE" in outside and "it lies turned" in outside
    red = np.asarray(panels.picture(panel, {}, replace(answer, outside=True, why_outside=["it lies turned"])))
    assert (red.astype(int)[..., 0] - red[..., 1] > 100).any()


def test_a_folder_for_the_pictures_that_cannot_be_made_is_said(results, film):
    assert run_command(lambda: main(["predict", str(results), str(film), "--out", str(film)])) == 3


def test_pictures_are_never_written_over_somebody_s(results, film, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "001-film.png").write_bytes(b"mine")
    with pytest.raises(BadInput, match="did not write.*001-film.png"):
        predict.predict(results, [film], tmp_path / "out")
    assert (tmp_path / "out" / "001-film.png").read_bytes() == b"mine"
    (tmp_path / "out" / "001-film.png").unlink()
    for _ in range(2):  # its own it may
        predict.predict(results, [film], tmp_path / "out")
    with pytest.raises(Unwritable):
        predict.predict(results, [film], film / "out")


def test_dicom_gives_what_the_same_film_as_png_gives(results, film, tmp_path):
    pydicom = pytest.importorskip("pydicom", reason="pydicom is not installed (it is optional)")
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    grey = np.asarray(Image.open(film))
    grey = np.rint((grey - grey.min().astype(float)) * 255 / (grey.max() - grey.min())).astype(np.uint8)
    Image.fromarray(grey).save(tmp_path / "same.png")
    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID, data.file_meta.MediaStorageSOPInstanceUID = SecondaryCaptureImageStorage, generate_uid()
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME1", 0
    data.BitsAllocated, data.BitsStored, data.HighBit = 8, 8, 7
    data.Rows, data.Columns, data.Modality, data.PixelData = *grey.shape, "DX", (255 - grey).tobytes()
    data.save_as(tmp_path / "film.dcm", enforce_file_format=True)
    data.Modality = "CT"
    data.save_as(tmp_path / "slice.dcm", enforce_file_format=True)
    same, dcm, ct = predict.predict(results, [tmp_path / "same.png", tmp_path / "film.dcm", tmp_path / "slice.dcm"]).films
    assert dcm.ensemble == same.ensemble and dcm.outside == same.outside
    assert ct.outside and any("CT" in why for why in ct.why_outside)


def test_without_pydicom_a_film_named_as_dicom_is_told_before_anything_is_read_and_another_is_listed(results, film, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pydicom", None)
    (tmp_path / "IM0001").write_bytes(bytes(128) + b"DICM" + bytes(200))
    assert dicom.is_dicom((tmp_path / "IM0001").read_bytes())
    content = predict.predict(results, [film, tmp_path / "IM0001"])
    assert len(content.films) == 1 and "pip install pydicom" in content.unreadable[0].reason
    (tmp_path / "IM0001").rename(tmp_path / "film.DCM")
    monkeypatch.setattr(predict, "open_run", lambda *_: pytest.fail("the run was opened"))
    with pytest.raises(WrongUse, match="pydicom") as told:
        predict.predict(results, [film, tmp_path])
    assert "[dicom]" in told.value.next


@pytest.mark.parametrize(
    "spoil, words",
    [
        (lambda folder: (folder / "run.json").unlink(), "There is no run here"),
        (lambda folder: (folder / "metrics.json").write_text("{"), "no JSON"),
        (lambda folder: (folder / "run.json").write_text("3"), "This is no run.json"),
        (lambda folder: (folder / "run.json").write_text('{"schema": 2}'), "run_id: field required"),
        (
            lambda folder: write_json(folder / "metrics.json", read_json(folder / "metrics.json") | {"scores": [1]}),
            "not as the kit writes it: scores.0",
        ),
        (
            lambda folder: write_json(folder / "run.json", read_json(folder / "run.json") | {"experiment": {"image_size": 3}}),
            "image_size is 3",
        ),
        (lambda folder: shutil.rmtree(folder / "models"), "networks are not here"),
        (lambda folder: (folder / "models" / "resnet34-seed2.pt").write_bytes(b"no tensors"), "weights cannot be read"),
        (lambda folder: (folder / "models" / "resnet34-seed2.safetensors").write_bytes(bytes(8) + b"{}"), "weights cannot be read"),
    ],
)
def test_a_folder_that_is_no_finished_run_is_bad_input(results, film, tmp_path, spoil, words):
    other = copied(results, tmp_path / "spoilt")
    spoil(other)
    with pytest.raises(BadInput, match=words):
        predict.predict(other, [film])
    assert run_command(lambda: main(["predict", str(other), str(film)])) == 3


def test_files_among_the_models_that_are_none_of_the_runs_are_left_alone(results, film, tmp_path):
    other = copied(results, tmp_path / "more")
    for name in ("notes.pt", "resnet34-seedx.safetensors", "resnet34-seed0.pt.bak", "vgg16_bn-seed0.safetensors"):
        (other / "models" / name).write_bytes(b"x")
    assert predict.predict(other, [film]).films[0].ensemble.networks == 2
