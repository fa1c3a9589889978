"""Ray as an executor: trainings on the nodes of a cluster, each an actor of its own; Ray decides where and when, this process writes.

Films go to each node once, through Ray's object store; the kit's own code goes along (`py_modules`), so that a node needs
nothing but the packages, and runs what runs here. (Nodes on the machine that asks may import it from there, as it is by then.) A training whose process or node is gone is Lost, which the caller may begin again.
"""

import copy
import pickle
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, OutOfMemoryError, RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from cxrkit.cluster import nodes
from cxrkit.cluster.connection import connect, kill, listed, words
from cxrkit.cluster.nodes import Report
from cxrkit.cluster.trainer import Parcel, Trainer, Unfit
from cxrkit.config import Experiment
from cxrkit.data.pixels import Pixels
from cxrkit.environment import Deadline
from cxrkit.errors import Interrupted, WrongUse
from cxrkit.progress import say
from cxrkit.training import weights
from cxrkit.training.executors import Ended, Lost, Task
from cxrkit.training.loaders import TrainingFilms
from cxrkit.training.machine import Machine
from cxrkit.training.stages import Job

ANSWER_SECONDS = 180.0
"""How long a node may take to say what it is: it loads torch and fastai, and a GPU's share has to be free."""
SLIVER = 0.001
"""Of a GPU, for a node that is asked what it has: Ray hides GPUs from whoever asks for none."""


