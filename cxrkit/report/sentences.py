"""The sentences that the page, its text twin, the cards and the log share."""

import shlex
from typing import Any

from cxrkit import config, protocol
from cxrkit.audit import headlines
from cxrkit.audit.rules import capital, listed
from cxrkit.data.records import SPLIT_WORDS
from cxrkit.evaluation import outliers, study
from cxrkit.options import as_arguments
from cxrkit.progress import counted
from cxrkit.report.tables import recipe
from cxrkit.report.tables.patients import of_patients
from cxrkit.results import Results
from cxrkit.schema import Comparison, Margins, NetworkErrors, Pair, Study
from cxrkit.tables import p_text, p_told

TITLE = "cxrkit: COVID-19 against healthy chest films"
AUDIT_COMMAND = "python -m cxrkit audit RUN"
NO_AUDIT = "Without one, these scores may come from image size, borders and sources instead of the lungs."
NOWHERE_ELSE = (
    "No network was tested on external films, so these scores hold for the sources of this run alone. "
    f"To test them: {AUDIT_COMMAND} --external covidgr=DIR; kernel/run.py takes the same option."
)
TONES = {
    "supported": "good",
    "no-shortcut-found": "good",
    **dict.fromkeys(("no-shortcut-found-inside", "unknown", "partial-shortcut", "too-few"), "plain"),
}
"""Colour of the verdict's frame by the audit's conclusion; any other one is bad."""


def headline(results: Results) -> str:
    """The report's title, and in brackets what a reader must not overlook."""
    marks = ", ".join(warning.short for warning in results.warnings)
    return f"{TITLE} ({marks})" if marks else TITLE


def lede(results: Results) -> str:
    compared = results.comparison
    seeds = sorted({seed for network in compared.networks for seed in network.seeds})
    networks = len(compared.networks)
    start = " trained from random weights" if results.info.started_from == "random" else ""
    return (
        f"{counted(networks, 'network')}{start}, {counted(len(seeds), 'seed')} each, judged on "
        f"{counted(compared.n, SPLIT_WORDS[compared.split] + ' image')} of {of_patients(results.manifest, compared.split, compared.patients)}, "
        f"{compared.covid} of the images COVID-19."
    )


def verdict(results: Results) -> dict[str, Any]:
    """Whether the scores can be believed (headline, reasons, trust: in full), which network is best (leader, best), and the tone."""
    audits = results.audits
    return {
        "headline": headlines.headline(audits.verdict) if audits else headlines.NO_AUDIT,
        "reasons": [reason.text for reason in headlines.ordered(audits.verdict)] if audits else [NO_AUDIT],
        "trust": audits.verdict.paragraph if audits else "",
        "leader": leader(results.comparison),
        "best": best(results.comparison),
        "tone": TONES.get(audits.verdict.conclusion, "bad") if audits else "plain",
    }


def leader(comparison: Comparison) -> str:
    """Which network is best, in a few words."""
    known, names = comparison.best.known, comparison.best.names
    if known == "one network":
        return "There is one network."
    if known == "the best":
        return f"{names[0]}."
    if known.startswith("equally good"):
        return f"{listed(names)} are equally good."
    return f"Undecided: {' or '.join(names)}." if known == "some are not" and names else "Undecided."


def best(comparison: Comparison) -> str:
    """Which network is best, and what is known of it, in a sentence or two."""
    left, names = comparison.best.names, [network.name for network in comparison.networks]
    words = [pair.verdict for pair in comparison.pairs]
    beaten = sorted(set(names) - set(left))
    if comparison.best.known == "one network":
        return "There is one network: nothing to compare."
    if comparison.best.known == "the best":
        sentence = f"{left[0]}, trained on this split, is the best: its error rate is lower than that of each of the others{_in_which(comparison, left[0])}."
    elif comparison.best.known.startswith("equally good"):
        others = ", and no other is." if beaten else "."
        rates = (
            within(comparison.margins) if comparison.best.known == "equally good" else f"{points(comparison.margins.error)} of error alone"
        )
        sentence = f"{listed(left)}, trained on this split, are equally good within {rates}{others}"
    elif comparison.best.known == "some are not":
        verb = "is" if len(beaten) == 1 else "are"
        which = f"; {' or '.join(left)} may be" if left else ""
        sentence = f"{listed(beaten)} {verb} not the best{which}."
    else:
        sentence = "No network is shown to be the best."
    counts = ", ".join(f"{words.count(word)} {word}" for word in ("equivalent", "equivalent in error", "undecided") if word in words)
    decided = sum(word in ("better", "worse") for word in words)
    told = f"{sentence} {_pairs(len(words), decided, counts)}"
    if not decided and "equivalent" not in counts:
        return told
    return f"{told} {failures(comparison.networks)} {OTHER_SPLITS}"


