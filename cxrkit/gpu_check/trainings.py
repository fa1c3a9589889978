"""Whole trainings in processes of their own, as a run starts them: what each check asks its process to do."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial

import torch
from fastai.callback.core import CancelStepException
from fastai.learner import Callback
from torch import nn
from torch.nn.modules.module import register_module_forward_hook

from cxrkit.gpu_check.steps import Replay, begin, on_host, steady
from cxrkit.training import batchnorm, learner, networks, recipe
from cxrkit.training.distributed import Team
from cxrkit.training.executors import Task
from cxrkit.training.stages import Finder, Job, Stage
from cxrkit.training.work import training

TOO_MUCH = 1 << 50
"""Bytes that no device has: asking for them is an out-of-memory error of the device's own, and takes nothing from other processes."""
PLANTED_AT = 12
"""Training step at which memory runs out: in the finder, for the frozen stage has nine."""


@dataclass(frozen=True)
class Named(Job):
    """A Job among others of the same network and seed."""

    label: str = ""


@dataclass(frozen=True)
class Left:
    """How deep in autocast a failed training left its process; 0 is right."""

    autocast: int


@dataclass(frozen=True)
class Statistics:
    """Batch norm's precise statistics on a device beside the processor's: the largest difference in shares of a layer's largest value.
    restored: whether those from before came back."""

    apart: float
    restored: bool


@dataclass(frozen=True)
class Probabilities:
    """The probability of COVID-19 by the processor, {image_id: p}."""

    of: dict[str, float] = field(repr=False)


@dataclass(frozen=True)
class Gradients:
    """The gradients of one batch that processes shared, beside those of one process alone: the difference's norm in shares of theirs."""

    apart: float


def failing(where: str) -> partial:
    """What a process does that trains as its Task says until memory runs out. where: "forward" or "backward"."""
    return partial(_until_memory_ends, where)


def _until_memory_ends(where, task, tell) -> Iterator[Stage | Finder | Left]:
    steps = [0]

    def plant(module, inputs, output):
        if not isinstance(module, nn.Linear) or module.out_features != 2 or not output.requires_grad:
            return
        steps[0] += 1
        if steps[0] < PLANTED_AT:
            return
        if where == "forward":
            exhaust(task.device)
        output.register_hook(lambda _: exhaust(task.device))

    hook = register_module_forward_hook(plant)
    try:
        yield from training(task, tell)
    except Exception:
        yield Left(autocast_depth())
        raise
    finally:
        hook.remove()


def exhaust(device: str) -> None:
    """Raise the device's own out-of-memory error."""
    torch.empty(TOO_MUCH, dtype=torch.uint8, device=device)


def autocast_depth() -> int:
    """In how many autocast blocks this thread is."""
    depth = torch.autocast_increment_nesting() - 1
    torch.autocast_decrement_nesting()
    return depth


def asked(task: Task, tell) -> Iterator[Probabilities]:
    """What the weights in the task's past say of the held-out films, on the processor."""
    begin(task)
    model = networks.blank(task.job.architecture).to_empty(device="cpu")
    recipe.load(model, task.past.frozen_weights)
    ids = [record.image_id for record in task.films.records if record.split == "valid"]
    yield Probabilities(dict(zip(ids, networks.p_covid(model.eval(), task.films.pixels.of(ids)).tolist())))


def normed(task: Task, tell) -> Iterator[Statistics]:
    """Precise batch norm on the task's device and on the processor, of the same weights over the same films."""
    begin(task)
    task.numerics.apply()
    loaders = task.films.loaders(task.experiment, task.device, task.numerics.layout.value)
    model = steady(learner.make(task.job, loaders, task.experiment, task.numerics, 0)).model
    batches = [on_host(batch)[0] for batch in loaders.train]
    before, beside = _statistics(model), deepcopy(model).cpu()
    with batchnorm.precise(model, (batch.to(task.device) for batch in batches)):
        found = _statistics(model)
    after = _statistics(model)
    with batchnorm.precise(beside, batches):
        expected = _statistics(beside)
    apart = max(((one - other).abs().max() / other.abs().max()).item() for one, other in zip(found, expected))
    yield Statistics(apart, all(torch.equal(one, other) for one, other in zip(before, after)))


def _statistics(model):
    return [value.clone().cpu() for layer in batchnorm.layers(model) for value in (layer.running_mean, layer.running_var)]


def shared(task: Task, tell) -> Iterator[Gradients]:
    """The gradients of one batch by the processes of the task's meeting, beside those of this process alone."""
    begin(task)
    task.numerics.apply()
    loaders = task.films.loaders(task.experiment, task.device, task.numerics.layout.value)
    batch = on_host(next(iter(task.films.loaders(task.experiment, "cpu").valid)))
    alone = _gradient(task, loaders, batch, Team())
    team = Team.join(task.meeting, task.device)
    together = _gradient(task, loaders, batch, team)
    yield Gradients(((together - alone).norm() / alone.norm()).item())


def _gradient(task, loaders, batch, team):
    learn = steady(learner.make(task.job, loaders, task.experiment, task.numerics, 0))
    team.share(learn.model)
    kept, layout = Kept(), task.numerics.layout.value
    replay = Replay([batch] * len(loaders.train), layout, share=(team.rank, team.size))
    learn.fit(1, 1e-5, cbs=[replay, kept, *team.callbacks(loaders.train)])
    return kept.gradient


class Kept(Callback):
    """Keeps the gradients of the first step; no step changes anything."""

    def before_step(self):
        if self.iter == 0:
            self.gradient = torch.cat([weight.grad.flatten().cpu() for weight in self.model.parameters()])
        raise CancelStepException
