"""A fastai Learner as the kit trains it: silent, with its weights in place, and without waiting for the device at each step."""

import time
from collections.abc import Callable

import torch
from fastai.callback.progress import ProgressCallback
from fastai.callback.schedule import LRFinder, ParamScheduler
from fastai.learner import AvgSmoothLoss, Callback, Learner
from fastai.metrics import Recall, error_rate
from fastai.torch_core import set_seed, to_detach

from cxrkit.data.records import LABELS, NEGATIVE, POSITIVE
from cxrkit.training import networks, weights
from cxrkit.training.optimizer import FusedAdam
from cxrkit.training.stages import Epoch, EpochEnded, Step

EVERY = 0.5
"""Seconds between two tellings of how far a training is."""


def make(job, loaders, experiment, numerics, seed):
    """A Learner for one job, seeded, with its body's weights in place. Raises RemoteRefusal or BadInput without ImageNet weights."""
    set_seed(seed)
    if experiment.pretrained:
        model = weights.with_body(job.architecture, experiment.weights)
    else:
        model = networks.build(job.architecture)
        weights.silence_residual_branches(model)
    learner = Learner(
        loaders,
        model.to(loaders.device),
        opt_func=lambda groups, **hypers: FusedAdam(groups, eps=experiment.epsilon, **hypers),
        splitter=networks.splitter(job.architecture),
        metrics=[error_rate, Recall(pos_label=LABELS.index(POSITIVE)), Recall(pos_label=LABELS.index(NEGATIVE))],
        wd_bn_bias=experiment.decay_everywhere,
        cbs=numerics.callbacks(loaders.device),
    )
    learner.remove_cb(ProgressCallback)
    learner.recorder.smooth_loss = SmoothLoss()
    learner.logger = lambda *_: None
    return learner


class SmoothLoss(AvgSmoothLoss):
    """fastai's smoothed training loss, kept on the device: fastai fetches it at each step, and waits."""

    def accumulate(self, learn):
        self.count += 1
        loss = to_detach(learn.loss.mean(), cpu=False).as_subclass(torch.Tensor)
        self.val = torch.lerp(loss, self.val.to(loss.device), self.beta)


class InMemoryFinder(LRFinder):
    """fastai's learning-rate finder, which leaves the weights as its steps left them, and writes no file."""

    def before_fit(self):
        ParamScheduler.before_fit(self)
        self.best_loss = float("inf")

    def after_fit(self):
        ParamScheduler.after_fit(self)


class Steps:
    """How many batches a training has computed of all that it computes; told now and then."""

    def __init__(self, total: int, tell: Callable[[object], None]):
        self.done, self.total, self.tell, self.told = 0, total, tell, -EVERY

    def reach(self, done: int) -> None:
        """Count the batches that an earlier process computed, or that the finder spared."""
        self.done = done

    def advance(self) -> None:
        self.done += 1
        if time.monotonic() - self.told >= EVERY:
            self.told = time.monotonic()
            self.tell(Step(self.done, self.total))


class Watch(Callback):
    """Keeps each epoch's figures, and tells how far the training is."""

    order = 65  # after fastai's Recorder (50), which computes what is read here

    def __init__(self, stage: str, steps: Steps):
        self.stage, self.steps, self.epochs = stage, steps, []

    def before_epoch(self):
        self.started = time.monotonic()

    def after_batch(self):
        self.steps.advance()

    def after_epoch(self):
        if len(self.recorder.values[-1]) < 5:
            return  # the finder, which validates nothing
        seconds = time.monotonic() - self.started
        epoch = Epoch(self.epoch + 1, *(float(value) for value in self.recorder.values[-1]), seconds=seconds)
        self.epochs.append(epoch)
        self.steps.tell(EpochEnded(self.stage, epoch, self.n_epoch))
