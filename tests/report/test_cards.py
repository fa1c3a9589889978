import re
import shutil
from dataclasses import replace

import pytest
import yaml

from cxrkit.files import read_json
from cxrkit.report import cards, checklists, facts, gallery, plots, report, sentences
from cxrkit.report.tables import data, patients, thresholds
from cxrkit.results import Results
from cxrkit.tables import figure_text
from tests.report import folders


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    results = folders.write(tmp_path_factory.mktemp("cards"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "drawn", folders.undrawn)
        report.make(results)
    return results.folder


def test_the_model_card_holds_verdict_scores_and_warnings(folder):
    text = (folder / "MODEL_CARD.md").read_text("utf-8")
    mean = Results.open(folder).metrics.means[-1]
    assert "gives the answer away" in text and "DRAWN PHANTOMS" in text
    assert f"{mean.rates.sensitivity.value:.3f}" in text and read_json(folder / "run.json")["manifest_sha256"] in text


def test_the_datasheet_counts_what_the_manifest_holds(folder):
    text = (folder / "DATASHEET.md").read_text("utf-8")
    used = len(Results.open(folder).manifest.used)
    assert f"{used + 2} images were read, {used} are used, 2 are left out" in text
    assert "CC BY 4.0" in text and "view lateral" in text


def test_the_citation_is_a_cff_file():
    content = yaml.safe_load(cards.citation())
    assert {"cff-version", "message", "title", "authors", "version", "license", "type"} <= set(content)


def test_the_attribution_credits_every_film(folder):
    assert f"{len(Results.open(folder).manifest.used)} x A. Reader" in (folder / "ATTRIBUTION.md").read_text("utf-8")


def head_of(folder, name):
    text = (folder / name).read_text("utf-8")
    assert text.startswith("---\n")
    return yaml.safe_load(text.split("---\n")[1])


def real(folder, change=lambda record: record, **run):
    """The results of films, not phantoms, with their cards."""
    results = folders.write(folder, change=lambda record: change(record.but(collected="imported")), info={"films": "films"}, **run)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "drawn", folders.undrawn)
        folders.add_thumbnails(results)
        report.make(Results.open(results.folder))
    return results


def test_the_heads_are_what_the_hub_reads_and_phantoms_give_it_no_scores(folder, tmp_path):
    assert "model-index" not in head_of(folder, "MODEL_CARD.md") and "phantoms" in head_of(folder, "DATASHEET.md")["tags"]
    results = real(tmp_path)
    models = head_of(results.folder, "MODEL_CARD.md")["model-index"]
    assert [model["name"] for model in models] == ["ResNet34", "ResNet101", "VGG16", "VGG19"]
    found = {metric["type"]: metric["value"] for metric in models[0]["results"][0]["metrics"]}
    score = results.score("resnet34")
    assert found == {"roc_auc": pytest.approx(score.auc.value, abs=5e-5), "accuracy": pytest.approx(score.rates.accuracy.value, abs=5e-5)}
    head = head_of(results.folder, "DATASHEET.md")
    assert head["license"] == "cc-by-4.0" and head["size_categories"] == ["n<1K"] and "phantoms" not in head["tags"]


def test_the_cards_of_phantoms_say_nothing_of_patients_and_those_of_films_say_what_is_known(folder, tmp_path):
    sheet, card = ((folder / name).read_text("utf-8") for name in ("DATASHEET.md", "MODEL_CARD.md"))
    assert "none was published before" in sheet and "Phantoms have no age." in card and "by others" not in sheet
    ages = {"covid": "61", "normal": "1-5"}
    results = real(tmp_path, lambda record: record.but(age=ages[record.label]), audits=False)
    sheet, card = ((results.folder / name).read_text("utf-8") for name in ("DATASHEET.md", "MODEL_CARD.md"))
    assert "the films were published before, by others" in sheet
    assert "0 % of the COVID-19 films are of patients under 18 (that is known for 94 of 94)" in card and "100 % of the normal films" in card
    assert "Groups of patients were not compared." in card and "state age for 254 and sex for 0" in card


