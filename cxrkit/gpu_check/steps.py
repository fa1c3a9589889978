"""A few training steps on a device against the same steps on the processor in float32: the same weights, the same batch."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from fastai.callback.core import CancelStepException
from fastai.learner import Callback
from fastai.torch_core import TensorImage, set_seed
from fastai.vision.augment import AffineCoordTfm
from torch import nn

from cxrkit.environment import Choice
from cxrkit.gpu_check.scene import STEPS
from cxrkit.training import batchnorm, learner
from cxrkit.training.executors import Task
from cxrkit.training.precision import Numerics

RATE = 1e-5
"""Of all steps. The loss of the one batch falls by a half or more with each: what an error in a gradient would change is large."""
BRANCH = 0.2
"""Weight of the batch norm that ends a residual block. Training begins it at 0; here every layer has a say from the first step on."""
SCALE = 2.0**8
"""First scale of float16's losses. torch begins with 65,536, and these networks without trained weights overflow in their first steps."""
PLAIN = Numerics(*(Choice(value, "what the others are compared with") for value in ("float32", "contiguous", False, False)))
Batch = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Comparison(Task):
    """A Task that asks for the same steps in each of these Numerics; its own are not used. given: whether the loader is compared too."""

    variants: tuple[Numerics, ...] = ()
    given: bool = True


@dataclass(frozen=True)
class Given:
    """How a loader's films on the device differ from those on the processor.

    pixels, augmented: the largest difference of a normalised pixel, as they are and moved by the same matrices; labels: wrong ones.
    """

    pixels: float
    augmented: float
    labels: int


@dataclass(frozen=True)
class Compared:
    """How the steps of one variant differ from the processor's.

    loss: the largest difference; outputs: the largest root mean square of a step's differences, in shares of the outputs' spread;
    fall: how far the processor's loss fell; skipped: steps whose float16 gradients overflowed; the processor left out the same.
    """

    variant: int
    loss: float
    outputs: float
    fall: float
    skipped: int


@dataclass(frozen=True)
class Trace:
    """What the steps showed: the loss of each, [steps], and the outputs, [steps, n, 2], on the host."""

    losses: torch.Tensor = field(repr=False)
    outputs: torch.Tensor = field(repr=False)
    skipped: frozenset[int] = frozenset()


def compared(task: Comparison, tell) -> Iterator[Given | Compared]:
    """What the loader gives, then each variant's steps beside the processor's. Runs in a process of its own."""
    begin(task)
    loaders, host = (task.films.loaders(task.experiment, device) for device in (task.device, "cpu"))
    if task.given:
        yield given(loaders, host)
    batch = on_host(next(iter(loaders.train)))
    expected: dict[frozenset[int], Trace] = {}
    for index, numerics in enumerate(task.variants):
        numerics.apply()
        found = steps(task, task.films.loaders(task.experiment, task.device, numerics.layout.value), numerics, batch)
        if found.skipped not in expected:
            expected[found.skipped] = steps(task, host, PLAIN, batch, found.skipped)
        beside = expected[found.skipped]
        apart = (found.outputs - beside.outputs).square().mean((1, 2)).sqrt()
        spread = (beside.outputs - beside.outputs.mean(1, keepdim=True)).square().mean((1, 2)).sqrt()
        loss, fall = (found.losses - beside.losses).abs().max(), beside.losses[0] - beside.losses[-1]
        yield Compared(index, loss.item(), (apart / spread).max().item(), fall.item(), len(found.skipped))


def begin(task: Task) -> None:
    """Set this process to the task's device and threads, and its chance to what it always is."""
    set_seed(0)
    torch.set_num_threads(task.threads)
    if torch.device(task.device).type == "cuda":
        torch.cuda.set_device(task.device)


