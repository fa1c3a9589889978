"""A training's values: the job that was asked for, and what each of its finished stages left."""

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["running", "precise"]


@dataclass(frozen=True)
class Job:
    architecture: str
    seed: int

    @property
    def name(self) -> str:
        return f"{self.architecture}-seed{self.seed}"


@dataclass(frozen=True)
class Epoch:
    """One epoch's figures; the last five are of validation, seconds of wall clock."""

    epoch: int  # from 1
    train_loss: float
    valid_loss: float
    error_rate: float
    sensitivity: float
    specificity: float
    seconds: float


@dataclass(frozen=True)
class Statistics:
    """What a stage's network makes of validation with one kind of batch-norm statistics: "running" ones, as training left
    them, or "precise" ones, taken anew from the training films."""

    kind: Kind
    valid_loss: float
    error_rate: float


@dataclass(frozen=True)
class Stage:
    """What a finished stage left. predictions: (image_id, p_covid) of each image of valid and test; weights: a state dict as
    states.written gives it; skipped_steps: those whose float16 gradients overflowed."""

    name: str
    epochs: list[Epoch]
    predictions: list[tuple[str, float]]
    statistics: list[Statistics]
    skipped_steps: int
    weights: bytes = field(repr=False)


@dataclass(frozen=True)
class Finder:
    """The learning-rate finder's curve, and the rate that was chosen, with the reason."""

    chosen: float
    reason: str
    learning_rates: list[float] = field(repr=False)
    losses: list[float] = field(repr=False)


@dataclass(frozen=True)
class Past:
    """What the finished stages of a training left: the frozen stage's weights and the finder's result, None where there is none."""

    frozen_weights: bytes | None = field(default=None, repr=False)
    finder: Finder | None = None


@dataclass(frozen=True)
class Step:
    """How far a training is: batches computed of all that it computes."""

    done: int
    total: int


@dataclass(frozen=True)
class EpochEnded:
    """An epoch that a training has just ended, while its stage goes on."""

    stage: str
    epoch: Epoch
    epochs: int
