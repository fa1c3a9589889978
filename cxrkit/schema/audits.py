"""audits.json: what an audit looked at, part by part, and its verdict."""

from dataclasses import dataclass, field
from typing import Literal

from cxrkit.evaluation.calibration import Calibration
from cxrkit.evaluation.metrics import Figure, Rates
from cxrkit.schema.common import Films
from cxrkit.schema.verdicts import Conclusion


@dataclass(frozen=True)
class Judged:
    """The films that the verdict is about: the held-out ones of a run, else all."""

    split: str  # "all" for a manifest
    covid: int
    normal: int
    covid_patients: int
    normal_patients: int


@dataclass(frozen=True)
class FilmCounts:
    covid: int
    normal: int
    patients: int
    sources: int
    leaks: int  # patients or pictures that stand in two splits
    judged: Judged


@dataclass(frozen=True)
class NotDone:
    """of: the part of audit/conclusions.py that lacks it; empty where it is every part, or none."""

    part: str
    reason: str
    of: str = ""


@dataclass(frozen=True)
class PartState:
    """Whether a part of audit/conclusions.py was done. why, command: for one that was not, the reason, and what does it."""

    part: str
    state: Literal["done", "not done", "not applicable"]
    why: str
    command: str
    kept: bool = False  # at least partly what an earlier audit of the same manifest and predictions did
    partly: bool = False  # of a part that counts as not done: it found something, but not what the conclusions need


@dataclass(frozen=True)
class Area:
    """An area under the ROC curve. positives: films on the positive side, whatever that is."""

    auc: Figure
    positives: int


@dataclass(frozen=True)
class BaselineRow:
    """What sees less than a network. area: out of fold on all films, unknown where it could not be computed (see note)."""

    name: str
    title: str
    note: str
    area: Area
    held_out: Area | None  # fitted on train, scored on the held-out films; None where there are none
    within: Figure | None = None  # the same AUC among films of one source; None for one source, and in files of before November 2026


@dataclass(frozen=True)
class Advantage:
    """How far a network's area lies above the best coarse baseline's on the same films."""

    over: str
    over_title: str
    coarse_auc: float
    difference: Figure


@dataclass(frozen=True)
class CoarseCurve:
    """The ROC curve on the held-out films of the best baseline that sees no more than a thumbnail."""

    title: str
    auc: float
    false_positive_rate: list[float]
    sensitivity: list[float]


@dataclass(frozen=True)
class NetworkRow:
    """A network on the held-out films; its area is that of metrics.json."""

    architecture: str
    seeds: list[int]
    area: Area
    advantage: Advantage | None  # None where no coarse baseline could be scored


@dataclass(frozen=True)
class SourceRow:
    """kind: what was asked of the sources; by_network: the architecture that was asked, else empty."""

    kind: Literal["seen-source", "left-out", "left-out-retrained", "same-source"]
    title: str
    area: Area
    note: str
    by_network: str = ""
    was: Figure | None = None  # the AUC without the restriction; None for the kind "seen-source"


@dataclass(frozen=True)
class HeldFixedRow:
    """A network's AUC on held-out films among films of one stratum: a source, a band of ages, or both.

    whole: of all held-out films whose stratum is known; same_films: of those that have a partner of the other class in
    their stratum, the strata forgotten; within: of the same, among pairs of one stratum, unknown where there is none; fall:
    whole minus within.
    """

    architecture: str
    fixed: Literal["source", "age", "source and age"]
    within: Area
    same_films: Figure
    whole: Figure
    fall: Figure
    strata: int  # that hold both classes
    without_partner: int  # films whose stratum holds one class alone
    not_known: int  # films of which what is held fixed is not known


@dataclass(frozen=True)
class ControlRow:
    """A control of the audit itself: what must come out, what did."""

    name: str
    title: str
    expected: str
    found: str
    passed: bool


@dataclass(frozen=True)
class MaskRow:
    """One trained network on masked films. side: of the central box, in shares of the film's side."""

    architecture: str
    seed: int
    mask: Literal["centre", "surround"]  # what is black: the box, or all around it
    side: float
    share: float  # of the picture that is black
    area: Area
    retrained: bool  # trained anew on such films, or a network of the run


@dataclass(frozen=True)
class StabilityRow:
    """The calls of a network's ensemble on the held-out films, under small changes that change no diagnosis (audit/stability.py)."""

    architecture: str
    seeds: int  # that were asked
    unstable: Figure  # share of the films whose p crosses the threshold, or moves farther than seeds lie apart
    crossing: Figure  # share of those whose p crosses the threshold
    spread: float | None  # how far two seeds lie apart in 95 of 100 cases, on the validation films; None where there is one
    changes: dict[str, Figure]  # name of the change: share of the films that are unstable under it


@dataclass(frozen=True)
class SideScore:
    """A network's ensemble on the films of one side, internal or external."""

    rates: Rates
    auc: Figure
    average_precision: Figure
    ece: Figure | None = None  # expected calibration error; None in files of before November 2026


@dataclass(frozen=True)
class Drop:
    """Internal minus external."""

    auc: Figure
    sensitivity: Figure
    specificity: Figure
    ece: Figure | None = None  # as of SideScore; below 0 where probabilities mean less outside
    within: Figure | None = None  # internal AUC minus that among external films of one source; None where they are of one, and in
    # files of before November 2026; unknown where each of their sources has one class


