"""metrics.json: the scores of every network, seed, stage and split of a run, computed from its predictions."""

import numpy as np
import pandas as pd

from cxrkit.data.records import POSITIVE
from cxrkit.errors import BadInput
from cxrkit.evaluation import bootstrap, metrics, predictions, study
from cxrkit.evaluation.calibration import calibration, fit_temperature, tempered
from cxrkit.evaluation.predictions import LAST_STAGE, read_predictions
from cxrkit.files import write_json
from cxrkit.progress import table

__all__ = ["SHORT_NAMES", "evaluate", "final_scores", "read_predictions", "text_table"]

SHORT_NAMES = {"resnet34": "ResNet34", "resnet101": "ResNet101", "vgg16_bn": "VGG16", "vgg19_bn": "VGG19"}
PREVALENCES = (0.01, 0.1)
SENSITIVITY = 0.95
SEEDS_SHOWN = 3
COUNTS = ("tp", "fn", "tn", "fp")


def evaluate(results, threshold=0.5, prevalences=PREVALENCES, sensitivity=SENSITIVITY):
    """Write results/metrics.json from predictions.csv, epochs.csv and manifest.csv, and return its content.

    prevalences: shares of people with COVID-19 for which predictive values are wanted, beside the study's.
    sensitivity: the one wanted of the threshold that is chosen on validation images, for the test images.
    Raises BadInput when a file is missing or they do not belong together.
    """
    return evaluate_run(predictions.read(results), threshold, prevalences, sensitivity)


def evaluate_run(run, threshold=0.5, prevalences=PREVALENCES, sensitivity=SENSITIVITY):
    """The same for a predictions.Run that is read already."""
    validation = study.tables()["validation"]
    judge = Judge(run, threshold, (validation["covid"] / sum(validation.values()), *prevalences), sensitivity)
    seconds = _seconds_per_epoch(run.folder / "epochs.csv")
    scored, means, ensembles = [], [], []
    for (architecture, stage, split), _ in run.table.groupby(["architecture", "stage", "split"], sort=False):
        mine = predictions.scores(run.table, architecture, split, stage)
        about = {"stage": stage, "split": split}
        for index, seed in enumerate(mine.seeds):
            row = {"architecture": architecture, "seed": seed, **about, **judge.score(mine, index, architecture, stage, split)}
            scored.append(row | {"seconds_per_epoch": seconds.get((architecture, seed, stage))})
        if stage == LAST_STAGE and len(mine.seeds) > 1:
            means.append({"architecture": architecture, "seeds": list(mine.seeds), **about, **judge.mean(mine)})
    scored.sort(key=lambda row: _order(run.table, row))
    for split in dict.fromkeys(row["split"] for row in scored if row["stage"] == LAST_STAGE):
        ensembles += judge.ensembles(split)
    content = {
        "positive_class": POSITIVE,
        "threshold": threshold,
        "manifest_sha256": run.manifest_sha256,
        "data": run.about["data"],
        "weights": run.about["weights"],
        "held_out": run.held,
        "scores": scored,
        "means": means,
        "ensembles": ensembles,
    }
    write_json(run.folder / "metrics.json", content)
    return content


def _order(table, row):
    """Rows stand in the order of predictions.csv."""
    names = [list(table[column].unique()) for column in ("architecture", "stage")]
    return row["seed"], names[0].index(row["architecture"]), names[1].index(row["stage"]), row["split"]


def _seconds_per_epoch(path):
    """{(architecture, seed, stage): median seconds an epoch}. Raises BadInput."""
    try:
        epochs = pd.read_csv(path)
        medians = epochs.groupby(["architecture", "seed", "stage"])["seconds"].median()
    except FileNotFoundError:
        raise BadInput("There are no learning curves here.", path, "name the results folder of a finished run") from None
    except (ValueError, KeyError) as error:
        raise BadInput(f"The learning curves cannot be read: {error}.", path, "restore the file from the run's output") from error
    return {key: float(value) for key, value in medians.items()}


