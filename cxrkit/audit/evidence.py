"""Evidence: the parts of an audit as the rules see them, and for each part whether it was done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cxrkit.audit.conclusions import FIND_FILMS, PARTS, TRAIN
from cxrkit.audit.films import LUNGS
from cxrkit.config import short_name
from cxrkit.data.records import LABEL_WORDS, NEGATIVE, POSITIVE
from cxrkit.evaluation.metrics import Figure
from cxrkit.schema import (
    Attention,
    BaselineRow,
    ControlRow,
    ExternalRow,
    FilmCounts,
    Films,
    HeldFixedRow,
    MaskRow,
    MatchedRow,
    NetworkRow,
    PartState,
    PublishedRow,
    SourceRow,
)

NEEDED_BASELINES = ("source", "file", "border", "thumbnail-16")
"""Those that every collection allows; the age is not known everywhere."""
NEEDED_CONTROLS = ("permutation", "leak-patient", "leak-copy")
NO_FILMS = "the films are not on this machine"
NO_NETWORK = "there is no network to ask"


@dataclass(frozen=True)
class Evidence:
    """The parts of an audit.

    reasons: {slug of a part: why it, or some of it, was not done}; kept: slugs of parts that stem from an earlier audit of the
    same manifest and predictions; films_here: whether the films are on this machine.
    """

    films: Films
    counts: FilmCounts
    baselines: list[BaselineRow] = field(default_factory=list)
    sources: list[SourceRow] = field(default_factory=list)
    held_fixed: list[HeldFixedRow] = field(default_factory=list)
    controls: list[ControlRow] = field(default_factory=list)
    networks: list[NetworkRow] = field(default_factory=list)
    matched: list[MatchedRow] = field(default_factory=list)
    masking: list[MaskRow] = field(default_factory=list)
    external: list[ExternalRow] = field(default_factory=list)
    published: list[PublishedRow] = field(default_factory=list)
    attention: Attention | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()
    films_here: bool = True

    @property
    def best(self) -> NetworkRow | None:
        """The network with the largest area; None where no network was asked, or none has an area with an interval."""
        known = [row for row in self.networks if row.area.auc.bounded]
        return max(known, key=lambda row: row.area.auc.value, default=None)

    def of_best(self, rows: list) -> list:
        """Those of the rows that are about the best network."""
        return [row for row in rows if self.best and row.architecture == self.best.architecture]

    def known_baselines(self, names: tuple[str, ...]) -> list[BaselineRow]:
        return [row for row in self.baselines if row.name in names and row.area.auc.bounded]

    @property
    def wholes(self) -> dict[tuple[str, int], MaskRow]:
        """{(architecture, seed): its row of the whole picture}."""
        return {(row.architecture, row.seed): row for row in self.masking if row.share == 0 and row.area.auc.bounded}

    def hidden(self, mask: str, retrained: bool | None = None) -> list[MaskRow]:
        """The rows with the box around the lungs blacked out ("centre"), or all but it ("surround"), of networks whose whole is known."""
        rows = [row for row in self.masking if row.mask == mask and row.side == LUNGS and row.area.auc.bounded]
        return [row for row in rows if (row.architecture, row.seed) in self.wholes and retrained in (None, row.retrained)]

    @property
    def fixed_that_count(self) -> list[HeldFixedRow]:
        """The best network's rows with the source held fixed, where there are several, and with the age, where most are known."""
        rows = self.of_best(self.held_fixed)
        of_source = [row for row in rows if row.fixed == "source" and self.counts.sources > 1]
        return of_source + [row for row in rows if row.fixed == "age" and row.not_known <= row.within.auc.n + row.without_partner]

    def falls(self, fact: str) -> list[Figure]:
        """How much area the best network loses with a fact of the films held fixed: within strata, and on pairs alike in it alone."""
        of_strata = [row.fall for row in self.fixed_that_count if row.fixed == fact]
        return of_strata + [row.fall for row in self.of_best(self.matched) if row.by == [fact]]

    def state(self, part: str) -> PartState:
        """Whether the part was done as far as the conclusions need it."""
        if part == "held-fixed" and self.best and self.counts.sources == 1 and not self.fixed_that_count:
            return PartState(part, "not applicable", "the films come from one source, and their patients' ages are not known", "")
        if part == "sources" and self.counts.sources == 1:
            return PartState(part, "not applicable", "the films come from one source", "")
        why = LACKS[part](self)
        if why is None:
            return PartState(part, "done", "", "", part in self.kept)
        partly = part == "external" and bool(self.of_best(self.external))
        return PartState(part, "not done", self.reasons.get(part) or why, self._command(part), part in self.kept, partly)

    def _command(self, part: str) -> str:
        """What does a part that was not done."""
        manifest = self.counts.judged.split == EVERY_FILM
        if manifest and part not in ("baselines", "controls", "sources"):
            return TRAIN
        command = FIND_FILMS if PARTS[part].pictures and not self.films_here else PARTS[part].command
        return command.replace("RUN", "MANIFEST") if manifest else command

    @property
    def states(self) -> list[PartState]:
        return [self.state(part) for part in PARTS]


