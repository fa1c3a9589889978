"""Scoring: the metrics of every network, seed, stage and split of a run, from its predictions (metrics.json)."""

from dataclasses import replace
from functools import cached_property
from typing import Literal

import numpy as np

from cxrkit.columns import LAST_STAGE
from cxrkit.data.records import POSITIVE
from cxrkit.errors import BadInput, WrongUse
from cxrkit.evaluation import areas, bootstrap, metrics, study
from cxrkit.evaluation.calibration import calibration, fit_temperature, rests_on_prior, tempered
from cxrkit.evaluation.conformal import COVERAGE, prediction_sets
from cxrkit.evaluation.predictions import Predictions
from cxrkit.evaluation.usefulness import decision_curve
from cxrkit.results import Results
from cxrkit.schema import VERSION, Metrics, OperatingPoint, Scaling, Score

PREVALENCES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
SENSITIVITY = SPECIFICITY = 0.95


def score(
    results: Results, threshold: float, prevalences=PREVALENCES, sensitivity: float = SENSITIVITY, coverage: float = COVERAGE
) -> Metrics:
    """The Metrics of a run.

    threshold: an image is called COVID-19 from this probability on. prevalences: shares of people with COVID-19 for
    which predictive values are wanted, beside the study's. sensitivity: the one wanted of the threshold that is chosen
    on validation images; coverage: of the sets for single films. Raises BadInput when a file is missing or broken, WrongUse for values out of range.
    """
    for name, values in (("threshold", [threshold]), ("prevalence", prevalences), ("sensitivity", [sensitivity]), ("coverage", [coverage])):
        if not all(0 < value < 1 for value in values):
            raise WrongUse(f"A {name} lies outside 0 to 1: {values}.", next="name shares between 0 and 1, such as 0.05")
    return Scorer(results, threshold, (study.prevalence(), *prevalences), sensitivity, coverage).metrics()


