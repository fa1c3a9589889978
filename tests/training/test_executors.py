"""Trainings as processes: none outlives its run, none reaches another, and what goes to and fro are values."""

import multiprocessing
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from multiprocessing import connection
from pathlib import Path

import numpy as np
import pytest

from cxrkit import errors
from cxrkit.data.pixels import Pixels
from cxrkit.environment import Choice
from cxrkit.training import executors, jobs
from cxrkit.training.distributed import Meeting
from cxrkit.training.executors import Ended, Processes, Task
from cxrkit.training.loaders import TrainingFilms
from cxrkit.training.stages import Epoch, EpochEnded, Finder, Job, Past, Stage, Statistics, Step
from tests.training import trainings
from tests.training.executor import FINDER, NO_FILMS, machine

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0
"""Seconds after which a test gives up on a process."""


def task_of(experiment, seed=0, films=NO_FILMS, **given):
    return Task(Job("resnet34", seed), experiment, films, machine(experiment).numerics, "cpu", 1, **given)


def told(executor, count):
    """The next `count` things that trainings tell, [(job, told)]."""
    found, end = [], time.monotonic() + PATIENCE
    while len(found) < count:
        assert time.monotonic() < end, f"only {found}"
        found += executor.events(1.0)
    return found


@pytest.fixture
def processes():
    """A function from a training to Processes, which are stopped in the end."""
    made = []

    def make(train):
        made.append(Processes(train))
        return made[-1]

    yield make
    for executor in made:
        executor.stop()


def is_gone(pid):
    """Whether a process ends before long; one whose parent does not ask for it is a zombie, and has ended."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def test_a_training_that_is_killed_is_reported_with_a_remedy_and_the_others_go_on(tmp_path, small, processes, capsys):
    experiment = replace(small, seeds=(0, 1, 2, 3))
    jobs.run(experiment, NO_FILMS, "manifest", tmp_path, machine(small, at_once=2), executor=processes(trainings.killed))
    failed = jobs.failures(experiment, tmp_path)
    assert failed.keys() == {"resnet34-seed1", "resnet34-seed2"}
    assert all(words in failed["resnet34-seed1"] for words in ("SIGKILL", "--jobs-at-once 1", "--batch-size"))
    assert "exit code 7" in failed["resnet34-seed2"]
    assert jobs.unfinished(experiment, tmp_path) == [Job("resnet34", 1), Job("resnet34", 2)]
    assert "!!! resnet34-seed1 failed" in capsys.readouterr().out


def test_what_a_training_does_to_its_process_does_not_reach_the_next(small, processes):
    executor = processes(trainings.poisoning)
    executor.start(task_of(small, 0))
    failed = told(executor, 1)[0][1]
    executor.start(task_of(small, 1))
    assert "out of memory" in failed.error and told(executor, 1)[0][1] == (False, "torch.float32")


PARENT = """
from cxrkit import config
from tests.training import test_executors, trainings
executors = [test_executors.Processes(train) for train in (trainings.waiting, trainings.busy)]
for executor in executors:
    executor.start(test_executors.task_of(config.load("dry-run")))
    print(test_executors.told(executor, 1)[0][1], flush=True)
input()
"""


def test_trainings_end_with_the_run_that_began_them():
    """One that waits and one that computes without end, when the run is killed and can tell nobody."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    trainings_of_it = [int(parent.stdout.readline()) for _ in range(2)]
    assert all(Path(f"/proc/{pid}").exists() for pid in trainings_of_it) and parent.pid not in trainings_of_it
    parent.kill()
    parent.wait()
    assert all(is_gone(pid) for pid in trainings_of_it)


@pytest.mark.parametrize("error", [BrokenPipeError, EOFError, ConnectionRefusedError])
def test_trainings_that_cannot_begin_are_said_and_not_passed_over(small, monkeypatch, error):
    def die(process):
        raise error

    executor = Processes(trainings.waiting)
    monkeypatch.setattr(executor._context.Process, "start", die)
    with pytest.raises(errors.Interrupted, match=f"begins trainings has died .{error.__name__}.*"):
        executor.start(task_of(small))
    assert executor.running == []


def test_stopping_ends_one_training_or_all(small, processes):
    executor = processes(trainings.waiting)
    for seed in range(3):
        executor.start(task_of(small, seed))
    pids = {job.seed: pid for job, pid in told(executor, 3)}
    executor.stop(Job("resnet34", 1))
    assert is_gone(pids[1]) and [job.seed for job in executor.running] == [0, 2]
    executor.stop()
    assert is_gone(pids[0]) and is_gone(pids[2]) and executor.running == []
    assert list(executor.events(0.0)) == []


