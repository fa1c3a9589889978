"""An executor for tests: trainings in this process, one at a time, each a function of its Task; and what they and their films are."""

from cxrkit.columns import FROZEN, UNFROZEN
from cxrkit.environment import Choice
from cxrkit.training import work
from cxrkit.training.loaders import TrainingFilms
from cxrkit.training.machine import Machine
from cxrkit.training.precision import Numerics
from cxrkit.training.stages import Finder, Stage

NO_FILMS = TrainingFilms((), Choice("host", "the test says so"))
FINDER = Finder(0.01, "the test says so", [1e-3, 1e-2], [2.0, 1.0])


def stage(name=UNFROZEN, weights=b"weights"):
    return Stage(name, [], [], [], 0, weights)


def machine(experiment, devices=("cpu",), at_once=1):
    """A Machine as it is told, with the numerics of a processor."""
    numerics = Numerics.choose(experiment.precision, "cpu", experiment.image_size)
    return Machine(Choice("cpu", ""), devices, numerics, Choice(at_once, ""), Choice(1, ""))


def finish(task):
    """A training that goes well."""
    if task.past.frozen_weights is None:
        yield stage(FROZEN)
    if task.past.finder is None:
        yield FINDER
    yield stage()


class InProcess:
    """Has the interface of executors.Processes. train: a function from a Task to an iterator of what its training makes.

    A training runs when it is listened to, the one that was begun first before the others; what it raises is treated as in a
    process of its own, but for a KeyboardInterrupt, which is heard here.
    """

    def __init__(self, train=finish):
        self.train, self.started, self.running, self.most = train, [], [], 0

    def start(self, task):
        self.started.append(task)
        self.running.append(task)
        self.most = max(self.most, len(self.running))

    def events(self, timeout):
        if not self.running:
            return
        task, told = self.running[0], []
        told.append(work.outcome(task, told.append, lambda task, tell: self.train(task)))
        self.running.pop(0)
        for each in told:
            yield task.job, each

    def stop(self, job=None):
        self.running = [task for task in self.running if job not in (None, task.job)]

    @property
    def jobs(self):
        """Names of the jobs that were begun, in their order."""
        return [task.job.name for task in self.started]
