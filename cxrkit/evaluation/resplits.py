"""Comparison over resplits: does a difference between networks survive other training images?"""

from collections import Counter
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.stats import t as student

from cxrkit.config import short_name
from cxrkit.errors import WrongUse
from cxrkit.evaluation import comparison, decision, planning, statistics
from cxrkit.evaluation.decision import Compared, Difference
from cxrkit.evaluation.metrics import Figure, effective_n
from cxrkit.results import Results
from cxrkit.schema import Margins, ResplitComparison, ResplitNetwork, ResplitPair

UNLIKE = ("split", "split_seed")
"""Keys of the experiment in which the runs may differ."""
FEWEST = 3
"""Two splits have one degree of freedom: they agree or not by chance."""


@dataclass(frozen=True)
class OverSplits:
    """A's rate less B's over several splits, for decision.decide.

    parts: its Difference on each split; worth: the effective number of all images that were held out in some split; pairs:
    that are compared.
    """

    parts: list[Difference]
    n_train: float
    n_test: float
    worth: float
    pairs: int
    decidable = True

    @property
    def value(self) -> float:
        return float(np.mean([part.value for part in self.parts]))

    @property
    def p_difference(self) -> float:
        return float(2 * student.sf(abs(self.value) / self._tested()[1], len(self.parts) - 1))

    p_as_trained = p_difference

    def p_equivalence(self, margin: float) -> float:
        """One-sided; 1 where all images together are too few to show it."""
        if self.worth < planning.images_for_equivalence(self.pairs, margin):
            return 1.0
        error = self._tested(float(np.mean([margin * (1 - margin) / part.n_effective for part in self.parts])))[1]
        return float(student.sf((margin - abs(self.value)) / error, len(self.parts) - 1))

    def interval(self) -> Figure:
        return self._tested()[0]

    def _tested(self, floor: float = 0.0) -> tuple[Figure, float]:
        """The figure and its standard error; the variance between splits is at least that which patients bring to one of them."""
        floor = max(floor, float(np.mean([part.patients.variance for part in self.parts])))
        return statistics.over_resplits([part.value for part in self.parts], self.n_train, self.n_test, floor)


def compare(runs: list[Results], threshold: float | None = None, margins: Margins = decision.MARGINS) -> ResplitComparison:
    """The comparison of runs that differ in their split alone; see statistics.over_resplits.

    Each run gives each network one rate, the mean over its seeds on its own held-out images. The words are those of
    decision.decide, by the corrected test; the threshold is the one that the runs share, unless given. Raises WrongUse for fewer than three splits, and for runs that differ in
    anything else.
    """
    comparison.check_margins(margins)
    threshold = comparison.shared_threshold(runs, threshold)
    _check(runs)
    names = [name for name in runs[0].architectures if all(run.predictions(name) is not None for run in runs)]
    errors = {name: [float(run.required(name).wrong(threshold).mean()) for run in runs] for name in names}
    sizes = [Counter(record.split for record in run.manifest.used) for run in runs]
    shared = {"n_train": float(np.mean([size["train"] for size in sizes]))}
    shared["n_test"] = float(np.mean([size[runs[0].held_out] for size in sizes]))
    couples = list(combinations(names, 2))
    worth = [_worth(runs, chosen) for chosen in ((True, False), (True,), (False,))]

    def over(parts, worth: float) -> OverSplits | None:
        return None if None in parts else OverSplits(parts, **shared, worth=worth, pairs=len(couples))

    compared: list[Compared[OverSplits]] = []
    for a, b in couples:
        each = [comparison.compare_predictions(run.required(a), run.required(b), threshold) for run in runs]
        error = OverSplits([one.error for one in each], **shared, worth=worth[0], pairs=len(couples))
        rates = [over([getattr(one, name) for one in each], n) for name, n in zip(("sensitivity", "specificity"), worth[1:])]
        compared.append(Compared(error, *rates))
    pairs = [
        ResplitPair(
            a=short_name(a),
            b=short_name(b),
            verdict=verdict.word,
            difference=found.error.interval(),
            p=found.error.p_difference,
            p_holm=verdict.p_difference,
            p_equivalence_holm=verdict.p_error,
            p_all_equivalent_holm=verdict.p_equivalence,
            sensitivity=found.sensitivity.interval() if found.sensitivity else None,
            specificity=found.specificity.interval() if found.specificity else None,
        )
        for (a, b), found, verdict in zip(couples, compared, decision.decide(compared, margins))
    ]
    return ResplitComparison(
        runs=[run.name for run in runs],
        split=runs[0].held_out,
        **shared,
        threshold=threshold,
        margins=margins,
        networks=[ResplitNetwork(short_name(name), errors[name]) for name in names],
        pairs=pairs,
    )


def _worth(runs: list[Results], truths: tuple[bool, ...]) -> float:
    """What the images of these classes are worth that some split holds out, each counted once."""
    parts = [run.required(run.architectures[0]) for run in runs]
    seen = {image_id for part in parts for image_id, truth in zip(part.image_ids, part.is_covid) if truth in truths}
    return effective_n([runs[0].manifest.groups[image_id] for image_id in sorted(seen)])


def _check(runs: list[Results]) -> None:
    where = ", ".join(str(run.folder) for run in runs)
    if len(runs) < FEWEST or len({run.info.manifest_sha256 for run in runs}) < len(runs):
        words = f"Resplits need {FEWEST} runs or more, better five, each with a split of its own."
        raise WrongUse(words, where, "give each run another --split-seed")
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
