"""comparison.json: each pair of networks better, worse, equivalent or undecided, and what that rests on."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from cxrkit.config import NOT_IN_HASH
from cxrkit.data.records import COLUMNS
from cxrkit.errors import BadInput, WrongUse
from cxrkit.evaluation import decision, metrics, predictions, statistics, study
from cxrkit.evaluation.predictions import Scores
from cxrkit.evaluation.scoring import SHORT_NAMES, figure_text
from cxrkit.files import sha256_of_json
from cxrkit.progress import table

NOT_PROTOCOL = (*NOT_IN_HASH, "name", "architectures", "seeds", "threshold")
"""Keys of an experiment that do not make its networks another kind of network."""


@dataclass(frozen=True)
class Contestant:
    """A network under one protocol, with all its seeds: its scores on the held-out split, and on validation."""

    name: str
    architecture: str
    runs: tuple
    held: Scores
    valid: Scores | None


def compare(runs, threshold=0.5, margin=decision.MARGIN):
    """The content of comparison.json for one run or several that share manifest, split and images.

    runs: predictions.Run; threshold: an image is called COVID-19 from this probability on; margin: the
    difference in error rate (0.01: one point) within which networks count as equivalent.
    Raises WrongUse for runs that cannot be compared, and names the difference.
    """
    check_margin(margin)
    check_comparable(runs)
    entrants = contestants(runs)
    pairs = list(combinations(entrants, 2))
    first = entrants[0].held
    differences = [_difference(a, b, threshold) for a, b in pairs]
    verdicts = decision.decide(differences, margin)
    content = {
        "runs": [run.name for run in runs],
        "manifest_sha256": runs[0].manifest_sha256,
        "data": runs[0].about["data"],
        "split": runs[0].held,
        "n": len(first.image_ids),
        "covid": int(first.is_covid.sum()),
        "patients": len(np.unique(first.groups)),
        "threshold": threshold,
        "margin": margin,
        "alpha": decision.ALPHA,
        "images_for_equivalence": decision.images_for_equivalence(max(len(pairs), 1), margin),
        "networks": [_network(entrant, threshold) for entrant in entrants],
        "pairs": [_pair(a, b, d, v, threshold, len(pairs), margin) for (a, b), d, v in zip(pairs, differences, verdicts)],
        "chosen_on_validation": _chosen(entrants, threshold, runs[0].held),
        "study": {
            "pairs": study.verdicts(margin),
            "beside_ours": study.beside_ours(_confusions(entrants, threshold)),
        },
    }
    return content | {"best": best(content)}


def check_margin(margin):
    if not 0 < margin < 1:
        raise WrongUse(f"The margin of equivalence is {margin}.", next="name a difference in error rate between 0 and 1, such as 0.01")


def check_comparable(runs):
    """Raise WrongUse, naming the difference, unless the runs saw the same images in the same splits."""
    first = runs[0]
    advice = "compare runs of one manifest; several splits of the same images: add --resplits"
    for other in runs[1:]:
        where = f"{first.folder} and {other.folder}"
        if first.manifest_sha256 != other.manifest_sha256:
            raise WrongUse(f"The runs' manifests differ: {manifest_difference(first.records, other.records)}.", where, advice)
        if first.held != other.held:
            raise WrongUse(f"The runs' scores are on different splits: {first.held} and {other.held}.", where, advice)
        seen = [set(run.table.loc[run.table["split"] == run.held, "image_id"]) for run in (first, other)]
        if seen[0] != seen[1]:
            example = min(seen[0] ^ seen[1])
            raise WrongUse(
                f"The runs' images differ: {len(seen[0] ^ seen[1])} were scored by one run alone, such as {example}.", where, advice
            )


def manifest_difference(first, second):
    """In words, the most important difference between the used records {image_id: Record} of two manifests."""
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


def protocol(run):
    """What a run's experiment says of how its networks are trained."""
    return {key: value for key, value in run.about["experiment"].items() if key not in NOT_PROTOCOL}


def contestants(runs):
    """The Contestants of the runs. Runs of one protocol give their seeds to the same contestants.

    Raises WrongUse for a network and seed that two runs of one protocol both have, BadInput where no network is done.
    """
    by_key = {}
    for run in runs:
        for architecture in run.table.loc[run.table["stage"] == predictions.LAST_STAGE, "architecture"].unique():
            by_key.setdefault((sha256_of_json(protocol(run)), architecture), []).append(run)
    several = len({key for key, _ in by_key}) > 1
    found = []
    for (_, architecture), mine in by_key.items():
        name = SHORT_NAMES[architecture] + (f" ({mine[0].name})" if several else "")
        held, valid = (_joined(mine, architecture, split) for split in (mine[0].held, "valid"))
        found.append(Contestant(name, architecture, tuple(run.name for run in mine), held, valid))
    if not found:
        raise BadInput(
            "No network finished its last stage, so there is nothing to compare.",
            runs[0].folder,
            "let the run end: the same command goes on with it",
        )
    if len({entrant.name for entrant in found}) < len(found):
        raise WrongUse(
            "Two runs of different protocols have the same name.", ", ".join(str(run.folder) for run in runs), "rename one of their folders"
        )
    return found


