"""Where nothing can be written: every command says so at once, before it reads anything, and nothing is replaced that is no file."""

import os
from pathlib import Path

import pytest

from cxrkit import files
from cxrkit.__main__ import main
from cxrkit.errors import Unwritable, run_command
from cxrkit.kaggle_io import bundle

FILES = {
    "manifest build": ["manifest", "build", "--source", "coronahack=gone", "--out"],
    "manifest licences": ["manifest", "licences", "gone.csv", "--out"],
    "report": ["report", "gone", "gone-too", "--out"],
    "compare": ["compare", "gone", "--out"],
    "audit": ["audit", "gone.csv", "--out"],
}
FOLDERS = {
    "manifest build": ["manifest", "build", "--source", "coronahack=gone", "--cache"],
    "tree build": ["tree", "build", "gone.csv", "--out"],
    "predict": ["predict", "gone", "gone.png", "--out"],
    "bench": ["bench", "--data", "gone", "--out"],
    "bench, simulated": ["bench", "--cluster-simulation", "gone", "--out"],
    "gpu-check": ["gpu-check", "--out"],
    "fetch": ["fetch", "owner/set", "--out"],
    "pull": ["pull", "owner/kernel", "--out"],
    "wait": ["wait", "owner/kernel", "--pull", "--out"],
    "push": ["push", "--pull", "--experiment", "gone", "--out"],
}


@pytest.fixture
def places(tmp_path, monkeypatch):
    """{why nothing can be written: place}; with "a file" and "a folder" for whoever wants the other."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("somebody's")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    closed = Path("/sys") if Path("/sys").is_dir() else tmp_path / "file"  # where root may not write either
    return {
        "in a file": "file/x",
        "closed": str(closed / "x"),
        "too long": "n" * 300,
        "file": "file",
        "folder": "folder",
        "device": os.devnull,
    }


def refused(arguments, capsys):
    code, said = run_command(lambda: main(arguments)), capsys.readouterr()
    assert code == 3 and said.err.startswith("error: Nothing can be written here: ") and "gone" not in said.err, (code, said)
    assert "next:" in said.err and said.out == ""
    return said.err


@pytest.mark.parametrize("why", ["in a file", "closed", "too long", "folder", "device"])
@pytest.mark.parametrize("command", FILES)
def test_a_file_that_cannot_be_written(places, capsys, command, why):
    refused([*FILES[command], places[why]], capsys)
    assert sorted(os.listdir()) == ["file", "folder", "pipe"] and not Path("pipe").is_file()


@pytest.mark.parametrize("why", ["in a file", "closed", "too long", "file", "device"])
@pytest.mark.parametrize("command", FOLDERS)
def test_a_folder_that_cannot_be_written(places, capsys, command, why):
    refused([*FOLDERS[command], places[why]], capsys)
    assert sorted(os.listdir()) == ["file", "folder", "pipe"] and Path("file").read_text() == "somebody's"


@pytest.mark.parametrize(
    "command, name", [("report", "report.html"), ("report", "figures"), ("evaluate", "metrics.json"), ("audit", "audits.json")]
)
def test_results_that_cannot_be_written(tmp_path, capsys, command, name):
    (tmp_path / "run.json").write_text("gone")
    (tmp_path / name).write_text("") if name == "figures" else (tmp_path / name).mkdir()
    refused([command, str(tmp_path)], capsys)


@pytest.mark.parametrize("options, name", [([], bundle.SCRIPT), (["--notebook"], "kernel/mine/notebook.ipynb")])
def test_a_bundle_that_cannot_be_written(tmp_path, capsys, monkeypatch, options, name):
    monkeypatch.setattr(bundle, "ROOT", tmp_path)
    (tmp_path / name).mkdir(parents=True)
    refused(["bundle", "--experiment", "gone", *options], capsys)


def test_asking_leaves_nothing_behind_and_a_name_that_is_free_is_none(tmp_path):
    files.refuse_unwritable(tmp_path / "new" / "deep" / "a.csv", tmp_path / "b.csv")
    files.refuse_unwritable_folder(tmp_path / "new")
    assert not list(tmp_path.iterdir())
    (tmp_path / "b.csv").write_text("old")
    files.refuse_unwritable(tmp_path / "b.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["b.csv"] and (tmp_path / "b.csv").read_text() == "old"


def test_a_link_that_leads_nowhere_is_no_folder(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    with pytest.raises(Unwritable, match="a file stands where a folder should be"):
        files.refuse_unwritable_folder(tmp_path / "link")


@pytest.mark.parametrize("command", ["compare", "audit"])
def test_a_file_of_somebodys_is_not_overwritten(places, capsys, command):
    assert run_command(lambda: main([*FILES[command], places["file"]])) == 3
    assert "this kit did not write" in capsys.readouterr().err and Path("file").read_text() == "somebody's"
