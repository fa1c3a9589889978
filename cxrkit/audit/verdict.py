"""The verdict: what the audits together allow a reader to believe, by rules and thresholds that stand here alone.

Each rule looks at the Evidence and gives a Reason or none. The first conclusion in CONCLUSIONS that
any reason leads to is the verdict; all reasons are listed. Nothing here proves that a network sees disease: the best
verdict is that these audits found no other explanation.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from cxrkit.audit.baselines import COARSE as COARSE_BASELINES
from cxrkit.audit.baselines import LUNGLESS as LUNGLESS_BASELINES
from cxrkit.audit.films import LUNGS
from cxrkit.config import short_name
from cxrkit.data.records import LABEL_WORDS
from cxrkit.evaluation.metrics import Figure
from cxrkit.schema import (
    Area,
    BaselineRow,
    Conclusion,
    ControlRow,
    ExternalRow,
    FilmCounts,
    Films,
    MaskRow,
    NetworkRow,
    Reason,
    SourceRow,
)

FEWEST_PATIENTS = 10
"""Patients of each class among the films that are judged; below it nothing is concluded."""
WIDEST = 0.2
"""Width of the interval of an area; a wider one decides nothing."""
SHORTCUT = 0.9
"""Area at which a baseline that sees no lung separates the classes."""
AS_GOOD = 0.02
"""A baseline within this of the best network's area does as well as it."""
PARTLY = 0.6
"""Lower limit of the area from which a baseline that sees no lung explains a part of the scores."""
KEPT = 0.9
"""Share of a network's area above chance that is left with the lungs blacked out, from which it needs no lungs."""
COARSE = 0.95
"""Area at which a thumbnail separates the classes, where no network was asked."""
DROP = 0.05
"""Loss of area on external films that a reader must hear of, where its interval excludes none."""
CLEARLY = 0.1
"""How far above chance a whole film's area must lie for a fall to chance to mean something."""
TOLD_APART = 0.9
"""Area at which a network's features know the source of films of one label."""

CONCLUSIONS = {
    "audit-failed": "The audit's own controls failed, so none of its figures can be relied on.",
    "leak": "The same patients or pictures stand on both sides of the split, so no score of this run holds for a new patient.",
    "too-few": "There are too few patients to conclude anything; more films are needed before any of these scores means something.",
    "source-shortcut": "On this data no score shows that a network sees disease: where a film comes from gives the answer away.",
    "border-shortcut": "On this data no score shows that a network sees disease: what lies around the lungs gives the answer away.",
    "chance": "No network is shown to do better than guessing.",
    "thumbnail": "On this data no score shows that a network sees more than a thumbnail shows: "
    "light and dark, size and posture, but no fine sign of disease.",
    "no-transfer": "The scores do not hold for films from elsewhere, and must not be quoted without that.",
    "partial-shortcut": "The scores are too high by an amount that is not known, for part of the answer can be had without looking at the lungs.",
    "no-shortcut-found": "These audits found no shortcut. That is no proof that a network sees disease; "
    "films of other hospitals, read by radiologists, would be the next step.",
}
"""{slug: sentence}, the gravest first."""

KIND = {"source": "source-shortcut", "file": "source-shortcut", "age": "source-shortcut", "border": "border-shortcut"}
RULE_PREFIX = "lungless-"
"""Of the rules about baselines that see no lung."""


@dataclass(frozen=True)
class Evidence:
    """What the rules look at: the parts of an audit. A part that is empty says nothing, whether or not it was done."""

    films: Films
    counts: FilmCounts
    baselines: list[BaselineRow] = field(default_factory=list)
    sources: list[SourceRow] = field(default_factory=list)
    controls: list[ControlRow] = field(default_factory=list)
    networks: list[NetworkRow] = field(default_factory=list)
    masking: list[MaskRow] = field(default_factory=list)
    external: list[ExternalRow] = field(default_factory=list)

    @property
    def best(self) -> NetworkRow | None:
        """The network with the largest area; None where no network was asked."""
        return max(self.networks, key=lambda row: row.area.auc.value, default=None)

    def known_baselines(self, names: tuple[str, ...]) -> list[BaselineRow]:
        return [row for row in self.baselines if row.name in names and row.area.auc.known]


