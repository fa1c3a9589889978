"""What the process of a training does: it trains, tells, and ends with the process that started it."""

import multiprocessing
import os
import signal
import threading
import traceback

import torch
from fastai.torch_core import default_device

from cxrkit import environment
from cxrkit.environment import Deadline
from cxrkit.errors import CxrkitError
from cxrkit.training import networks, recipe, server
from cxrkit.training.distributed import Team
from cxrkit.training.executors import Ended, Task
from cxrkit.training.machine import FOR_ITSELF, USABLE

MEMORY_WORDS = ("out of memory", "can't allocate memory", "Cannot allocate memory")


def work(task: Task, connection, train=None) -> None:
    """Run a Task and tell everything through the connection, an Ended at last."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is heard by the process that started this one, which then ends it
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
    connection.send(outcome(task, connection.send, train or training))
    connection.close()


def _end_with(connection) -> None:
    """Nothing is ever sent to a training, so what is heard is the end of the process that started it."""
    try:
        connection.poll(None)
    finally:
        os._exit(1)


def outcome(task, tell, train) -> Ended:
    """Run a training, tell what it makes, and return how it ended."""
    try:
        for made in train(task, tell):
            tell(made)
    except CxrkitError as error:
        return Ended(str(error), traceback.format_exc(), error)
    except Exception as error:  # whatever goes wrong in one training is no reason to lose the others
        return Ended(explained(error, task), traceback.format_exc(), None, peak_bytes(task.device))
    return Ended(peak_bytes=peak_bytes(task.device))


def training(task, tell):
    """Train as the task says, in this process."""
    if server.METHOD == "forkserver":
        multiprocessing.set_start_method("fork", force=True)  # for decoding processes, whose data set cannot be pickled
    torch.set_num_threads(task.threads)
    on_gpu = torch.device(task.device).type == "cuda"
    if on_gpu:
        torch.cuda.set_device(task.device)
    default_device(use=on_gpu)  # else fastai puts ImageNet's statistics on a GPU wherever there is one
    task.numerics.apply()
    os.environ.pop("WORLD_SIZE", None)  # else fastai gathers each metric from all processes, whatever they train
    team = Team.join(task.meeting, task.device)
    loaders = task.films.loaders(task.experiment, task.device, task.numerics.layout.value)
    left = Deadline.at(task.end)
    yield from recipe.train(task.job, loaders, task.experiment, task.numerics, task.past, left, team, tell, task.manifest_sha256)


def peak_bytes(device):
    """The most memory of the device that this process held; of the processor's where that is the device."""
    if torch.device(device).type == "cuda":
        return torch.cuda.max_memory_reserved(device)
    return environment.peak_memory_bytes()


def room_bytes(device):
    """Bytes of the device that this process holds or could still take; None where the system does not say."""
    if torch.device(device).type == "cuda":
        return torch.cuda.mem_get_info(device)[0] + torch.cuda.memory_reserved(device)
    free, held = environment.free_memory_bytes(), environment.peak_memory_bytes()
    return None if free is None or held is None else free + held


def explained(error: BaseException, task: Task) -> str:
    """What ended a training, in words; of memory that ran out, with what would fit."""
    said = f"{type(error).__name__}: {error}"
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)) or any(words in str(error) for words in MEMORY_WORDS):
        said += f" {_remedy(task)}"
    return said


def _remedy(task) -> str:
    experiment, room = task.experiment, room_bytes(task.device)
    if room is not None:
        usable = USABLE * room - FOR_ITSELF[torch.device(task.device).type]
        batch = networks.batch_that_fits(task.job.architecture, experiment.image_size, experiment.batch_size, usable)
        if batch is None:
            return f"By what its step holds, no batch fits into the {room / 1e9:.1f} GB there are: try a smaller --image-size, or --jobs-at-once 1."
        if batch < experiment.batch_size - 1:
            return (
                f"By what its step holds, --batch-size {batch} would fit into the {room / 1e9:.1f} GB there are; or try --jobs-at-once 1."
            )
    half = max(2, experiment.batch_size // 2)
    return f"Try --batch-size {half}, which needs about half as much for the films of a step, or --jobs-at-once 1."
