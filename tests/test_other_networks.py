"""README's line for networks beyond the study's four: from the command to the page and to predictions, on drawn phantoms."""

import pytest
from bs4 import BeautifulSoup

from cxrkit import predict
from cxrkit.errors import run_command
from cxrkit.results import Results
from tests.kernel.entry import kernel_run
from tests.test_predict import drawn

NAMES = ["resnet34", "densenet121"]
TINY = ["--no-pretrained", "--image-size", "32", "--epochs", "1", "--lr-find-iterations", "20", "--batch-size", "16", "--split", "grouped"]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    out, films = tmp_path_factory.mktemp("two-networks"), tmp_path_factory.mktemp("films")
    for seed in range(80):
        folder = films / ("covid" if seed % 2 else "normal")
        folder.mkdir(exist_ok=True)
        drawn(seed, opacities=bool(seed % 2)).save(folder / f"{seed}.png")
    command = ["--local", "--data", f"folder={films}", "--experiment", "paper", "--architectures", *NAMES, *TINY, "--out", str(out)]
    assert run_command(lambda: kernel_run().main(command)) == 0
    return Results.open(out / "results")


@pytest.fixture(scope="module")
def page(results):
    return BeautifulSoup((results.folder / "report.html").read_text("utf-8"), "html.parser")


def rows_of(page, table):
    caption = page.find(id=f"cap-{table}")
    return [row.th.get_text(strip=True) for row in caption.parent.tbody.find_all("tr")] if caption else []


def test_the_page_shows_the_network_beside_the_study(results, page):
    assert {"ResNet34", "DenseNet121"} <= set(rows_of(page, "scores"))
    assert rows_of(page, "differs") == ["ResNet34"]
    assert "Not trained here: ResNet101, VGG16, VGG19." in page.get_text()


def test_the_audit_masks_it_and_looks_where_it_looks(results):
    audits = results.audits
    assert {row.architecture for row in audits.masking} == set(NAMES)
    rows = {row.architecture: row for row in audits.attention.rows}
    assert rows.keys() == set(NAMES)
    assert all(rows[name].energy_in_box.known and rows[name].randomised_energy is not None for name in NAMES)


def test_it_is_asked_about_other_films(results, tmp_path):
    drawn(7).save(tmp_path / "film.png")
    answers = predict.predict(results.folder, [tmp_path / "film.png"], out=tmp_path / "maps")
    (film,) = answers.films
    assert [row.architecture for row in film.networks] == NAMES and all(0 <= row.probability.p_covid <= 1 for row in film.networks)
    assert film.attention and (tmp_path / "maps").is_dir()
    assert any("random weights" in warning.lower() for warning in answers.warnings)
