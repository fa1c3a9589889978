"""The recipe beside the study's, and batch norm's statistics, on the page and in its text twin."""

from dataclasses import replace

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from cxrkit import columns, config
from cxrkit.columns import Trained
from cxrkit.files import write_csv
from cxrkit.report import markdown, plots, report, sentences
from cxrkit.report.tables import recipe
from cxrkit.results import Results
from tests.report import folders

BATCH_NORM = [
    ["resnet34", 0, "frozen", "running", 1.5, 0.4],
    ["resnet34", 0, "frozen", "precise", 0.25, 0.1],
    ["resnet34", 1, "frozen", "running", 2.5, 0.2],
    ["resnet34", 1, "frozen", "precise", 0.75, 0.1],
    ["resnet34", 0, "unfrozen", "running", float("nan"), 0.5],
    ["vgg16_bn", 0, "frozen", "precise", 0.125, 0.3],
]


@pytest.fixture(autouse=True)
def undrawn(monkeypatch):
    monkeypatch.setattr(plots, "drawn", folders.undrawn)


def of(tmp_path, name, **overrides):
    return folders.write(tmp_path, info={"experiment": config.load(name, overrides)})


def texts(table):
    return [[cell.text for cell in row] for row in table.rows]


def test_rows_that_differ_are_marked_and_counted(tmp_path):
    results = of(tmp_path, "paper", epochs=7)
    table = recipe.recipe(results)
    by_name = {row[0].text: row for row in table.rows}
    assert [cell.text for cell in by_name["epochs"][1:4]] == ["7", "4", "differs"] and by_name["epochs"][0].tone == "differs"
    assert [cell.text for cell in by_name["resize"][1:4]] == ["crop", "crop", ""] and by_name["resize"][0].tone == ""
    assert by_name["choice of the rate"][3].text == "may differ"
    assert by_name["learning_rate"][4].url.endswith("/1.0.61/fastai/basic_train.py#L15")
    assert f"{sum(bool(row[3].text) for row in table.rows)} of {len(table.rows)} settings" in table.caption
    assert "epochs" in sentences.differences(results) and "resize" not in sentences.differences(results)


def test_the_number_format_that_was_chosen_is_what_counts(tmp_path):
    results = of(tmp_path, "paper")
    assert str(results.info.chosen.precision.value) == "float32"
    assert "precision" not in sentences.differences(results)
    unknown = Results.open(results.folder)
    unknown._write_info(replace(unknown.info, chosen=replace(unknown.info.chosen, precision=None)))
    assert "precision" in sentences.differences(unknown)


def test_page_and_text_hold_the_recipe_where_the_settings_stand(tmp_path):
    results = of(tmp_path, "rigorous")
    report.make(results)
    soup = BeautifulSoup((results.folder / "report.html").read_text("utf-8"), "html.parser")
    rows = soup.find(id="repeat").find("caption", id="cap-recipe").find_parent("table").tbody.find_all("tr")
    assert len(rows) == len(recipe.recipe(results).rows)
    marked = [row.th.get_text() for row in rows if "differs" in row.get("class", [])]
    assert "resize" in marked and "image_size" not in marked
    text = (results.folder / "report.md").read_text("utf-8")
    assert "| resize | squish | crop | differs |" in text
    assert sentences.differences(results) in soup.find(id="repeat").get_text()


def test_running_statistics_are_explained_where_they_are_used_and_nowhere_else(tmp_path):
    for name, told in (("paper", True), ("rigorous", False)):
        results = of(tmp_path / name, name)
        report.make(results)
        for file in ("report.html", "report.md"):
            text = (results.folder / file).read_text("utf-8")
            assert ("2105.07576" in text) == told
    assert "VGG16 began its unfrozen stage with a validation loss of 1.01" in sentences.batch_norm(of(tmp_path / "again", "paper"))


def test_batch_norms_rows_are_kept_read_and_averaged_over_seeds(tmp_path):
    results = folders.write(tmp_path)
    kept = pd.read_csv(results.folder / "predictions.csv").values.tolist()
    results.keep(Trained(predictions=kept, batch_norm=BATCH_NORM))
    table = recipe.batch_norm(Results.open(results.folder))
    assert texts(table) == [
        ["ResNet34", "frozen", "2", "0.3000", "0.1000", "2.0000", "0.5000"],
        ["ResNet34", "unfrozen", "1", "0.5000", "–", "–", "–"],
        ["VGG16", "frozen", "1", "–", "0.3000", "–", "0.1250"],
    ]
    report.make(results)
    soup = BeautifulSoup((results.folder / "report.html").read_text("utf-8"), "html.parser")
    assert soup.find(id="learning").find("caption", id="cap-batch-norm")
    assert "| ResNet34 | frozen | 2 | 0.3000 |" in (results.folder / "report.md").read_text("utf-8")


def test_results_without_the_file_have_no_such_table(tmp_path):
    results = folders.write(tmp_path)
    (results.folder / "batch_norm.csv").unlink(missing_ok=True)
    assert Results.open(results.folder).batch_norm.empty and not recipe.batch_norm(results).rows
    report.make(results)
    assert "cap-batch-norm" not in (results.folder / "report.html").read_text("utf-8")


def test_the_note_says_which_statistics_the_scores_are_with(tmp_path):
    for name, word in (("paper", "running"), ("rigorous", "precise")):
        results = of(tmp_path / name, name)
        write_csv(results.folder / "batch_norm.csv", columns.BATCH_NORM, BATCH_NORM)
        assert f"with the {word} ones" in recipe.batch_norm(Results.open(results.folder)).note


FIRST_LINES = 5


@pytest.mark.parametrize("name", ["report.md", "MODEL_CARD.md", "DATASHEET.md", "CLAIM.md", "TRIPOD.md"])
def test_random_weights_stand_in_the_first_lines_of_each_paper(tmp_path, name):
    random, trained = folders.write(tmp_path / "a"), folders.write(tmp_path / "b", info={"started_from": "imagenet"})
    for results in (random, trained):
        report.make(results)
    first = (random.folder / name).read_text("utf-8").rpartition("\n---\n")[2].splitlines()[:FIRST_LINES]
    assert "RANDOM WEIGHTS" in "\n".join(first)
    assert "RANDOM WEIGHTS" not in (trained.folder / name).read_text("utf-8")


def test_random_weights_are_in_the_pages_title_headline_and_first_sentence(tmp_path):
    random, trained = folders.write(tmp_path / "a"), folders.write(tmp_path / "b", info={"started_from": "imagenet"})
    for results, said in ((random, True), (trained, False)):
        report.make(results)
        soup = BeautifulSoup((results.folder / "report.html").read_text("utf-8"), "html.parser")
        for place in (soup.title, soup.header.find(class_="kind"), soup.header.find(class_="lede")):
            assert ("random weights" in place.get_text()) == said


def test_the_report_as_text_begins_with_the_warnings(tmp_path):
    assert markdown.log(folders.write(tmp_path / "a")).splitlines()[1].startswith("!!! RANDOM WEIGHTS")
