"""Training loops: the kit's over some batches of films, and a plain fastai notebook's over the same files."""

import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from fastai.callback import schedule  # gives a Learner its fit_one_cycle
from fastai.data.transforms import Normalize
from fastai.learner import Callback
from fastai.metrics import error_rate
from fastai.optimizer import Adam
from fastai.vision.augment import Resize, ResizeMethod
from fastai.vision.core import imagenet_stats
from fastai.vision.data import ImageDataLoaders
from fastai.vision.learner import vision_learner
from torchvision import models

from cxrkit.bench.rounds import Timer
from cxrkit.bench.steps import Dispatches, require_finite
from cxrkit.bench.values import Counts
from cxrkit.config import Experiment
from cxrkit.training import learner, networks
from cxrkit.training.learner import Steps, Watch
from cxrkit.training.loaders import augmentations
from cxrkit.training.precision import Numerics
from cxrkit.training.stages import Job

assert schedule


@dataclass(frozen=True)
class Lap:
    """An epoch of a loop: seconds of its training and its validation part, and of these the host's wait for training batches."""

    train: float
    valid: float
    waited: float


class Loop:
    """The kit's training loop over all batches of some fastai DataLoaders, all layers trained from random weights.

    adam: with fastai's own Adam in place of the fused one.
    """

    def __init__(self, job: Job, loaders: Any, experiment: Experiment, numerics: Numerics, timer: Timer, adam: bool = False):
        self.job, self.rate, self.timer, self.format = job, experiment.learning_rate, timer, str(numerics.precision.value)
        self.learner = learner.make(job, loaders, replace(experiment, pretrained=False), numerics, job.seed)
        if adam:
            self.learner.opt_func = partial(Adam, eps=experiment.epsilon)
        self.learner.unfreeze()

    @property
    def steps(self) -> int:
        return len(self.learner.dls.train)

    def lap(self) -> Lap:
        """Train for an epoch, and validate. Raises WrongUse where the loss is not finite."""
        watched = Watched(self.timer)
        self._fit(watched)
        return Lap(watched.train_seconds, watched.valid_seconds, watched.waited)

    def epoch(self) -> float:
        """Seconds of an epoch as a whole."""
        self.timer.start()
        self._fit()
        return self.timer.stop()

    def counts(self) -> Counts:
        """What a step dispatches, from the end of the first step to the end of the last; at least two are needed.

        Without fastai's schedule of rates, which computes on the host alone: a processor's counts would hold it too.
        """
        counting = Counting(self.learner.dls.device)
        self.learner.fit(1, self.rate, cbs=[self._watch(), counting])
        return counting.counted.per(self.steps - 1)

    def _fit(self, *callbacks: Callback) -> None:
        self.learner.fit_one_cycle(1, lr_max=self.rate, cbs=[self._watch(), *callbacks])
        require_finite([self.learner.recorder.losses[-1]], self.job.architecture, self.format)

    def _watch(self) -> Watch:
        return Watch("bench", Steps(self.steps, lambda _: None))


class Watched(Callback):
    """Takes the time of an epoch's parts. The device is waited for where a part begins and ends, and nowhere between."""

    order = 70  # after all others

    def __init__(self, timer: Timer):
        self.timer = timer

    def before_train(self):
        self.waited = 0.0
        self.timer.start()
        self.asked = time.perf_counter()

    def before_batch(self):
        if self.training:
            self.waited += time.perf_counter() - self.asked

    def after_batch(self):
        if self.training:
            self.asked = time.perf_counter()

    def after_train(self):
        self.train_seconds = self.timer.stop()

    def before_validate(self):
        self.timer.start()

    def after_validate(self):
        self.valid_seconds = self.timer.stop()


class Counting(Callback):
    """Counts what is dispatched from the end of an epoch's first training step to the end of its last."""

    order = 70

    def __init__(self, device: torch.device):
        self.counted = Dispatches(device)

    def after_batch(self):
        if self.training and self.iter == 0:
            self.counted.__enter__()
        if self.training and self.iter == self.n_iter - 1:
            self.counted.__exit__(None, None, None)


class NotebookLoop:
    """What a fastai notebook does: vision_learner and fit_one_cycle with fastai's Adam, films from a folder tree, in float32.

    tree: the folder, train|valid/<label>/<file>; weights: a state dict, so that both loops begin with the same.
    """

    def __init__(self, tree: Path, architecture: str, experiment: Experiment, device: str, weights: dict[str, torch.Tensor], timer: Timer):
        method = ResizeMethod.Crop if experiment.resize == "crop" else ResizeMethod.Squish
        loaders = ImageDataLoaders.from_folder(
            tree,
            item_tfms=Resize(experiment.image_size, method=method),
            batch_tfms=[*augmentations(), Normalize.from_stats(*imagenet_stats)],
            bs=experiment.batch_size,
            device=torch.device(device),
        )
        self.workers = loaders.train.fake_l.num_workers
        self.rate, self.timer = experiment.learning_rate, timer
        network = getattr(models, architecture) if networks.in_torchvision(architecture) else architecture
        self.learner = vision_learner(loaders, network, pretrained=False, normalize=False, metrics=error_rate)
        names = self.learner.model.state_dict()  # ours where a timm network wants other statistics are one level deeper
        self.learner.model.load_state_dict(dict(zip(names, weights.values(), strict=True)))

    def epoch(self) -> float:
        """Seconds of an epoch as a whole."""
        with self.learner.no_bar(), self.learner.no_logging():
            self.timer.start()
            self.learner.fit_one_cycle(1, self.rate)
            return self.timer.stop()
