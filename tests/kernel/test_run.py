"""The entry as a user calls it: messages, exit codes, results."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from cxrkit import config, environment, pipeline
from cxrkit.data.readers import coronahack
from cxrkit.files import read_json, sha256_of
from cxrkit.options import as_arguments
from tests.conftest import SHORT
from tests.conftest import SMALL as OVERRIDES

ROOT = Path(__file__).resolve().parents[2]


def call(*arguments, cwd, python=()):
    command = [sys.executable, *python, str(ROOT / "kernel" / "run.py"), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)


def test_results_are_complete_and_checked(finished_run):
    results = finished_run / "results"
    listed = read_json(results / "checksums.json")
    assert {
        "run.json",
        "manifest.csv",
        "epochs.csv",
        "predictions.csv",
        "lr_find.csv",
        "metrics.json",
        "models/resnet34-seed0.safetensors",
    } <= set(listed)
    drawn = ("errors", "roc", "pr", "losses-resnet34", "lr_find-resnet34")
    assert {f"figures/{name}.{kind}" for name in drawn for kind in ("svg", "png")} <= set(listed)
    assert all(sha256_of(results / name) == facts["sha256"] for name, facts in listed.items())


def test_the_checkouts_package_runs_also_where_another_is_installed(tmp_path):
    installed = tmp_path / "installed" / "cxrkit"
    installed.mkdir(parents=True)
    (installed / "__init__.py").write_text("raise RuntimeError('another version')")
    done = subprocess.run(
        [sys.executable, str(ROOT / "kernel" / "run.py"), "--version"],
        env=os.environ | {"PYTHONPATH": str(installed.parent)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_a_result_says_what_it_was_made_of(finished_run):
    run, metrics = (read_json(finished_run / "results" / name) for name in ("run.json", "metrics.json"))
    assert (run["films"], run["started_from"]) == ("phantom", "random") == (metrics["films"], metrics["started_from"])
    assert (run["schema"], run["state"]) == (metrics["schema"], "finished") and run["run_id"]
    assert {name: choice["value"] for name, choice in run["chosen"].items()} == {
        "device": "cpu",
        "precision": "float32",
        "layout": "contiguous",
        "tf32": False,
        "autotuning": False,
        "devices": "cpu",
        "at_once": 1,
        "threads": environment.processors(),
        "placement": "host",
    }
    assert all(choice["reason"] for choice in run["chosen"].values())
    assert run["manifest_sha256"] == metrics["manifest_sha256"] == sha256_of(finished_run / "manifest.csv")
    assert str(finished_run) not in (finished_run / "results" / "run.json").read_text()


def test_predictions_trace_to_the_manifest(finished_run):
    predictions = pd.read_csv(finished_run / "results" / "predictions.csv")
    rows = pd.read_csv(finished_run / "results" / "manifest.csv", keep_default_na=False).set_index("image_id")
    assert list(predictions.columns) == ["architecture", "seed", "stage", "image_id", "label", "p_covid"]
    assert (predictions["label"] == rows.loc[predictions["image_id"], "label"].to_numpy()).all()
    assert set(rows.loc[predictions["image_id"], "split"]) == {"valid"}
    assert predictions["p_covid"].between(0, 1).all()


def test_a_finished_run_is_not_trained_again(finished_run, tmp_path, capsys):
    out = tmp_path / "copy"
    shutil.copytree(finished_run, out, symlinks=True)
    before = (out / "results" / "predictions.csv").read_bytes()
    pipeline.run(config.load("dry-run", OVERRIDES | {"audit": "none"}), out)
    printed = capsys.readouterr().out
    assert "resnet34-seed0: done already" in printed and "epoch 1/1" not in printed
    assert (out / "results" / "predictions.csv").read_bytes() == before


def test_results_of_other_options_are_not_replaced_in_silence(finished_run, capsys):
    for seeds, told in (([0], False), ([7], True)):
        pipeline.announce_replaced(finished_run / "results", config.load("dry-run", OVERRIDES | {"seeds": seeds}))
        assert ("they will be replaced: --out DIR keeps both" in capsys.readouterr().out) is told


def test_it_refuses_to_run_elsewhere_without_local(tmp_path):
    done = call(cwd=tmp_path)
    assert done.returncode == 2 and "--local" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "spoil, code, words",
    [
        (lambda root: shutil.rmtree(root), 3, "no such data folder"),
        (lambda root: (root / coronahack.METADATA).write_text(",a,b\n0,1,2\n"), 3, "lacks the column"),
        (lambda root: spoil_metadata(root, lambda line: "COVID-19" not in line), 3, "no covid image in train"),
        (lambda root: [p.write_bytes(b"x") for p in root.rglob("*.jpeg")], 3, "None of the"),
    ],
    ids=["no folder", "missing column", "empty class", "nothing readable"],
)
def test_bad_input_is_a_message_and_a_code(tmp_path, phantoms, spoil, code, words):
    root = tmp_path / "data"
    shutil.copytree(phantoms, root)
    spoil(root)
    command = ("--local", "--data", root, "--experiment", "paper", "--no-pretrained", "--out", "out")
    done = call(*command, cwd=tmp_path, python=("-X", "importtime"))
    assert done.returncode == code, done.stderr
    assert "fastai" not in done.stderr and "torch" not in done.stderr  # seconds, before which bad input is told
    assert words in done.stderr and "next:" in done.stderr and "Traceback" not in done.stderr


def spoil_metadata(root, keep):
    path = root / coronahack.METADATA
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if keep(line)))


def test_a_stopped_run_goes_on(tmp_path, few):
    """tests/kaggle_io/test_resume.py kills one."""
    asked = ["--local", "--data", few, "--experiment", "dry-run", *as_arguments(SHORT | {"audit": "none"}), "--out", "out"]
    command = [sys.executable, "-u", ROOT / "kernel" / "run.py", *asked]
    process = subprocess.Popen([*map(str, command)], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in process.stdout:
        if "learning rate" in line:
            os.kill(process.pid, signal.SIGTERM)
            break
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 5 and "same command" in errors and "Traceback" not in errors
    done = call(*asked, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "frozen epoch 1/1" not in done.stdout.replace("unfrozen", "whole")
    assert (tmp_path / "out" / "results" / "checksums.json").exists()