HELD_OUT = "held out"
"""What a published model's row calls the run's own films."""
EVERY_FILM = "all"
"""The split of what the audit of a manifest judges; see schema.Judged."""


def _baselines(evidence: Evidence) -> str | None:
    known = {row.name for row in evidence.known_baselines(NEEDED_BASELINES)}
    lacking = [name for name in NEEDED_BASELINES if name not in known]
    notes = [row.area.auc.method.removeprefix("none: ") for row in evidence.baselines if row.name in lacking]
    return next(iter(notes), NO_FILMS) if lacking else None


def _controls(evidence: Evidence) -> str | None:
    lacking = set(NEEDED_CONTROLS) - {row.name for row in evidence.controls}
    return f"{len(lacking)} of {len(NEEDED_CONTROLS)} were not done" if lacking else None


def _networks(evidence: Evidence) -> str | None:
    if evidence.best:
        return None
    return "the held-out films are of one class" if evidence.networks else NO_NETWORK


def _held_fixed(evidence: Evidence) -> str | None:
    fixed = {row.fixed for row in evidence.of_best(evidence.held_fixed)}
    done = "source" in fixed or (fixed and evidence.counts.sources == 1)
    return None if done else NO_NETWORK if evidence.best is None else "not asked for"


def _masking(evidence: Evidence) -> str | None:
    if evidence.of_best(evidence.hidden("centre", False)):
        return None
    if evidence.best and evidence.masking:
        return f"the best network, {short_name(evidence.best.architecture)}, was not asked"
    return "not asked for" if evidence.networks else NO_NETWORK


def _external(evidence: Evidence) -> str | None:
    rows = evidence.of_best(evidence.external)
    if any(row.loss.bounded for row in rows):
        return None
    mixed = [row.name for row in rows if row.drop.auc.bounded]
    if mixed:
        return f"each source of the films of {mixed[0]} has one class"
    for row in rows:
        if row.positives in (0, row.n):
            label, rate = (LABEL_WORDS[POSITIVE], "sensitivity") if row.positives else (LABEL_WORDS[NEGATIVE], "specificity")
            return f"the films of {row.name} are all {label}: their {rate} is known, and one class has no AUC"
    if rows:
        return f"the AUC on the films of {rows[0].name} has no interval"
    return "no films of another hospital were named" if evidence.networks else NO_NETWORK


def _sources(evidence: Evidence) -> str | None:
    return None if evidence.sources else "no source has patients enough"


def _attention(evidence: Evidence) -> str | None:
    return None if evidence.attention else "not asked for" if evidence.networks else NO_NETWORK


def _published(evidence: Evidence) -> str | None:
    return None if evidence.published else "not asked for" if evidence.networks else NO_NETWORK


def _retraining(evidence: Evidence) -> str | None:
    done = any(row.retrained for row in evidence.masking) or any(row.kind == "left-out-retrained" for row in evidence.sources)
    return None if done else "not asked for" if evidence.networks else NO_NETWORK


LACKS: dict[str, Callable[[Evidence], str | None]] = {
    "networks": _networks,
    "baselines": _baselines,
    "controls": _controls,
    "held-fixed": _held_fixed,
    "masking": _masking,
    "external": _external,
    "sources": _sources,
    "attention": _attention,
    "published": _published,
    "retraining": _retraining,
}
"""{part: function from the Evidence to what it lacks, in words, or None where the part was done}."""
