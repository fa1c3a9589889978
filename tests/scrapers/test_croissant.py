"""croissant.json as Croissant's own validator reads it; and what licences allow."""

import json

import mlcroissant
import pytest

from cxrkit import config
from cxrkit.data import licences, manifest, sources
from scrapers import croissant


@pytest.fixture(scope="module")
def described(tmp_path_factory, phantoms):
    folder = tmp_path_factory.mktemp("croissant")
    merged = manifest.build(sources.parse_all([str(phantoms)], "unused"), config.load("paper"))
    manifest.write(folder / "manifest.csv", merged, {})
    return croissant.write(folder / "manifest.csv", merged, "someone/covid-films", "Collected films"), merged


def test_the_validator_accepts_it(described):
    dataset = mlcroissant.Dataset(jsonld=str(described[0]))
    assert not dataset.metadata.ctx.issues.errors
    first = next(iter(dataset.records("images")))
    assert {key.split("/")[-1] for key in first} >= {"image_id", "label", "licence", "credit"}


def test_it_names_the_data_set_its_collection_and_its_bias(described):
    value = json.loads(described[0].read_text())
    assert (value["name"], value["url"]) == ("Collected films", "https://www.kaggle.com/datasets/someone/covid-films")
    assert "children" in " ".join(value["rai:dataBiases"])
    assert "phantom" in value["rai:dataCollection"]


@pytest.mark.parametrize(
    "licence, shown, passed_on",
    [
        ("CC0-1.0", True, True),
        ("CC BY 4.0", True, True),
        ("CC BY-SA", True, True),
        ("CC BY-NC-SA", True, False),
        ("CC BY-NC-ND 4.0", True, False),
        ("unknown", False, False),
        ("", False, False),
        ("all rights reserved", False, False),
    ],
)
def test_what_licences_allow(licence, shown, passed_on):
    assert (licences.may_show(licence), licences.may_redistribute(licence)) == (shown, passed_on)


def test_every_used_image_is_credited(described):
    used = described[1].used
    text = licences.attribution(described[1].records)
    assert f"## CC0-1.0: {len(used)} images" in text and f"- {len(used)} x cxrkit phantom" in text