@pytest.mark.parametrize("name", trainings.REFUSALS)
def test_an_error_of_the_kit_arrives_whole(small, processes, name):
    executor = processes(trainings.refusing)
    executor.start(task_of(replace(small, name=name)))
    refusal, sent = told(executor, 1)[0][1].refusal, trainings.REFUSALS[name]
    assert type(refusal) is getattr(errors, name) is type(sent)
    assert (refusal.where, refusal.next, refusal.exit_code) == (sent.where, sent.next, sent.exit_code)
    assert str(refusal).splitlines()[1:] == str(sent).splitlines()[1:]


def test_everything_that_is_told_survives_the_way():
    epoch, refusal = Epoch(2, 0.5, 0.4, 0.3, 0.2, 0.1, 12.5), errors.WrongUse("a", "b", "c")
    for value in (
        Stage("frozen", [epoch], [("a", 0.25)], [Statistics("precise", 0.1, 0.2)], 3, b"weights"),
        Finder(0.01, "reason", [1e-3], [2.0]),
        EpochEnded("frozen", epoch, 4),
        Step(3, 9),
        Ended("error", "details", None, 5),
    ):
        assert pickle.loads(pickle.dumps(value)) == value
    arrived = pickle.loads(pickle.dumps(Ended("error", refusal=refusal)))
    assert (str(arrived.refusal), arrived.refusal.next) == (str(refusal), "c")


def test_a_task_survives_the_way(small):
    task = task_of(small, 3, past=Past(b"frozen", FINDER), end=4e9, meeting=Meeting("127.0.0.1", 29500, "0-job", 1, 2))
    arrived = pickle.loads(pickle.dumps(task))
    assert arrived == task and "frozen" not in repr(task.past)


@pytest.fixture
def mapped(tmp_path):
    """Pixels as a map of a file of 4 MB."""
    drawn = np.random.default_rng(0).integers(0, 256, (1000, 64, 64), dtype=np.uint8)
    drawn.tofile(tmp_path / "films")
    return Pixels(np.memmap(tmp_path / "films", np.uint8, "r", shape=drawn.shape), {str(row): row for row in range(3)})


def test_a_map_of_films_goes_as_the_name_of_its_file(mapped, small, processes, tmp_path):
    executor = processes(trainings.looking)
    executor.start(task_of(small, films=TrainingFilms((), Choice("host", ""), mapped)))
    (_, (kind, name, total)), (_, size) = told(executor, 2)
    assert (kind, name, total) == ("memmap", str(tmp_path / "films"), int(mapped.images.astype(np.int64).sum()))
    assert size < 20_000


@pytest.mark.parametrize(
    "alter",
    [lambda images: images[10:], lambda images: images[[5, 3]], lambda images: images[::2], lambda images: 255 - images, np.array],
    ids=["part", "chosen", "strides", "altered", "copied"],
)
def test_other_squares_than_those_of_a_file_go_whole(mapped, alter):
    altered = Pixels(alter(mapped.images), {"a": 1})
    arrived = pickle.loads(pickle.dumps(altered))
    assert np.array_equal(arrived.images, altered.images) and arrived.rows == {"a": 1}


def test_a_map_that_is_changed_in_memory_alone_goes_whole(mapped, tmp_path):
    private = np.memmap(tmp_path / "films", np.uint8, "c", shape=mapped.images.shape)
    private[0] = 7
    assert np.array_equal(pickle.loads(pickle.dumps(Pixels(private, {}))).images, private)


def test_a_task_is_small_beside_its_films(mapped, small):
    altered = Pixels(np.array(mapped.images), mapped.rows)
    sizes = [len(pickle.dumps(task_of(small, films=TrainingFilms((), Choice("host", ""), pixels)))) for pixels in (mapped, altered)]
    assert sizes[0] < 20_000 < 4_000_000 < sizes[1]


def test_a_long_path_of_temporary_files_is_no_hindrance(tmp_path, monkeypatch):
    """A socket's path may have a hundred characters; the server that forks trainings listens at one."""
    long = tmp_path / ("x" * 80)
    long.mkdir()
    this = multiprocessing.current_process()
    monkeypatch.setattr(this, "_config", {name: value for name, value in this._config.items() if name != "tempdir"})
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    Processes()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(connection.arbitrary_address("AF_UNIX"))
    assert tempfile.gettempdir() == str(long) and not list(long.iterdir())


def test_the_death_of_a_process_is_told_in_words():
    assert "SIGSEGV" in executors._death(-signal.SIGSEGV)
    assert "exit code 1" in executors._death(1)
