"""TensorBoard and Weights & Biases, where they are asked for: the figures of each epoch as numbers, and nothing else.

fastai's own callbacks (fastai.callback.tensorboard, fastai.callback.wandb) log from within the process that trains. Here each
training is a process of its own, perhaps on another machine, and the parent alone writes; so it logs the epochs that come back.
The callbacks would also send pictures of films, a model's graph and its weights; none of that leaves this machine by what is here.
Read against tensorboard 2.21 and wandb 0.31.
"""

import dataclasses
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from cxrkit import config
from cxrkit.columns import FROZEN
from cxrkit.config import Experiment
from cxrkit.errors import RemoteRefusal
from cxrkit.progress import say
from cxrkit.results import without_places
from cxrkit.training.stages import Epoch, EpochEnded, Job

FIGURES = tuple(each.name for each in dataclasses.fields(Epoch) if each.name != "epoch")
Tell = Callable[[Job, EpochEnded], None]
SENDING_SECONDS = 60.0
"""How long the end of a run waits for W&B: without a network it would wait for ever."""


@contextmanager
def opened(names: Iterable[str], out: Path, experiment: Experiment) -> Iterator[Tell]:
    """Yield what is to be told of each epoch that ends. names: of tensorboard and wandb; out: the run's folder.

    A logger that fails later is said once and asked no more: it must not stop a training. Raises RemoteRefusal where W&B
    cannot begin, ModuleNotFoundError.
    """
    with ExitStack() as stack:
        each = [stack.enter_context(_Guarded(name, OPEN[name](out, experiment))) for name in dict.fromkeys(names)]

        def tell(job: Job, ended: EpochEnded) -> None:
            for logger in each:
                logger.tell(job, step_of(ended), {name: getattr(ended.epoch, name) for name in FIGURES})

        yield tell


def step_of(ended: EpochEnded) -> int:
    """The epoch's number from 1, counted through both stages."""
    return ended.epoch.epoch + (0 if ended.stage == FROZEN else ended.epochs)


class _Guarded:
    """A logger whose failure is said, and costs the log alone."""

    def __init__(self, name: str, logger: Any) -> None:
        self.name, self.logger = name, logger

    def __enter__(self) -> "_Guarded":
        return self

    def __exit__(self, *_: object) -> None:
        self._try(lambda: self.logger.close())

    def tell(self, job: Job, step: int, figures: dict[str, float]) -> None:
        self._try(lambda: self.logger.add(job.name, step, figures))

    def _try(self, act: Callable[[], None]) -> None:
        if self.logger is None:
            return
        try:
            act()
        except Exception as error:  # of any kind: it is another's program
            self.logger = None
            say(f"!!! {self.name} takes no more figures, the run goes on without it: {type(error).__name__}: {error}")


class TensorBoard:
    """Event files below out/tensorboard, a folder a training, one file a run: a run that goes on adds another.

    They are written here and now. torch's SummaryWriter writes in a thread of its own, which on a full disk ends in a traceback.
    """

    def __init__(self, out: Path, experiment: Experiment) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.record_writer import RecordWriter

        self.folder, self.event, self.summary, self.recorder = out / "tensorboard", Event, Summary, RecordWriter
        self.places: dict[str, Path] = {}
        say(f"each epoch's figures go to {self.folder}: tensorboard --logdir {self.folder}")

    def add(self, training: str, step: int, figures: dict[str, float]) -> None:
        values = [self.summary.Value(tag=name, simple_value=value) for name, value in figures.items()]
        events = [self.event(wall_time=time.time(), step=step, summary=self.summary(value=values))]
        if training not in self.places:
            (self.folder / training).mkdir(parents=True, exist_ok=True)
            self.places[training] = self.folder / training / f"events.out.tfevents.{time.time():.0f}.{os.getpid()}"
            events.insert(0, self.event(wall_time=time.time(), file_version="brain.Event:2"))
        with open(self.places[training], "ab") as file:
            for event in events:
                self.recorder(file).write(event.SerializeToString())

    def close(self) -> None:
        """Nothing is open."""


class WeightsAndBiases:
    """One W&B run for all trainings, `TRAINING/FIGURE` against `TRAINING/step`; a run that goes on is continued.

    The settings of the experiment go along without the folders of this machine and the person to ask. WANDB_MODE=offline keeps all of it
    in out/wandb, where it lies in any case: what a server did not take in time is sent from there.
    """

    def __init__(self, out: Path, experiment: Experiment) -> None:
        import wandb

        name = f"{experiment.name}-{experiment.hash()[:12]}"
        identity = hashlib.sha256(f"{out.absolute()} {name}".encode()).hexdigest()[:16]
        out.mkdir(parents=True, exist_ok=True)
        # what wandb would send of itself: this machine's load, its name, its source code, what is printed here
        private = wandb.Settings(
            silent=True,
            console="off",
            disable_git=True,
            disable_code=True,
            host="",
            x_disable_stats=True,
            x_disable_meta=True,
            x_save_requirements=False,
            program="kernel/run.py",  # not where it lies here
            finish_timeout=SENDING_SECONDS,
            finish_timeout_raises=True,
        )
        try:
            self.run = wandb.init(
                project="cxrkit",
                name=name,
                id=identity,
                resume="allow",
                dir=str(out),
                config=config.as_dict(replace(without_places(experiment), contact="")),
                settings=private,
            )
        except (wandb.errors.Error, OSError) as error:
            next = "sign in with `wandb login`, or set WANDB_MODE=offline, or leave out --logger wandb"
            raise RemoteRefusal(f"W&B cannot begin: {error}", next=next) from error
        self.place = out / "wandb"
        place = f"offline, kept in {self.place}; wandb sync sends it" if self.run.offline else self.run.url
        say(f"each epoch's figures go to W&B: {place}")
        self.known: set[str] = set()

    def add(self, training: str, step: int, figures: dict[str, float]) -> None:
        if training not in self.known:
            self.known.add(training)
            self.run.define_metric(f"{training}/*", step_metric=f"{training}/step")
        self.run.log({f"{training}/step": step} | {f"{training}/{name}": value for name, value in figures.items()})

    def close(self) -> None:
        try:
            self.run.finish()
        except TimeoutError:
            say(f"!!! W&B did not take all figures within {SENDING_SECONDS:.0f} s. They are kept in {self.place}; wandb sync sends them.")


OPEN: dict[str, Callable[[Path, Experiment], Any]] = {"tensorboard": TensorBoard, "wandb": WeightsAndBiases}
