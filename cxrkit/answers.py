"""Answers: what a finished run's networks say of other films, as values and as text."""

from dataclasses import dataclass
from pathlib import Path

from cxrkit.config import short_name
from cxrkit.data.records import LABEL_WORDS, SPLIT_WORDS
from cxrkit.errors import NoFilm
from cxrkit.evaluation.conformal import ClassLimit, Held, PredictionSets
from cxrkit.progress import counted, table

STRONG = 4.0
"""A temperature above it, or below one over it, is beyond 95 of 100 by the prior (evaluation.calibration.PRIOR)."""


@dataclass(frozen=True)
class Probability:
    """The mean over architectures of their mean over seeds.

    p_covid: calibrated where that was possible, else `raw`, the mean as it is; low, high: the least and greatest of the
    single networks, calibrated as they are together; networks: how many; temperature: None where it is not calibrated, and
    then `fitted_on`, the films that it was fitted on, is empty; note: see temperature_note.
    """

    p_covid: float
    calibrated: bool
    why_not_calibrated: str
    temperature: float | None
    fitted_on: str
    note: str
    raw: float
    low: float
    high: float
    networks: int


@dataclass(frozen=True)
class OfNetwork:
    """One architecture over its seeds. called: at the run's threshold, POSITIVE or NEGATIVE of data.records."""

    architecture: str
    seeds: list[int]
    probability: Probability
    called: str


@dataclass(frozen=True)
class PossibleClasses:
    """The classes that a film may well be of, by all networks together (evaluation.conformal).

    classes: both where the networks leave it undecided, none where the film is like neither class; None where there is no set,
    and `words` says why; coverage: promised of the set.
    """

    classes: list[str] | None
    words: str
    coverage: float | None


@dataclass(frozen=True)
class Answer:
    """What a run says of one film.

    sha256: of the file; called: by all networks together, at the run's threshold, whether the film is outside or not;
    outside: whether it is out of distribution, None where that could not be checked; stable: whether the call of all networks
    together holds under small changes that change no diagnosis; where it does not, the film is outside, too.
    """

    file: str
    sha256: str
    called: str  # POSITIVE or NEGATIVE of data.records
    outside: bool | None
    why_outside: list[str]
    stable: bool
    ensemble: Probability
    possible: PossibleClasses
    networks: list[OfNetwork]
    attention: str  # path of the attention map; empty where none was asked for


@dataclass(frozen=True)
class Unreadable:
    file: str
    reason: str


@dataclass(frozen=True)
class Answers:
    """What `predict --json` prints. warnings: what must stand beside every probability; why_not_checked: empty where films were; sets: what
    the films' sets promise, and whether that was checked, or why there are none."""

    warnings: list[str]
    experiment: str
    manifest_sha256: str
    films: list[Answer]
    unreadable: list[Unreadable]
    out_of_distribution_checked: bool
    why_not_checked: str
    sets: str
    threshold: float
    version: str  # of the kit
    schema: int  # of the results' files
    engine: str  # what ran the networks, with its version


