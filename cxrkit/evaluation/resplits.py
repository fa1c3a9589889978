"""Runs on several splits of the same images: does a difference survive other training images?"""

from collections import Counter
from itertools import combinations

import numpy as np

from cxrkit.errors import WrongUse
from cxrkit.evaluation import comparison, decision, predictions, statistics
from cxrkit.evaluation.scoring import SHORT_NAMES
from cxrkit.progress import table


def compare(runs, threshold=0.5, margin=decision.MARGIN):
    """{networks, pairs, n_train, n_test, ...} of runs that differ in their split alone; see statistics.over_resplits.

    Each run gives each network one error rate, the mean over its seeds on its own held-out images. A pair is
    better or worse where the corrected test says so after Holm, equivalent where the corrected interval at
    1 - 2 alpha / pairs lies within the margin. Raises WrongUse for fewer than two splits, and for runs that
    differ in anything else.
    """
    comparison.check_margin(margin)
    _check(runs)
    names = [name for name in SHORT_NAMES if all(name in set(run.table["architecture"]) for run in runs)]
    errors = {name: [float(predictions.scores(run.table, name, run.held).wrong(threshold).mean()) for run in runs] for name in names}
    sizes = [Counter(record.split for record in run.records.values()) for run in runs]
    n_train, n_test = (float(np.mean([size[split] for size in sizes])) for split in ("train", runs[0].held))
    pairs = list(combinations(names, 2))
    tests = [statistics.over_resplits(np.subtract(errors[a], errors[b]), n_train, n_test) for a, b in pairs]
    adjusted = statistics.holm([p for _, p in tests])
    found = []
    for (a, b), (figure, p), p_holm in zip(pairs, tests, adjusted):
        within = statistics.over_resplits(np.subtract(errors[a], errors[b]), n_train, n_test, 1 - 2 * decision.ALPHA / len(pairs))[0]
        if -margin < within["low"] and within["high"] < margin:
            word = "equivalent"
        else:
            word = "undecided" if p_holm > decision.ALPHA else "better" if figure["value"] < 0 else "worse"
        found.append({"a": SHORT_NAMES[a], "b": SHORT_NAMES[b], "verdict": word, "difference": figure, "p": p, "p_holm": p_holm})
    return {
        "runs": [run.name for run in runs],
        "split": runs[0].held,
        "n_train": n_train,
        "n_test": n_test,
        "threshold": threshold,
        "margin": margin,
        "networks": [{"name": SHORT_NAMES[name], "errors": errors[name]} for name in names],
        "pairs": found,
    }


def _check(runs):
    where = ", ".join(str(run.folder) for run in runs)
    if len(runs) < 2 or len({run.manifest_sha256 for run in runs}) < len(runs):
        raise WrongUse("Resplits need two or more runs, each with a split of its own.", where, "give each run another --split-seed")
    unlike = ("split", "split_seed")
    first = runs[0]
    for other in runs[1:]:
        protocols = [{key: value for key, value in comparison.protocol(run).items() if key not in unlike} for run in (first, other)]
        if protocols[0] != protocols[1]:
            keys = sorted(key for key in {*protocols[0], *protocols[1]} if protocols[0].get(key) != protocols[1].get(key))
            raise WrongUse(f"The runs differ in more than their split: {', '.join(keys)}.", where, "repeat them with the same experiment")
        bare = [{image_id: record.but(split="") for image_id, record in run.records.items()} for run in (first, other)]
        if bare[0] != bare[1]:
            raise WrongUse(f"The runs' images differ: {comparison.manifest_difference(*bare)}.", where, "compare runs of the same images")
        if first.held != other.held:
            raise WrongUse(
                f"The runs' scores are on different splits: {first.held} and {other.held}.", where, "repeat them with the same experiment"
            )


def text(content):
    """The comparison over resplits as text."""
    rows = [
        [pair["a"], pair["verdict"], pair["b"], comparison.interval_text(pair["difference"]), f"{pair['p_holm']:.3f}"]
        for pair in content["pairs"]
    ]
    return "\n".join(
        [
            table(rows, ["A", "is", "B", "points of error, A less B", "p differ"], right=["p differ"]),
            f"\n{len(content['runs'])} splits of the same images, about {content['n_train']:.0f} to train on and {content['n_test']:.0f} in {content['split']};"
            " intervals after Nadeau and Bengio, p after Holm.",
        ]
    )