class Scorer:
    """Scores one run; what several of its rows share, such as the patients drawn, is computed once."""

    def __init__(self, results: Results, threshold: float, prevalences: tuple[float, ...], sensitivity: float, coverage: float):
        self.results, self.threshold, self.prevalences = results, threshold, prevalences
        self.sensitivity, self.coverage = sensitivity, coverage
        self.drawn: dict[tuple[str, ...], bootstrap.Resamples] = {}

    def metrics(self) -> Metrics:
        results, scores, means = self.results, [], []
        rows = results.table[["architecture", "stage", "split"]].drop_duplicates()
        for architecture, stage, split in rows.itertuples(index=False, name=None):
            held = results.required(architecture, split, stage)
            scores += self._runs(held, architecture, stage, split)
            if stage == LAST_STAGE and len(held.seeds) > 1:
                means.append(self._mean(held, architecture, split))
        scores.sort(key=self._order)
        ensembles = []
        for split in dict.fromkeys(row.split for row in scores if row.stage == LAST_STAGE):
            ensembles += self._ensembles(split)
        return Metrics(
            schema=VERSION,
            positive_class=POSITIVE,
            threshold=self.threshold,
            manifest_sha256=results.info.manifest_sha256,
            films=results.info.films,
            started_from=results.info.started_from,
            held_out=results.held_out,
            scores=scores,
            means=means,
            ensembles=ensembles,
        )

    def _order(self, row: Score):
        """Rows stand in the order of predictions.csv."""
        architectures, stages = self._names
        return row.seeds[0], architectures.index(row.architecture), stages.index(row.stage), row.split

    @cached_property
    def _names(self) -> tuple[list[str], list[str]]:
        """Networks and stages, in the order of predictions.csv."""
        table = self.results.table
        return list(table["architecture"].unique()), list(table["stage"].unique())

    def _runs(self, held: Predictions, architecture, stage, split) -> list[Score]:
        """One row a seed; operating point and calibration for the last stage alone."""
        valid = self.results.predictions(architecture, "valid", stage) if stage == LAST_STAGE else None
        rows = []
        for index, seed in enumerate(held.seeds):
            row = self._score("run", [architecture], [seed], stage, split, held.row(index), valid and valid.row(index))
            rows.append(replace(row, seconds_per_epoch=self._seconds.get((architecture, seed, stage))))
        return rows

    @cached_property
    def _seconds(self) -> dict:
        """{(architecture, seed, stage): median seconds an epoch}."""
        if self.results.epochs.empty:
            path = self.results.folder / "epochs.csv"
            raise BadInput("There are no learning curves here.", path, "name the results folder of a finished run")
        medians = self.results.epochs.groupby(["architecture", "seed", "stage"])["seconds"].median()
        return {key: float(value) for key, value in medians.items()}

    def _mean(self, held: Predictions, architecture, split) -> Score:
        """The mean over seeds. Its intervals are over patients, for these seeds; comparison.json has the spread over seeds."""
        runs = [metrics.confusion(held.is_covid, p, self.threshold) for p in held.p_covid]
        counts = metrics.mean_counts(runs)
        return Score(
            kind="mean",
            architectures=[architecture],
            seeds=list(held.seeds),
            stage=LAST_STAGE,
            split=split,
            confusion=counts,
            patients=held.patients,
            rates=metrics.rates(counts, *effective_sizes(held)),
            auc=areas.auc(held.is_covid, held.p_covid, held.groups),
            delong=None,
            average_precision=None,
            bootstrap={},
            predictive_values=[],
            operating_point=None,
            at_specificity=None,
            decision_curve=[],
            scaling=None,
            seconds_per_epoch=None,
        )

    def _ensembles(self, split) -> list[Score]:
        """A row for each network's mean probability over its seeds, and one for the mean over all networks."""
        averages, rows = {}, []
        for architecture in self._names[0]:
            held, valid = (self.results.predictions(architecture, part) for part in (split, "valid"))
            if held is not None:
                averages[architecture] = held.ensemble(), valid and valid.ensemble()
                if len(held.seeds) > 1:
                    rows.append(self._ensemble([architecture], held.seeds, *averages[architecture], split))
        if len(averages) > 1:
            held, valid = (_mean_of(part) for part in zip(*averages.values()))
            seeds = sorted({seed for architecture in averages for seed in self.results.required(architecture, split).seeds})
            rows.append(self._ensemble(list(averages), seeds, held, valid, split))
        return rows

    def _ensemble(self, architectures, seeds, held, valid, split) -> Score:
        return self._score("ensemble", architectures, list(seeds), LAST_STAGE, split, held, valid)

    def _score(self, kind, architectures, seeds, stage, split, held: Predictions, valid: Predictions | None) -> Score:
        """One row. held, valid: one row of probabilities each, on the split and on validation; nothing is chosen without the latter."""
        p_covid = held.p_covid[0]
        counts, sizes = metrics.confusion(held.is_covid, p_covid, self.threshold), effective_sizes(held)
        rates = metrics.rates(counts, *sizes)
        auc = areas.auc(held.is_covid, p_covid, held.groups)
        average_precision = areas.average_precision(held.is_covid, p_covid, held.groups)
        values = vars(rates) | {"auc": auc, "average_precision": average_precision}
        resampled = bootstrap.intervals(self._weights(held), held.is_covid, p_covid, self.threshold) if stage == LAST_STAGE else {}
        return Score(
            kind=kind,
            architectures=architectures,
            seeds=seeds,
            stage=stage,
            split=split,
            confusion=counts,
            patients=held.patients,
            rates=rates,
            auc=auc,
            delong=areas.delong(held.is_covid, p_covid, held.groups),
            average_precision=average_precision,
            bootstrap={
                name: replace(values[name], low=low, high=high, method="bootstrap 95 % over patients")
                if low < high
                else replace(values[name], method=f"{values[name].method}, for no resample differs")
                for name, (low, high) in resampled.items()
            },
            predictive_values=[metrics.predictive_values(counts, share, *sizes) for share in self.prevalences],
            operating_point=self._operating_point("sensitivity", held, valid, split),
            at_specificity=self._operating_point("specificity", held, valid, split),
            decision_curve=decision_curve(held.is_covid, p_covid, held.groups) if stage == LAST_STAGE else [],
            scaling=self._scaling(held, valid, split),
            seconds_per_epoch=None,
            prediction_sets=prediction_sets(valid, held, self.coverage, split) if valid else None,
        )

    def _operating_point(self, of: Literal["sensitivity", "specificity"], held, valid, split) -> OperatingPoint | None:
        """The threshold chosen on validation for the wanted rate, and the rates it has on this split."""
        wanted, choose = (
            (self.sensitivity, metrics.threshold_for) if of == "sensitivity" else (SPECIFICITY, metrics.threshold_at_specificity)
        )
        if valid is None or not (valid.is_covid == (of == "sensitivity")).any():
            return None
        threshold, promised = choose(wanted, valid.is_covid, valid.p_covid[0])
        counts = metrics.confusion(held.is_covid, held.p_covid[0], threshold)
        rates = metrics.rates(counts, *effective_sizes(held))
        return OperatingPoint(of, wanted, promised, threshold, "valid", split == "valid", counts, rates)

    def _scaling(self, held, valid, split) -> Scaling | None:
        """Calibration before and after a temperature that is fitted on validation, never on the films that are judged."""
        if valid is None:
            return None
        fitted = valid.is_covid, valid.p_covid[0]
        temperature = fit_temperature(*fitted)
        p_covid, weights = held.p_covid[0], self._weights(held)
        return Scaling(
            temperature=temperature,
            rests_on_prior=rests_on_prior(*fitted),
            fitted_on="valid",
            same_images=split == "valid",
            before=calibration(held.is_covid, p_covid, held.groups, weights),
            after=calibration(held.is_covid, tempered(p_covid, temperature), held.groups, weights),
        )

    def _weights(self, held: Predictions) -> bootstrap.Resamples:
        if held.image_ids not in self.drawn:
            self.drawn[held.image_ids] = bootstrap.patient_weights(held.is_covid, held.groups)
        return self.drawn[held.image_ids]


def effective_sizes(held: Predictions) -> tuple[float, float]:
    """The effective sample sizes of the COVID-19 and the normal images."""
    return metrics.effective_n(held.groups[held.is_covid]), metrics.effective_n(held.groups[~held.is_covid])


def _mean_of(averages: tuple[Predictions | None, ...]) -> Predictions | None:
    """The mean over networks of their mean over seeds; None where one has no prediction."""
    there = [average for average in averages if average is not None]
    if len(there) < len(averages):
        return None
    return there[0].with_rows((), np.mean([average.p_covid for average in there], axis=0))


def final_scores(metrics: Metrics, kind: str = "scores") -> list[Score]:
    """The rows after the last stage, on the held-out split; kind: scores, means or ensembles."""
    return [row for row in getattr(metrics, kind) if row.stage == LAST_STAGE and row.split == metrics.held_out]
