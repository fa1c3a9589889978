"""Facts: what an answer about a film needs of a run beside its networks, as one value that an exported folder holds whole."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from cxrkit import RESEARCH_ONLY
from cxrkit.audit.headlines import NO_AUDIT, headline
from cxrkit.data.records import LABELS, POSITIVE
from cxrkit.errors import BadInput
from cxrkit.evaluation.conformal import PredictionSets
from cxrkit.evaluation.scoring import final_scores
from cxrkit.results import Network, Results
from cxrkit.schema import Metrics, Score

Key = tuple[str, int]
"""A trained network: (architecture, seed)."""
RANGE = 0.06, 19.0
"""At these ends nothing was found: the validation films were told apart perfectly, or not at all."""


@dataclass(frozen=True)
class Temperature:
    """What the logits of these networks' mean probability are divided by. fitted_on: in words, after "fitted on"."""

    networks: list[Key]
    value: float
    rests_on_prior: bool
    fitted_on: str

    @property
    def found(self) -> bool:
        return not self.rests_on_prior and RANGE[0] < self.value < RANGE[1]


@dataclass(frozen=True)
class HeldOut:
    """The run's held-out films of one class on the scale of all networks together, uncalibrated. p_covid: ascending."""

    label: str
    p_covid: list[float]

    @property
    def n(self) -> int:
        return len(self.p_covid)


@dataclass(frozen=True)
class Facts:
    """split: the one that scores are reported on; sets: of all networks together; warnings: what must stand beside every
    probability, a sentence each, RESEARCH_ONLY first and the audit's verdict last; headline, verdict: the audit's conclusion and its
    paragraph, which is empty where there was no audit; held_out: empty where its predictions are not here, or were not asked for.
    """

    experiment: str
    run_id: str
    begun: str
    commit: str
    manifest_sha256: str
    image_size: int
    resize: str
    threshold: float
    split: str
    temperatures: list[Temperature]
    sets: PredictionSets | None
    warnings: list[str]
    headline: str
    verdict: str
    held_out: list[HeldOut]

    @classmethod
    def of(cls, results: Results, trained: list[Network], scaled: bool) -> "Facts":
        """Of a results folder and those of its networks that are there. scaled: whether the held-out films' probabilities are read.
        Raises BadInput for a folder without run.json or metrics.json."""
        experiment, info = results.experiment, results.info
        scores = scores_of(results.metrics)
        own = scores.get(frozenset((network.architecture, network.seed) for network in trained))
        answered, verdict, audit = _verdict(results)
        return cls(
            experiment=experiment.name,
            run_id=info.run_id,
            begun=info.begun,
            commit=info.commit,
            manifest_sha256=info.manifest_sha256,
            image_size=experiment.image_size,
            resize=experiment.resize,
            threshold=experiment.threshold,
            split=results.metrics.held_out,
            temperatures=[_temperature(keys, row) for keys, row in scores.items() if row.scaling],
            sets=own.prediction_sets if own else None,
            warnings=[RESEARCH_ONLY, *(warning.sentence for warning in results.warnings), audit],
            headline=answered,
            verdict=verdict,
            held_out=held_out(results, trained) if scaled else [],
        )

    def temperature(self, networks: Collection[Key]) -> Temperature | None:
        """The one of exactly these networks together; None where the run fitted none."""
        return next((each for each in self.temperatures if set(each.networks) == set(networks)), None)


def scores_of(metrics: Metrics) -> dict[frozenset[Key], Score]:
    """The Score of each network, of each ensemble over seeds, and of all together, by the networks that it is of."""
    singles = {(row.architecture, row.seeds[0]): row for row in final_scores(metrics)}
    return {frozenset([key]): row for key, row in singles.items()} | {
        frozenset(key for key in singles if key[0] in row.architectures): row for row in final_scores(metrics, "ensembles")
    }


def _temperature(keys: frozenset[Key], row: Score) -> Temperature:
    scaling, sets, on = row.scaling, row.prediction_sets, "the run's validation films"
    assert scaling
    if sets:  # both were fitted on the same films
        on += f" of {sets.covid.patients} COVID-19 and {sets.normal.patients} normal patients"
    if scaling.same_images:
        on += ", the very ones that the run is scored on"
    return Temperature(sorted(keys), scaling.temperature, scaling.rests_on_prior, on)


def held_out(results: Results, trained: list[Network]) -> list[HeldOut]:
    """For each class the mean probability of all networks for the run's held-out films; empty where there are no
    predictions, or not of the very networks that are here."""
    try:
        parts = {name: results.required(name) for name in results.architectures}
    except BadInput:
        return []
    if {(name, seed) for name, part in parts.items() for seed in part.seeds} != {(one.architecture, one.seed) for one in trained}:
        return []  # a film would stand on the scale of other networks
    rows = [part.ensemble() for part in parts.values()]
    mean = np.mean([row.of(rows[0].image_ids).p_covid[0] for row in rows], axis=0)
    return [HeldOut(label, np.sort(mean[rows[0].is_covid == (label == POSITIVE)]).tolist()) for label in LABELS]


def _verdict(results: Results) -> tuple[str, str, str]:
    """The audit's verdict in a sentence and in a paragraph, which is empty where there is none; and as a warning."""
    try:
        audited = results.audits
    except BadInput:
        return "Not known. The audit of this run cannot be read.", "", "The audit of this run cannot be read."
    if audited is None:
        none = "No audit of this run is here: whether its networks see disease at all was not looked into."
        return f"{NO_AUDIT} python -m cxrkit audit RUN does that.", "", none
    paragraph = audited.verdict.paragraph
    return headline(audited.verdict), paragraph, f"The audit of this run says: {paragraph}"