@dataclass(frozen=True)
class ExternalScaling:
    temperature: float  # fitted on the run's validation films
    before: Calibration
    after: Calibration


@dataclass(frozen=True)
class GroupScore:
    """A network's ensemble on the films of one group. Figures are unknown where a class has too few patients; `method` says how many."""

    covid_patients: int
    normal_patients: int
    sensitivity: Figure
    specificity: Figure  # unknown by severity, which is of positive films alone
    auc: Figure  # by severity: against all negative films
    mean_calibration: Figure | None = None  # mean probability less share of COVID-19, 0 at best; by severity: of the grade's films alone


@dataclass(frozen=True)
class SubgroupRow:
    """One group of the external films, and the run's held-out films of the same group."""

    by: Literal["severity", "view", "sex", "age"]
    group: str  # e.g. "mild", "PA", "F", "40 to 59", "not known"
    external: GroupScore
    internal: GroupScore


@dataclass(frozen=True)
class MatchedRow:
    """A network on the held-out films, and on those pairs of them that are alike in the traits `by`.

    Areas are means over seeds, as in metrics.json.
    """

    architecture: str
    by: list[str]  # of "view", "age", "sex"
    caliper: float  # years by which two ages may differ
    pairs: int
    all_films: Area
    matched: Area  # unknown where there are too few pairs
    fall: Figure  # all_films minus matched
    lost_covid: dict[str, int]  # cause: films that are in no pair
    lost_normal: dict[str, int]


@dataclass(frozen=True)
class ExternalRow:
    """A network's ensemble over its seeds on the external films `name`."""

    name: str
    architecture: str
    seeds: int
    n: int
    positives: int
    patients: int
    covid_patients: int
    normal_patients: int
    copies_removed: int  # films that show a picture of the run's, or stand there twice
    left_out: int  # all that were not used, copies too
    threshold: float
    external: SideScore
    internal: SideScore
    drop: Drop
    scaling: ExternalScaling
    subgroups: list[SubgroupRow] = field(default_factory=list)
    sampled_from: int | None = None  # films there were where those used are a sample by patient; None for all
    lungless: BaselineRow | None = None  # the best of these films that sees no lung; None where none could be computed, and in older files
    outside: Figure | None = (
        None  # share that is OUTSIDE by its picture; None where no description of training films is read, and in older files
    )

    @property
    def loss(self) -> Figure:
        """The AUC that is lost, among films of one source where they come from several."""
        return self.drop.auc if self.drop.within is None else self.drop.within


@dataclass(frozen=True)
class PublishedRow:
    """A chest model that others published, asked as it is (audit/published.py). It sees lungs; no rule of the verdict reads it."""

    model: str  # the package, and its name of the weights
    films: str  # "held out", or the name of external films
    area: Area
    findings: list[str]  # a film's score is the greatest of these outputs, each relative to its operating point
    seen: list[str]  # sets of the model's training that films here are said to be of
    n_seen: int  # such films: they are not held out for the model
    file: str
    sha256: str  # of the file
    as_published: bool | None  # whether that is the published file's; None where that one's is not known
    version: str  # of the package
    credit: str  # citation and licence


@dataclass(frozen=True)
class AttentionRow:
    """Grad-CAM maps of one network on the held-out films."""

    architecture: str
    seed: int
    split: str
    energy_in_box: Figure  # mean share of a map inside the chest box
    box_area: float  # the box's share of the picture
    randomised_energy: float | None  # the same of the network with random weights; None where all maps were empty
    randomised_correlation: float | None  # rank correlation of the two maps; None where it is not defined
    empty: int  # maps that were zero all over, and are left out


@dataclass(frozen=True)
class GalleryEntry:
    """A film worth a look. file: its picture below the results, empty where why_no_picture says the reason."""

    image_id: str
    architecture: str
    seed: int
    kind: Literal["error", "top loss", "hit"]
    p_covid: float
    label: str
    file: str
    credit: str
    case_url: str
    why_no_picture: str


@dataclass(frozen=True)
class Attention:
    rows: list[AttentionRow]
    gallery: list[GalleryEntry]
    left_out: dict[str, int]  # architecture: errors that found no place in the gallery


@dataclass(frozen=True)
class Audits:
    """audits.json: what an audit looked at, and its verdict. Of a part that is None, `parts` and `not_done` say why."""

    schema: int
    manifest_sha256: str
    predictions_sha256: str  # of predictions.csv; empty for a manifest
    films: Films
    counts: FilmCounts
    baselines: list[BaselineRow]
    sources: list[SourceRow]
    controls: list[ControlRow]
    networks: list[NetworkRow] | None  # this and the next four: None for a manifest
    held_fixed: list[HeldFixedRow] | None
    masking: list[MaskRow] | None
    external: list[ExternalRow] | None  # None where no external films were named, too
    attention: Attention | None
    parts: list[PartState]
    not_done: list[NotDone]
    verdict: Conclusion
    matched: list[MatchedRow] | None = None  # None for a manifest, and in files of before November 2026
    stability: list[StabilityRow] | None = None  # None for a manifest, and in files of before it was asked
    published: list[PublishedRow] | None = None  # None where it was not asked for
    coarse_curve: CoarseCurve | None = None  # None where no such baseline was scored on held-out films