class Cluster:
    """Runs trainings on a Ray cluster; has the interface of executors.Executor. Raises WrongUse where there is no cluster."""

    def __init__(self, address: str):
        connect(address)
        self._closed = False
        self._actor = ray.remote(Trainer)
        self._waiting: dict[Any, tuple[Task, Any]] = {}  # {what is awaited: (its task, its actor)}
        self._begun: set[Job] = set()  # those that have a process
        self._refused: dict[str, str] = {}
        self._sent: dict[int | str, tuple[Any, Any]] = {}
        self._machine: Machine | None = None
        nodes.versions()  # now, as the kit that goes along is, whatever is edited while it runs

    def machine(self, experiment: Experiment, jobs: int) -> Machine:
        """What trains there; each node is asked, and one that is not like this machine is refused by name. Raises WrongUse."""
        if experiment.parallel == "data":
            raise WrongUse("--parallel data is torch's own, and needs no Ray.", next="leave out --cluster, and start it with torchrun")
        if experiment.loader == "files":
            raise WrongUse("With --loader files every node would need the files.", next="use --loader resident, whose films travel")
        there = listed()
        devices = max(1, sum(node.gpus for node in there) or len(there))
        made, refused = nodes.together(self._reports(there, experiment, -(-jobs // devices)))
        for node, reason in refused.items():
            self._refuse(node.id, node.name, reason)
        self._machine = made
        return made

    def _reports(self, there, experiment, jobs) -> list[Report]:
        ask, wanted = ray.remote(max_calls=1, max_retries=0)(nodes.report), nodes.versions(experiment.architectures)
        asked = {}
        for node in there:
            here = NodeAffinitySchedulingStrategy(node.id, soft=False)
            options = {"num_cpus": 0, "num_gpus": SLIVER if node.gpus else 0, "scheduling_strategy": here}
            asked[node] = ask.options(**options).remote(node, experiment, wanted, jobs)
        found = []
        for node, answer in asked.items():
            try:
                found.append(ray.get(answer, timeout=ANSWER_SECONDS))
            except GetTimeoutError:
                found.append(Report(node, None, f"no answer within {ANSWER_SECONDS:.0f} s"))
            except RayError as error:
                found.append(Report(node, None, words(error)))
        return found

    def _refuse(self, node_id, name, reason):
        if node_id not in self._refused:
            self._refused[node_id] = reason
            say(f"!!! the node {name} is refused: {reason}")

    @property
    def running(self) -> list[Job]:
        return [task.job for task, _ in self._waiting.values()]

    def start(self, task: Task) -> None:
        """Hand a training to Ray, which begins it where there is room."""
        machine = self._machine or self.machine(task.experiment, 1)
        bare = replace(task, films=TrainingFilms((), task.films.placement))
        given = task.experiment.architectures
        parcel = Parcel(
            pickle.dumps(bare),
            self._once(id(task.films), task.films, _whole),
            self._weights(task),
            machine.at_once.value,
            nodes.versions(given),
            given,
        )
        options: dict[str, Any] = {"num_cpus": task.threads, "max_restarts": 0, "max_task_retries": 0}
        if task.device != "cpu":
            options["num_gpus"] = share_of_a_gpu(machine.at_once.value)
        if self._refused:
            if all(node.id in self._refused for node in listed()):
                why = "; ".join(sorted(set(self._refused.values())))
                raise Interrupted(f"No node is left that can train: {why}.", next="make the nodes alike; the same command goes on")
            options["label_selector"] = {"ray.io/node-id": f"!in({','.join(self._refused)})"}
        self._begun.discard(task.job)
        actor = self._actor.options(**options).remote(parcel)
        self._waiting[actor.told.remote()] = (task, actor)

    def _weights(self, task):
        if not task.experiment.pretrained:
            return None
        architecture, folder = task.job.architecture, task.experiment.weights
        name = weights.travelling_name(architecture)
        return name, self._once(name, None, lambda _: weights.travelling(architecture, folder))

    def _once(self, key, value, make):
        """The reference of what make(value) gives, which goes to Ray once."""
        if key not in self._sent:
            self._sent[key] = (value, ray.put(make(value)))  # the value is kept, so that its id stays its own
        return self._sent[key][1]

    def events(self, timeout: float) -> Iterator[tuple[Job, Any]]:
        """As an Executor's; what comes from a process or a node that is gone is Lost."""
        if self._closed:
            raise Interrupted("The trainings were ended.", next="the same command goes on from the last finished stages")
        yield from self._too_late()
        if not self._waiting:
            return
        try:
            ready, _ = ray.wait(list(self._waiting), num_returns=1, timeout=timeout)
            if ready:
                ready, _ = ray.wait(list(self._waiting), num_returns=len(self._waiting), timeout=0)
        except ConnectionError as error:
            raise Interrupted(f"The cluster is gone: {error}", next="the same command goes on from the last finished stages") from error
        for awaited in ready:
            task, actor = self._waiting.pop(awaited)
            self._begun.add(task.job)
            told = deque(self._heard(awaited))
            last = told[-1] if told else None
            if isinstance(last, (Ended, Lost, Unfit)):
                kill(actor)
            else:
                self._waiting[actor.told.remote()] = (task, actor)
            if isinstance(last, Unfit):
                self._refuse(last.node, last.name, last.reason)
                self.start(task)  # nothing of it was begun
                continue
            for each in told:
                yield task.job, each

    def _too_late(self):
        """End what waited for room until its time was up."""
        for awaited, (task, actor) in list(self._waiting.items()):
            if task.job not in self._begun and Deadline.at(task.end)() <= 0:
                del self._waiting[awaited]
                kill(actor)
                yield task.job, Ended()

    def _heard(self, awaited) -> list:
        try:
            return ray.get(awaited)
        except RayTaskError as error:
            return [Ended(words(error), str(error))]
        except OutOfMemoryError as error:
            return [Ended(f"the node's memory ran out: try --jobs-at-once 1, or a smaller --batch-size ({words(error)})", str(error))]
        except RayError as error:
            return [Lost(words(error))]

    def stop(self, job: Job | None = None) -> None:
        """End a training's process, or all of them, at once."""
        for awaited, (task, actor) in list(self._waiting.items()):
            if job in (None, task.job):
                del self._waiting[awaited]
                kill(actor)

    def shared(self, run: Callable[[Any, "Cluster"], Any], subjects: Sequence[Any]) -> list:
        """[run(subject, a Cluster of the same connection)] of all subjects, at the same time, each in a thread that waits for its
        trainings. The first that fails, or the user, ends all."""
        others = [copy.copy(self) for _ in subjects]
        for other in others:
            other._waiting, other._begun, other._sent = {}, set(), {}
        with ThreadPoolExecutor(max(1, len(others))) as pool:
            running = [pool.submit(run, subject, other) for subject, other in zip(subjects, others)]
            try:
                return [each.result() for each in running]
            finally:
                for other in others:
                    other._closed = True  # its thread stops its trainings, within a second


def share_of_a_gpu(trainings: int) -> float:
    """What each of so many trainings asks of a GPU, in Ray's steps of a ten-thousandth, so that all fit."""
    return 10_000 // trainings / 10_000


def _whole(films: TrainingFilms) -> TrainingFilms:
    """The same films with their squares in an array of their own, for a map of a file would go as the file's name."""
    assert films.pixels is not None  # machine() refuses the loader without squares
    ids = [record.image_id for record in films.records]
    return replace(films, pixels=Pixels(films.pixels.of(ids), {image_id: row for row, image_id in enumerate(ids)}))
