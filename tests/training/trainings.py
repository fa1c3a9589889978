"""What processes of the tests do in place of a training: functions of a Task, imported by the process that runs them."""

import os
import pickle
import signal

import numpy as np
import torch

from cxrkit import errors
from tests.training.executor import finish

REFUSALS = {
    "WrongUse": errors.WrongUse("a", "b", "c"),
    "BadInput": errors.BadInput("a", next="c"),
    "UnreadableImage": errors.UnreadableImage("a", "b"),
    "RemoteRefusal": errors.RemoteRefusal("a", "http://127.0.0.1", "c"),
    "Interrupted": errors.Interrupted("a", "b", "c"),
    "DiskFull": errors.DiskFull("/"),
}


def finishing(task, tell):
    yield from finish(task)


def killed(task, tell):
    """Seed 1 is killed, as a system does that is out of memory; seed 2 ends its process; the others end well."""
    if task.job.seed == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if task.job.seed == 2:
        os._exit(7)
    yield from finish(task)


def waiting(task, tell):
    """Tells its process, and waits for ever."""
    tell(os.getpid())
    signal.pause()
    yield


def busy(task, tell):
    """Tells its process, and computes for ever."""
    tell(os.getpid())
    while True:
        pass
    yield


def refusing(task, tell):
    raise REFUSALS[task.experiment.name]
    yield


def poisoning(task, tell):
    """Seed 0 leaves its process as a failed forward pass did: inside autocast, with other defaults. The others say what they find."""
    if task.job.seed == 0:
        torch.autocast("cpu", torch.bfloat16).__enter__()
        torch.set_default_dtype(torch.float64)
        raise RuntimeError("out of memory")
    tell((torch.is_autocast_enabled("cpu"), str(torch.get_default_dtype())))
    yield from finish(task)


def looking(task, tell):
    """Tells what arrived of the films, and how much of it came as bytes."""
    images = task.films.pixels.images
    tell((type(images).__name__, str(getattr(images, "filename", "")), int(np.asarray(images, np.int64).sum())))
    tell(len(pickle.dumps(task)))
    yield from ()
