"""What a supported claim needs, all of it: requirements on the best network, each met or not, with the thresholds that stand here alone.

They are asked once nothing was found against the scores; a requirement that is not met is told as what the claim still lacks.
"""

from collections.abc import Callable

from cxrkit.audit.baselines import LUNGLESS
from cxrkit.audit.conclusions import NEEDS, PARTS
from cxrkit.audit.evidence import Evidence
from cxrkit.audit.rules import MOST_FALL, PARTLY, SHORTCUT, told
from cxrkit.evaluation.metrics import Figure
from cxrkit.progress import counted
from cxrkit.schema import ExternalRow, Requirement

MOST_LOST = 0.1
"""Upper limit of the area that may be lost elsewhere: what the four published networks lost on COVIDGR-1.0 is over three times that."""
ELSEWHERE = 100
"""Patients of each class elsewhere: with so many, Wilson's interval of a sensitivity of 0.9 is 0.12 wide."""
HELD_OUT = 30
"""Patients of each class held out: with so many, Newcombe's interval of an area of 0.95 is 0.13 wide."""
LEAD = 0.1
"""How far the network's area must lie above that of each baseline which sees no lung: none then explains the network's."""
LEFT_HIDDEN = 0.5
"""Share of the area above chance that may be left with the lungs blacked out: the greater part must come from them."""
CALIBRATED = 0.1
"""Calibration error elsewhere: a probability is then right within 10 points on average, before any fitting to those films."""


NOTHING_THERE = "no such films"
"""What was found where there are no external films."""


def requirements(evidence: Evidence) -> list[Requirement]:
    """What `supported` asks, in the order in which it is told; empty where there is no network."""
    return [ask(evidence) for ask in ASKED] if evidence.best else []


def holding(evidence: Evidence) -> list[ExternalRow]:
    """The best network's rows on external sets that exclude a loss of MOST_LOST, whatever their size."""
    rows = [row for row in _lost(evidence) if row.drop.auc.high < MOST_LOST and row.loss.high < MOST_LOST]
    return [row for row in rows if not given_away(row)]


def given_away(row: ExternalRow) -> str:
    """What separates the classes of external films without a look at the lungs nearly as well as the network, or an empty text."""
    if row.lungless is None or not row.lungless.area.auc.bounded or row.lungless.area.auc.low <= PARTLY:
        return ""
    reached, network = row.lungless.area.auc.value, row.external.auc
    near = network.value - reached < LEAD if network.bounded else reached >= SHORTCUT
    return f"{row.lungless.title} alone separates its classes ({told(row.lungless.area)})" if near else ""


def _lost(evidence: Evidence) -> list[ExternalRow]:
    """The best network's rows on external sets of which a loss is known."""
    return [row for row in evidence.of_best(evidence.external) if row.drop.auc.bounded and row.loss.bounded]


def _parts(evidence: Evidence) -> Requirement:
    states = [state for state in map(evidence.state, NEEDS["supported"]) if state.state == "not done"]
    lacking = [PARTS[state.part].title for state in states]
    how = "not done in full" if any(state.partly for state in states) else "not done"
    return _asked(
        "parts",
        "every part of the audit that it rests on",
        f"{how}: {', '.join(lacking)}" if lacking else "all done",
        len(lacking),
        0,
        not lacking,
    )


def _sound(evidence: Evidence) -> Requirement:
    faults = sum(not row.passed for row in evidence.controls) + evidence.counts.leaks
    return _asked("sound", "controls that pass, and no leak", counted(faults, "fault") if faults else "no fault", faults, 0, not faults)


def _held_out(evidence: Evidence) -> Requirement:
    judged = evidence.counts.judged
    return _patients("held-out", "held-out", judged.covid_patients, judged.normal_patients, HELD_OUT)


def _patients(name: str, where: str, covid: int, normal: int, least: int) -> Requirement:
    found = f"{covid} COVID-19, {normal} normal"
    return _asked(name, f"at least {least} {where} patients of each class", found, min(covid, normal), least, min(covid, normal) >= least)


def _lungless(evidence: Evidence) -> Requirement:
    rows = evidence.known_baselines(LUNGLESS)
    text = f"an AUC at least {LEAD:g} above that of anything that does not see the lungs"
    if not rows:
        return _asked("lead", text, "none was computed", None, LEAD, False)
    row = max(rows, key=lambda row: row.area.auc.value)
    lead = evidence.best.area.auc.value - row.area.auc.value
    return _asked(
        "lead", text, f"{evidence.best.area.auc.value:.3f}, against {row.area.auc.value:.3f} from {row.title}", lead, LEAD, lead >= LEAD
    )


