"""Comparison over resplits: does a difference between networks survive other training images?"""

from collections import Counter
from itertools import combinations

import numpy as np

from cxrkit.config import short_name
from cxrkit.errors import WrongUse
from cxrkit.evaluation import comparison, decision, statistics
from cxrkit.results import Results
from cxrkit.schema import ResplitComparison, ResplitNetwork, ResplitPair, Word

UNLIKE = ("split", "split_seed")
"""Keys of the experiment in which the runs may differ."""


def compare(runs: list[Results], threshold: float, margin: float = decision.MARGIN) -> ResplitComparison:
    """The comparison of runs that differ in their split alone; see statistics.over_resplits.

    Each run gives each network one error rate, the mean over its seeds on its own held-out images. A pair is
    better or worse where the corrected test says so after Holm, equivalent where the corrected interval at
    1 - 2 alpha / pairs lies within the margin. Raises WrongUse for fewer than two splits, and for runs that
    differ in anything else.
    """
    comparison.check_margin(margin)
    _check(runs)
    names = [name for name in runs[0].architectures if all(run.predictions(name) is not None for run in runs)]
    errors = {name: [float(run.required(name).wrong(threshold).mean()) for run in runs] for name in names}
    sizes = [Counter(record.split for record in run.manifest.used) for run in runs]
    n_train, n_test = (float(np.mean([size[split] for size in sizes])) for split in ("train", runs[0].held_out))
    couples = list(combinations(names, 2))
    tests = [statistics.over_resplits(np.subtract(errors[a], errors[b]), n_train, n_test) for a, b in couples]
    pairs = []
    for (a, b), (figure, p), p_holm in zip(couples, tests, statistics.holm([p for _, p in tests])):
        within, _ = statistics.over_resplits(np.subtract(errors[a], errors[b]), n_train, n_test, 1 - 2 * decision.ALPHA / len(couples))
        word: Word = "undecided" if p_holm > decision.ALPHA else "better" if figure.value is not None and figure.value < 0 else "worse"
        if within.within(margin):
            word = "equivalent"
        pairs.append(ResplitPair(short_name(a), short_name(b), word, figure, p, p_holm))
    return ResplitComparison(
        runs=[run.name for run in runs],
        split=runs[0].held_out,
        n_train=n_train,
        n_test=n_test,
        threshold=threshold,
        margin=margin,
        networks=[ResplitNetwork(short_name(name), errors[name]) for name in names],
        pairs=pairs,
    )


def _check(runs: list[Results]) -> None:
    where = ", ".join(str(run.folder) for run in runs)
    if len(runs) < 2 or len({run.info.manifest_sha256 for run in runs}) < len(runs):
        raise WrongUse("Resplits need two or more runs, each with a split of its own.", where, "give each run another --split-seed")
    first = runs[0]
    for other in runs[1:]:
        protocols = [{key: value for key, value in comparison.protocol(run).items() if key not in UNLIKE} for run in (first, other)]
        if protocols[0] != protocols[1]:
            keys = sorted(key for key in {*protocols[0], *protocols[1]} if protocols[0].get(key) != protocols[1].get(key))
            raise WrongUse(f"The runs differ in more than their split: {', '.join(keys)}.", where, "repeat them with the same experiment")
        bare = [{record.image_id: record.but(split="") for record in run.manifest.used} for run in (first, other)]
        if bare[0] != bare[1]:
            raise WrongUse(f"The runs' images differ: {comparison.manifest_difference(*bare)}.", where, "compare runs of the same images")
        if first.held_out != other.held_out:
            raise WrongUse(
                f"The runs' scores are on different splits: {first.held_out} and {other.held_out}.",
                where,
                "repeat them with the same experiment",
            )