class Judge:
    """Scores rows of one run; what several rows share, such as the patients drawn, is computed once."""

    def __init__(self, run, threshold, prevalences, sensitivity):
        self.run, self.threshold, self.prevalences, self.sensitivity = run, threshold, prevalences, sensitivity
        self.drawn = {}

    def score(self, mine, index, architecture, stage, split):
        """All figures of one row of Scores; operating point and calibration for the last stage alone."""
        chosen_on = predictions.scores(self.run.table, architecture, "valid", stage) if stage == LAST_STAGE else None
        return self._figures(mine, mine.p_covid[index], split, chosen_on and chosen_on.p_covid[index], chosen_on)

    def mean(self, mine):
        """Means over seeds. Their intervals are over patients, for these seeds; comparison.json has the spread over seeds."""
        runs = [metrics.confusion(mine.is_covid, p, self.threshold) for p in mine.p_covid]
        counts = metrics.Confusion(**{name: float(np.mean([getattr(run, name) for run in runs])) for name in COUNTS})
        return {
            "confusion": vars(counts),
            "patients": len(np.unique(mine.groups)),
            **metrics.rates(counts, *_units(mine)),
            "auc": metrics.auc(mine.is_covid, mine.p_covid, mine.groups),
        }

    def ensembles(self, split):
        """A row for each network's mean probability over its seeds, and one for the mean over all networks."""
        table, averages, rows = self.run.table, {}, []
        for architecture in table["architecture"].unique():
            parts = [predictions.scores(table, architecture, part) for part in (split, "valid")]
            if parts[0] is not None:
                averages[architecture] = [part and part.averaged() for part in parts]
                if len(parts[0].seeds) > 1:
                    rows.append(self._ensemble(f"{len(parts[0].seeds)} seeds", [architecture], *averages[architecture], split))
        if len(averages) > 1:
            all_of = [_mean_of(part) if part[0] is not None else None for part in zip(*averages.values())]
            rows.append(self._ensemble(f"{len(averages)} networks", list(averages), *all_of, split))
        return rows

    def _ensemble(self, of, architectures, mine, valid, split):
        about = {"architectures": architectures, "of": of, "stage": LAST_STAGE, "split": split}
        return about | self._figures(mine, mine.p_covid[0], split, None if valid is None else valid.p_covid[0], valid)

    def _figures(self, mine, p_covid, split, p_valid, valid):
        counts = metrics.confusion(mine.is_covid, p_covid, self.threshold)
        worth, weights = _units(mine), self._weights(mine)
        figures = metrics.rates(counts, *worth)
        figures["auc"] = metrics.auc(mine.is_covid, p_covid, mine.groups)
        figures["average_precision"] = metrics.average_precision(mine.is_covid, p_covid, mine.groups)
        for name, limits in bootstrap.intervals(weights, mine.is_covid, p_covid, self.threshold).items():
            figures[name]["bootstrap"] = limits
        row = {"confusion": vars(counts), "patients": len(np.unique(mine.groups)), **figures}
        row["predictive_values"] = [metrics.predictive_values(counts, share, *worth) for share in self.prevalences]
        if valid is not None:
            row["operating_point"] = self._operating_point(mine, p_covid, split, p_valid, valid)
            row["calibration"] = self._calibration(mine, p_covid, split, p_valid, valid)
        return row

    def _operating_point(self, mine, p_covid, split, p_valid, valid):
        """The threshold chosen on validation for the wanted sensitivity, and the rates it has on this split."""
        if not valid.is_covid.any():
            return None
        threshold = metrics.threshold_for(self.sensitivity, valid.is_covid, p_valid)
        counts = metrics.confusion(mine.is_covid, p_covid, threshold)
        chosen = {"wanted_sensitivity": self.sensitivity, "threshold": threshold, "chosen_on": "valid", "same_images": split == "valid"}
        return chosen | {"confusion": vars(counts), **metrics.rates(counts, *_units(mine))}

    def _calibration(self, mine, p_covid, split, p_valid, valid):
        """Calibration before and after a temperature fitted on validation; `same_images` warns where that is this split."""
        temperature, weights = fit_temperature(valid.is_covid, p_valid), self._weights(mine)
        return {
            "temperature": temperature,
            "fitted_on": "valid",
            "same_images": split == "valid",
            "before": calibration(mine.is_covid, p_covid, mine.groups, weights),
            "after": calibration(mine.is_covid, tempered(p_covid, temperature), mine.groups, weights),
        }

    def _weights(self, mine):
        if mine.image_ids not in self.drawn:
            self.drawn[mine.image_ids] = bootstrap.patient_weights(mine.is_covid, mine.groups)
        return self.drawn[mine.image_ids]


