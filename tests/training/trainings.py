"""What processes of the tests do in place of a training: functions of a Task, imported by the process that runs them."""

import os
import pickle
import signal
import sys

import numpy as np
import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from cxrkit import config, errors
from cxrkit.data.pixels import Pixels
from cxrkit.data.records import LABELS, POSITIVE, Record
from cxrkit.environment import Choice
from cxrkit.training import batchnorm, jobs, learner, loaders, networks, work
from cxrkit.training.executors import Processes
from cxrkit.training.machine import Machine
from tests.conftest import SMALL
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


def step_together(rank, size, synced, folder):
    """One step of a network over a batch of eight, by `size` processes with equal shares; writes what it left.

    In float64: in float32 the order of a sum alone moves these gradients by 0.002 of their norm.
    """
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=size)
    torch.manual_seed(0)
    model = networks.build("resnet34")
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    if synced:
        batchnorm.shared(model)
    films, labels = torch.randn(8, 3, 64, 64).double(), torch.tensor([0, 1, 1, 0, 0, 1, 0, 1])
    model = DistributedDataParallel(model.double().train())
    torch.nn.functional.cross_entropy(model(films[rank::size]), labels[rank::size]).backward()
    found = {
        "gradients": torch.cat([weight.grad.flatten() for weight in model.parameters()]),
        "statistics": torch.cat([value.flatten() for name, value in model.named_buffers() if "running" in name]),
    }
    np.savez(f"{folder}/{rank}.npz", **{name: value.numpy() for name, value in found.items()})
    distributed.destroy_process_group()


def stumbling_together(task, tell):
    """A real training; that of seed 0 fails in the second process after some batches, that of seed 1 in the first."""
    if (task.job.seed, task.meeting.rank) in ((0, 1), (1, 0)):

        def stumble(watch):
            if watch.iter == 2:
                raise RuntimeError(f"no such luck in process {task.meeting.rank}")

        learner.Watch.after_batch = stumble
    yield from work.training(task, tell)


def drawn_films():
    """Grey squares, those of COVID-19 brighter: 32 to train on, 8 held out."""
    random, records, squares = np.random.default_rng(0), [], []
    for split, count in (("train", 32), ("valid", 8)):
        for number in range(count):
            label = LABELS[number % 2]
            records.append(Record(f"{split}{number:02}", "", "drawn", label, split=split))
            squares.append(random.normal(190 if label == POSITIVE else 60, 8, (32, 32)).astype(np.uint8))
    pixels = Pixels(np.stack(squares), {record.image_id: row for row, record in enumerate(records)})
    return loaders.of_pixels(pixels, records, "cpu")


def main(folder):
    """What torchrun starts: three networks, trained together by all processes."""
    experiment = config.load("dry-run", {**SMALL, "batch_size": 8, "seeds": [0, 1, 2], "parallel": "data"})
    chosen = Machine.choose(experiment, Choice("cpu", "the test says so"), 3)
    jobs.run(experiment, drawn_films(), "manifest", folder, chosen, executor=Processes(stumbling_together))


if __name__ == "__main__":
    main(sys.argv[1])
