"""The rules of the verdict: each looks at the Evidence and gives the Reasons that it has, with the thresholds that stand here alone.

A rule reads what was done; that a part was not done is the matter of `missing`, the last rule. So no rule's silence is taken
for good news, and what was found is said whatever else is missing.
"""

from collections.abc import Iterator

from cxrkit.audit.baselines import COARSE as COARSE_BASELINES
from cxrkit.audit.baselines import LUNGLESS as LUNGLESS_BASELINES
from cxrkit.audit.conclusions import MISSING, PARTS, RUN
from cxrkit.audit.evidence import Evidence
from cxrkit.config import short_name
from cxrkit.data.records import LABEL_WORDS, MATCHABLE
from cxrkit.evaluation.metrics import Figure
from cxrkit.progress import counted
from cxrkit.schema import Area, BaselineRow, Reason
from cxrkit.tables import number_text

FEWEST_PATIENTS = 10
"""Patients of each class among the films that are judged; below it nothing is concluded."""
WIDEST = 0.2
"""Width of an interval of areas; a wider one decides nothing."""
SHORTCUT = 0.9
"""Area without a look at the lungs, of a baseline or a network, at which the answer is given away."""
AS_GOOD = 0.02
"""A baseline within this of the best network's area does as well as it."""
COVERS = 0.5
"""Share of the films of either class of which a fact must be known to speak for all: below it those that have it may be chosen ones."""
PARTLY = 0.6
"""Lower limit of an area without a look at the lungs from which a part of the scores is explained."""
KEPT = 0.9
"""Share of a network's area above chance that is left with the lungs blacked out, from which it needs no lungs."""
COARSE = 0.95
"""Area at which a thumbnail separates the classes, where no network was asked."""
DROP = 0.05
"""Loss of area that a reader must hear of, where its interval excludes none."""
CLEARLY = 0.1
"""How far above chance a whole film's area must lie for a fall to chance to mean something."""
MOST_FALL = 0.05
"""Upper limit of the area that may fall once source, age, view or sex is held fixed: half of what may be lost elsewhere (audit/support.py)."""
HALF = 0.5
"""Share of an area above chance; what may have kept more than this has not been shown to fall to chance."""

KIND = dict.fromkeys(LUNGLESS_BASELINES, "source-shortcut") | {"border": "border-shortcut"}
AUC, LOWER, UPPER, WIDTH = "AUC", "lower limit of the AUC", "upper limit of the AUC", "width of the interval of the AUC"
SHARE = "share that is left of the AUC above 0.5"
"""What the value of a Reason is."""
FIXABLE = ("source", *MATCHABLE)
"""Baselines that can be held fixed."""
RULE_PREFIX, MISSING_PREFIX = "lungless-", "missing-"
"""Of the rules about baselines that see no lung, and about parts that were not done."""


def capital(text: str) -> str:
    return text[0].upper() + text[1:]


