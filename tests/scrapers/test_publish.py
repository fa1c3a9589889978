"""publish: private with credit; never public while a licence forbids it."""

import csv
import json
import shutil

import mlcroissant
import pytest

from cxrkit.data import manifest
from cxrkit.data.readers import collected, phantom
from cxrkit.errors import BadInput, WrongUse
from scrapers.publish import publish
from scrapers.refresh import merge, refresh
from scrapers.settings import DEFAULTS
from tests.standins import radiopaedia, sirm

SLUG, TITLE = "someone/covid-films", "Collected films"


@pytest.fixture(scope="module")
def collected_films(tmp_path_factory):
    """A folder with a store of four films and its manifest; not to be changed."""
    folder = tmp_path_factory.mktemp("collected")
    for number in (1, 2):
        radiopaedia.save(folder / f"in/r{number}", radiopaedia.Case(number))
        sirm.save(folder / f"in/s{number}", sirm.Case(40 + number))
    refresh(folder / "store", DEFAULTS, [folder / "in"])
    phantom.read(folder / "phantoms")
    merge(folder / "store", [f"coronahack={folder / 'phantoms'}"], folder / "manifest.csv")
    return folder


@pytest.fixture
def merged(collected_films, tmp_path):
    """A folder with that store and a manifest of its own."""
    (tmp_path / "store").symlink_to(collected_films / "store")
    for name in ("manifest.csv", "manifest.roots.json"):
        shutil.copyfile(collected_films / name, tmp_path / name)
    return tmp_path


def test_a_private_dataset_with_attribution(merged):
    sent = []
    publish(merged / "store", merged / "manifest.csv", SLUG, TITLE, merged / "out", upload=lambda *given: sent.append(given))
    assert sent == [(merged / "out", SLUG, TITLE, False)]
    rows = list(csv.DictReader((merged / "out/ATTRIBUTION.csv").open()))
    assert len(rows) == 4 and all(row["credit"] and row["licence"] and row["case_url"] for row in rows)
    assert all((merged / "out" / row["file"]).is_file() for row in rows)
    assert json.loads((merged / "out/dataset-metadata.json").read_text())["id"] == SLUG
    names = {path.name for path in (merged / "out").rglob("*")}
    assert not names & {"review.csv", ".cache", "refresh.json"} and not any("phantom" in name for name in names)


def test_the_dataset_is_a_store_that_the_reader_takes(merged):
    publish(merged / "store", merged / "manifest.csv", SLUG, TITLE, merged / "out", upload=lambda *given: None)
    (store,) = {path.parent.parent.parent for path in (merged / "out").rglob("record.json")}
    assert {record.image_id for record in collected.read(store) if record.used} == {
        record.image_id for record in manifest.read(merged / "manifest.csv").used if record.source != "phantom"
    }


def test_the_dataset_is_described_in_the_croissant_format(merged):
    publish(merged / "store", merged / "manifest.csv", SLUG, TITLE, merged / "out", upload=lambda *given: None)
    dataset = mlcroissant.Dataset(jsonld=str(merged / "out/croissant.json"))
    assert not dataset.metadata.ctx.issues.errors and dataset.metadata.name == TITLE
    assert len(list(dataset.records("images"))) == len(manifest.read(merged / "manifest.csv").records)
    assert not (merged / "croissant.json").exists()


def test_a_public_dataset_is_refused_while_a_licence_forbids_it(merged):
    with pytest.raises(WrongUse, match="4 of 4 films forbids it .CC BY-NC-SA 3.0, unknown"):
        publish(merged / "store", merged / "manifest.csv", SLUG, TITLE, merged / "out", public=True, upload=None)
    assert not (merged / "out").exists()


@pytest.mark.parametrize(
    "licence, allowed",
    [
        ("CC0", True),
        ("CC BY 4.0", True),
        ("CC BY-SA 3.0", True),
        ("CC BY-NC 4.0", False),
        ("CC BY-ND 4.0", False),
        ("", False),
        ("unknown", False),
        ("CC BY-NC-SA", False),
        ("CC BY 4.0, if asked", False),
    ],
)
def test_which_licences_allow_a_public_dataset(merged, licence, allowed):
    records = tuple(record.but(licence=licence) for record in manifest.read(merged / "manifest.csv").records)
    manifest.write(merged / "manifest.csv", manifest.Manifest(records), manifest.read_roots(merged / "manifest.csv"))
    sent = []
    arguments = (merged / "store", merged / "manifest.csv", SLUG, TITLE, merged / "out", True)
    if allowed:
        publish(*arguments, upload=lambda *given: sent.append(given))
        assert sent[0][3] is True
    else:
        with pytest.raises(WrongUse):
            publish(*arguments, upload=lambda *given: sent.append(given))
        assert not sent


def test_a_foreign_folder_and_a_foreign_manifest_are_left_alone(merged):
    (merged / "out").mkdir()
    (merged / "out/letter.txt").write_text("mine")
    with pytest.raises(WrongUse, match="holds something other"):
        publish(merged / "store", merged / "manifest.csv", SLUG, TITLE, merged / "out", dry_run=True)
    assert (merged / "out/letter.txt").read_text() == "mine"
    with pytest.raises(BadInput, match="no film of this store"):
        publish(merged / "elsewhere", merged / "manifest.csv", SLUG, TITLE, merged / "out2")


def test_a_dry_run_sends_nothing(merged, capsys):
    assert publish(merged / "store", merged / "manifest.csv", SLUG, TITLE, merged / "out", dry_run=True, upload=lambda *_: 1 / 0) == 0
    assert "nothing was sent" in capsys.readouterr().out
