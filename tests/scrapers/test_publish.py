"""publish: private with credit; never public while a licence forbids it."""

import csv
import json
import shutil
from pathlib import Path

import mlcroissant
import pytest

from cxrkit.data import manifest
from cxrkit.data.readers import collected, phantom
from cxrkit.errors import BadInput, WrongUse
from scrapers import prepared
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


def tree(folder):
    """{path: bytes} of all files below a folder, and its empty folders."""
    return {path.relative_to(folder): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


def given(merged, out):
    return merged / "store", merged / "manifest.csv", SLUG, TITLE, out


FOREIGN = {
    "a person's own Kaggle dataset": lambda out: (out / "dataset-metadata.json").write_text('{"id": "me/years-of-work"}'),
    "a letter": lambda out: (out / "letter.txt").write_text("mine"),
    "a marker of somebody else": lambda out: (out / prepared.MARKER).write_text('{"made_by": "me", "files": {}}'),
    "a marker that lists nothing": lambda out: [
        (out / prepared.MARKER).write_text(json.dumps({"made_by": prepared.MADE_BY, "files": {}})),
        (out / "work.csv").write_text("precious"),
    ],
}


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("make", FOREIGN.values(), ids=FOREIGN)
def test_a_folder_that_the_kit_did_not_make_is_left_alone(merged, make, dry_run):
    (merged / "out").mkdir()
    make(merged / "out")
    before = tree(merged / "out")
    with pytest.raises(WrongUse, match="holds something other"):
        publish(*given(merged, merged / "out"), dry_run=dry_run, upload=lambda *_: 1 / 0)
    assert tree(merged / "out") == before


CHANGES = {
    "a film more": lambda out: (out / "mine.jpeg").write_bytes(b"mine"),
    "an edited table": lambda out: (out / "ATTRIBUTION.csv").write_text("my notes"),
    "a file less": lambda out: (out / "README.md").unlink(),
    "an empty folder more": lambda out: (out / "mine").mkdir(),
    "a link in place of a file": lambda out: [(out / "README.md").unlink(), (out / "README.md").symlink_to(out / "manifest.csv")],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_prepared_folder_is_replaced_only_as_it_was_left(merged, change):
    publish(*given(merged, merged / "out"), send=False)
    publish(*given(merged, merged / "out"), send=False)
    assert sorted(path.name for path in merged.iterdir()) == ["manifest.csv", "manifest.roots.json", "out", "store"]
    change(merged / "out")
    before = tree(merged / "out")
    with pytest.raises(WrongUse, match="holds something other"):
        publish(*given(merged, merged / "out"), send=False)
    assert tree(merged / "out") == before


@pytest.mark.parametrize("out", ["real", "real/collected", "real/collected/new", "real/collected/sirm", "linked"])
def test_nothing_is_made_where_the_store_lies_in_or_around_it(collected_films, tmp_path, out):
    shutil.copytree(collected_films / "store", tmp_path / "real/collected")
    (tmp_path / "linked").symlink_to(tmp_path / "real")
    shutil.copyfile(collected_films / "manifest.csv", tmp_path / "manifest.csv")
    roots = manifest.read_roots(collected_films / "manifest.csv")
    roots = {name: str(tmp_path / "real/collected") if Path(root).name == "store" else root for name, root in roots.items()}
    manifest.write(tmp_path / "manifest.csv", manifest.read(tmp_path / "manifest.csv"), roots)
    before = tree(tmp_path)
    with pytest.raises(WrongUse, match="in or around its folder"):
        publish(tmp_path / "real/collected", tmp_path / "manifest.csv", SLUG, TITLE, tmp_path / out, send=False)
    assert tree(tmp_path) == before


def test_the_manifest_and_its_sources_are_no_place_either(merged, collected_films):
    for out in (merged, collected_films / "phantoms", collected_films):
        with pytest.raises(WrongUse, match="in or around its folder"):
            publish(*given(merged, out), send=False)
    with pytest.raises(BadInput, match="no film of this store"):
        publish(merged / "elsewhere", merged / "manifest.csv", SLUG, TITLE, merged / "out2")


def test_a_preparation_that_fails_leaves_the_former_one(merged, monkeypatch):
    publish(*given(merged, merged / "out"), send=False)
    before = tree(merged)
    monkeypatch.setattr("scrapers.croissant.write", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        publish(*given(merged, merged / "out"), send=False)
    assert tree(merged) == before


def test_what_comes_into_the_former_folder_meanwhile_stays(merged, monkeypatch):
    publish(*given(merged, merged / "out"), send=False)
    remove = prepared._remove
    monkeypatch.setattr(prepared, "_remove", lambda old: [(old / "sirm").mkdir(), (old / "sirm/mine.txt").write_text("mine"), remove(old)])
    publish(*given(merged, merged / "out"), send=False)
    assert [path.read_text() for path in merged.glob("out.old-*/out/**/*.txt")] == ["mine"] and (merged / "out/README.md").exists()


def test_a_dry_run_writes_removes_and_sends_nothing(merged, capsys):
    before = tree(merged)
    assert publish(*given(merged, merged / "out"), dry_run=True, upload=lambda *_: 1 / 0) == 0
    assert "nothing was sent, and nothing was written or removed" in capsys.readouterr().out and tree(merged) == before