def _joined(runs, architecture, split):
    """The Scores of one network from runs with different seeds."""
    parts = [predictions.scores(run.table, architecture, split) for run in runs]
    if any(part is None for part in parts):
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
    first = parts[0]
    stacked = np.concatenate([part.p_covid for part in parts])[order]
    return Scores(first.image_ids, first.is_covid, first.groups, tuple(seeds[i] for i in order), stacked)


def _difference(a, b, threshold):
    return decision.difference(a.held.wrong(threshold), b.held.wrong(threshold), a.held.groups, a.held.seeds, b.held.seeds)


def _errors(scores, threshold):
    """{seed: error rate}"""
    return dict(zip(scores.seeds, scores.wrong(threshold).mean(1).tolist()))


def _network(entrant, threshold):
    errors = _errors(entrant.held, threshold)
    mean = float(np.mean(list(errors.values())))
    n = len(entrant.held.image_ids)
    return {
        "name": entrant.name,
        "architecture": entrant.architecture,
        "runs": list(entrant.runs),
        "seeds": list(errors),
        "errors": list(errors.values()),
        "error_rate": metrics.proportion(mean * n, n, metrics.units(entrant.held.groups)),
        "run_to_run": statistics.run_to_run(list(errors.values()), n),
    }


def _pair(a, b, d, verdict, threshold, pairs, margin):
    """One entry of `pairs`; every difference is A less B, so that below 0 A is the better one."""
    wrong = {entrant.name: dict(zip(entrant.held.seeds, entrant.held.wrong(threshold))) for entrant in (a, b)}
    discordant = []
    for seed in a.held.seeds:
        if seed in wrong[b.name]:
            mine, other = wrong[a.name][seed], wrong[b.name][seed]
            only = int((mine & ~other).sum()), int((other & ~mine).sum())
            discordant.append({"seed": seed, "only_a_wrong": only[0], "only_b_wrong": only[1], "p": statistics.mcnemar(*only)})
    auc, auc_p = statistics.auc_difference(a.held.is_covid, a.held.p_covid, b.held.p_covid, a.held.groups)
    return {
        "a": a.name,
        "b": b.name,
        "verdict": verdict.word,
        "why": verdict.why,
        "as_trained": verdict.as_trained,
        "difference": d.interval(),
        "over_patients": d.interval_over_patients(),
        "over_seeds": d.interval_over_seeds(),
        "p_difference": d.p_difference,
        "p_difference_holm": verdict.p_difference,
        "p_equivalence": d.p_equivalence(margin),
        "p_equivalence_holm": verdict.p_equivalence,
        "p_patients": d.p_sign_flip,
        "mcnemar": discordant,
        "probability_better": statistics.probability_better(_errors(a.held, threshold), _errors(b.held, threshold)),
        "auc_difference": auc | {"p": auc_p},
        "needed": decision.needed(d, pairs) if verdict.word == "undecided" else None,
    }


def _chosen(entrants, threshold, held):
    """The network that validation chooses, and its one look at test; None where there is no test split."""
    if held != "test" or any(entrant.valid is None for entrant in entrants):
        return None
    means = [(float(entrant.valid.wrong(threshold).mean()), entrant.name) for entrant in entrants]
    error, name = min(means)
    return {"name": name, "by": "lowest mean error rate on validation", "error_rate_on_validation": error}


def _confusions(entrants, threshold):
    """{architecture: a Confusion a seed}, of the first contestant of each architecture."""
    found = {}
    for entrant in entrants:
        found.setdefault(entrant.architecture, [metrics.confusion(entrant.held.is_covid, p, threshold) for p in entrant.held.p_covid])
    return found