def given(loaders, host) -> Given:
    """The films of loaders on a device beside those of the same loaders on the processor."""
    pairs = [(on_host(there), on_host(here)) for there, here in zip(loaders.valid, host.valid, strict=True)]
    pixels = max((there[0] - here[0]).abs().max().item() for there, here in pairs)
    labels = sum((there[1] != here[1]).sum().item() for there, here in pairs)
    films = pairs[0][1][0]
    moving = next(step for step in loaders.train.after_batch.fs if isinstance(step, AffineCoordTfm))
    moving.split_idx = 0
    on_device = TensorImage(films.to(loaders.device))
    moving.before_call((on_device,), 0)
    beside = copy.copy(moving)
    beside.mat = moving.mat.cpu()
    moved = [
        step.encodes(images.clone()).as_subclass(torch.Tensor).cpu() for step, images in ((moving, on_device), (beside, TensorImage(films)))
    ]
    return Given(pixels, (moved[0] - moved[1]).abs().max().item(), labels)


def on_host(batch) -> Batch:
    """A loader's batch as plain tensors in the processor's memory."""
    images, labels = (value.as_subclass(torch.Tensor).cpu() for value in batch)
    return images.contiguous(), labels


def steps(task: Task, loaders, numerics: Numerics, batch: Batch, skipping: frozenset[int] = frozenset()) -> Trace:
    """STEPS steps over one batch through fastai's loop, as a run makes them. skipping: the steps that change nothing."""
    learn = steady(learner.make(task.job, loaders, task.experiment, numerics, 0))
    replay = Replay([batch] * STEPS, numerics.layout.value, skipping)
    learn.fit(1, RATE, cbs=[replay, Gentle()])
    losses, outputs = (torch.stack(values).float().cpu() for values in (replay.losses, replay.outputs))
    return Trace(losses, outputs, replay.skipped)


def steady(learn):
    """The learner with all layers trained, without dropout, which each device draws otherwise, and with branches that have a say."""
    for module in learn.model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    for layer in batchnorm.layers(learn.model):
        if not layer.weight.any():
            nn.init.constant_(layer.weight, BRANCH)
    learn.unfreeze()
    return learn


class Replay(Callback):
    """Puts these batches in place of the loader's, and keeps what each step showed.

    skipping: steps that change nothing, as those whose gradients overflow. share: (rank, processes) that share each batch.
    """

    order = -5  # before ChannelsLast and Cast look at a batch

    def __init__(self, batches: list[Batch], layout: str, skipping: frozenset[int] = frozenset(), share: tuple[int, int] = (0, 1)):
        self.batches, self.skipping, (self.rank, self.processes) = batches, skipping, share
        self.layout = torch.channels_last if layout == "channels_last" else torch.contiguous_format
        self.losses, self.outputs, self.counts = [], [], []

    def before_batch(self):
        if self.training:
            images, labels = (value[self.rank :: self.processes].to(self.dls.device) for value in self.batches[self.iter])
            self.learn.xb, self.learn.yb = (images.contiguous(memory_format=self.layout),), (labels,)

    def after_loss(self):
        if self.training:
            self.losses.append(self.loss.detach().as_subclass(torch.Tensor))
            self.outputs.append(self.pred.detach().as_subclass(torch.Tensor))

    def before_step(self):
        if self.iter in self.skipping:
            raise CancelStepException

    def after_batch(self):
        if self.training:
            self.counts.append(torch.as_tensor(self.opt.skipped).clone())

    @property
    def skipped(self) -> frozenset[int]:
        """The steps, from 0, that changed nothing."""
        counts = [0, *(int(count) for count in self.counts)]
        return self.skipping | {step for step, (before, after) in enumerate(zip(counts, counts[1:])) if after > before}


class Gentle(Callback):
    """Begins float16's scaling at SCALE."""

    order = 14  # after Scaled (13)

    def before_fit(self):
        if hasattr(self.learn, "scaled"):
            self.scaled.scaler = torch.amp.GradScaler(self.scaled.kind, init_scale=SCALE)