def test_the_datasheet_says_which_films_travel(folder, tmp_path):
    results = real(tmp_path / "open", audits=False)
    text = (results.folder / "DATASHEET.md").read_text("utf-8")
    shown = {film.image_id for film in gallery.films(results)}
    assert f"{len(shown)} films travel with these results as a small picture" in text and "not by a perceptual hash" in text
    closed = real(tmp_path / "closed", lambda record: record.but(licence="CC BY-NC-SA 4.0"), audits=False)
    assert "No film travels with these results." in (closed.folder / "DATASHEET.md").read_text("utf-8")


def test_a_certain_call_that_is_right_costs_nothing(folder):
    results = Results.open(folder)
    sure = next(record for record in results.manifest.used if record.label == "covid")
    film = gallery._film(results, sure.image_id, "resnet34", "seed 0", "hit", 1.0, "", "", False)
    assert gallery.table([film]).rows[0][6].text == "0.00"


def test_calibration_contact_date_and_commit_stand_on_the_cards(folder, tmp_path):
    results = Results.open(folder)
    card = (folder / "MODEL_CARD.md").read_text("utf-8")
    (score, *_) = [score for name, score in thresholds.judged(results) if name.startswith("ResNet34")]
    assert figure_text(score.scaling.before.ece) in card and "not calibrated" not in card
    assert f"date of the run: {results.info.begun}" in card and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", results.info.begun)
    results = Results.open(shutil.copytree(folder, tmp_path / "own"))
    asked = replace(results.info, experiment=replace(results.experiment, contact="A. Reader, a@example.org"), commit="abc123-dirty")
    results._write_info(asked)
    again = Results.open(results.folder)
    assert {"A. Reader, a@example.org", "version 0.1.0 wrote this; commit abc123-dirty made the run"} <= {
        value for _, value in facts.identity(again)
    }
    assert "contact" not in dict(facts.identity(again))["command"]


def test_what_nobody_says_of_the_patients_is_not_stated_as_known(tmp_path):
    """Films of a folder without a table: no patient, no licence, ages in words, and a sex that is neither."""

    def bare(record):
        age = "adult" if record.label == "covid" else "unknown"
        return record.but(patient="", licence="", credit="", age=age, sex="O", collected="imported", sha256="0" * 64)

    results = folders.write(tmp_path, change=bare, info={"films": "films"}, audits=False)
    used, lists = results.manifest.used, checklists.Checklists(results)
    card, sheet, claim = cards.model_card(results), cards.datasheet(results), lists.page("claim")
    at_most = "at most 94 patients (not known for 94 of the images)"
    assert f"Judged on 94 images of {at_most}." in card and at_most in sentences.lede(results) and f"94 test images of {at_most}" in card
    not_known = f"No patient or picture is known to stand in two splits. For {len(used)} films the patient is not known."
    assert not_known in sheet and not_known in claim and "| 20 | partitions | level at which partitions are disjoint | in part |" in claim
    assert "Nothing in manifest.csv says whether the films were published before." in sheet and "Nothing in manifest.csv says" in claim
    assert "No film travels with these results." in claim and "by others" not in sheet + claim
    assert "0 % of the COVID-19 films are of patients under 18 (that is known for 94 of 94)" in card
    assert f"the sources state age for 94 and sex for {len(used)}" in card and "the age is stated for 94, the sex for 254" in claim
    rows = {row[0].text: [cell.text for cell in row[1:]] for row in patients.patients(results.manifest).rows}
    assert rows["patients"][0] == "at most 40" and rows["age stated as a range or in words"][:2] == ["adult: 40", "–"]
    assert rows["sex stated as “O”"][0] == "40 (100 %)" and "sex not known" not in rows
    (source,) = data.sources(results.manifest).rows
    assert source[6].text == "not known"
    assert [part for step in data.flow(results.manifest) for part in step.parts if "patients" in part[0]][-1] == ("patients at most", 94)