def decide(evidence: Evidence) -> Conclusion:
    """The verdict; parts that were not done are not held against anything."""
    reasons = [reason for rule in RULES for reason in rule(evidence)]
    order = list(CONCLUSIONS)
    conclusion = min((reason.leads_to for reason in reasons), key=order.index, default="no-shortcut-found")
    graver_first = sorted(reasons, key=lambda reason: order.index(reason.leads_to))
    sentences = [*_opening(evidence), *_told(graver_first, evidence), CONCLUSIONS[conclusion]]
    return Conclusion(conclusion, " ".join(sentences), reasons)


def _told(reasons: list[Reason], evidence: Evidence) -> list[str]:
    """The reasons' sentences; those of baselines that see no lung become one where they are several."""
    lungless = [reason for reason in reasons if reason.rule.startswith(RULE_PREFIX)]
    if len(lungless) < 2:
        return [reason.text for reason in reasons]
    row_of = {RULE_PREFIX + row.name: row for row in evidence.baselines}
    named = [f"{row.title} ({row.area.auc.value:.3f})" for row in (row_of[reason.rule] for reason in lungless)]
    together = f"Without a look at the lungs the classes are told apart by {', by '.join(named[:-1])} and by {named[-1]}."
    return [together if reason is lungless[0] else reason.text for reason in reasons if reason is lungless[0] or reason not in lungless]


def _opening(evidence: Evidence) -> list[str]:
    sentences = ["These are drawn phantoms, not films; nothing here is about medicine."] if evidence.films == "phantom" else []
    best, counts = evidence.best, evidence.counts
    if best is None:
        who = f"{counts.covid} COVID-19 and {counts.normal} normal films of {counts.patients} patients"
        alone = f"No network was asked; this is about the films alone: {who}."
        return [*sentences, alone, "An AUC of 1 separates the two classes perfectly, 0.5 is guessing."]
    held = f"{best.area.auc.n:.0f} films held out of training, {best.area.positives} of them COVID-19"
    name, many = short_name(best.architecture), len(evidence.networks) > 1
    who = f"The best of {len(evidence.networks)} networks, {name}, reaches" if many else f"The network, {name}, reaches"
    return [*sentences, f"{who} an AUC of {_told_area(best.area)} on {held} (1 separates the classes perfectly, 0.5 is guessing)."]


def _told_area(area: Area) -> str:
    return _interval(area.auc)


def _interval(figure: Figure) -> str:
    return f"{figure.value:.3f} [{figure.low:.3f} to {figure.high:.3f}]"


def failed_controls(evidence: Evidence) -> Iterator[Reason]:
    for row in evidence.controls:
        if not row.passed:
            what = f"A control of the audit failed ({row.title}: expected {row.expected}, found {row.found})."
            yield Reason("controls", what, None, None, "audit-failed")


def leaks(evidence: Evidence) -> Iterator[Reason]:
    count = evidence.counts.leaks
    if count:
        yield Reason("leaks", f"{count} patients or pictures stand in two splits.", count, 0, "leak")


def too_few(evidence: Evidence) -> Iterator[Reason]:
    judged = evidence.counts.judged
    for label, count in (("covid", judged.covid_patients), ("normal", judged.normal_patients)):
        if count < FEWEST_PATIENTS:
            what = f"The films that are judged come from only {count} {LABEL_WORDS[label]} patients."
            yield Reason("patients", what, count, FEWEST_PATIENTS, "too-few")
    widths = [row.area.auc.width for row in evidence.networks]
    if widths and min(widths) > WIDEST:
        yield Reason("width", f"The interval of every network's AUC is at least {min(widths):.2f} wide.", min(widths), WIDEST, "too-few")


def lungless(evidence: Evidence) -> Iterator[Reason]:
    """Baselines that see no lung: a shortcut where they separate the classes or equal the networks, a part of one below that."""
    best = evidence.best.area.auc.value if evidence.best else None
    for row in evidence.known_baselines(LUNGLESS_BASELINES):
        value, low = row.area.auc.value, row.area.auc.low
        equals = best is not None and value >= best - AS_GOOD
        if low <= PARTLY:
            continue
        decisive = value >= SHORTCUT or equals
        what = f"{_capital(row.title)} alone, without a look at the lungs, reaches an AUC of {_told_area(row.area)}."
        threshold = min(SHORTCUT, best - AS_GOOD) if equals else SHORTCUT if decisive else PARTLY
        conclusion = KIND[row.name] if decisive else "partial-shortcut"
        yield Reason(RULE_PREFIX + row.name, what, value if decisive else low, threshold, conclusion)


