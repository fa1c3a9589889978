"""The figures of a run, drawn from its result files alone."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.metrics import roc_curve

from cxrkit.data import licences
from cxrkit.data.images import open_grey
from cxrkit.data.records import LABELS, POSITIVE
from cxrkit.errors import BadInput
from cxrkit.evaluation.scores import SHORT_NAMES, final_scores, read_predictions
from cxrkit.files import read_json, replacing

COLOURS = dict(zip(SHORT_NAMES, ("#0072B2", "#E69F00", "#009E73", "#CC79A7")))
"""Okabe and Ito's palette, which colour-blind readers can tell apart (https://jfly.uni-koeln.de/color/)."""

DPI = 120
WORST_SHOWN = 8


def draw_all(results, content, records, locate):
    """Write results/figures/*.png; return their paths.

    content: metrics.json's content; records: the manifest; locate: function from a record to its file,
    for thumbnails of films whose licence lets them be shown.
    """
    results = Path(results)
    epochs, finder = (pd.read_csv(results / name) for name in ("epochs.csv", "lr_find.csv"))
    predictions = _held_out(read_predictions(results), content, records)
    figures = {
        "loss": draw_losses(epochs),
        "lr_find": draw_lr_find(finder),
        "confusion": draw_confusions(content),
        "roc": draw_roc(predictions),
        "top_losses": draw_top_losses(predictions, {r.image_id: r for r in records}, locate),
    }
    run = read_json(results / "run.json")
    marks = ["drawn phantoms, not films"] * (run["data"] == "phantom") + ["random weights"] * (run["weights"] == "random")
    marks += ["leaking split"] * bool(run.get("leaks"))
    paths = []
    for name, figure in figures.items():
        watermark(figure, marks)
        with replacing(results / "figures" / f"{name}.png") as temporary:
            figure.savefig(temporary, dpi=DPI, format="png", metadata={"Software": None})
        paths.append(results / "figures" / f"{name}.png")
    return paths


def watermark(figure, marks):
    """Write each mark across a figure, as large as fits, so that it cannot be cropped away."""
    width = figure.get_figwidth() * 72
    for row, mark in enumerate(marks):
        height = 0.5 + 0.24 * ((len(marks) - 1) / 2 - row)
        size = min(44, 1.25 * width / len(mark))
        figure.text(0.5, height, mark.upper(), ha="center", va="center", fontsize=size, color="#B00020", alpha=0.22, zorder=10)


def _held_out(predictions, content, records):
    split_of = {record.image_id: record.split for record in records}
    held = final_scores(content)[0]["split"]
    return predictions[(predictions["stage"] == "unfrozen") & (predictions["image_id"].map(split_of) == held)]


def _panels(names, width=3.4, height=3.0):
    figure = Figure(figsize=(width * len(names), height), layout="constrained")
    return figure, list(zip(names, figure.subplots(1, len(names), squeeze=False)[0]))


def draw_losses(epochs):
    """Training and validation loss over the epochs of both stages, a panel a network, a line a seed."""
    figure, panels = _panels(epochs["architecture"].unique())
    for architecture, axes in panels:
        for _, run in epochs[epochs["architecture"] == architecture].groupby("seed"):
            steps = np.arange(1, len(run) + 1)
            axes.plot(steps, run["train_loss"], color=COLOURS[architecture], linestyle="--")
            axes.plot(steps, run["valid_loss"], color=COLOURS[architecture], marker="o", markersize=3)
        frozen = int((run["stage"] == "frozen").sum())
        axes.axvline(frozen + 0.5, color="grey", linewidth=0.8)
        axes.set(title=SHORT_NAMES[architecture], xlabel="epoch (line: body unfrozen)", yscale="log")
    panels[0][1].set_ylabel("loss (dashed: training)")
    return figure


def draw_lr_find(finder):
    """The learning-rate finder's curves, with the learning rate that was chosen from each."""
    figure, panels = _panels(finder["architecture"].unique())
    for architecture, axes in panels:
        for _, run in finder[finder["architecture"] == architecture].groupby("seed"):
            axes.plot(run["learning_rate"], run["loss"], color=COLOURS[architecture])
            axes.axvline(run["chosen"].iloc[0], color="grey", linewidth=0.8)
        axes.set(title=SHORT_NAMES[architecture], xlabel="learning rate (line: chosen)", xscale="log")
    panels[0][1].set_ylabel("smoothed training loss")
    return figure


