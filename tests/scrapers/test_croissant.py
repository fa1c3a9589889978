import json

import mlcroissant
import pytest

from cxrkit.data import licences, manifest, sources, summary
from scrapers import croissant


@pytest.fixture(scope="module")
def described(tmp_path_factory, phantoms):
    folder = tmp_path_factory.mktemp("croissant")
    found = sources.parse_all([str(phantoms)], "unused")
    records = manifest.build(found)
    manifest.write(folder / "manifest.csv", records, {})
    return croissant.write(folder / "manifest.csv", records), records


def test_the_validator_accepts_it(described):
    dataset = mlcroissant.Dataset(jsonld=str(described[0]))
    assert not dataset.metadata.ctx.issues.errors
    first = next(iter(dataset.records("images")))
    assert {key.split("/")[-1] for key in first} >= {"image_id", "label", "licence", "credit"}


def test_it_tells_of_collection_and_bias(described):
    content = json.loads(described[0].read_text())
    assert "children" in " ".join(content["rai:dataBiases"])
    assert "phantom" in content["rai:dataCollection"]


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
    text = summary.attribution(described[1])
    used = sum(record.used for record in described[1])
    assert f"## CC0-1.0: {used} images" in text and f"- {used} x cxrkit phantom" in text
