"""Several processes that torchrun started, and networks that they train together."""

import multiprocessing
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cxrkit.data.records import LABELS, Record
from cxrkit.environment import Choice
from cxrkit.errors import WrongUse
from cxrkit.files import read_json
from cxrkit.options import as_arguments
from cxrkit.training import jobs, server
from cxrkit.training.loaders import TrainingFilms
from tests.conftest import SHORT
from tests.training import trainings
from tests.training.executor import NO_FILMS, InProcess, machine

ROOT = Path(__file__).resolve().parents[2]


def torchrun(*command, cwd, restarts=0):
    """Two processes of a Python program on this machine."""
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", f"--max-restarts={restarts}"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [*start, *map(str, command)], cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def kill_at(words, process, whom):
    """All that the processes print; at the first line with these words one of them is killed, whom(line)."""
    lines, killed = [], False
    for line in process.stdout:
        lines.append(line)
        if words in line and not killed:
            killed = True
            os.kill(whom(line), signal.SIGKILL)
    text = "".join(lines)
    assert process.wait(timeout=60) == 0 and killed, text
    return text


def test_two_processes_train_one_network_together(tmp_path, few):
    """Over gloo; one is killed in the middle, both start again, and what the frozen stage left is not repeated."""
    process = torchrun(
        ROOT / "kernel" / "run.py",
        "--data",
        few,
        "--experiment",
        "dry-run",
        "--out",
        "out",
        *as_arguments(SHORT | {"audit": "none"}),
        "--parallel",
        "data",
        cwd=tmp_path,
        restarts=1,
    )
    text = kill_at("learning rate", process, lambda line: child_of(process.pid))
    assert text.count("resnet18-seed0 frozen epoch 1/1") == 1 and "resnet18-seed0 unfrozen epoch 1/1" in text
    assert len(read_json(tmp_path / "out" / "jobs" / "resnet18-seed0" / "unfrozen.json")["predictions"]) > 24


def child_of(parent):
    """The last process that `parent` started."""
    return max(int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split())


def test_a_failure_in_one_process_ends_the_training_in_both_and_the_next_goes_on(tmp_path):
    """Seed 0 fails in the second process in the middle of an epoch, seed 1 in the first, and seed 2 ends well."""
    process = torchrun("-m", "tests.training.trainings", tmp_path, cwd=ROOT)
    text, _ = process.communicate(timeout=300)
    assert process.returncode == 0, text
    failed = {seed: read_json(tmp_path / f"resnet34-seed{seed}" / "failed.json")["error"] for seed in (0, 1)}
    assert "in process 1: RuntimeError" in failed[0] and "no such luck in process 1" in failed[0]
    assert "in process 0: RuntimeError" in failed[1] and "no such luck in process 0" in failed[1]
    assert all(f"[{rank}] !!! resnet34-seed{seed} failed" in text for rank in (0, 1) for seed in (0, 1))
    assert len(read_json(tmp_path / "resnet34-seed2" / "unfrozen.json")["predictions"]) == 8
    assert not (tmp_path / "resnet34-seed2" / "failed.json").exists()


def gradients(folder, size, synced):
    """Gradients and running statistics of one step over a batch of eight, by as many processes: [rank][flattened array]."""
    context = multiprocessing.get_context(server.METHOD)
    if server.METHOD == "forkserver":
        context.set_forkserver_preload(server.LOADED)
    folder.mkdir()
    processes = [context.Process(target=trainings.step_together, args=(rank, size, synced, str(folder))) for rank in range(size)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        assert process.exitcode == 0
    return [np.load(folder / f"{rank}.npz") for rank in range(size)]


def away(found, wanted, name):
    return np.linalg.norm(found[name] - wanted[name]) / np.linalg.norm(wanted[name])


def test_two_processes_have_the_gradients_of_one_with_the_same_batch(tmp_path):
    """In float64, to the rounding of sums (found: 1e-14 of their norm); without shared batch norm it is another step."""
    alone = gradients(tmp_path / "alone", 1, True)[0]
    together, apart = gradients(tmp_path / "together", 2, True), gradients(tmp_path / "apart", 2, False)
    for of_rank in together:
        assert away(of_rank, alone, "gradients") < 1e-10
        assert away(of_rank, alone, "statistics") < 1e-10
    assert away(apart[0], alone, "gradients") > 0.1


class Party:
    """Stands for a Member of several."""

    leads = True

    def __init__(self, size):
        self.size = size


def records(count):
    """As many films to train on, and one to validate."""
    return tuple(Record(f"{i:03}", "", "drawn", LABELS[i % 2], split="train" if i < count else "valid") for i in range(count + 1))


@pytest.mark.parametrize("batch, films, size, use", [(64, 90, 3, 63), (64, 61, 2, 60), (2, 90, 4, 4)])
def test_batches_that_cannot_be_shared_equally_are_refused_with_the_size_to_use(tmp_path, small, monkeypatch, batch, films, size, use):
    monkeypatch.setattr(jobs, "Member", lambda: Party(size))
    experiment, executor = replace(small, parallel="data", batch_size=batch), InProcess()
    with pytest.raises(WrongUse, match="shared equally") as caught:
        jobs.run(
            experiment, TrainingFilms(records(films), Choice("host", "")), "manifest", tmp_path, machine(experiment), executor=executor
        )
    assert caught.value.next == f"use --batch-size {use}" and executor.jobs == []


def test_training_together_needs_several_processes(tmp_path, small):
    experiment = replace(small, parallel="data")
    with pytest.raises(WrongUse, match="several processes"):
        jobs.run(experiment, NO_FILMS, "manifest", tmp_path, machine(experiment), executor=InProcess())
