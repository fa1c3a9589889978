"""metrics.json: the scores of every network, seed, stage and split of a run, computed from its predictions."""

from pathlib import Path

import pandas as pd
import yaml

from cxrkit.data import manifest
from cxrkit.data.records import POSITIVE
from cxrkit.errors import BadInput
from cxrkit.evaluation import metrics
from cxrkit.files import read_json, sha256_of, write_json
from cxrkit.progress import table

STUDY = Path(__file__).with_name("paper.yaml")
SHORT_NAMES = {"resnet34": "ResNet34", "resnet101": "ResNet101", "vgg16_bn": "VGG16", "vgg19_bn": "VGG19"}


def study():
    """The study's tables: the content of paper.yaml."""
    return yaml.safe_load(STUDY.read_text("utf-8"))


def evaluate(results, threshold=0.5):
    """Write results/metrics.json from predictions.csv, epochs.csv and manifest.csv, and return its content.

    Raises BadInput when a file is missing or they do not belong together.
    """
    results = Path(results)
    predictions, epochs = read_predictions(results), pd.read_csv(results / "epochs.csv")
    split_of = {record.image_id: record.split for record in manifest.read(results / "manifest.csv")}
    predictions["split"] = predictions["image_id"].map(split_of)
    if predictions["split"].isna().any():
        stranger = predictions.loc[predictions["split"].isna(), "image_id"].iloc[0]
        raise BadInput(f"The predictions name an image that the manifest does not have: {stranger}.", results, "run the training again")
    seconds = epochs.groupby(["architecture", "seed", "stage"], sort=False)["seconds"].median()
    scored = []
    for (architecture, seed, stage, split), part in predictions.groupby(["architecture", "seed", "stage", "split"], sort=False):
        is_covid, p_covid = part["label"] == POSITIVE, part["p_covid"]
        counts = metrics.confusion(is_covid, p_covid, threshold)
        scored.append(
            {
                "architecture": architecture,
                "seed": int(seed),
                "stage": stage,
                "split": split,
                "confusion": {"tp": counts.tp, "fn": counts.fn, "tn": counts.tn, "fp": counts.fp},
                **metrics.rates(counts),
                "auc": metrics.auc(is_covid, p_covid),
                "seconds_per_epoch": float(seconds[architecture, seed, stage]),
            }
        )
    run = read_json(results / "run.json")
    content = {
        "positive_class": POSITIVE,
        "threshold": threshold,
        "manifest_sha256": sha256_of(results / "manifest.csv"),
        "data": run["data"],
        "weights": run["weights"],
        "scores": scored,
    }
    write_json(results / "metrics.json", content)
    return content


def read_predictions(results):
    """predictions.csv as a DataFrame. Raises BadInput."""
    path = Path(results) / "predictions.csv"
    try:
        return pd.read_csv(path, dtype={"image_id": str, "label": str})
    except FileNotFoundError:
        raise BadInput("There are no predictions here.", path, "name the results folder of a finished run") from None


def final_scores(content):
    """The scores after the last stage, on the split that counts: test where there is one, else valid."""
    last = [score for score in content["scores"] if score["stage"] == "unfrozen"]
    held = "test" if any(score["split"] == "test" for score in last) else "valid"
    return [score for score in last if score["split"] == held]


def text_table(content):
    """Our scores above the study's own, as text; each figure with its interval, each row with its n."""
    rows = []
    for score in final_scores(content):
        rows.append([SHORT_NAMES[score["architecture"]], f"seed {score['seed']}, {score['split']}", *_cells(score, score["confusion"]), _figure(score["auc"], 3), f"{score['seconds_per_epoch']:.1f}"])
    published = study()
    for architecture, row in published["networks"].items():
        counts = metrics.study_confusion(row, **published["validation"])
        rows.append([SHORT_NAMES[architecture], "the study", *_cells(metrics.rates(counts), vars(counts)), "", "{}-{}".format(*row["seconds_per_epoch"])])
    header = ["network", "run", "n", "TP", "FN", "TN", "FP", "error rate", "sensitivity", "specificity", "AUC", "s/epoch"]
    return table(rows, header, right=["n", "TP", "FN", "TN", "FP", "s/epoch"])


def _cells(rates, counts):
    order = [counts[name] for name in ("tp", "fn", "tn", "fp")]
    return [sum(order), *order, *(_figure(rates[name], digits) for name, digits in (("error_rate", 4), ("sensitivity", 3), ("specificity", 3)))]


def _figure(figure, digits):
    if figure["value"] is None:
        return "-"
    return f"{figure['value']:.{digits}f} [{figure['low']:.{digits}f}, {figure['high']:.{digits}f}]"
