"""Comparison of networks: each pair better, worse, equivalent or undecided, and what that rests on (comparison.json)."""

from dataclasses import astuple, dataclass
from itertools import combinations

import numpy as np

from cxrkit.config import short_name
from cxrkit.data.records import COLUMNS, Record
from cxrkit.errors import BadInput, WrongUse
from cxrkit.evaluation import areas, decision, metrics, outliers, planning, statistics, study
from cxrkit.evaluation.decision import Compared, Difference, RateVerdict, Verdict
from cxrkit.evaluation.metrics import Figure
from cxrkit.evaluation.predictions import Predictions
from cxrkit.files import sha256_of_json
from cxrkit.results import Results
from cxrkit.schema import VERSION, Best, ChosenOnValidation, Comparison, Discordant, Margins, NetworkErrors, Pair, RateDifference, RunToRun

ALIKE = ("equivalent", "equivalent in error")


@dataclass(frozen=True)
class Contestant:
    """A network under one protocol, with all its seeds: its predictions on the held-out split, and on validation."""

    name: str
    architecture: str
    runs: tuple[str, ...]
    held: Predictions
    valid: Predictions | None

    def errors(self, threshold: float) -> dict[int, float]:
        """{seed: error rate} on the held-out split."""
        return dict(zip(self.held.seeds, self.held.wrong(threshold).mean(1).tolist()))


def compare(runs: list[Results], threshold: float, margins: Margins = decision.MARGINS) -> Comparison:
    """The Comparison of one run or several that share manifest, split and images.

    threshold: an image is called COVID-19 from this probability on; margins: the differences within which networks
    count as equivalent.
    Raises WrongUse for runs that cannot be compared, and names the difference.
    """
    check_margins(margins)
    check_comparable(runs)
    entrants = contestants(runs)
    couples = list(combinations(entrants, 2))
    first, covid = entrants[0].held, int(entrants[0].held.is_covid.sum())
    worth = [metrics.effective_n(first.groups[chosen]) for chosen in (first.is_covid, ~first.is_covid)]
    compared = [compare_predictions(a.held, b.held, threshold) for a, b in couples]
    verdicts = decision.decide(compared, margins)
    pairs = [_pair(a, b, c, v, threshold, len(couples), margins) for (a, b), c, v in zip(couples, compared, verdicts)]
    return Comparison(
        schema=VERSION,
        runs=[run.name for run in runs],
        manifest_sha256=runs[0].info.manifest_sha256,
        films=runs[0].info.films,
        split=runs[0].held_out,
        n=len(first.image_ids),
        covid=covid,
        patients=first.patients,
        threshold=threshold,
        margins=margins,
        alpha=decision.ALPHA,
        images_for_equivalence=[planning.images_for_equivalence(max(len(couples), 1), margin) for margin in astuple(margins)],
        networks=[_network(entrant, threshold) for entrant in entrants],
        pairs=pairs,
        chosen_on_validation=_chosen(entrants, threshold, runs[0].held_out),
        study=study.beside(margins, _confusions(entrants if runs[0].info.films == "films" else [], threshold), *worth),
        best=best([entrant.name for entrant in entrants], pairs),
        started_from={run.name: run.info.started_from for run in runs},
    )


def shared_threshold(runs: list[Results], threshold: float | None = None) -> float:
    """The threshold given, else the one that the runs' experiments share. Raises WrongUse."""
    if threshold is None:
        shared = {run.experiment.threshold for run in runs}
        if len(shared) > 1:
            raise WrongUse(
                f"The runs' thresholds differ: {sorted(shared)}.", ", ".join(str(run.folder) for run in runs), "name one with --threshold"
            )
        return shared.pop()
    if not 0 < threshold < 1:
        raise WrongUse(f"The threshold is {threshold}.", next="name a probability between 0 and 1")
    return threshold


def check_margins(margins: Margins) -> None:
    for rate, margin in vars(margins).items():
        if not 0 < margin < 1:
            words = f"The margin of equivalence of the {rate} is {margin}."
            raise WrongUse(words, next="name a difference between 0 and 1, such as 0.01")


def check_comparable(runs: list[Results]) -> None:
    """Raise WrongUse, naming the difference, unless the runs saw the same images in the same splits."""
    first = runs[0]
    advice = "compare runs of one manifest; several splits of the same images: add --resplits"
    for other in runs[1:]:
        where = f"{first.folder} and {other.folder}"
        if first.info.manifest_sha256 != other.info.manifest_sha256:
            unlike = manifest_difference(first.manifest.by_id, other.manifest.by_id)
            raise WrongUse(f"The runs' manifests differ: {unlike}.", where, advice)
        if first.held_out != other.held_out:
            raise WrongUse(f"The runs' scores are on different splits: {first.held_out} and {other.held_out}.", where, advice)
        seen = [set(run.table.loc[run.table["split"] == run.held_out, "image_id"]) for run in (first, other)]
        if seen[0] != seen[1]:
            example = min(seen[0] ^ seen[1])
            raise WrongUse(
                f"The runs' images differ: {len(seen[0] ^ seen[1])} were scored by one run alone, such as {example}.", where, advice
            )