def lungs_hidden(evidence: Evidence) -> Iterator[Reason]:
    """A network that keeps its score with the lungs blacked out; where it was trained anew on such films, that counts too."""
    whole = {(row.architecture, row.seed): row.area.auc.value for row in evidence.masking if row.share == 0 and row.mask == "centre"}
    worst = None
    for row in evidence.masking:
        full = whole.get((row.architecture, row.seed))
        if row.mask == "centre" and row.side == LUNGS and full and full > PARTLY and row.area.auc.low > 0.5:
            share = (row.area.auc.value - 0.5) / (full - 0.5)
            worst = max(worst or (share, row), (share, row), key=lambda item: item[0])
    if worst and worst[0] >= KEPT:
        share, row = worst
        how = "trained anew on films with the lungs blacked out" if row.retrained else "shown films with the lungs blacked out"
        what = f"{short_name(row.architecture)}, {how}, still reaches an AUC of {_told_area(row.area)}."
        yield Reason("lungs-hidden", what, share, KEPT, "border-shortcut")


def lungs_needed(evidence: Evidence) -> Iterator[Reason]:
    """The best network at chance with the lungs blacked out: what speaks for it, and outweighs nothing."""
    best = evidence.best
    for row in evidence.masking if best else ():
        hidden = row.architecture == best.architecture and row.mask == "centre" and row.side == LUNGS and not row.retrained
        if hidden and row.area.auc.low <= 0.5 < best.area.auc.value - CLEARLY:
            name = short_name(best.architecture)
            what = f"With the lungs blacked out {name} falls to {_told_area(row.area)}, no better than guessing: it needs the middle of the film."
            yield Reason("lungs-needed", what, row.area.auc.low, 0.5, "no-shortcut-found")
            break


def chance(evidence: Evidence) -> Iterator[Reason]:
    lows = [row.area.auc.low for row in evidence.networks]
    if lows and max(lows) <= 0.5:
        yield Reason("chance", "No network's interval lies above 0.5.", max(lows), 0.5, "chance")


def coarse(evidence: Evidence) -> Iterator[Reason]:
    """A thumbnail or histogram that no network is shown to beat on the same films."""
    rows = evidence.known_baselines(COARSE_BASELINES)
    if not rows:
        return
    row = max(rows, key=lambda row: row.area.auc.value)
    advantages = [network.advantage for network in evidence.networks if network.advantage]
    if advantages:
        best = max(advantages, key=lambda advantage: advantage.difference.low)
        if best.difference.low <= 0 and best.coarse_auc > PARTLY:
            what = f"{_capital(best.over_title)} reaches {best.coarse_auc:.3f} on the same films, and no network is shown to do better."
            yield Reason("coarse", what, best.difference.low, 0, "thumbnail")
    elif row.area.auc.value >= COARSE:
        what = f"{_capital(row.title)} reaches an AUC of {_told_area(row.area)}."
        yield Reason("coarse", what, row.area.auc.value, COARSE, "thumbnail")


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def external(evidence: Evidence) -> Iterator[Reason]:
    """What the networks lose on each set of external films: the greatest loss whose interval excludes none."""
    for name in dict.fromkeys(row.name for row in evidence.external):
        for key, word in (("auc", "AUC"), ("sensitivity", "sensitivity"), ("specificity", "specificity")):
            lost = [(row, getattr(row.drop, key)) for row in evidence.external if row.name == name]
            lost = [(row, drop) for row, drop in lost if drop.known and drop.value >= DROP and drop.low > 0]
            if lost:
                row, drop = max(lost, key=lambda item: item[1].value)
                what = f"On the films of {name}, {short_name(row.architecture)} loses {_interval(drop)} of {word}."
                yield Reason(f"external-{key}", what, drop.value, DROP, "no-transfer")
                break


def sources_known(evidence: Evidence) -> Iterator[Reason]:
    """Features of a network that tell sources apart among films of one label: it has learned more than the disease."""
    known = [row for row in evidence.sources if row.kind == "seen-source" and row.by_network and row.area.auc.value >= TOLD_APART]
    if known:
        row = max(known, key=lambda row: row.area.auc.value)
        what = f"Among films of one label, where the disease is constant, a network's features still know the source ({row.title}: AUC {_told_area(row.area)})."
        yield Reason("sources-known", what, row.area.auc.value, TOLD_APART, "partial-shortcut")


RULES = (failed_controls, leaks, too_few, lungless, lungs_hidden, chance, coarse, external, sources_known, lungs_needed)