def _pairs(pairs: int, decided: int, counts: str) -> str:
    """How many pairs are decided, in a sentence. counts: of the others, as `3 undecided`."""
    if pairs == 1:
        return f"The one pair of networks is {'decided' if decided else counts.removeprefix('1 ')}."
    if counts == f"{pairs} undecided":
        return f"None of the {pairs} pairs of networks is decided."
    some = "none is" if not decided else f"{decided} {'is' if decided == 1 else 'are'}"
    return f"Of {pairs} pairs, {some} decided{f'; {counts}' if counts else ''}."


def failures(networks: list[NetworkErrors]) -> str:
    """Which trainings are outlying, and how many may be that the seeds drawn do not show."""
    far = [f"{network.name} seed {seed}" for network in networks for seed in network.outlying]
    seeds, at_most = min(len(network.seeds) for network in networks), max(network.outlying_at_most for network in networks)
    one = len(far) == 1
    seen = f"{listed(far)} {'is an outlier' if one else 'are outliers'}." if far else "No training run is an outlier. Still,"
    few = f" {capital(counted(seeds, 'seed'))} per network {'is' if seeds == 1 else 'are'} few." if seeds < outliers.FEW_SEEDS else ""
    return f"{seen} {'Up' if far else 'up'} to {100 * at_most:.0f} % of a network's training runs may be (95 % confidence), which tests of means do not show.{few}"


OTHER_SPLITS = (
    "With other training films another network may lead: train again with other values of --split-seed, and compare with --resplits."
)


def _in_which(comparison: Comparison, best: str) -> str:
    """Of the two rates, those in which the best network is shown to be better than each other, or worse than one."""
    better, worse = [], []
    for rate in ("sensitivity", "specificity"):
        words = []
        for pair in comparison.pairs:
            found = getattr(pair, rate)
            if found and best in (pair.a, pair.b):
                words.append(found.verdict if pair.a == best else OPPOSITE.get(found.verdict, found.verdict))
        if words and all(word == "better" for word in words):
            better.append(rate)
        if "worse" in words:
            worse.append(rate)
    told = f", in {listed(better)}" if better else ", though neither sensitivity nor specificity alone shows it" if not worse else ""
    return told + (f", but it is worse in {listed(worse)} than another" if worse else "")


OPPOSITE = {"better": "worse", "worse": "better"}


def within(margins: Margins) -> str:
    """The margins of equivalence, in words."""
    return (
        f"{points(margins.error)} of error, {points(margins.sensitivity)} of sensitivity and {points(margins.specificity)} of specificity"
    )


def why(pair: Pair, margins: Margins) -> str:
    """What the verdict on a pair rests on."""
    differs, alike = p_told(pair.p_difference_holm), p_told(pair.p_equivalence_holm)
    if not pair.over_seeds.has_interval:
        return "a network was trained only once, so how far its training runs lie apart was not measured"
    rates = {name: found for name, found in (("sensitivity", pair.sensitivity), ("specificity", pair.specificity)) if found}
    shown = [f"{found.verdict} in {name}" for name, found in rates.items() if found.verdict in OPPOSITE]
    if pair.verdict == "equivalent":
        return f"the differences lie within {within(margins)} ({p_told(pair.p_all_equivalent_holm)})"
    if pair.verdict == "equivalent in error":
        told = f"the difference lies within {points(margins.error)} of error ({alike})"
        return (
            f"{told}, but {listed(shown)}" if shown else f"{told}; that sensitivity and specificity lie within their margins is not shown"
        )
    if pair.verdict in ("better", "worse"):
        shown += ["by medians over seeds the other way round"] * (pair.of_medians * (pair.difference.value or 0) < 0)
        which = listed(shown) if shown else "in which of sensitivity and specificity is not shown"
        return f"by {100 * abs(pair.difference.value or 0):.2f} points of error ({differs}); {which}"
    told = f"neither a difference ({differs}) nor equivalence ({alike}) in error is shown"
    return f"{told}; {listed(shown)}" if shown else told


