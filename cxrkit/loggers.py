"""TensorBoard and Weights & Biases, where they are asked for: the figures of each epoch as numbers, and nothing else.

fastai's own callbacks (fastai.callback.tensorboard, fastai.callback.wandb) log from within the process that trains. Here each
training is a process of its own, perhaps on another machine, and the parent alone writes; so it logs the epochs that come back.
The callbacks would also send pictures of films, a model's graph and its weights; none of that leaves this machine by what is here.
Read against tensorboard 2.21 and wandb 0.31.
"""

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
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
    """Event files below out/tensorboard, a folder a training, as torch's SummaryWriter writes them; fastai's callback has the same one."""

    def __init__(self, out: Path, experiment: Experiment) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.folder, self.make, self.writers = out / "tensorboard", SummaryWriter, {}  # type: ignore[var-annotated]
        say(f"each epoch's figures go to {self.folder}: tensorboard --logdir {self.folder}")

    def add(self, training: str, step: int, figures: dict[str, float]) -> None:
        writer = self.writers.get(training)
        if writer is None:
            writer = self.writers[training] = self.make(str(self.folder / training))
        for name, value in figures.items():
            writer.add_scalar(name, value, step)
        writer.flush()

    def close(self) -> None:
        for writer in self.writers.values():
            writer.close()


class WeightsAndBiases:
    """One W&B run for all trainings, `TRAINING/FIGURE` against `TRAINING/step`; a run that goes on is continued.

    The settings of the experiment go along without the folders of this machine. WANDB_MODE=offline keeps all of it in out/wandb.
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
        )
        try:
            self.run = wandb.init(
                project="cxrkit",
                name=name,
                id=identity,
                resume="allow",
                dir=str(out),
                config=config.as_dict(without_places(experiment)),
                settings=private,
            )
        except (wandb.errors.Error, OSError) as error:
            next = "sign in with `wandb login`, or set WANDB_MODE=offline, or leave out --logger wandb"
            raise RemoteRefusal(f"W&B cannot begin: {error}", next=next) from error
        say(f"each epoch's figures go to W&B: {self.run.url or f'offline, kept in {self.run.dir}; wandb sync sends it'}")
        self.known: set[str] = set()

    def add(self, training: str, step: int, figures: dict[str, float]) -> None:
        if training not in self.known:
            self.known.add(training)
            self.run.define_metric(f"{training}/*", step_metric=f"{training}/step")
        self.run.log({f"{training}/step": step} | {f"{training}/{name}": value for name, value in figures.items()})

    def close(self) -> None:
        self.run.finish()


OPEN: dict[str, Callable[[Path, Experiment], Any]] = {"tensorboard": TensorBoard, "wandb": WeightsAndBiases}