def draw_confusions(content):
    """Confusion matrices after the last stage, summed over seeds, a panel a network."""
    scores = final_scores(content)
    figure, panels = _panels(list(dict.fromkeys(score["architecture"] for score in scores)), height=3.2)
    for architecture, axes in panels:
        mine = [score["confusion"] for score in scores if score["architecture"] == architecture]
        total = {name: sum(counts[name] for counts in mine) for name in ("tp", "fn", "tn", "fp")}
        matrix = np.array([[total["tp"], total["fn"]], [total["fp"], total["tn"]]])
        shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for row in range(2):
            for column in range(2):
                axes.text(column, row, matrix[row, column], ha="center", va="center", color="white" if shares[row, column] > 0.5 else "black")
        axes.set(title=f"{SHORT_NAMES[architecture]}, {len(mine)} seed(s)", xticks=[0, 1], xticklabels=LABELS, yticks=[0, 1], yticklabels=LABELS, xlabel="called")
    panels[0][1].set_ylabel("is")
    return figure


def draw_roc(predictions):
    """ROC curves on the held-out images, a line a network and seed."""
    figure = Figure(figsize=(4.6, 4.4), layout="constrained")
    axes = figure.subplots()
    for (architecture, seed), run in predictions.groupby(["architecture", "seed"], sort=False):
        false_alarms, hits, _ = roc_curve(run["label"] == POSITIVE, run["p_covid"])
        first = seed == predictions["seed"].iloc[0]
        axes.plot(false_alarms, hits, color=COLOURS[architecture], label=SHORT_NAMES[architecture] if first else None)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8, linestyle=":")
    n, covid = predictions["image_id"].nunique(), predictions.loc[predictions["label"] == POSITIVE, "image_id"].nunique()
    axes.set(xlabel="1 - specificity", ylabel="sensitivity", title=f"{covid} COVID-19 among {n} held-out images", aspect="equal")
    axes.legend(loc="lower right")
    return figure


def draw_top_losses(predictions, record_of, locate):
    """The held-out images with the largest loss, a row a network; all seeds together."""
    names = predictions["architecture"].unique()
    figure = Figure(figsize=(1.7 * WORST_SHOWN, 2.3 * len(names)), layout="constrained")
    grid = figure.subplots(len(names), WORST_SHOWN, squeeze=False)
    for architecture, row in zip(names, grid):
        mine = predictions[predictions["architecture"] == architecture]
        p_true = np.where(mine["label"] == POSITIVE, mine["p_covid"], 1 - mine["p_covid"])
        worst = mine.assign(loss=-np.log(np.clip(p_true, 1e-12, 1))).nlargest(WORST_SHOWN, "loss")
        for axes, (_, image) in zip(row, worst.iterrows()):
            _show_film(axes, record_of[image["image_id"]], locate)
            axes.set_title(f"{image['label']}, p(covid) {image['p_covid']:.2f}\nloss {image['loss']:.2f}", fontsize=7)
        for axes in row:
            axes.set(xticks=[], yticks=[])
        row[0].set_ylabel(SHORT_NAMES[architecture])
    return figure


def _show_film(axes, record, locate):
    """The film itself where its licence lets it be shown, else its name and credit."""
    if licences.may_show(record.licence):
        try:
            film = open_grey(locate(record))
            film.thumbnail((256, 256))
            axes.imshow(np.asarray(film), cmap="gray", vmin=0, vmax=255)
            axes.set_xlabel(_wrapped(f"{record.credit}, {record.licence}", 44), fontsize=4)
            return
        except BadInput:
            pass
    axes.set(xlim=(0, 1), ylim=(0, 1))
    text = f"{record.image_id}\n\nlicence {record.licence or 'unknown'}:\nnot shown\n\n{record.credit}"
    axes.text(0.5, 0.5, _wrapped(text), ha="center", va="center", fontsize=5)


def _wrapped(text, width=26):
    return "\n".join(line[i : i + width] for line in text.splitlines() for i in range(0, max(len(line), 1), width))
