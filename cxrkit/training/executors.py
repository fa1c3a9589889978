"""Executors: where a training runs. Each is a process of its own, so that nothing which it does reaches the next one.

A Task is a value, and so is all that a training tells: cxrkit/cluster has an executor for other machines. Here the processes
come from the server of training/server.py.
"""

import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

from cxrkit import environment
from cxrkit.config import Experiment
from cxrkit.errors import CxrkitError, Interrupted
from cxrkit.training import server
from cxrkit.training.distributed import Meeting
from cxrkit.training.loaders import TrainingFilms
from cxrkit.training.machine import Machine
from cxrkit.training.precision import Numerics
from cxrkit.training.stages import Job, Past


@dataclass(frozen=True)
class Task:
    """A training as a value: all that it needs, and nothing that it shares.

    device: "cpu" or "cuda:0"; threads: of the processor; end: the time, in seconds since 1970, from which no new stage begins;
    meeting: of the processes that train it together, None for one alone; manifest_sha256: of the films.
    """

    job: Job
    experiment: Experiment
    films: TrainingFilms = field(repr=False)
    numerics: Numerics
    device: str
    threads: int
    past: Past = Past()
    end: float = float("inf")
    meeting: Meeting | None = None
    manifest_sha256: str = ""


@dataclass(frozen=True)
class Ended:
    """The last that is heard of a training. error: None where it ended well, or in time; refusal: an error of the kit's own that
    stops the whole run; peak_bytes: the most memory of the device that it held, None where that is not known."""

    error: str | None = None
    details: str = ""
    refusal: CxrkitError | None = None
    peak_bytes: int | None = None


@dataclass(frozen=True)
class Lost:
    """That the process of a training is gone by no fault of the training's: whoever keeps its stages may begin it again.

    It is the last that is heard of that process; the job is not running any more."""

    reason: str


class Executor(Protocol):
    """What runs trainings somewhere. What each tells are values: Step, EpochEnded, Stage, Finder; at last Ended, or Lost."""

    @property
    def running(self) -> list[Job]: ...

    def machine(self, experiment: Experiment, jobs: int) -> Machine:
        """What trains there, and how many of so many jobs at once."""

    def start(self, task: Task) -> None:
        """Begin a training. Returns at once."""

    def events(self, timeout: float) -> Iterator[tuple[Job, Any]]:
        """Yield (job, what it told) of what has been told until now, after waiting up to `timeout` seconds for something."""

    def stop(self, job: Job | None = None) -> None:
        """End a training's process, or all of them, at once."""


class Shared(Executor, Protocol):
    """An executor elsewhere, at which several runs may train at the same time."""

    def shared(self, run: Callable[[Any, Executor], Any], subjects: Sequence[Any]) -> list:
        """[run(subject, an executor of its own)] of all subjects, at the same time. The first that fails ends all, and is raised."""


class Processes:
    """Runs trainings side by side, each in a process of its own.

    train: what a process does with its Task, an iterator of values; given by tests alone, as a function that can be imported.
    """

    def __init__(self, train: Callable[..., Iterator[Any]] | None = None):
        self._context = server.context()
        self._train, self._running = train, {}

    def machine(self, experiment: Experiment, jobs: int) -> Machine:
        return Machine.choose(experiment, environment.choose_device(), jobs)

    def start(self, task: Task) -> None:
        from cxrkit.training.work import work

        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=work, args=(task, theirs, self._train), name=task.job.name)
        try:
            process.start()
        except (OSError, EOFError) as error:
            raise Interrupted(
                f"The process that begins trainings has died ({type(error).__name__}).",
                next="read what it said above; if that is nothing, memory may have run out: try --jobs-at-once 1. The same command goes on",
            ) from error
        theirs.close()
        self._running[ours] = (task.job, process)

    @property
    def running(self) -> list[Job]:
        return [job for job, _ in self._running.values()]

    def events(self, timeout: float) -> Iterator[tuple[Job, Any]]:
        """As an Executor's. A process that dies, however it does, has ended with an error."""
        for ours in wait(list(self._running), timeout):
            job, process = self._running[ours]
            try:
                told = ours.recv()
            except (EOFError, OSError):
                process.join()
                told = Ended(_death(process.exitcode))
            if isinstance(told, Ended):
                self._forget(ours)
            yield job, told

    def stop(self, job: Job | None = None) -> None:
        for ours, (running, process) in list(self._running.items()):
            if job in (None, running):
                process.kill()
                self._forget(ours)

    def _forget(self, ours: Connection) -> None:
        _, process = self._running.pop(ours)
        ours.close()
        process.join()
        process.close()


def _death(code):
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        if -code == signal.SIGKILL:
            return f"the process was killed ({name}), which a system does when memory runs out: try --jobs-at-once 1, or a smaller --batch-size"
        return f"the process was ended by {name}"
    return f"the process ended with exit code {code} and said nothing"