def of_study(study: Study) -> str:
    """What the study's own counts decide."""
    decided = sum(pair.verdict != "undecided" or pair.as_trained != "undecided" for pair in study.pairs)
    easiest = min(study.pairs, key=lambda pair: pair.p_mcnemar[0])
    names = " and ".join(config.short_name(name) for name in (easiest.a, easiest.b))
    low, high = easiest.p_mcnemar
    return (
        f"THE STUDY: of its {len(study.pairs)} pairs {decided} {'is' if decided == 1 else 'are'} decided by its own counts; "
        f"for those farthest apart, {names}, McNemar's p is {p_text(low)} to {p_text(high)}."
    )


def differences(results: Results) -> str:
    """In what a run's recipe differs from the study's, by the names of the settings."""
    found = protocol.differences(recipe.as_run(results))
    keys, always = ([row.name for row in found if row.is_key == is_key] for is_key in (True, False))
    own = f"This run differs from the study in these settings: {listed(keys)}" if keys else "Each setting of this run is the study's"
    return f"{own}. In addition, the kit itself differs, or may differ, from it in these: {listed(always)}."


def batch_norm(results: Results) -> str:
    """What running statistics do to validation; an empty text where the run took precise ones."""
    if results.experiment.precise_batch_norm:
        return ""
    name, epochs = max(study.epochs().items(), key=lambda item: item[1][0].valid_loss)
    return (
        "Held-out films were judged with batch norm's running statistics, as in the study. After short training these lag behind the "
        "weights, so a network can look far worse on validation than it is, and a ranking partly reflects whose statistics lag least "
        f"(Wu and Johnson 2021, arXiv 2105.07576). The study's {config.short_name(name)} began its unfrozen stage with a validation loss "
        f"of {epochs[0].valid_loss:.2f} and ended it with {epochs[-1].valid_loss:.2f}."
    )


def repeat(results: Results) -> str:
    """The command that makes these results again; DIR stands for the folder of a source that is not drawn, or of attached weights."""
    experiment = results.experiment
    name = experiment.name if experiment.name in config.names() else "paper"
    overrides = config.differing(experiment, config.load(name))
    for key in ("data", "external", "weights", "workers", "loader", "audit", "contact"):
        overrides.pop(key, None)  # where things lie, how fast they are read and whom to ask is another machine's affair
    words = ["python", "kernel/run.py", "--local", "--experiment", name]
    for source in experiment.data or (("phantom",) if results.info.films == "phantom" else ("DIR",)):
        words += ["--data", source if source.startswith("phantom") else "DIR" if source in ("coronahack", "DIR") else f"{source}=DIR"]
    words += [f"--external={name}=DIR" for name in experiment.external]
    words += ["--weights", "DIR"] if experiment.weights else []  # others may be elsewhere, or none for this network
    return shlex.join(words + as_arguments(overrides))


def points(share: float) -> str:
    """A difference between rates in percentage points, in words."""
    number = f"{100 * share:g}"
    return f"{number} point{'' if number == '1' else 's'}"


def why_undecided(pair: Pair, pairs: int) -> str:
    """Why a pair is undecided though the interval of its difference excludes 0; an empty text where it does not, or is decided."""
    low, high = pair.difference.low, pair.difference.high
    if pair.verdict != "undecided" or low is None or high is None or low <= 0 <= high:
        return ""
    if not pair.over_seeds.has_interval:
        return "trained only once"
    return f"{p_told(pair.p_difference_holm)} after Holm over {counted(pairs, 'pair')}"
