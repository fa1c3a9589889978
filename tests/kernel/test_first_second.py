"""What cannot work is said before a film is read; what is stopped says what is kept."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cxrkit import config, pipeline
from cxrkit.errors import EXTRA_OF, BadInput, Interrupted, WrongUse, run_command
from tests.conftest import SMALL
from tests.kernel.entry import kernel_run

ROOT = Path(__file__).resolve().parents[2]
PAPER = ["--local", "--experiment", "paper", "--data", "phantom"]


@pytest.mark.parametrize("hours", ["-1", "nan", "inf", "soon"])
def test_hours_are_a_number(hours):
    with pytest.raises(WrongUse, match="--hours"):
        kernel_run().parse([*PAPER, f"--hours={hours}"])


@pytest.mark.parametrize(
    "files, words", [(None, "no folder of weights"), (["resnet34-b627a593.pth"], "none of resnet101, vgg16_bn, vgg19_bn.")]
)
def test_a_folder_without_the_weights_is_refused_at_once(tmp_path, monkeypatch, capsys, files, words):
    monkeypatch.chdir(tmp_path)
    for name in files or ():
        (tmp_path / "weights").mkdir()
        (tmp_path / "weights" / name).touch()
    assert run_command(lambda: kernel_run().main([*PAPER, "--weights", "weights"])) == 3
    assert words in capsys.readouterr().err and not (tmp_path / "runs").exists()


def test_weights_that_no_network_starts_from_are_named_at_once(tmp_path, monkeypatch, capsys):
    def stop(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline.sources, "require", stop)
    with pytest.raises(Interrupted):
        pipeline.run(config.load("dry-run", SMALL | {"weights": "nowhere"}), tmp_path)
    assert "not used: the ImageNet weights in nowhere" in capsys.readouterr().out


def test_weights_that_travel_in_a_folder_of_their_own_are_found(tmp_path):
    (tmp_path / "inner").mkdir()
    for name in config.load("paper").architectures:
        (tmp_path / "inner" / f"{name}-01234567.pth").touch()
    config.refuse_weights(config.load("paper", {"weights": str(tmp_path)}))


@pytest.mark.parametrize("package, arguments", [("torch", []), ("wandb", ["--logger", "wandb"]), ("ray", ["--cluster", "auto"])])
def test_a_package_that_lacks_is_named_before_any_work(tmp_path, monkeypatch, capsys, package, arguments):
    monkeypatch.chdir(tmp_path)
    found = __import__("importlib.util").util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *more: None if name == package else found(name, *more))
    assert run_command(lambda: kernel_run().main(["--local", *arguments])) == 2
    assert f"pip install '.[{EXTRA_OF[package]}]'" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_weights_are_asked_for_before_films_are_read(tmp_path, monkeypatch):
    asked = []

    def refuse(experiment, folder):
        asked.append(folder)
        raise KeyboardInterrupt

    monkeypatch.setattr("cxrkit.training.jobs.require_weights", refuse)
    with pytest.raises(Interrupted, match="Nothing was finished"):
        pipeline.run(config.load("dry-run", SMALL | {"pretrained": True}), tmp_path)
    assert asked == [tmp_path / "jobs"] and not (tmp_path / "manifest.csv").exists()


def test_a_folder_that_is_not_there_is_told_before_weights_are_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr("cxrkit.training.jobs.require_weights", lambda *_: pytest.fail("half a gigabyte for nothing"))
    for data, words in (("folder:ours={}/none", "no such data folder"), ("{}", "holds no Chest_xray_Corona_Metadata.csv")):
        with pytest.raises(BadInput, match=words):
            pipeline.run(config.load("paper", {"data": [data.format(tmp_path)]}), tmp_path / "out")


def test_what_is_kept_is_counted(finished_run, tmp_path):
    experiment = config.load("dry-run", SMALL)
    assert "2 finished training stages of 2" in pipeline.what_is_kept(experiment, finished_run)
    assert pipeline.what_is_kept(experiment, tmp_path).startswith("Nothing was finished")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send to one process")
@pytest.mark.parametrize("module", ["kernel/run.py", "cxrkit"])
def test_ctrl_c_while_modules_are_imported_is_one_line(tmp_path, module):
    start = [str(ROOT / module), "--local"] if module.endswith(".py") else ["-m", "cxrkit", "plan"]
    # the module that all else imports waits to be interrupted
    (tmp_path / "sitecustomize.py").write_text(WAITS)
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    process = subprocess.Popen(
        [sys.executable, *start], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not (tmp_path / "importing").exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 5 and "Traceback" not in errors and len(errors.strip().splitlines()) == 1, errors


WAITS = """
import sys, time
class Waits:
    def find_spec(self, name, path=None, target=None):
        if name == "cxrkit.config":
            open("importing", "w").close()
            time.sleep(30)
sys.meta_path.insert(0, Waits())
"""