def listed(names: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def told(figure: Figure | Area) -> str:
    """A figure with its interval, in words."""
    figure = figure.auc if isinstance(figure, Area) else figure
    return f"{number_text(figure.value, 3)} [{number_text(figure.low, 3)} to {number_text(figure.high, 3)}]"


def fallen(now: Figure, was: Figure) -> str:
    """How much less an area is than another: "to chance", "shown" where the intervals lie apart, or an empty text."""
    if not now.bounded or not was.bounded or was.value <= 0.5 + CLEARLY:
        return ""
    if now.low <= 0.5 and now.high - 0.5 <= HALF * (was.value - 0.5):
        return "to chance"
    return "shown" if was.value - now.value >= DROP and now.high < was.low else ""


def failed_controls(evidence: Evidence) -> Iterator[Reason]:
    for row in evidence.controls:
        if not row.passed:
            what = f"A control of the audit failed ({row.title}; expected: {row.expected}; found: {row.found})."
            yield Reason("controls", what, None, None, "audit-failed")


def leaks(evidence: Evidence) -> Iterator[Reason]:
    count = evidence.counts.leaks
    if count:
        what = "One patient or picture stands in two splits." if count == 1 else f"{count} patients or pictures stand in two splits."
        yield Reason("leaks", what, count, 0, "leak", "patients or pictures in two splits")


def too_few(evidence: Evidence) -> Iterator[Reason]:
    judged = evidence.counts.judged
    for label, count in (("covid", judged.covid_patients), ("normal", judged.normal_patients)):
        if count < FEWEST_PATIENTS:
            what = f"The films that are judged come from only {counted(count, LABEL_WORDS[label] + ' patient')}."
            yield Reason("patients", what, count, FEWEST_PATIENTS, "too-few", f"{LABEL_WORDS[label]} patients")
    widths = [row.area.auc.width for row in evidence.networks if row.area.auc.width is not None]
    if widths and min(widths) > WIDEST:
        what = f"The interval of every network's AUC is at least {min(widths):.2f} wide."
        yield Reason("width", what, min(widths), WIDEST, "too-few", WIDTH)


def lungless(evidence: Evidence) -> Iterator[Reason]:
    """Baselines that see no lung: a shortcut where they separate the classes or equal the networks, a part of one below that.

    A fact that is known of part of the films is compared with no network, whose area is of all, and explains a part alone where it
    is known of few. What tells a part of the classes apart explains nothing where the best network loses nothing once it is held fixed.
    """
    best = evidence.best.area.auc.value if evidence.best else None
    for row in evidence.known_baselines(LUNGLESS_BASELINES):
        value, low = row.area.auc.value, row.area.auc.low
        covered = _covered(evidence, row.area)
        equals = best is not None and value >= best - AS_GOOD and covered == 1
        if low <= PARTLY:
            continue
        decisive = (value >= SHORTCUT and covered >= COVERS) or equals
        where = (
            ""
            if covered == 1
            else f", on the films for which it is known ({row.area.positives:,} COVID-19, {row.area.auc.n - row.area.positives:,} normal)"
        )
        reaches = "reach" if row.name == "file" else "reaches"  # size, colour mode, format and bytes
        what = f"{capital(row.title)} alone, without a look at the lungs, {reaches} an AUC of {told(row.area)}{where}."
        harmless = "" if decisive else _held_alike(evidence, row)
        if harmless:
            yield Reason(f"harmless-{row.name}", f"{what} {harmless}", low, PARTLY, "supported", LOWER)
            continue
        threshold = min(SHORTCUT, best - AS_GOOD) if equals else SHORTCUT if decisive else PARTLY
        conclusion = KIND[row.name] if decisive else "partial-shortcut"
        yield Reason(RULE_PREFIX + row.name, what, value if decisive else low, threshold, conclusion, AUC if decisive else LOWER)


def _held_alike(evidence: Evidence, row: BaselineRow) -> str:
    """Why a baseline explains nothing of the best network's score, or an empty text.

    What a file or a border tells, it may tell by the source alone: then it tells nothing within one.
    """
    fact = row.name if row.name in FIXABLE else "source"
    falls = [fall for fall in evidence.falls(fact) if fall.bounded and fall.high < MOST_FALL]
    within = "" if row.name in FIXABLE else row.within
    if not falls or within is None or (within and not (within.bounded and within.low <= PARTLY)):
        return ""
    alone = f"Within one source that is {told(within)}, and with" if within else "With"
    name = short_name(evidence.best.architecture)
    return f"{alone} the {fact} held fixed {name} loses less than {MOST_FALL:g} in AUC ({told(falls[0])}), so this explains nothing of the score."


def _covered(evidence: Evidence, area: Area) -> float:
    """The share of all films that an area is of, in the class of which it has less."""
    counts = evidence.counts
    return min(area.positives / max(counts.covid, 1), (area.auc.n - area.positives) / max(counts.normal, 1))


def lungs_hidden(evidence: Evidence) -> Iterator[Reason]:
    """The network that keeps most with the lungs blacked out, asked so or trained anew on such films."""
    found = []
    for row in evidence.hidden("centre"):
        auc, full = _either_way(row.area.auc), evidence.wholes[row.architecture, row.seed].area.auc.value
        share = (auc.value - 0.5) / (full - 0.5) if full > PARTLY else 0
        how = "trained anew on films with the lungs blacked out" if row.retrained else "shown films with the lungs blacked out"
        what = f"{short_name(row.architecture)}, {how}, still reaches an AUC of {told(row.area)}, where whole films give {full:.3f}."
        if auc is not row.area.auc:
            what += f" Turned round, that is as good as {auc.value:.3f}."
        if auc.low > 0.5 and share >= KEPT:
            found.append((2, auc.value, Reason("lungs-hidden", what, share, KEPT, "border-shortcut", SHARE)))
        elif auc.low > PARTLY and auc.value >= SHORTCUT:
            found.append((2, auc.value, Reason("lungs-hidden", what, auc.value, SHORTCUT, "border-shortcut", AUC)))
        elif auc.low > PARTLY:
            found.append((1, auc.value, Reason("lungs-hidden", what, auc.low, PARTLY, "partial-shortcut", LOWER)))
    yield from [reason for _, _, reason in sorted(found, key=lambda item: item[:2])[-1:]]


def _either_way(auc: Figure) -> Figure:
    """An area; one that lies below chance turned round, for the answer can be had from it as well."""
    turned = auc.high < 0.5
    return Figure(1 - auc.value, 1 - auc.high, 1 - auc.low, auc.n, auc.method) if turned else auc


def lungs_alone(evidence: Evidence) -> Iterator[Reason]:
    """Networks that do no better than guessing with nothing but the lungs to see.

    Trained anew on such films, that is a proof. A network that was only asked may be thrown off by the black around them.
    """
    again = {row.architecture for row in evidence.hidden("surround", True)}
    for row in evidence.hidden("surround"):
        fall = fallen(row.area.auc, evidence.wholes[row.architecture, row.seed].area.auc)
        name, value = short_name(row.architecture), row.area.auc.high
        if fall and row.retrained:
            what = f"{name}, trained anew on films that show the lungs and nothing else, reaches an AUC of {told(row.area)}."
            yield Reason("lungs-alone", what, value, 0.5, "border-shortcut" if fall == "to chance" else "partial-shortcut", UPPER)
        elif fall == "to chance" and row.architecture not in again:
            what = f"Shown the lungs and nothing else, {name} reaches an AUC of {told(row.area)}: it needs the rest of the film, or is thrown off by the black ({RUN} --retrain tells)."
            yield Reason("lungs-alone", what, value, 0.5, "unknown", UPPER)


def lungs_needed(evidence: Evidence) -> Iterator[Reason]:
    """The best network at chance with the lungs blacked out: what speaks for it, and outweighs nothing."""
    best = evidence.best
    for row in evidence.of_best(evidence.hidden("centre", False)):
        if row.area.auc.low <= 0.5 <= row.area.auc.high and best.area.auc.value > 0.5 + CLEARLY:
            name = short_name(best.architecture)
            what = f"With the lungs blacked out {name} falls to {told(row.area)}, no better than guessing: it needs the middle of the film."
            yield Reason("lungs-needed", what, row.area.auc.low, 0.5, "supported", LOWER)
            break


def chance(evidence: Evidence) -> Iterator[Reason]:
    lows = [row.area.auc.low for row in evidence.networks if row.area.auc.low is not None]
    if lows and max(lows) <= 0.5:
        yield Reason("chance", "No network's interval lies above 0.5.", max(lows), 0.5, "chance", LOWER)


def coarse(evidence: Evidence) -> Iterator[Reason]:
    """A thumbnail or histogram that no network is shown to beat on the same films."""
    rows = evidence.known_baselines(COARSE_BASELINES)
    if not rows:
        return
    row = max(rows, key=lambda row: row.area.auc.value)
    advantages = [network.advantage for network in evidence.networks if network.advantage and network.advantage.difference.bounded]
    if advantages:
        best = max(advantages, key=lambda advantage: advantage.difference.low)
        if best.difference.low <= 0 and best.coarse_auc > PARTLY:
            what = f"{capital(best.over_title)} reaches an AUC of {best.coarse_auc:.3f} on the same films, and no network is shown to do better."
            yield Reason("coarse", what, best.difference.low, 0, "thumbnail", "lower limit of the lead in AUC")
    elif row.area.auc.value >= COARSE:
        what = f"{capital(row.title)} reaches an AUC of {told(row.area)}."
        yield Reason("coarse", what, row.area.auc.value, COARSE, "thumbnail", AUC)


LOST = (
    *(("auc", "AUC"), ("within", "AUC with the source held fixed")),
    *(("sensitivity", "sensitivity"), ("specificity", "specificity")),
)
"""What a schema.Drop has: key and word."""


def elsewhere(evidence: Evidence) -> Iterator[Reason]:
    """What the networks lose on each set of external films: the greatest loss whose interval excludes none."""
    for name in dict.fromkeys(row.name for row in evidence.external):
        for key, word in LOST:
            lost = [(row, getattr(row.drop, key)) for row in evidence.external if row.name == name]
            lost = [(row, drop) for row, drop in lost if drop and drop.bounded and drop.value >= DROP and drop.low > 0]
            if lost:
                row, drop = max(lost, key=lambda item: item[1].value)
                what = f"On the films of {name}, {short_name(row.architecture)} loses {told(drop)} in {word}."
                yield Reason(f"external-{key}", what, drop.value, DROP, "no-transfer", f"loss of {word}")
                break


def elsewhere_unclear(evidence: Evidence) -> Iterator[Reason]:
    """External films, none of whose sets is large enough to show a loss or to exclude one."""
    rows = [row for row in evidence.of_best(evidence.external) if row.loss.bounded]
    if rows and min(row.loss.width for row in rows) > WIDEST:
        row = min(rows, key=lambda row: row.loss.width)
        what = f"On the {counted(row.n, 'film')} of {row.name} the loss in AUC is {told(row.loss)}: too few external films to tell."
        yield Reason("external-few", what, row.loss.width, WIDEST, "unknown", WIDTH)


def held_fixed(evidence: Evidence) -> Iterator[Reason]:
    """Networks whose area falls once the source, the age or both are held fixed, and those of which it is not known."""
    for row in evidence.held_fixed:
        within, name = row.within.auc, short_name(row.architecture)
        start = f"With the {row.fixed} held fixed, {name} "
        if not within.bounded or not row.fall.bounded:
            if row in evidence.fixed_that_count:
                what = f"For no held-out film is there one of the other class with the same {row.fixed}, so the {row.fixed} cannot be held fixed."
                yield Reason(f"fixed-{row.fixed}", what, 0, 1, "unknown", "films with a partner")
        elif fallen(within, row.whole) == "to chance":
            what = start + f"reaches an AUC of {told(within)}, no better than guessing, where all films give {row.whole.value:.3f}."
            yield Reason(f"fixed-{row.fixed}", what, within.high, 0.5, "source-shortcut", UPPER)
        elif row.fall.value >= DROP and row.fall.low > 0:
            what = start + f"loses {told(row.fall)} in AUC, down to {told(within)}."
            yield Reason(f"fixed-{row.fixed}", what, row.fall.value, DROP, "partial-shortcut", "loss of AUC")
        elif within.width > WIDEST and row in evidence.fixed_that_count:
            what = (
                start
                + f"reaches an AUC of {told(within)} on {counted(within.n, 'film')} with a partner of the other class: too few to tell."
            )
            yield Reason(f"fixed-{row.fixed}", what, within.width, WIDEST, "unknown", WIDTH)


def matched(evidence: Evidence) -> Iterator[Reason]:
    """The network that loses most on pairs of films that are alike in view, age or sex."""
    lost = [row for row in evidence.matched if row.fall.bounded and row.fall.value >= DROP and row.fall.low > 0]
    for row in sorted(lost, key=lambda row: row.fall.value)[-1:]:
        what = f"On {counted(row.pairs, 'pair')} alike in {listed(row.by)}, {short_name(row.architecture)} loses {told(row.fall)} in AUC."
        yield Reason("matched", what, row.fall.value, DROP, "partial-shortcut", "loss of AUC")


def restricted(evidence: Evidence) -> Iterator[Reason]:
    """The row of each kind that falls most: scores within one source, and of a source that was left out of training.

    A network's fall is a proof. That of a thumbnail's regression says what the films allow, not what a network does.
    """
    words = {"same-source": "within one source", "left-out": "without a source", "left-out-retrained": "trained without a source"}
    for kind, how in words.items():
        falls = [(row, fallen(row.area.auc, row.was)) for row in evidence.sources if row.kind == kind and row.was]
        falls = [(row, fall) for row, fall in falls if fall and (row.by_network or row.was.value >= SHORTCUT)]
        if falls:
            row, fall = min(falls, key=lambda item: (item[1] != "to chance", not item[0].by_network, item[0].area.auc.value))
            what = f"The score falls {how} ({row.title}: AUC {told(row.area)}, otherwise {row.was.value:.3f})."
            shown = "partial-shortcut" if kind == "same-source" or not row.by_network else "no-transfer"
            proof = fall == "to chance" and row.by_network
            yield Reason(kind, what, row.area.auc.high, row.was.value, "source-shortcut" if proof else shown, UPPER)


def missing(evidence: Evidence) -> Iterator[Reason]:
    """Parts that were not done, and without which no more can be concluded; the text ends with the command that does them."""
    for part, left in MISSING.items():
        state = evidence.state(part)
        if state.state == "not done":
            how, rest = ("done in part", "the rest") if state.partly else ("not done", "it")
            what = f"{capital(PARTS[part].title)}: {how} ({state.why}); to do {rest}: {state.command}"
            yield Reason(f"{MISSING_PREFIX}{part}", what, None, None, left)


RULES = (
    *(failed_controls, leaks, lungless, held_fixed, matched, restricted, lungs_hidden, lungs_alone, too_few, chance, coarse),
    *(elsewhere, elsewhere_unclear, missing, lungs_needed),
)
