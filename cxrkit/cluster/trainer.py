"""What a node of the cluster does: it trains in a process of its own, and tells when it is asked. It writes no result."""

import getpass
import pickle
import platform
import queue
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cxrkit.cluster import nodes
from cxrkit.files import replacing

EVERY = 2.0
"""Seconds for which a training's steps are gathered before they are told; all else is told at once."""


@dataclass(frozen=True)
class Unfit:
    """The only thing that is told by a node whose kit, torch or fastai are not those of the machine that asks."""

    node: str
    name: str
    reason: str


@dataclass(frozen=True)
class Parcel:
    """A training as it travels. task: a pickled executors.Task without films, read once the node is known to be alike; films: the
    reference of its TrainingFilms; weights: (file name, reference of its bytes) of the ImageNet weights, None where none are
    wanted; trainings: how many share a device; versions: as of nodes.versions()."""

    task: bytes
    films: Any
    weights: tuple[str, Any] | None
    trainings: int
    versions: Mapping[str, str]
    architectures: tuple[str, ...]


class Trainer:
    """Ray's actor of one training: it trains in a thread, for the main one answers."""

    def __init__(self, parcel: Parcel):
        self._told: queue.SimpleQueue = queue.SimpleQueue()
        threading.Thread(target=self._train, args=(parcel,), daemon=True).start()

    def told(self) -> list:
        """All that was told until now, after waiting up to EVERY seconds for something."""
        found, end = [], time.monotonic() + EVERY
        while (left := end - time.monotonic()) > 0:
            try:
                found.append(self._told.get(timeout=left))
            except queue.Empty:
                break
            if not _is_step(found[-1]):
                break
        steps = [each for each in found if _is_step(each)]
        return [*steps[-1:], *(each for each in found if not _is_step(each))]

    def _train(self, parcel):
        try:
            self._told.put(_outcome(parcel, self._told.put))
        except BaseException as error:  # whatever ends this thread is told, or the training would be waited for for ever
            from cxrkit.training.executors import Ended

            self._told.put(Ended(f"{type(error).__name__}: {error}", traceback.format_exc()))


def _is_step(told):
    return type(told).__name__ == "Step"


def _outcome(parcel, tell):
    import ray

    if reason := nodes.unlike(nodes.versions(parcel.architectures), parcel.versions):
        return Unfit(ray.get_runtime_context().get_node_id(), platform.node(), reason)
    from cxrkit.training import loaders, work  # after that check: another fastai may not even be importable

    task = pickle.loads(parcel.task)
    films = ray.get(parcel.films)
    if task.device != "cpu":
        size = len(films.records) * films.pixels.size**2
        films = replace(films, placement=loaders.placement(size, task.device, parcel.trainings))
    experiment = task.experiment
    if parcel.weights:
        experiment = replace(experiment, weights=_kept(parcel.weights[0], lambda: ray.get(parcel.weights[1])))
    return work.outcome(replace(task, films=films, experiment=experiment), tell, work.training)


def _kept(name, fetch):
    """The folder of this machine's temporary files that holds the weights of that file name; they are fetched once a node."""
    folder = Path(tempfile.gettempdir()) / f"cxrkit-weights-{getpass.getuser()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if not (folder / name).exists():
        with replacing(folder / name) as temporary:
            temporary.write_bytes(fetch())
    return str(folder)
