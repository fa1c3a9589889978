"""Loggers: an epoch's figures arrive, numbers alone, and a logger that fails costs the log alone."""

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
