"""metrics.json: the scores of every network, seed, stage and split."""

from dataclasses import dataclass
from typing import Literal

from cxrkit.evaluation.calibration import Calibration
from cxrkit.evaluation.conformal import PredictionSets
from cxrkit.evaluation.metrics import Confusion, Figure, PredictiveValues, Rates
from cxrkit.evaluation.usefulness import NetBenefit
from cxrkit.schema.common import Films, Weights


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold chosen on validation for a wanted rate, and the rates it has on the split of its Score."""

    of: Literal["sensitivity", "specificity"]
    wanted: float
    promised: bool  # False where validation has too few images of the class to promise it of new ones
    threshold: float
    chosen_on: str
    same_images: bool  # chosen on the very images it is judged by
    confusion: Confusion
    rates: Rates


@dataclass(frozen=True)
class Scaling:
    """Calibration before and after a temperature that was fitted on validation."""

    temperature: float
    rests_on_prior: bool  # the films were told apart (almost) perfectly, or not at all: they alone give no temperature
    fitted_on: str
    same_images: bool  # fitted on the very images it is judged by
    before: Calibration
    after: Calibration


@dataclass(frozen=True)
class Score:
    """One run, the mean over a network's runs, or an ensemble's mean probability, on the images of one split."""

    kind: Literal["run", "mean", "ensemble"]
    architectures: list[str]  # one, or all for the ensemble over networks
    seeds: list[int]
    stage: str
    split: str
    confusion: Confusion  # at the threshold of the file; a mean's counts need not be whole
    patients: int
    rates: Rates
    auc: Figure
    delong: Figure | None  # the same area, DeLong's interval alone; None for a mean
    average_precision: Figure | None  # None for a mean
    bootstrap: dict[str, Figure]  # rates and areas, interval by resampled patients; empty before the last stage, and for a mean
    predictive_values: list[PredictiveValues]  # empty for a mean
    operating_point: OperatingPoint | None  # None before the last stage, for a mean, or without COVID-19 in validation
    at_specificity: OperatingPoint | None  # the same for a wanted specificity; None without normal images in validation
    decision_curve: list[NetBenefit]  # empty before the last stage, and for a mean
    scaling: Scaling | None  # None before the last stage, and for a mean
    seconds_per_epoch: float | None  # median; None unless kind is "run"
    prediction_sets: PredictionSets | None = None  # as of scaling; None in files of before November 2026, too

    @property
    def architecture(self) -> str:
        """The network's, where it is one."""
        return self.architectures[0]

    @property
    def n(self) -> int:
        return round(self.confusion.n)


@dataclass(frozen=True)
class Metrics:
    """metrics.json: the scores of every network, seed, stage and split."""

    schema: int
    positive_class: str
    threshold: float  # an image is called COVID-19 from this probability on
    manifest_sha256: str
    films: Films
    started_from: Weights
    held_out: str  # the split that is reported: "test" where there is one, else "valid"
    scores: list[Score]  # kind "run"
    means: list[Score]  # kind "mean", networks with several seeds, after the last stage
    ensembles: list[Score]  # kind "ensemble", after the last stage
