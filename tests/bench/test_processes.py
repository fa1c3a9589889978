"""Trainings that the bench watches: made up here, and one that is real. Nothing is timed."""

from itertools import count

import pytest

from cxrkit.bench.processes import ENDLESS, TINY, Trainings, together
from cxrkit.environment import Choice
from cxrkit.errors import Interrupted
from cxrkit.training.executors import Ended, Processes
from cxrkit.training.machine import Machine
from cxrkit.training.stages import Step


class Clock:
    """Seconds that pass only where somebody listens."""

    now = 0.0

    def __call__(self):
        return self.now


class Listed:
    """An executor whose trainings do a step for each second that is listened, and slow each other down by half."""

    def __init__(self, clock, ends=None):
        self.clock, self.ends, self.tasks, self.done, self.stopped = clock, ends, [], {}, 0

    def start(self, task):
        self.tasks.append(task)
        self.done[task.job] = 0.0

    def events(self, timeout):
        self.clock.now += 1
        for job in list(self.done):
            self.done[job] += 1 if len(self.done) == 1 else 0.75
            yield job, self.ends or Step(self.done[job], 10)

    def stop(self, job=None):
        self.done.clear()
        self.stopped += 1


def watched(small, squares, ends=None):
    clock = Clock()
    executor = Listed(clock, ends)
    return Trainings(small, squares, Machine.choose(small, Choice("cpu", "a test"), 1), executor, clock), executor


def test_several_trainings_are_compared_with_one_alone_while_all_run(small, squares):
    trainings, executor = watched(small, squares)
    alone, two = together(trainings, "resnet34", 2, window=3.0, rounds=3)
    assert (alone.speed.value, alone.over_one.value, alone.trainings) == (1.0, 1.0, 1)
    assert (two.speed.value, two.over_one.value, two.speed.rounds, two.speed.unit) == (1.5, 1.5, 3, "steps/s")
    assert all(task.experiment.epochs == ENDLESS and task.past.frozen_weights for task in executor.tasks)
    assert executor.stopped == 6 and not executor.done


def test_a_start_ends_with_the_first_step(small, squares):
    trainings, executor = watched(small, squares)
    assert trainings.start_seconds("resnet34") == 1.0
    [task] = executor.tasks
    assert task.experiment.batch_size == TINY and task.past.frozen_weights is None and executor.stopped == 1


def test_a_training_that_fails_ends_the_bench_with_its_reason(small, squares):
    trainings, executor = watched(small, squares, Ended("out of memory"))
    with pytest.raises(Interrupted, match=r"resnet34-seed0.*out of memory"):
        trainings.steps_a_second("resnet34", 1, 1.0)
    assert executor.stopped == 1


def test_real_trainings_are_watched_and_ended(small, squares):
    executor, ticks = Processes(), count()
    trainings = Trainings(small, squares, Machine.choose(small, Choice("cpu", "a test"), 1), executor, lambda: next(ticks))
    assert trainings.start_seconds("resnet34") > 0
    assert trainings.steps_a_second("resnet34", 2, 1.0) > 0
    assert executor.running == []
