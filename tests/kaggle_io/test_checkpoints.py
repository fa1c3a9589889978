"""A run that is out of time reports what it has, and the next one goes on from there."""

from dataclasses import replace

import pytest
import torch

from cxrkit import config, pipeline, state_files
from cxrkit.environment import Deadline
from cxrkit.errors import Interrupted
from cxrkit.files import checksum, read_json, write_json
from cxrkit.kaggle_io import checkpoints, publish
from cxrkit.training import executors, networks, states
from tests.conftest import SHORT


class TimeUpForTheSecond(executors.Processes):
    """Tells the training of seed 1 that the time is up already, so that it ends after its first stage."""

    def start(self, task):
        super().start(replace(task, end=0.0) if task.job.seed == 1 else task)


def test_time_up_reports_what_is_finished_and_the_next_run_goes_on(tmp_path, capsys, monkeypatch, few):
    two = config.load("dry-run", {**SHORT, "data": [str(few)], "seeds": [0, 1], "audit": "none"})
    out = tmp_path / "first"
    with monkeypatch.context() as patched:
        patched.setattr(executors, "Processes", TimeUpForTheSecond)
        results = pipeline.run(two, out, kept=lambda job: checkpoints.keep(job, out / "results"))
    assert results.info.unfinished == ["resnet18-seed1"]
    assert "PARTIAL" in capsys.readouterr().out
    assert {seed for score in results.metrics.scores for seed in score.seeds} == {0}

    checkpoints.tidy(results.folder, results.info.unfinished)
    publish.verify(results.folder)
    listed = read_json(results.folder / checkpoints.MARKER)
    assert "resnet18-seed0/unfrozen.safetensors" in listed and "resnet18-seed0/frozen.safetensors" not in listed
    assert "resnet18-seed1/frozen.safetensors" in listed and "resnet18-seed1/unfrozen.safetensors" not in listed
    as_earlier_versions_wrote(results.folder)
    mounted = tmp_path / "input" / "datasets" / "alice" / "x-results"
    mounted.parent.mkdir(parents=True)
    mounted.symlink_to(results.folder)
    assert checkpoints.restore(tmp_path / "second" / "jobs", tmp_path / "input") == ["resnet18-seed0", "resnet18-seed1"]
    capsys.readouterr()
    results = pipeline.run(two, tmp_path / "second")
    told = capsys.readouterr().out
    assert "resnet18-seed0: done already" in told and "seed1 frozen epoch" not in told and "seed1 unfrozen epoch" in told
    assert results.info.unfinished == []
    earlier, later = results.networks_on_disk()
    assert (earlier.path.suffix, later.path.suffix) == (".pt", ".safetensors")
    assert not list((tmp_path / "second" / "jobs" / "resnet18-seed1").glob("*.pt.*"))
    for network in (earlier, later):
        networks.load(network.path, network.architecture)


def as_earlier_versions_wrote(results):
    """Turn the weights among the checkpoints into PyTorch's own files."""
    listed = read_json(results / checkpoints.MARKER)
    for name in [name for name in listed if name.endswith(state_files.SUFFIX)]:
        path = results / checkpoints.FOLDER / name
        torch.save(states.load(path), path.with_suffix(".pt"))
        path.unlink()
        del listed[name]
        listed[name.replace(state_files.SUFFIX, ".pt")] = checksum(path.with_suffix(".pt"))
    write_json(results / checkpoints.MARKER, listed)


def test_time_up_before_anything_is_finished(tmp_path):
    with pytest.raises(Interrupted, match="before any network"):
        pipeline.run(config.load("dry-run", SHORT), tmp_path, time_left=Deadline(0))


def test_each_stage_is_in_the_output_as_soon_as_it_is_finished(tmp_path, monkeypatch, capsys, few):
    """A run that dies after the first stage leaves it whole: the next one goes on from it. A damaged file is left out."""
    one = config.load("dry-run", {**SHORT, "data": [str(few)], "audit": "none"})
    output = tmp_path / "input" / "notebooks" / "alice" / "x" / "results"
    seen = []

    def die(job):
        checkpoints.keep(job, output)
        if (job / "frozen.json").exists():
            seen.append(job.name)
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="1 finished training stage of 2"):
        pipeline.run(one, tmp_path / "first", kept=die)
    assert seen and "1 finished stages" in checkpoints.kept(output)
    for name, expected in read_json(output / checkpoints.MARKER).items():
        assert checksum(output / checkpoints.FOLDER / name) == expected
    assert checkpoints.restore(tmp_path / "second" / "jobs", tmp_path / "input") == [seen[0]]
    capsys.readouterr()
    pipeline.run(one, tmp_path / "second")
    assert "frozen epoch" not in capsys.readouterr().out.replace("unfrozen epoch", "")
    (output / checkpoints.FOLDER / seen[0] / "frozen.safetensors").write_bytes(b"cut")
    checkpoints.restore(tmp_path / "third" / "jobs", tmp_path / "input")
    assert "frozen.safetensors did not arrive whole" in capsys.readouterr().out
    assert not (tmp_path / "third" / "jobs" / seen[0] / "frozen.safetensors").exists()


def test_an_audit_and_a_report_that_fail_cost_only_themselves(tmp_path, monkeypatch, few):
    from cxrkit.audit import audit
    from cxrkit.report import report

    def broken(*_, **__):
        raise ZeroDivisionError("on a bad day")

    monkeypatch.setattr(audit, "audit", broken)
    monkeypatch.setattr(report, "make", broken)
    results = pipeline.run(config.load("dry-run", {**SHORT, "data": [str(few)]}), tmp_path)
    assert publish.verify(results.folder)
    assert results.info.state == "finished" and results.info.failed == {}
    assert list(results.lacking) == ["audit", "report"]
    with pytest.raises(Interrupted, match="The audit was not made: ZeroDivisionError: on a bad day"):
        pipeline.refuse_failures(results)
