"""Everything that is measured at one image size."""

import gc
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import torch
from fastai.torch_core import set_seed

from cxrkit.bench import loading, processes
from cxrkit.bench.loading import Films
from cxrkit.bench.loops import Lap, Loop, NotebookLoop
from cxrkit.bench.processes import Executor, Trainings
from cxrkit.bench.rounds import Effort, Timer, interleaved
from cxrkit.bench.steps import BareStep, MatrixProduct
from cxrkit.bench.values import AtSize, Estimate, Network, Notebook, Steps, Together, measured, rate, ratio
from cxrkit.config import Experiment
from cxrkit.data import tree
from cxrkit.data.manifest import Manifest
from cxrkit.environment import Choice
from cxrkit.progress import say
from cxrkit.training import loaders, networks, weights
from cxrkit.training.machine import Machine
from cxrkit.training.stages import Job

MATRIX_SIDES = (2048, 8192)
"""Rows and columns of a matrix that is large for a processor, and for a GPU."""
STUDY_EPOCHS = 8
SEEDS = (1, 10)
"""Seeds of the study's protocol, and of the one that the kit would sign."""


class Size:
    """The bench at one image size. experiment: with that size; device: as environment.choose_device gives it."""

    def __init__(self, experiment: Experiment, films: Films, device: Choice, effort: Effort, timer: Timer, executor: Executor):
        self.experiment, self.films, self.effort, self.timer = experiment, films, effort, timer
        self.machine = Machine.choose(replace(experiment, jobs_at_once=1), device, 1)
        self.numerics, self.device, self.on_gpu = self.machine.numerics, self.machine.devices[0], device.value == "cuda"
        self.layout = str(self.numerics.layout.value)
        self.squares = films.pixels(experiment)
        whole = loaders.of_pixels(self.squares, films.manifest.used, self.device)
        self.trainings = Trainings(experiment, whole, self.machine, executor)

    def measure(self) -> AtSize:
        """Raises WrongUse where a network trains nothing in the number format, Interrupted where a training's process fails."""
        experiment, effort, numerics = self.experiment, self.effort, self.numerics
        numerics.apply()
        self.product = MatrixProduct(MATRIX_SIDES[self.on_gpu], self.device, numerics)
        self.product.seconds(1, self.timer)
        many = pieces(self.product.seconds(1, self.timer), effort.block / 4)
        [products] = interleaved([lambda: self.product.seconds(many, self.timer)], effort.rounds)
        say(f"{experiment.image_size} px: loaders")
        given = loading.loading(self.films, self.squares, experiment, self.device, self.layout, self.timer, effort.rounds, effort.films)
        found = [self.network(architecture) for architecture in experiment.architectures]
        return AtSize(
            image_size=experiment.image_size,
            batch_size=experiment.batch_size,
            precision=numerics.precision,
            layout=numerics.layout,
            tf32=numerics.tf32,
            autotuning=numerics.autotuning,
            matrix_side=self.product.side,
            matrix_product=rate(self.product.flops, products, "FLOP/s"),
            loading=given,
            networks=found,
            estimates=[self._estimate(found, seeds) for seeds in SEEDS],
        )

    def network(self, architecture: str) -> Network:
        self._say(architecture, "steps")
        steps = self.steps(architecture)
        self._free()  # for the processes
        self._say(architecture, "processes")
        [starts] = interleaved([lambda: self.trainings.start_seconds(architecture)], self.effort.starts)
        together = self._together(architecture)
        notebook = None if self.effort.quick else self._notebook(architecture, steps.block)
        return Network(architecture, steps, measured(starts, "s"), together, notebook)

    def steps(self, architecture: str) -> Steps:
        """The bare step, the training loop and the loop with fastai's Adam, a block of each in every round."""
        timer, numerics = self.timer, self.numerics
        bare = self.bare_step(architecture)
        bare.settle()
        batch = len(bare.films)
        block = min(pieces(bare.seconds(1, timer), self.effort.block), max(1, self.films.count("train") // batch))
        given, held = self.loaders(block * batch, 2 * batch), self._allocated()
        loop = Loop(Job(architecture, 0), given, self.experiment, numerics, timer)
        loop.lap()
        peak = self._peak(held)
        adam = Loop(Job(architecture, 0), given, self.experiment, numerics, timer, adam=True)
        adam.lap()
        laps: list[Lap] = []

        def training_loop() -> float:
            laps.append(loop.lap())
            return laps[-1].train / block

        bares, loops, adams, products = interleaved(
            [
                lambda: bare.seconds(block, timer),
                training_loop,
                lambda: adam.lap().train / block,
                lambda: self.product.seconds(1, timer),
            ],
            self.effort.rounds,
        )
        flops = bare.flops()
        reached = [flops / step / (self.product.flops / product) for step, product in zip(loops, products, strict=True)]
        loop.learner.dls = adam.learner.dls = self.loaders(3 * batch, 2)
        return Steps(
            block=block,
            flops=flops,
            bare=measured(bares, "s/step"),
            loop=measured(loops, "s/step"),
            adam=measured(adams, "s/step"),
            loop_over_bare=ratio(loops, bares),
            adam_over_loop=ratio(adams, loops),
            waited=measured([lap.waited / lap.train for lap in laps], "share"),
            reached=measured(reached, "share"),
            bare_counts=bare.counts(1),
            loop_counts=loop.counts(),
            adam_counts=adam.counts(),
            validation=rate(len(given.valid.items), [lap.valid for lap in laps], "films/s"),
            peak_gpu_bytes=peak,
        )

    def loaders(self, train: int, valid: int) -> Any:
        """The kit's resident DataLoaders of so many films to train on and to validate on."""
        chosen = self.films.some(train, valid)
        return loaders.of_pixels(self.squares, chosen, self.device).loaders(self.experiment, self.device, self.layout)

    def bare_step(self, architecture: str) -> BareStep:
        set_seed(0)
        batch = self.loaders(self.experiment.batch_size, 1).train.one_batch()
        films, labels = (each.as_subclass(torch.Tensor) for each in batch)
        model = networks.build(architecture)
        weights.silence_residual_branches(model)
        return BareStep(architecture, model.to(self.device), films, labels, self.numerics)

    def _say(self, architecture: str, what: str) -> None:
        say(f"{self.experiment.image_size} px, {architecture}: {what}")

    def _free(self) -> None:
        gc.collect()  # learners and their callbacks hold each other
        if self.on_gpu:
            torch.cuda.empty_cache()

    def _allocated(self) -> int:
        if not self.on_gpu:
            return 0
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()

    def _peak(self, held: int) -> int | None:
        return torch.cuda.max_memory_allocated() - held if self.on_gpu else None

    def _together(self, architecture: str) -> list[Together]:
        """In the quick form for the first network alone."""
        if self.effort.quick and architecture != self.experiment.architectures[0]:
            return []
        most = processes.limit(architecture, self.experiment, self.machine)
        return processes.together(self.trainings, architecture, most, self.effort.window, self.effort.starts)

    def _notebook(self, architecture: str, steps: int) -> Notebook:
        """An epoch of so many steps, and of as many films to validate on as belong to them in the whole data."""
        self._say(architecture, "a plain fastai notebook")
        films = min(self.films.count("train"), steps * self.experiment.batch_size)
        valid = max(2, round(films * self.films.count("valid") / self.films.count("train")))
        used, root = Manifest(tuple(self.films.some(films, valid))), self.films.folder / "notebook"
        tree.build(used, self.films.locate, root)
        kit = Loop(Job(architecture, 0), self.loaders(films, valid), self.experiment, self.numerics, self.timer)
        plain = NotebookLoop(root, architecture, self.experiment, self.device, kit.learner.model.state_dict(), self.timer)
        kit.epoch(), plain.epoch()  # warms up
        plain_seconds, kit_seconds = interleaved([plain.epoch, kit.epoch], self.effort.starts)
        return Notebook(
            films=films,
            valid=valid,
            workers=plain.workers,
            notebook=measured(plain_seconds, "s/epoch"),
            ours=measured(kit_seconds, "s/epoch"),
            notebook_over_ours=ratio(plain_seconds, kit_seconds),
        )

    def _estimate(self, found: Sequence[Network], seeds: int) -> Estimate:
        at_once = processes.chosen_at_once(self.experiment, self.machine, seeds)
        train, valid = self.films.count("train"), self.films.count("valid")
        steps = STUDY_EPOCHS * max(1, train // self.experiment.batch_size) + self.experiment.lr_find_iterations
        seconds = 0.0
        for network in found:
            alone = steps * network.steps.loop.value + STUDY_EPOCHS * valid / network.steps.validation.value + network.start.value
            seconds += seeds * alone / gain(network.together or found[0].together, cast(int, at_once.value))
        return Estimate(len(found), seeds, at_once, len(self.machine.devices), seconds / len(self.machine.devices))


def gain(together: Sequence[Together], at_once: int) -> float:
    """How many times the steps of one training so many do, of the largest number up to theirs that was measured."""
    return max((each for each in together if each.trainings <= at_once), key=lambda each: each.trainings).over_one.value


def pieces(seconds: float, block: float) -> int:
    """How many pieces of work that take so long make up a block."""
    return max(1, round(block / seconds))