def manifest_difference(first: dict[str, Record], second: dict[str, Record]) -> str:
    """In words, the most important difference between the used records of two manifests."""
    alone = set(first) ^ set(second)
    if alone:
        only = [len(set(a) - set(b)) for a, b in ((first, second), (second, first))]
        return f"{only[0]} used images are only in the first and {only[1]} only in the second, such as {min(alone)}"
    for column in ("label", "split", "sha256", "patient", *COLUMNS):
        rows = [image_id for image_id in first if getattr(first[image_id], column) != getattr(second[image_id], column)]
        if rows:
            name = min(rows)
            values = " and ".join(repr(getattr(records[name], column)) for records in (first, second))
            return f"the column {column} differs for {len(rows)} used images, such as {name}: {values}"
    return "only rows of images that are not used"


def protocol(run: Results) -> dict:
    """What a run's experiment says of how its networks are trained, and on which films."""
    return run.experiment.settings("films", "numbers")


def contestants(runs: list[Results]) -> list[Contestant]:
    """The Contestants of the runs. Runs of one protocol give their seeds to the same contestants.

    Raises WrongUse for a network and seed that two runs of one protocol both have, BadInput where no network is done.
    """
    by_key: dict[tuple[str, str], list[Results]] = {}
    for run in runs:
        for architecture in run.architectures:
            by_key.setdefault((sha256_of_json(protocol(run)), architecture), []).append(run)
    several = len({key for key, _ in by_key}) > 1
    entrants = []
    for (_, architecture), alike in by_key.items():
        name = short_name(architecture) + (f" ({alike[0].name})" if several else "")
        held, valid = (_joined(alike, architecture, split) for split in (alike[0].held_out, "valid"))
        if held is not None:
            entrants.append(Contestant(name, architecture, tuple(run.name for run in alike), held, valid))
    if not entrants:
        raise BadInput(
            "No network finished its last stage, so there is nothing to compare.",
            runs[0].folder,
            "let the run end: the same command goes on with it",
        )
    if len({entrant.name for entrant in entrants}) < len(entrants):
        raise WrongUse(
            "Two runs of different protocols have the same name.", ", ".join(str(run.folder) for run in runs), "rename one of their folders"
        )
    return entrants


def _joined(runs: list[Results], architecture: str, split: str) -> Predictions | None:
    """The Predictions of one network from runs with different seeds."""
    parts = [part for run in runs if (part := run.predictions(architecture, split)) is not None]
    if len(parts) < len(runs):
        return None
    seeds = [seed for part in parts for seed in part.seeds]
    twice = sorted({seed for seed in seeds if seeds.count(seed) > 1})
    if twice:
        where = " and ".join(str(run.folder) for run in runs)
        raise WrongUse(
            f"{architecture} with seed {twice[0]} is in two runs of the same protocol.",
            where,
            "name each run once, or runs with different seeds",
        )
    order = np.argsort(seeds)
    stacked = np.concatenate([part.p_covid for part in parts])[order]
    return parts[0].with_rows([seeds[i] for i in order], stacked)


def compare_predictions(a: Predictions, b: Predictions, threshold: float) -> Compared[Difference]:
    """The Differences between two networks on the same images."""
    return decision.compared(a.wrong(threshold), b.wrong(threshold), a.is_covid, a.groups, a.seeds, b.seeds)


def _network(entrant: Contestant, threshold: float) -> NetworkErrors:
    errors, n = entrant.errors(threshold), len(entrant.held.image_ids)
    values = list(errors.values())
    mean, positive = float(np.mean(values)), float(entrant.held.is_covid.mean())
    far = outliers.outlying(values, n, min(positive, 1 - positive) or 1.0)
    return NetworkErrors(
        name=entrant.name,
        architecture=entrant.architecture,
        runs=list(entrant.runs),
        seeds=list(errors),
        errors=values,
        error_rate=metrics.proportion(mean * n, n, metrics.effective_n(entrant.held.groups)),
        median=float(np.median(values)),
        outlying=[seed for seed, is_far in zip(errors, far) if is_far],
        outlying_at_most=outliers.share_at_most(int(far.sum()), len(values)),
        run_to_run=_run_to_run(values, n),
    )


def _run_to_run(errors: list[float], n: int) -> RunToRun:
    observed, predicted = statistics.run_to_run(errors, n)
    if observed.low is None or observed.high is None:
        return RunToRun(observed, predicted, "one run: not known")
    if observed.low > predicted:
        return RunToRun(observed, predicted, "more than predicted")
    return RunToRun(observed, predicted, "less than predicted" if observed.high < predicted else "as predicted")


