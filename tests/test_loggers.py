"""Loggers: an epoch's figures arrive, numbers alone, and a logger that fails costs the log alone."""

import sys
import threading
from types import SimpleNamespace

import pytest

pytest.importorskip("torch")

from cxrkit import config, loggers
from cxrkit.training.stages import Epoch, EpochEnded, Job

JOB = Job("resnet34", 0)
ENDED = [
    EpochEnded("frozen", Epoch(1, 0.5, 0.4, 0.25, 0.9, 0.8, 1.0), 2),
    EpochEnded("unfrozen", Epoch(2, 0.3, 0.2, 0.125, 0.9, 0.8, 1.0), 2),
]


def log(names, out):
    with loggers.opened(names, out, config.load("dry-run")) as tell:
        for each in ENDED:
            tell(JOB, each)


def test_steps_count_through_both_stages():
    assert [loggers.step_of(each) for each in ENDED] == [1, 4]


def test_tensorboard_reads_each_epoch(tmp_path):
    pytest.importorskip("tensorboard", reason="tensorboard is not installed: pip install '.[tensorboard]'")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log(["tensorboard"], tmp_path)
    found = EventAccumulator(str(tmp_path / "tensorboard" / JOB.name)).Reload()
    assert found.Tags()["images"] == [] and set(found.Tags()["scalars"]) == set(loggers.FIGURES)
    assert [(each.step, round(each.value, 3)) for each in found.Scalars("error_rate")] == [(1, 0.25), (4, 0.125)]


def test_a_full_disk_under_tensorboard_is_said_in_a_line(tmp_path, capfd):
    pytest.importorskip("tensorboard", reason="tensorboard is not installed: pip install '.[tensorboard]'")
    (tmp_path / "tensorboard" / JOB.name).mkdir(parents=True)
    with loggers.opened(["tensorboard"], tmp_path, config.load("dry-run")) as tell:
        before = threading.active_count()
        tell(JOB, ENDED[0])
        assert threading.active_count() == before, "what a thread of its own raises is a traceback on the screen"
        (file,) = (tmp_path / "tensorboard" / JOB.name).iterdir()
        file.unlink()
        file.symlink_to("/dev/full")
        tell(JOB, ENDED[1])
    told = capfd.readouterr()
    assert told.out.count("!!! tensorboard takes no more figures") == 1 and told.err == ""


class OfWandb:
    """In place of the package: what it is asked for, and a server that is gone when the run ends."""

    Settings, errors = staticmethod(dict), SimpleNamespace(Error=RuntimeError)

    def init(self, **asked):
        self.asked, self.logged = asked, []
        return SimpleNamespace(
            offline=False, url="https://w", define_metric=lambda *_, **__: None, log=self.logged.append, finish=self.finish
        )

    def finish(self):
        raise TimeoutError


def test_wandb_is_told_no_folder_and_no_person_and_is_waited_for_no_longer_than_a_minute(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "wandb", package := OfWandb())
    mine = config.load("dry-run", {"data": [f"folder:mine={tmp_path}"], "weights": str(tmp_path), "contact": "A. Body, a@example.org"})
    with loggers.opened(["wandb"], tmp_path / "out", mine) as tell:
        tell(JOB, ENDED[0])
    told = package.asked.pop("dir") and str(package.asked)
    assert str(tmp_path) not in told and "example.org" not in told and sys.argv[0] not in told
    settings = package.asked["settings"]
    assert settings["program"] == "kernel/run.py" and settings["finish_timeout"] == 60 and settings["finish_timeout_raises"]
    assert package.logged[0][f"{JOB.name}/error_rate"] == 0.25
    assert f"kept in {tmp_path / 'out' / 'wandb'}; wandb sync sends them" in capsys.readouterr().out


def test_wandb_offline_sends_nothing_and_keeps_numbers_alone(tmp_path, monkeypatch):
    wandb = pytest.importorskip("wandb", reason="wandb is not installed: pip install '.[wandb]'")
    monkeypatch.setenv("WANDB_MODE", "offline")
    log(["wandb"], tmp_path)
    wandb.teardown()  # what writes the file is a process of wandb's own
    (kept,) = tmp_path.glob("wandb/offline-run-*/*.wandb")
    held = kept.read_bytes()
    assert b"resnet34-seed0/error_rate" in held and b"requirements.txt" not in held and b"media/" not in held
    assert str(tmp_path).encode() not in held


class Failing:
    def __init__(self, out, experiment):
        self.asked = []
        Failing.made = self

    def add(self, *figures):
        self.asked.append(figures)
        raise RuntimeError("no room")

    def close(self):
        raise AssertionError("a logger that failed is asked no more")


def test_a_logger_that_fails_is_said_once_and_left_alone(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(loggers.OPEN, "failing", Failing)
    log(["failing"], tmp_path)
    assert len(Failing.made.asked) == 1 and capsys.readouterr().out.count("!!! failing takes no more figures") == 1
