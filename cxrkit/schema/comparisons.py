"""comparison.json: each pair of networks better, worse, equivalent or undecided, and what that rests on."""

from dataclasses import dataclass, field
from typing import Literal

from cxrkit.evaluation.metrics import Figure, Rates
from cxrkit.schema.common import Films, Margins, Weights, Word


@dataclass(frozen=True)
class RunToRun:
    """The spread of a network's error rate over seeds, beside the one that the number of images alone predicts."""

    observed: Figure  # standard deviation over runs; unknown for one run
    predicted: float
    reading: Literal["one run: not known", "more than predicted", "less than predicted", "as predicted"]


@dataclass(frozen=True)
class NetworkErrors:
    """A network under one protocol, with all its seeds."""

    name: str
    architecture: str
    runs: list[str]
    seeds: list[int]
    errors: list[float]  # error rate, one a seed
    error_rate: Figure  # their mean, over patients
    median: float  # of the errors
    outlying: list[int]  # seeds whose training failed or stands far off (evaluation.outliers)
    outlying_at_most: float  # the share of all trainings that may be so, with 95 % confidence
    run_to_run: RunToRun


@dataclass(frozen=True)
class Discordant:
    """McNemar's exact test of two networks with the same seed."""

    seed: int
    only_a_wrong: int
    only_b_wrong: int
    p: float


@dataclass(frozen=True)
class Range:
    """low, high: were the true difference at the far and at the near end of its 80 % interval; None where no number decides it."""

    low: int | None
    high: int | None


@dataclass(frozen=True)
class Needed:
    """How much would decide a pair, with 80 % power."""

    seeds: Range  # at these images
    images: Range  # at these seeds
    images_at_20_seeds: Range
    images_for_equivalence: int | None  # at 20 seeds, were the two alike; None where no number shows it


@dataclass(frozen=True)
class RateDifference:
    """A minus B in sensitivity or specificity, so that above 0 A is better."""

    verdict: Word
    difference: Figure  # over patients and seeds
    over_patients: Figure
    p_difference_holm: float  # over all pairs and both rates
    p_equivalence: float  # as it is: one of the pair's three


@dataclass(frozen=True)
class Pair:
    """Two networks on the same images. Every difference is A minus B; in error rate, A is better below 0, in all else above."""

    a: str
    b: str
    verdict: Word  # what A is beside B
    as_trained: Word  # of these very networks, over patients alone
    difference: Figure  # in error rate, over patients and seeds
    over_patients: Figure
    over_seeds: Figure  # no interval where a network ran once
    of_medians: float  # A's median error rate over seeds minus B's
    p_difference: float
    p_difference_holm: float
    p_equivalence: float  # in error rate
    p_equivalence_holm: float
    p_all_equivalent_holm: float  # in error rate, sensitivity and specificity, each within its margin
    p_patients: float
    sensitivity: RateDifference | None  # None where its class is absent
    specificity: RateDifference | None
    ppv: Figure  # positive predictive value at this set's prevalence, over patients and seeds
    npv: Figure
    mcnemar: list[Discordant]  # seeds that both have
    probability_better: Figure
    auc_difference: Figure
    p_auc: float | None  # None where one class is absent
    needed: Needed | None  # None where the pair is decided, or a network ran once


@dataclass(frozen=True)
class ChosenOnValidation:
    """The network that validation chooses, for its one look at test."""

    name: str
    error_rate_on_validation: float  # the lowest mean over seeds


@dataclass(frozen=True)
class StudyPair:
    """Two of the study's networks. Which films each got wrong was not published: p for the most and the least overlap."""

    a: str
    b: str
    wrong: list[int]
    verdict: Word
    as_trained: Word
    p_mcnemar: list[float]
    difference: Figure


@dataclass(frozen=True)
class FisherTests:
    """Our runs of a network against the study's one: p of Fisher's exact test of each, and the difference."""

    median_run: float  # p of the run with the median error rate
    lowest: float
    highest: float
    holm: float  # of the median run, over networks
    difference: Figure  # the median run's rate minus the study's, Newcombe's interval


@dataclass(frozen=True)
class BesideStudy:
    """A network of the study, and whether our runs of it differ."""

    architecture: str
    study: Rates
    runs: int
    p: dict[str, FisherTests]  # error_rate, sensitivity, specificity; empty without a run of ours


@dataclass(frozen=True)
class Study:
    pairs: list[StudyPair]
    beside_ours: list[BesideStudy]


@dataclass(frozen=True)
class Best:
    """names: the networks that may be the best; known: what that says."""

    names: list[str]
    known: Literal["one network", "the best", "equally good", "equally good in error", "some are not", "nothing"]


@dataclass(frozen=True)
class Comparison:
    """comparison.json: each pair of networks better, worse, equivalent or undecided, and what that rests on."""

    schema: int
    runs: list[str]
    manifest_sha256: str
    films: Films
    split: str
    n: int  # images
    covid: int
    patients: int
    threshold: float
    margins: Margins
    alpha: float
    images_for_equivalence: list[int]  # fewer independent images, and fewer of the COVID-19 and the normal ones, cannot show it
    networks: list[NetworkErrors]
    pairs: list[Pair]  # empty with one network
    chosen_on_validation: ChosenOnValidation | None  # None without a test split
    study: Study
    best: Best
    started_from: dict[str, Weights] = field(default_factory=dict)  # {run: its networks' first weights}; empty in earlier files


@dataclass(frozen=True)
class ResplitNetwork:
    """A network over several splits of the same images. errors: mean error rate over its seeds, one a split."""

    name: str
    errors: list[float]


@dataclass(frozen=True)
class ResplitPair:
    """Every difference is A minus B, corrected for shared training images (Nadeau and Bengio 2003)."""

    a: str
    b: str
    verdict: Word
    difference: Figure  # in error rate
    p: float
    p_holm: float
    p_equivalence_holm: float  # in error rate
    p_all_equivalent_holm: float
    sensitivity: Figure | None  # None where its class is absent from a split
    specificity: Figure | None


@dataclass(frozen=True)
class ResplitComparison:
    """What `compare --resplits --out` writes."""

    runs: list[str]
    split: str
    n_train: float  # images, the mean over splits
    n_test: float
    threshold: float
    margins: Margins
    networks: list[ResplitNetwork]
    pairs: list[ResplitPair]