def text(answers: Answers) -> str:
    """What people read; a file that holds no film has a row without a probability."""
    lines, rows = ["!!! " + warning for warning in answers.warnings] + [""], []
    for film in answers.films:
        mark = "OUTSIDE" if film.outside else ""
        first = ["all networks", *_cells(film.ensemble, film.called), film.possible.words, film.sha256[:12], mark]
        rows.append([Path(film.file).name, *first])
        if len(film.networks) > 1:
            rows += [["", short_name(row.architecture), *_cells(row.probability, row.called), "", "", ""] for row in film.networks]
    rows += [[Path(bad.file).name, *[""] * 6, bad.reason, "", ""] for bad in answers.unreadable if bad.reason.startswith(NoFilm.words)]
    if rows:
        header = ["film", "network", "p(COVID-19)", "called", "single networks", "n", "calibrated", "may be", "sha256", ""]
        lines += [table(rows, header, right=["p(COVID-19)", "n"]), answers.sets if answers.films else ""]
    if any(film.ensemble.networks > 1 for film in answers.films):
        lines.append(
            "single networks: the least and greatest of them, calibrated as they are together; a network's own row has its own calibration"
        )
    probabilities = [p for film in answers.films for p in (film.ensemble, *(row.probability for row in film.networks))]
    for on in dict.fromkeys(p.fitted_on for p in probabilities if p.temperature):
        fitted = [p.temperature for p in probabilities if p.temperature and p.fitted_on == on]
        each = f"{min(fitted):.2f}" + (f" to {max(fitted):.2f}" if max(fitted) - min(fitted) >= 0.005 else "")
        lines.append(f"calibrated: divided by a temperature of {each}, fitted on {on}; more than 1 makes it less sure")
    lines += [f"NOTE: {note}" for note in dict.fromkeys(p.note for p in probabilities) if note]
    lines += [f"not calibrated: {reason}" for reason in dict.fromkeys(p.why_not_calibrated for p in probabilities if not p.calibrated)]
    lines += [
        f"OUTSIDE what this model has seen, its probability means nothing: {film.file}: {'; '.join(film.why_outside)}"
        for film in answers.films
        if film.outside
    ]
    lines.append(f"called COVID-19 from {answers.threshold:g} on, before calibration")
    lines.append(
        f"cxrkit {answers.version}, results of schema {answers.schema}, {answers.engine}; run of manifest {answers.manifest_sha256[:12]}"
    )
    if not answers.out_of_distribution_checked:
        lines.append(f"whether a film is outside what this model has seen was not checked: {answers.why_not_checked}")
    lines += [f"where the networks look: {film.attention}" for film in answers.films if film.attention]
    lines += [f"not read: {bad.file}: {bad.reason}" for bad in answers.unreadable]
    lines.append(f"{counted(len(answers.films), 'film')} read, {len(answers.unreadable)} not")
    return "\n".join(lines)


def temperature_note(temperature: float, fitted_on: str, raw: float, p_covid: float) -> str:
    """What must be said of a temperature so far from 1 that little is left of the probability; an empty text for others."""
    if 1 / STRONG <= temperature <= STRONG:
        return ""
    effect = "draws probabilities to the middle" if temperature > 1 else "drives probabilities to 0 and 1"
    return f"A temperature of {temperature:.1f} {effect}: of {raw:.3f} it makes {p_covid:.3f}. It was fitted on {fitted_on}."


def _cells(p: Probability, called: str) -> list:
    return [
        f"{p.p_covid:.3f}",
        LABEL_WORDS[called],
        f"{p.low:.3f} to {p.high:.3f}" if p.networks > 1 else "",
        p.networks,
        "yes" if p.calibrated else "no",
    ]


def set_words(held: Held, coverage: float) -> str:
    """A film's set in words."""
    return {
        "both": "undecided: COVID-19 or normal",
        "none": f"neither: not among the {100 * coverage:g} % most typical of either class",
    }.get(held, f"{held} alone")


def sets_told(sets: PredictionSets | None, split: str) -> str:
    """What the sets promise, on how many patients they were calibrated, and what came of it on the split of that name."""
    if sets is None:
        return "may be: no set, for the run's scores have none for these networks; python -m cxrkit evaluate RUN computes them anew"
    limits = {"COVID-19": sets.covid, "normal": sets.normal}
    few = [f"{limit.patients} {name} ones of {limit.least}" for name, limit in limits.items() if limit.limit is None]
    if few:
        return f"may be: no set. A coverage of {100 * sets.wanted:g} % needs more patients in validation; there are {' and '.join(few)}"
    on = " and ".join(f"{limit.patients} {name}" for name, limit in limits.items())
    checked = "nothing checks that: there is no test split" if sets.same_images else _checked(limits, SPLIT_WORDS[split])
    return (
        f"may be: of new patients like the {on} ones of validation, {100 * sets.wanted:g} % of each class have films whose sets hold their "
        f"class, on average over such validation splits; {checked}"
    )


def _checked(limits: dict[str, ClassLimit], split: str) -> str:
    told = [
        f"{figure.value:.2f} [{figure.low:.2f}, {figure.high:.2f}] of {figure.n} {name} ones"
        for name, figure in ((name, limit.covered) for name, limit in limits.items())
        if figure.known
    ]
    return f"of the {split} patients: {' and '.join(told)}"
