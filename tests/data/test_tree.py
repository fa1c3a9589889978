import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxrkit.data import tree
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import Record
from cxrkit.errors import BadInput


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


def built(records, source, root):
    return tree.build(Manifest(records), lambda record: source / record.path[2:], root)


def records_of(source, names, split="train", label="covid"):
    for name in names:
        (source / name).write_text(name)
    return [Record(f"s/{name}", f"s/{name}", "s", label, split=split) for name in names]


def content(root):
    return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file() and path.name != tree.MARKER}


def test_it_is_built_kept_and_cleaned(tmp_path, source):
    records = records_of(source, ["a.png", "b.png"]) + records_of(source, ["c.png"], "valid", "normal")
    root = tmp_path / "tree"
    assert str(built(records, source, root)) == "3 linked, 0 copied, 0 kept, 0 removed"
    assert content(root) == {"train/covid/s__a.png": "a.png", "train/covid/s__b.png": "b.png", "valid/normal/s__c.png": "c.png"}
    assert (root / "train" / "normal").is_dir()
    assert built(records, source, root).kept == 3
    report = built(records[:1], source, root)
    assert (report.kept, report.removed) == (1, 2)
    assert content(root) == {"train/covid/s__a.png": "a.png"}


def test_it_copies_only_where_no_link_can_be_made(tmp_path, source, monkeypatch):
    def refuse(*_):
        raise OSError("links are not supported here")

    records = records_of(source, ["a.png"])
    monkeypatch.setattr(os, "symlink", refuse)
    assert built(records, source, tmp_path / "hard").linked == 1
    monkeypatch.setattr(os, "link", refuse)
    assert built(records, source, tmp_path / "copy").copied == 1
    assert built(records, source, tmp_path / "copy").kept == 1


def test_names_that_differ_in_case_alone_stay_apart_on_a_disk_that_ignores_case(tmp_path, source):
    records = records_of(source, ["a.png", "A.png", "b.png"])
    names = [name.rpartition("/")[2] for name in tree.entries(Manifest(records))]
    assert len({name.casefold() for name in names}) == 3 and "s__b.png" in names


def test_a_link_to_something_else_is_replaced(tmp_path, source):
    records = records_of(source, ["a.png"])
    built(records, source, tmp_path / "tree")
    link = tmp_path / "tree/train/covid/s__a.png"
    link.unlink()
    link.symlink_to(tmp_path / "gone")
    built(records, source, tmp_path / "tree")
    assert link.read_text() == "a.png"


@pytest.mark.parametrize("name", ["train/NORMAL/a.jpeg", "train/covid/mine.png", "test/x.csv", "notes/x", "valid/.hidden"])
@pytest.mark.parametrize("before", [False, True])
def test_what_the_kit_did_not_put_there_is_never_touched(tmp_path, source, name, before):
    """A folder that holds train/ and test/ is how most people keep their films; a tree may have got a stranger's file since."""
    records, root = records_of(source, ["a.png", "b.png"]), tmp_path / "films"
    if before:
        built(records, source, root)
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("mine")
    kept = content(root)
    with pytest.raises(BadInput, match=name.partition("/")[0]):
        built(records[:1], source, root)
    assert content(root) == kept


def test_a_folder_of_films_behind_a_link_is_never_touched(tmp_path, source):
    (tmp_path / "films" / "covid").mkdir(parents=True)
    (tmp_path / "films" / "covid" / "mine.png").write_text("mine")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "train").symlink_to(tmp_path / "films")
    with pytest.raises(BadInput, match="train"):
        built(records_of(source, ["a.png"]), source, tmp_path / "tree")
    assert [path.name for path in (tmp_path / "films" / "covid").iterdir()] == ["mine.png"]


def test_a_copy_that_somebody_changed_is_theirs(tmp_path, source, monkeypatch):
    def refuse(*_):
        raise OSError("links are not supported here")

    monkeypatch.setattr(os, "symlink", refuse)
    monkeypatch.setattr(os, "link", refuse)
    records, root = records_of(source, ["a.png", "b.png"]), tmp_path / "tree"
    built(records, source, root)
    (root / "train/covid/s__b.png").write_text("annotated by hand")
    with pytest.raises(BadInput, match="s__b"):
        built(records[:1], source, root)
    (root / "train/covid/s__b.png").unlink()
    assert built(records[:1], source, root).kept == 1


def test_links_of_an_earlier_version_without_a_list_are_taken_over(tmp_path, source):
    records, root = records_of(source, ["a.png"]), tmp_path / "tree"
    built(records, source, root)
    (root / tree.MARKER).unlink()
    assert built(records, source, root).kept == 1 and built([], source, root).removed == 1


def test_a_folder_that_is_no_tree_is_not_cleaned(tmp_path, source):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    with pytest.raises(BadInput, match="letter.txt"):
        built(records_of(source, ["a.png"]), source, tmp_path / "home")
    assert (tmp_path / "home" / "letter.txt").exists()


def test_a_missing_film_is_named(tmp_path, source):
    with pytest.raises(BadInput) as caught:
        built([Record("s/gone.png", "s/gone.png", "s", "covid", split="train")], source, tmp_path / "tree")
    assert "gone.png" in str(caught.value)


@settings(max_examples=200)
@given(st.lists(st.text(min_size=1, max_size=150), min_size=1, max_size=20, unique=True))
def test_no_name_collides_or_leaves_the_tree(names):
    records = [Record(f"s/{name}", f"s/{name}", "s", "covid", split="test") for name in names]
    planned = tree.entries(Manifest(records))
    assert len(planned) == len(names)
    for relative in planned:
        split, label, name = relative.split("/")
        assert (split, label) == ("test", "covid")
        assert name not in ("", ".", "..") and name.isascii() and name.isprintable() and len(name) < 140
