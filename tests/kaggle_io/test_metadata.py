"""kernel-metadata.json: complete, and named so that Kaggle does not rename the kernel."""

import json

import pytest
from slugify import slugify

from cxrkit.errors import BadInput, WrongUse
from cxrkit.files import write_text
from cxrkit.kaggle_io import bundle, metadata


def test_the_file_in_the_repository():
    present = metadata.read()
    owner, slug = present["id"].split("/")
    assert present | {"id": metadata.DEFAULTS["id"]} == metadata.DEFAULTS
    assert slugify(present["title"]) == slug == present["title"]
    assert (bundle.ROOT / present["code_file"]).is_file()


def test_set_up_keeps_what_a_person_wrote(tmp_path):
    write_text(tmp_path / metadata.NAME, json.dumps(metadata.DEFAULTS | {"dataset_sources": ["a/b"], "is_private": False}))
    written = metadata.set_up("carol", root=tmp_path)
    before = (tmp_path / metadata.NAME).read_text()
    assert metadata.read(tmp_path) == written | {"code_file": metadata.DEFAULTS["code_file"]}
    metadata.set_up("carol", "another-name", tmp_path)
    assert metadata.slug_of(metadata.read(tmp_path)) == "another-name"
    assert (tmp_path / metadata.NAME).read_text() == before
    assert (written["id"], written["dataset_sources"], written["is_private"]) == ("carol/cxrkit-chest-films", ["a/b"], False)


@pytest.mark.parametrize(
    "owner, slug", [("carol", "Has Capitals"), ("carol", "a--b-c"), ("carol", "shrt"), ("carol", "x" * 51), ("../up", "good-name")]
)
def test_names_that_kaggle_would_change(tmp_path, owner, slug):
    with pytest.raises(WrongUse):
        metadata.set_up(owner, slug, tmp_path)
    assert not (tmp_path / metadata.MINE).exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"id": "noslash"}', '{"id": 3}'])
def test_a_broken_file(tmp_path, text):
    write_text(tmp_path / metadata.NAME, text)
    with pytest.raises(BadInput, match="setup"):
        metadata.read(tmp_path)


def test_the_installed_package_says_that_a_clone_is_needed(tmp_path):
    """Its folder has no kernel-metadata.json, and `setup`, which the broken file's message names, would refuse as well."""
    with pytest.raises(WrongUse, match="installed package"):
        metadata.read(tmp_path)


def test_the_name_of_the_results_fits():
    assert metadata.results_slug("cxrkit-chest-films") == "cxrkit-chest-films-results"
    assert len(metadata.results_slug("x" * 50)) <= 50
    assert metadata.results_slug("x" * 42 + "-one") != metadata.results_slug("x" * 42 + "-two")


def test_a_person_on_a_terminal_is_asked(isolated, tmp_path, monkeypatch):
    import sys

    from kaggle.api.kaggle_api_extended import KaggleApi

    monkeypatch.setattr(KaggleApi, "config", str(tmp_path / "absent.json"))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    assert metadata.set_up(root=tmp_path, ask=lambda _: " carol ")["id"] == "carol/cxrkit-chest-films"