def _thumbnail(evidence: Evidence) -> Requirement:
    ahead = evidence.best.advantage
    text = "a network shown to do better than a thumbnail"
    if ahead is None or not ahead.difference.bounded:
        return _asked("thumbnail", text, "not known", None, 0, False)
    return _asked("thumbnail", text, f"difference in AUC {told(ahead.difference)}", ahead.difference.low, 0, ahead.difference.low > 0)


def _hidden(evidence: Evidence) -> Requirement:
    shares = []
    for row in evidence.of_best(evidence.hidden("centre")):
        full = evidence.wholes[row.architecture, row.seed].area.auc.value
        shares.append(abs(row.area.auc.value - 0.5) / (full - 0.5) if full > 0.5 else 1.0)
    text = "an AUC that loses at least half of its height above 0.5 when the lungs are blacked out"
    if not shares:
        return _asked("hidden", text, "not known", None, LEFT_HIDDEN, False)
    left = max(shares)
    return _asked(
        "hidden",
        text,
        f"{100 * left:.0f} % of that height remains" if left >= 0.005 else "none of that height remains",
        left,
        LEFT_HIDDEN,
        left <= LEFT_HIDDEN,
    )


def _held_fixed(evidence: Evidence) -> Requirement:
    text = f"an AUC that falls by less than {MOST_FALL:g} with the source, and the age, held fixed"
    rows, needed = evidence.fixed_that_count, evidence.counts.sources > 1
    if not rows:
        found = "not known" if needed else "one source; ages not known"
        return _asked("fixed", text, found, None, MOST_FALL, not needed)
    found = "; ".join(f"{row.fixed}: {_fall(row.fall)}" for row in rows)
    known = [row.fall.high for row in rows if row.fall.bounded]
    met = len(known) == len(rows) and all(high < MOST_FALL for high in known) and (not needed or any(row.fixed == "source" for row in rows))
    return _asked("fixed", text, found, max(known, default=None), MOST_FALL, met)


def _fall(fall: Figure) -> str:
    return f"loss {told(fall)}" if fall.bounded else "not known"


def _elsewhere(evidence: Evidence) -> Requirement:
    text = f"films of another hospital that rule out a loss of {MOST_LOST:g} in AUC"
    row = _closest(evidence)
    if row is None:
        return _asked("elsewhere", text, "no external films with both classes from one source", None, MOST_LOST, False)
    fixed = "" if row.drop.within is None else ", the source held fixed"
    fixed += f"; {given_away(row)}" if given_away(row) else ""
    return _asked("elsewhere", text, f"{row.name}: loss {told(row.loss)}{fixed}", row.loss.high, MOST_LOST, row in holding(evidence))


def _closest(evidence: Evidence) -> ExternalRow | None:
    """The external set that the claim rests on: one that excludes a loss, is large enough and calibrated, if there is one."""

    def met(row: ExternalRow) -> tuple:
        ece, fewest = row.scaling.before.ece.value, min(row.covid_patients, row.normal_patients)
        calibrated = ece is not None and ece <= CALIBRATED
        return row in holding(evidence), (fewest >= ELSEWHERE) + calibrated, -row.loss.high

    return max(_lost(evidence), key=met, default=None)


def _patients_elsewhere(evidence: Evidence) -> Requirement:
    row = _closest(evidence)
    if row is None:
        return _asked("elsewhere-patients", f"at least {ELSEWHERE} external patients of each class", NOTHING_THERE, None, ELSEWHERE, False)
    return _patients("elsewhere-patients", "external", row.covid_patients, row.normal_patients, ELSEWHERE)


def _calibrated(evidence: Evidence) -> Requirement:
    row, text = _closest(evidence), f"a calibration error of at most {CALIBRATED:g} on external films"
    if row is None or not row.scaling.before.ece.known:
        return _asked("calibrated", text, NOTHING_THERE, None, CALIBRATED, False)
    ece = row.scaling.before.ece
    return _asked("calibrated", text, f"{ece.value:.3f} on {row.name}", ece.value, CALIBRATED, ece.value <= CALIBRATED)


def _asked(name: str, text: str, found: str, value: float | None, threshold: float, met: bool) -> Requirement:
    return Requirement(name, text, found, value, threshold, bool(met))


ASKED: tuple[Callable[[Evidence], Requirement], ...] = (
    *(_parts, _sound, _held_out, _lungless, _thumbnail, _hidden, _held_fixed, _elsewhere, _patients_elsewhere, _calibrated),
)


def lacking(asked: list[Requirement]) -> str:
    """What a supported claim still lacks, in a sentence; empty where it lacks nothing, or nothing is known of it."""
    unmet = [row for row in asked if not row.met and row.name != "parts" and row.found != NOTHING_THERE]
    if not unmet:
        return ""
    return f"For a supported claim it lacks: {'; '.join(f'{row.text} (found: {row.found})' for row in unmet)}."
