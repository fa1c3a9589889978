import pytest
import yaml

from cxrkit.files import read_json
from cxrkit.report import cards, plots, report
from cxrkit.results import Results
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
