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
from cxrkit.training import recipe
from cxrkit.training.distributed import Team
from cxrkit.training.executors import METHOD, Ended, Task

MEMORY_WORDS = ("out of memory", "can't allocate memory", "Cannot allocate memory")


def work(task: Task, connection, train=None) -> None:
    """Run a Task and tell everything through the connection, an Ended at last."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is heard by the process that started this one, which then ends it
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
    connection.send(_outcome(task, connection.send, train or training))
    connection.close()


def _end_with(connection) -> None:
    """Nothing is ever sent to a training, so what is heard is the end of the process that started it."""
    try:
        connection.poll(None)
    finally:
        os._exit(1)


def _outcome(task, tell, train) -> Ended:
    try:
        for made in train(task, tell):
            tell(made)
    except CxrkitError as error:
        return Ended(str(error), traceback.format_exc(), error)
    except Exception as error:  # whatever goes wrong in one training is no reason to lose the others
        return Ended(_in_words(error, task), traceback.format_exc(), None, peak_bytes(task.device))
    return Ended(peak_bytes=peak_bytes(task.device))


def training(task, tell):
    """Train as the task says, in this process."""
    if METHOD == "forkserver":
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
    yield from recipe.train(task.job, loaders, task.experiment, task.numerics, task.past, left, team, tell)


def peak_bytes(device):
    """The most memory of the device that this process held; of the processor's where that is the device."""
    if torch.device(device).type == "cuda":
        return torch.cuda.max_memory_reserved(device)
    return environment.peak_memory_bytes()


def _in_words(error, task) -> str:
    said = f"{type(error).__name__}: {error}"
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)) or any(words in str(error) for words in MEMORY_WORDS):
        half = max(2, task.experiment.batch_size // 2)
        said += f" Try --batch-size {half}, which needs about half as much for the films of a step, or --jobs-at-once 1."
    return said
