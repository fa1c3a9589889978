"""A run that is out of time reports what it has, and the next one goes on from there."""

from dataclasses import replace

import pytest

from cxrkit import config, pipeline
from cxrkit.environment import Deadline
from cxrkit.errors import Interrupted
from cxrkit.files import read_json
from cxrkit.kaggle_io import inside, publish
from cxrkit.training import executors, jobs
from tests.conftest import SMALL


class TimeUpForTheSecond(executors.Processes):
    """Tells the training of seed 1 that the time is up already, so that it ends after its first stage."""

    def start(self, task):
        super().start(replace(task, end=0.0) if task.job.seed == 1 else task)


def test_time_up_reports_what_is_finished_and_the_next_run_goes_on(tmp_path, capsys, monkeypatch):
    two = config.load("dry-run", {**SMALL, "seeds": [0, 1]})
    out = tmp_path / "first"
    with monkeypatch.context() as patched:
        patched.setattr(jobs, "Processes", TimeUpForTheSecond)
        results = pipeline.run(two, out)
    assert results.info.unfinished == ["resnet34-seed1"]
    assert "PARTIAL" in capsys.readouterr().out
    assert {seed for score in results.metrics.scores for seed in score.seeds} == {0}

    inside.save_unless_whole(results, out / "jobs")
    publish.verify(results.folder)
    assert read_json(results.folder / inside.MARKER) == ["resnet34-seed0", "resnet34-seed1"]
    mounted = tmp_path / "input" / "datasets" / "alice" / "x-results"
    mounted.parent.mkdir(parents=True)
    mounted.symlink_to(results.folder)
    assert inside.restore(tmp_path / "second" / "jobs", tmp_path / "input") == ["resnet34-seed0", "resnet34-seed1"]
    capsys.readouterr()
    results = pipeline.run(two, tmp_path / "second")
    told = capsys.readouterr().out
    assert "resnet34-seed0: done already" in told and "seed1 frozen epoch" not in told and "seed1 unfrozen epoch" in told
    assert results.info.unfinished == []


def test_time_up_before_anything_is_finished(tmp_path):
    with pytest.raises(Interrupted, match="before any network"):
        pipeline.run(config.load("dry-run", SMALL), tmp_path, time_left=Deadline(0))