def _units(mine):
    return metrics.units(mine.groups[mine.is_covid]), metrics.units(mine.groups[~mine.is_covid])


def _mean_of(averages):
    """The mean over networks of their mean over seeds."""
    first = averages[0]
    return predictions.Scores(first.image_ids, first.is_covid, first.groups, (), np.mean([a.p_covid for a in averages], axis=0))


def final_scores(content):
    """The scores after the last stage, on the split that counts: test where there is one, else valid."""
    return _final(content, "scores")


def _final(content, kind):
    return [row for row in content[kind] if row["stage"] == LAST_STAGE and row["split"] == content["held_out"]]


def text_table(content):
    """Our scores above the study's own, as text; each figure with its interval, each row with its n."""
    rows, held = [], content["held_out"]
    scores, means = final_scores(content), {row["architecture"]: row for row in _final(content, "means")}
    if all(len(mean["seeds"]) <= SEEDS_SHOWN for mean in means.values()):
        rows += [
            _row(score, SHORT_NAMES[score["architecture"]], f"seed {score['seed']}, {held}", score["seconds_per_epoch"]) for score in scores
        ]
    rows += [_row(mean, SHORT_NAMES[name], f"mean of {len(mean['seeds'])} seeds, {held}") for name, mean in means.items()]
    for ensemble in _final(content, "ensembles"):
        name = SHORT_NAMES[ensemble["architectures"][0]] if len(ensemble["architectures"]) == 1 else "all"
        rows.append(_row(ensemble, name, f"ensemble of {ensemble['of']}, {held}"))
    published = study.tables()["networks"]
    for architecture, counts in study.confusions().items():
        row = {"confusion": vars(counts), **metrics.rates(counts), "auc": None}
        rows.append(_row(row, SHORT_NAMES[architecture], "the study", "{}-{}".format(*published[architecture]["seconds_per_epoch"])))
    header = ["network", "run", "n", *(name.upper() for name in COUNTS), "error rate", "sensitivity", "specificity", "AUC", "s/epoch"]
    return table(rows, header, right=["n", *(name.upper() for name in COUNTS), "s/epoch"])


def _row(row, name, run, seconds=None):
    counts = [row["confusion"][count] for count in COUNTS]
    figures = [figure_text(row[key], digits) for key, digits in (("error_rate", 4), ("sensitivity", 3), ("specificity", 3), ("auc", 3))]
    seconds = f"{seconds:.1f}" if isinstance(seconds, float) else seconds
    return [name, run, round(sum(counts)), *(f"{count:.4g}" for count in counts), *figures, seconds]


def figure_text(figure, digits):
    """A figure as `value [low, high]`."""
    if figure is None or figure["value"] is None:
        return "-" if figure else ""
    if figure["low"] is None:
        return f"{figure['value']:.{digits}f}"
    return f"{figure['value']:.{digits}f} [{figure['low']:.{digits}f}, {figure['high']:.{digits}f}]"
