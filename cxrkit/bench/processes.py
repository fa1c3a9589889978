"""Trainings as processes, the way a run begins them: what the start of one costs, and how fast several are at the same time."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, cast

from cxrkit.bench.rounds import interleaved
from cxrkit.bench.values import Together, measured, ratio
from cxrkit.config import Experiment
from cxrkit.environment import Choice
from cxrkit.errors import Interrupted
from cxrkit.training import networks, states
from cxrkit.training.executors import Ended, Task
from cxrkit.training.loaders import TrainingFilms
from cxrkit.training.machine import Machine
from cxrkit.training.stages import Finder, Job, Past, Step

ENDLESS = 1_000_000
"""Epochs of a training that is ended once it was watched for long enough."""
TINY = 2
"""Films a step where nothing but the start is of interest."""
LISTEN_SECONDS = 0.2
MOST = 4
"""Trainings at the same time, at the most."""

Clock = Callable[[], float]


class Executor(Protocol):
    """Where trainings run: executors.Processes, or a test's."""

    def start(self, task: Task) -> None: ...

    def events(self, timeout: float): ...

    def stop(self, job: Job | None = None) -> None: ...


class Trainings:
    """Begins trainings of an experiment on one device, watches them, and ends them.

    films: what they train on; machine: as a run would have chosen it for one training at a time.
    """

    def __init__(self, experiment: Experiment, films: TrainingFilms, machine: Machine, executor: Executor, clock: Clock = time.monotonic):
        self.experiment, self.films, self.machine = replace(experiment, pretrained=False), films, machine
        self.executor, self.clock = executor, clock

    def start_seconds(self, architecture: str) -> float:
        """Seconds from the start of a training's process until its first step is done; the step is of TINY films."""
        experiment = replace(self.experiment, batch_size=TINY)
        task = self._task(Job(architecture, 0), experiment, cast(int, self.machine.threads.value))
        began = self.clock()
        self.executor.start(task)
        try:
            while not any(isinstance(told, Step) for _, told in self._heard()):
                pass
            return self.clock() - began
        finally:
            self.executor.stop()

    def steps_a_second(self, architecture: str, at_once: int, window: float) -> float:
        """Steps a second of so many trainings together, once all of them run, over at least `window` seconds."""
        threads = self.threads(at_once)
        jobs = [Job(architecture, seed) for seed in range(at_once)]
        past = Past(_weights(architecture), Finder(self.experiment.learning_rate, "measured with", [], []))
        seen: dict[Job, list[tuple[float, int]]] = {job: [] for job in jobs}
        try:
            for job in jobs:
                self.executor.start(replace(self._task(job, replace(self.experiment, epochs=ENDLESS), threads), past=past))
            while min(map(len, seen.values())) < 2:
                self._watch(seen)
            began = self.clock()  # all have left their first steps, which are slower, behind them
            seen = {job: moments[-1:] for job, moments in seen.items()}
            while min(moments[-1][0] for moments in seen.values()) < began + window or min(map(len, seen.values())) < 2:
                self._watch(seen)
        finally:
            self.executor.stop()
        return sum(_speed(moments) for moments in seen.values())

    def threads(self, at_once: int) -> int:
        """Of the processor, for each of so many trainings on one device."""
        alone = replace(self.experiment, jobs_at_once=at_once)
        return cast(int, Machine.choose(alone, self.machine.device, at_once).threads.value)

    def _task(self, job: Job, experiment: Experiment, threads: int) -> Task:
        return Task(job, experiment, self.films, self.machine.numerics, self.machine.devices[0], threads)

    def _watch(self, seen: dict[Job, list[tuple[float, int]]]) -> None:
        for job, told in self._heard():
            if isinstance(told, Step):
                seen[job].append((self.clock(), told.done))

    def _heard(self):
        """What has been told. Raises Interrupted for a training that has ended, as none of these should."""
        for job, told in self.executor.events(LISTEN_SECONDS):
            if isinstance(told, Ended):
                reason = told.error or "it ended before it was watched for long enough"
                raise Interrupted(f"The training {job.name} of the bench failed: {reason}", next="try fewer images a step: --batch-size")
            yield job, told


def _speed(moments: Sequence[tuple[float, int]]) -> float:
    (first, before), (last, after) = moments[0], moments[-1]
    return (after - before) / (last - first)


def _weights(architecture: str) -> bytes:
    return states.written(networks.build(architecture).state_dict(), architecture)


def limit(architecture: str, experiment: Experiment, machine: Machine) -> int:
    """How many trainings of this network a run would begin at the same time on one device, MOST at the most."""
    alone = replace(experiment, architectures=(architecture,), jobs_at_once=0)
    return min(MOST, cast(int, Machine.choose(alone, machine.device, MOST * len(machine.devices)).at_once.value))


def together(trainings: Trainings, architecture: str, most: int, window: float, rounds: int) -> list[Together]:
    """One training alone with all threads, and two to `most` of them at the same time."""
    counts = range(1, most + 1)
    speeds = interleaved([_watching(trainings, architecture, count, window) for count in counts], rounds)
    return [
        Together(count, trainings.threads(count), measured(speed, "steps/s"), ratio(speed, speeds[0]))
        for count, speed in zip(counts, speeds, strict=True)
    ]


def _watching(trainings: Trainings, architecture: str, count: int, window: float) -> Callable[[], float]:
    return lambda: trainings.steps_a_second(architecture, count, window)


def chosen_at_once(experiment: Experiment, machine: Machine, seeds: int) -> Choice:
    """Trainings at the same time on each device that a run of so many seeds would choose."""
    many = replace(experiment, seeds=tuple(range(seeds)))
    return Machine.choose(many, machine.device, seeds * len(experiment.architectures)).at_once