def best(content):
    """{names, sentence}: the networks that may be the best, and what is known of it, in a sentence or two.

    A network is out when another one is better. One left: it is the best. Several: which is not known, unless
    all of them are equivalent to each other.
    """
    names = [network["name"] for network in content["networks"]]
    if len(names) < 2:
        return {"names": names, "sentence": "There is one network: nothing to compare."}
    beaten, alike = set(), set()
    for pair in content["pairs"]:
        if pair["verdict"] in ("better", "worse"):
            beaten.add(pair["b"] if pair["verdict"] == "better" else pair["a"])
        elif pair["verdict"] == "equivalent":
            alike.add(frozenset((pair["a"], pair["b"])))
    left = [name for name in names if name not in beaten]
    words = [pair["verdict"] for pair in content["pairs"]]
    count = ", ".join(f"{words.count(word)} {word}" for word in ("equivalent", "undecided") if words.count(word))
    tail = f" Of {len(words)} pairs, {sum(word in ('better', 'worse') for word in words)} decided" + (f", {count}." if count else ".")
    if len(left) == 1 and all(_beats(content["pairs"], left[0], other) for other in names if other != left[0]):
        sentence = f"{left[0]} is the best: it errs less than each of the others."
    elif left and all(frozenset(pair) in alike for pair in combinations(left, 2)):
        sentence = f"{_listed(left)} are equally good within {decision.points(content['margin'])} of error" + (
            ", and no other is." if beaten else "."
        )
    elif beaten:
        verb = "is" if len(beaten) == 1 else "are"
        sentence = f"It is known that {_listed(sorted(beaten))} {verb} not the best; which of {_listed(left)} is, is not known."
    else:
        sentence = "Which network is best is not known."
    return {"names": left, "sentence": sentence + tail}


def _beats(pairs, name, other):
    return any(
        (p["a"], p["b"], p["verdict"]) == (name, other, "better") or (p["b"], p["a"], p["verdict"]) == (name, other, "worse") for p in pairs
    )


def _listed(names):
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def text(content):
    """The comparison as text: networks, pairs, the verdict, and the study's own verdict."""
    networks = []
    for network in content["networks"]:
        spread, rate = network["run_to_run"], network["error_rate"]
        sds = [_points(value) for value in (spread["observed"]["value"], spread["predicted"])]
        networks.append([network["name"], len(network["seeds"]), content["n"], figure_text(rate, 4), *sds, spread["reading"]])
    pairs = []
    for pair in content["pairs"]:
        needed = pair["needed"] or {}
        more = [needed.get("seeds") or "", needed.get("images") or "", needed.get("images_at_20_seeds") or ""]
        intervals = [interval_text(pair[key]) for key in ("difference", "over_patients", "over_seeds")]
        better = pair["probability_better"]
        word = pair["verdict"] if pair["verdict"] == "undecided" else pair["verdict"].upper()
        p_values = [f"{pair[key]:.3f}" for key in ("p_difference_holm", "p_equivalence_holm")]
        often = f"{better['value']:.2f}" if better["n"] > 1 else ""
        pairs.append([pair["a"], word, pair["b"], *intervals, *p_values, often, *more])
    network_header = ["network", "seeds", "n", "error rate, mean", "sd of runs", "predicted", "reading"]
    pair_header = [
        "A",
        "is",
        "B",
        "points of error, A less B",
        "over patients",
        "over seeds",
        "p differ",
        "p alike",
        "P(A>B)",
        "seeds",
        "images",
        "at 20 seeds",
    ]
    lines = [table(networks, network_header, right=["seeds", "n", "sd of runs", "predicted"])]
    if pairs:
        lines += ["", table(pairs, pair_header, right=pair_header[6:])]
    lines += [
        "",
        f"{content['n']} {content['split']} images of {content['patients']} patients, {content['covid']} of them COVID-19. p after Holm over {len(content['pairs'])} pairs.",
        "The last three columns say what would decide the difference seen (power 80 %): seeds with these images,",
        "images with these seeds, images with 20 seeds; empty: no number would, or it is decided.",
        f"Equivalent: within {decision.points(content['margin'])} of error; fewer than {content['images_for_equivalence']} independent images cannot show it.",
        *([f"Validation chooses {content['chosen_on_validation']['name']}."] if content["chosen_on_validation"] else []),
        "VERDICT: " + content["best"]["sentence"],
        _study_line(content["study"]["pairs"]),
    ]
    return "\n".join(lines)


def _study_line(pairs):
    easiest = min(pairs, key=lambda pair: pair["mcnemar_p"][0])
    names = " and ".join(SHORT_NAMES[easiest[side]] for side in "ab")
    low, high = easiest["mcnemar_p"]
    decided = sum(pair["verdict"] != "undecided" or pair["as_trained"] != "undecided" for pair in pairs)
    return (
        f"THE STUDY: of its {len(pairs)} pairs {decided} {'is' if decided == 1 else 'are'} decided by its own counts; "
        f"the farthest apart, {names}, has McNemar p {low:.2f} to {high:.2f}."
    )


def _points(value):
    return "" if value is None else f"{100 * value:.2f}"


def interval_text(figure):
    """A difference in error rate in points, with its interval."""
    if figure["low"] is None:
        return f"{100 * figure['value']:+.2f}"
    return f"{100 * figure['value']:+.2f} [{100 * figure['low']:+.2f}, {100 * figure['high']:+.2f}]"
