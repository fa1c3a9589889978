"""The README's commands are the program's: all of them parse, and those that need no site, no Kaggle and no hour run."""

import importlib.util
import re
import shlex
import shutil
from dataclasses import fields
from pathlib import Path

import pytest

from cxrkit import __main__ as cxrkit_command
from cxrkit import config
from cxrkit.__main__ import parser as cxrkit_parser
from scrapers.__main__ import parser as scrapers_parser
from tests.kernel.entry import kernel_run

ROOT = Path(__file__).resolve().parents[1]


def commands():
    """Every command of the README's shell blocks and of its `python -m cxrkit ...` texts, as lists of words."""
    text = (ROOT / "README.md").read_text("utf-8")
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    lines += re.findall(r"`(python -m cxrkit [^`]*)`", text)
    pieces = [piece for line in lines for piece in re.split(r"&&", line.partition(" #")[0]) if piece.strip()]
    return list(dict.fromkeys(re.sub(r"[\[\]]|\.\.\.", "", piece).strip() for piece in pieces))


@pytest.mark.parametrize("command", commands())
def test_every_command_parses(command):
    words = shlex.split(command)
    if words[:3] == ["python", "-m", "cxrkit"]:
        cxrkit_parser().parse_args(words[3:])
    elif words[:3] == ["python", "-m", "scrapers"]:
        scrapers_parser().parse_args(words[3:])
    elif "kernel/run.py" in words:
        kernel_run().parse(words[words.index("kernel/run.py") + 1 :])
    else:
        assert words[:2] == ["pip", "install"] or words == ["python", "-m", "pytest"]


RUN_HERE = [
    "manifest check",
    "manifest diff",
    "manifest licences",
    "tree build",
    "audit manifest.csv",
    "evaluate RUN",
    "compare RUN",
    "report RUN",
    "predict RUN",
]


def test_what_can_run_here_runs(tmp_path, monkeypatch, phantoms, finished_run):
    shutil.copytree(finished_run, tmp_path / "RUN", symlinks=True)
    shutil.copytree(phantoms, tmp_path / "more-films")
    film = next((tmp_path / "more-films").rglob("*.jpeg"))
    shutil.copyfile(film, tmp_path / "film.png")
    monkeypatch.chdir(tmp_path)
    cxrkit_command.main(["manifest", "build", "--source", "coronahack=more-films", "--out", "manifest.csv"])
    shutil.copyfile("manifest.csv", "old.csv")
    for beginning in RUN_HERE:
        mine = [
            command
            for command in commands()
            if f"python -m cxrkit {beginning}" in command and not re.search(r"--external|--retrain|\.dcm", command)
        ]
        assert mine, f"the README has no longer a command {beginning}"
        for command in mine:
            words = [word for word in shlex.split(command)[3:] if word != "more-films/"]
            words = list(dict.fromkeys(words)) if beginning == "compare RUN" else words
            assert not cxrkit_command.main(words), command
    assert (tmp_path / "RUN" / "results" / "report.html").exists() and list((tmp_path / "maps").iterdir())


def test_every_option_of_a_run_is_in_its_help(capsys):
    with pytest.raises(SystemExit):
        kernel_run().parse(["--help"])
    shown, keys = capsys.readouterr().out, {field.name for field in fields(config.Experiment)} - {"name"}
    assert all(f"--{key.replace('_', '-')}" in shown for key in keys)


def test_the_tree_says_what_each_file_is():
    spec = importlib.util.spec_from_file_location("readme_tree", ROOT / ".ci" / "readme_tree.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    readme = (ROOT / "README.md").read_text("utf-8")
    assert module.rewritten(readme) == readme, "run: python .ci/readme_tree.py"
    assert all(len(line.split(maxsplit=1)) == 2 for line in module.tree().splitlines()[2:-2])