def _pair(
    a: Contestant, b: Contestant, found: Compared[Difference], verdict: Verdict, threshold: float, pairs: int, margins: Margins
) -> Pair:
    auc, p_auc = areas.difference(a.held.is_covid, a.held.p_covid, b.held.p_covid, a.held.groups)
    d = found.error
    return Pair(
        a=a.name,
        b=b.name,
        verdict=verdict.word,
        as_trained=verdict.as_trained,
        difference=d.interval(),
        over_patients=d.interval_over_patients(),
        over_seeds=d.interval_over_seeds(),
        of_medians=float(np.median(list(a.errors(threshold).values())) - np.median(list(b.errors(threshold).values()))),
        p_difference=d.p_difference,
        p_difference_holm=verdict.p_difference,
        p_equivalence=d.p_equivalence(margins.error),
        p_equivalence_holm=verdict.p_error,
        p_all_equivalent_holm=verdict.p_equivalence,
        p_patients=d.p_as_trained,
        sensitivity=_rate(found.sensitivity, verdict.sensitivity),
        specificity=_rate(found.specificity, verdict.specificity),
        ppv=_predictive_value(a.held, b.held, threshold, True),
        npv=_predictive_value(a.held, b.held, threshold, False),
        mcnemar=_discordant(a.held, b.held, threshold),
        probability_better=statistics.probability_better(a.errors(threshold), b.errors(threshold)),
        auc_difference=auc,
        p_auc=p_auc,
        needed=planning.needed(found, pairs, margins) if verdict.word == "undecided" else None,
    )


def _rate(d: Difference | None, verdict: RateVerdict | None) -> RateDifference | None:
    if d is None or verdict is None:
        return None
    return RateDifference(verdict.word, d.interval(), d.interval_over_patients(), verdict.p_difference, verdict.p_equivalence)


def _predictive_value(a: Predictions, b: Predictions, threshold: float, positive: bool) -> Figure:
    """The difference in positive or negative predictive value; unknown where a network gives no such answer."""
    truth, values, worth = a.is_covid == positive, [], []
    for held in (a, b):
        called = (held.p_covid >= threshold) == positive
        if not called.any():
            return Figure.unknown(len(truth), "none: a network gives no such answer")
        values.append(decision.ratio(called & truth, called))
        worth.append(metrics.effective_n(a.groups) * called.mean())
    return decision.difference(values[0], values[1], a.groups, a.seeds, b.seeds, min(worth)).interval()


def _discordant(a: Predictions, b: Predictions, threshold: float) -> list[Discordant]:
    wrong_a, wrong_b = (dict(zip(held.seeds, held.wrong(threshold))) for held in (a, b))
    rows = []
    for seed in a.seeds:
        if seed in wrong_b:
            only_a = int((wrong_a[seed] & ~wrong_b[seed]).sum())
            only_b = int((wrong_b[seed] & ~wrong_a[seed]).sum())
            rows.append(Discordant(seed, only_a, only_b, statistics.mcnemar(only_a, only_b)))
    return rows


def _chosen(entrants: list[Contestant], threshold: float, held_out: str) -> ChosenOnValidation | None:
    """The network that validation chooses, and its one look at test; None where there is no test split."""
    valid = [entrant.valid for entrant in entrants if entrant.valid is not None]
    if held_out != "test" or len(valid) < len(entrants):
        return None
    error, name = min((float(part.wrong(threshold).mean()), entrant.name) for part, entrant in zip(valid, entrants))
    return ChosenOnValidation(name, error)


def _confusions(entrants: list[Contestant], threshold: float) -> dict[str, list[metrics.Confusion]]:
    """{architecture: a Confusion a seed}, of the first contestant of each architecture."""
    by_architecture: dict[str, list[metrics.Confusion]] = {}
    for entrant in entrants:
        counts = [metrics.confusion(entrant.held.is_covid, p, threshold) for p in entrant.held.p_covid]
        by_architecture.setdefault(entrant.architecture, counts)
    return by_architecture


def best(names: list[str], pairs: list[Pair]) -> Best:
    """The networks that may be the best, and what is known of it.

    A network is out when another one is better. One left that is better than each of the others: it is the best.
    Several: which is not known, unless all of them are equivalent to each other.
    """
    if len(names) < 2:
        return Best(names, "one network")
    beats = {(p.a, p.b) for p in pairs if p.verdict == "better"} | {(p.b, p.a) for p in pairs if p.verdict == "worse"}
    alike, in_error = ({frozenset((p.a, p.b)) for p in pairs if p.verdict in words} for words in (ALIKE[:1], ALIKE))
    beaten = {loser for _, loser in beats}
    left = [name for name in names if name not in beaten]
    if len(left) == 1 and all((left[0], other) in beats for other in names if other != left[0]):
        return Best(left, "the best")
    if len(left) > 1 and all(frozenset(pair) in alike for pair in combinations(left, 2)):
        return Best(left, "equally good")
    if len(left) > 1 and all(frozenset(pair) in in_error for pair in combinations(left, 2)):
        return Best(left, "equally good in error")
    return Best(left, "some are not" if beaten else "nothing")
