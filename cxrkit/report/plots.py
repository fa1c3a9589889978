"""The figures of a run, drawn from its result files: as SVG for the page, in the reader's colours, and as PNG.

A figure is drawn once, in the light colours. For the page each of these colours becomes a CSS variable, so that
the same drawing is dark on a dark page.
"""

import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from sklearn.metrics import precision_recall_curve, roc_curve

from cxrkit.data import licences
from cxrkit.data.images import open_grey
from cxrkit.data.records import LABELS, POSITIVE
from cxrkit.errors import BadInput
from cxrkit.evaluation import predictions
from cxrkit.evaluation.scoring import SHORT_NAMES, final_scores, read_predictions
from cxrkit.files import read_json, replacing
from cxrkit.report import gallery

COLOURS = dict(zip(SHORT_NAMES, ("#0072b2", "#c25700", "#00795a", "#a8478a")))
"""After Okabe and Ito's palette, which colour-blind readers can tell apart (https://jfly.uni-koeln.de/color/),
with the yellow tones darkened until all have a contrast of 4.5 to 1 on white."""
LINES = dict(zip(SHORT_NAMES, ("-", (0, (6, 2)), (0, (4, 1.5, 1, 1.5)), (0, (1.5, 1.5)))))
MARKERS = dict(zip(SHORT_NAMES, "osD^"))
INK, QUIET, WARN = "#1b1d1f", "#5c6166", "#b00020"
VARIABLES = {
    INK: "--ink",
    QUIET: "--quiet",
    WARN: "--warn",
    **{colour: f"--net{number}" for number, colour in enumerate(COLOURS.values(), 1)},
}
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "cxrkit",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.edgecolor": QUIET,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "lines.linewidth": 1.4,
}
DPI = 120
WORST_SHOWN = 8


def svg(draw, size, marks=(), prefix=""):
    """The SVG text of draw(axes), in CSS variables. size: inches; marks: texts across it; prefix: of its ids, unique on a page."""
    with rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        figure.patch.set_alpha(0)
        draw(figure.subplots())
        watermark(figure, marks)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return in_variables(text.getvalue(), prefix)


def in_variables(text, prefix):
    """matplotlib's SVG without its head, with CSS variables for colours, the page's font, and ids of its own."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"font: (?:bold )?([\d.]+)px [^;\"]*", r"font-size: \1px", text)
    text = re.sub(r' id="', f' id="{prefix}-', text)
    text = text.replace('href="#', f'href="#{prefix}-').replace("url(#", f"url(#{prefix}-")
    text = re.sub(r'<svg ([^>]*?)width="[^"]*"', r"<svg \1", re.sub(r'(<svg [^>]*?)height="[^"]*"', r"\1", text, count=1), count=1)
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    return re.sub(r"\n\s*", "\n", text)


def watermark(figure, marks):
    """Write each mark across a figure, as large as fits, so that it cannot be cropped away."""
    width = figure.get_figwidth() * 72
    for row, mark in enumerate(marks):
        height = 0.5 + 0.24 * ((len(marks) - 1) / 2 - row)
        size = min(44, 1.25 * width / len(mark))
        figure.text(0.5, height, mark.upper(), ha="center", va="center", fontsize=size, color=WARN, alpha=0.22, zorder=10)


def losses(axes, epochs, architecture):
    """Training and validation loss over the epochs of both stages, a thin line a seed, a thick one for the median."""
    colour = COLOURS[architecture]
    for column, style in (("train_loss", "--"), ("valid_loss", "-")):
        runs = [run[column].to_numpy() for _, run in epochs.groupby("seed", sort=False)]
        for run in runs if len(runs) > 1 else ():
            axes.plot(np.arange(1, len(run) + 1), run, color=colour, linestyle=style, linewidth=0.6, alpha=0.35)
        longest = max(map(len, runs))
        middle = np.nanmedian([np.pad(run.astype(float), (0, longest - len(run)), constant_values=np.nan) for run in runs], axis=0)
        axes.plot(
            np.arange(1, longest + 1),
            middle,
            color=colour,
            linestyle=style,
            label={"train_loss": "training", "valid_loss": "validation"}[column],
        )
    first = next(run for _, run in epochs.groupby("seed", sort=False))
    axes.axvline(int((first["stage"] == "frozen").sum()) + 0.5, color=QUIET, linewidth=0.7)
    axes.set(title=SHORT_NAMES.get(architecture, architecture), xlabel="epoch (line: body unfrozen)", ylabel="loss")
    if (epochs[["train_loss", "valid_loss"]].to_numpy() > 0).any():
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.legend(loc="best", fontsize=8)


def lr_find(axes, finder, architecture):
    """The learning-rate finder's curves, a line a seed, with the rate that was chosen from each."""
    for _, run in finder.groupby("seed", sort=False):
        axes.plot(run["learning_rate"], run["loss"], color=COLOURS[architecture], linewidth=0.9, alpha=0.8)
        axes.axvline(run["chosen"].iloc[0], color=QUIET, linewidth=0.7)
    axes.set(title=SHORT_NAMES.get(architecture, architecture), xlabel="learning rate (line: chosen)", ylabel="smoothed loss", xscale="log")
    lowest, start = finder["loss"].min(), finder.loc[finder["step"] <= finder["step"].min() + 5, "loss"].max()
    axes.set_ylim(bottom=min(0.95 * lowest, lowest), top=min(finder["loss"].max() * 1.02, lowest + 3 * max(start - lowest, 0.2 * lowest)))


GRID = np.linspace(0, 1, 101)


def roc(axes, scores):
    """ROC curves of {architecture: Scores}: the mean over seeds, and a band from the lowest to the highest seed."""

    def curve(truth, p):
        alarms, hits, _ = roc_curve(truth, p)
        found = np.interp(GRID, alarms, hits)
        found[0] = 0
        return found

    _curves(axes, scores, curve)
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.7, linestyle=":")
    axes.set(title="ROC", xlabel="1 − specificity", ylabel="sensitivity", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.legend(loc="lower right", fontsize=8)


def precision_recall(axes, scores):
    """Precision over sensitivity, drawn in the same way; at each sensitivity the best precision that reaches it."""

    def curve(truth, p):
        precision, recall, _ = precision_recall_curve(truth, p)
        return np.array([precision[recall >= wanted - 1e-12].max() for wanted in GRID])

    _curves(axes, scores, curve)
    share = next(iter(scores.values())).is_covid.mean()
    axes.axhline(share, color=QUIET, linewidth=0.7, linestyle=":")
    axes.set(title="Precision and recall", xlabel="sensitivity (recall)", ylabel="precision", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.legend(loc="lower left", fontsize=8)


def _curves(axes, scores, curve):
    for architecture, mine in scores.items():
        found = np.array([curve(mine.is_covid, p) for p in mine.p_covid])
        colour = COLOURS[architecture]
        if len(found) > 1:
            axes.fill_between(GRID, found.min(0), found.max(0), color=colour, alpha=0.15, linewidth=0)
        axes.plot(GRID, found.mean(0), color=colour, linestyle=LINES[architecture], label=SHORT_NAMES[architecture])


def reliability(axes, bins, architecture):
    """Share of COVID-19 over mean probability, in bins of equal size with Wilson's intervals: the bins of calibration."""
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.7, linestyle=":")
    x, y = (np.array([b[key] for b in bins]) for key in ("mean_p", "share_covid"))
    ends = np.maximum([y - [b["low"] for b in bins], [b["high"] for b in bins] - y], 0)
    axes.errorbar(x, y, yerr=ends, color=COLOURS[architecture], marker=MARKERS[architecture], markersize=4, linewidth=1, elinewidth=0.8)
    axes.set(title=SHORT_NAMES[architecture], xlabel="mean probability", ylabel="share COVID-19", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))


def errors(axes, networks, published):
    """Each run's error rate as a dot, the mean with its interval beside it, and the study's one run as a cross."""
    for row, network in enumerate(networks):
        colour, rate, values = COLOURS[network["architecture"]], network["error_rate"], np.array(network["errors"])
        order = np.argsort(np.argsort(values, kind="stable"), kind="stable")
        lift = 0.26 * (order % 5 - 2) / 2 if len(values) > 1 else np.zeros(1)
        axes.plot(
            100 * values,
            row - 0.12 + 0.6 * lift,
            linestyle="",
            marker=MARKERS[network["architecture"]],
            markersize=4,
            color=colour,
            alpha=0.65,
        )
        axes.plot([100 * rate["low"], 100 * rate["high"]], [row + 0.26] * 2, color=colour, linewidth=1.2)
        axes.plot(100 * rate["value"], row + 0.26, marker="|", markersize=9, color=colour)
        if network["architecture"] in published:
            axes.plot(100 * published[network["architecture"]], row - 0.12, marker="x", markersize=6, color=INK, linestyle="")
    axes.set(yticks=range(len(networks)), xlabel="error rate, %", ylim=(len(networks) - 0.5, -0.5))
    axes.set_yticklabels([network["name"] for network in networks])
    axes.set_xlim(left=min(0, axes.get_xlim()[0]))


def confusion(axes, counts, title):
    """One confusion matrix: rows are what the films are, columns what they were called."""
    matrix = np.array([[counts["tp"], counts["fn"]], [counts["fp"], counts["tn"]]], float)
    shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row in range(2):
        for column in range(2):
            axes.text(
                column, row, f"{matrix[row, column]:.4g}", ha="center", va="center", color="white" if shares[row, column] > 0.5 else "black"
            )
    axes.set(title=title, xticks=[0, 1], xticklabels=LABELS, yticks=[0, 1], yticklabels=LABELS, xlabel="called", ylabel="is")


def draw_all(results, content, records, locate):
    """Write results/figures/*.png and the thumbnails of the dearest films; return the figures' paths.

    content: metrics.json's content; records: the manifest; locate: function from a record to its file,
    for thumbnails of films whose licence lets them be passed on.
    """
    results = Path(results)
    epochs, finder = (pd.read_csv(results / name) for name in ("epochs.csv", "lr_find.csv"))
    held = _held_out(read_predictions(results), content, records)
    scores = {
        name: predictions.scores(held.assign(split="held", group=held["image_id"]), name, "held") for name in held["architecture"].unique()
    }
    record_of = {record.image_id: record for record in records}
    run = read_json(results / "run.json")
    marks = ["drawn phantoms, not films"] * (run["data"] == "phantom") + ["random weights"] * (run["weights"] == "random")
    marks += ["leaking split"] * bool(run.get("leaks"))
    with rc_context(STYLE):
        figures = {
            "loss": _panels(epochs["architecture"].unique(), lambda axes, name: losses(axes, epochs[epochs["architecture"] == name], name)),
            "lr_find": _panels(
                finder["architecture"].unique(), lambda axes, name: lr_find(axes, finder[finder["architecture"] == name], name)
            ),
            "confusion": _panels(list(scores), lambda axes, name: confusion(axes, *_total(content, name))),
            "roc": _panels(["roc"], lambda axes, _: roc(axes, scores), width=4.6, height=4.4),
            "top_losses": draw_top_losses(held, record_of, locate),
        }
        for name, figure in figures.items():
            watermark(figure, marks)
            with replacing(results / "figures" / f"{name}.png") as temporary:
                figure.savefig(temporary, dpi=DPI, format="png", facecolor="white", metadata={"Software": None})
    gallery.write(results, [record_of[name] for name in _dearest(held)], locate)
    return [results / "figures" / f"{name}.png" for name in figures]


def _held_out(table, content, records):
    split_of = {record.image_id: record.split for record in records}
    held = final_scores(content)[0]["split"]
    return table[(table["stage"] == predictions.LAST_STAGE) & (table["image_id"].map(split_of) == held)]


def _panels(names, draw, width=3.4, height=3.0):
    figure = Figure(figsize=(width * len(names), height), layout="constrained")
    for name, axes in zip(names, figure.subplots(1, len(names), squeeze=False)[0]):
        draw(axes, name)
    return figure


def _total(content, architecture):
    """A network's confusion counts summed over seeds, and the panel's title."""
    mine = [score["confusion"] for score in final_scores(content) if score["architecture"] == architecture]
    total = {name: sum(counts[name] for counts in mine) for name in ("tp", "fn", "tn", "fp")}
    return total, f"{SHORT_NAMES[architecture]}, {len(mine)} seed(s)"


def _losses_of(rows):
    p_true = np.where(rows["label"] == POSITIVE, rows["p_covid"], 1 - rows["p_covid"])
    return rows.assign(loss=-np.log(np.clip(p_true, 1e-12, 1)))


def _dearest(held):
    """Images with the largest loss of each network's mean probability: those that the page's gallery shows."""
    means = held.groupby(["architecture", "image_id", "label"], as_index=False)["p_covid"].mean()
    worst = [mine.nlargest(WORST_SHOWN, "loss")["image_id"] for _, mine in _losses_of(means).groupby("architecture")]
    return sorted(set().union(*worst)) if worst else []


def draw_top_losses(held, record_of, locate):
    """The held-out images with the largest loss, a row a network; all seeds together."""
    names = held["architecture"].unique()
    figure = Figure(figsize=(1.7 * WORST_SHOWN, 2.3 * len(names)), layout="constrained")
    for architecture, row in zip(names, figure.subplots(len(names), WORST_SHOWN, squeeze=False)):
        worst = _losses_of(held[held["architecture"] == architecture]).nlargest(WORST_SHOWN, "loss")
        for axes, (_, image) in zip(row, worst.iterrows()):
            _show_film(axes, record_of[image["image_id"]], locate)
            axes.set_title(f"{image['label']}, p(covid) {image['p_covid']:.2f}\nloss {image['loss']:.2f}", fontsize=7)
        for axes in row:
            axes.set(xticks=[], yticks=[])
        row[0].set_ylabel(SHORT_NAMES[architecture])
    return figure


def _show_film(axes, record, locate):
    """The film itself where its licence lets it be shown, else its name and credit."""
    if licences.may_redistribute(record.licence):
        try:
            film = open_grey(locate(record))
            film.thumbnail((256, 256))
            axes.imshow(np.asarray(film), cmap="gray", vmin=0, vmax=255)
            axes.set_xlabel(_wrapped(f"{record.credit}, {record.licence}", 44), fontsize=4, parse_math=False)
            return
        except BadInput:
            pass
    axes.set(xlim=(0, 1), ylim=(0, 1))
    text = f"{record.image_id}\n\nlicence {record.licence or 'unknown'}:\nnot shown\n\n{record.credit}"
    axes.text(0.5, 0.5, _wrapped(text), ha="center", va="center", fontsize=5, parse_math=False)


def _wrapped(text, width=26, most=400):
    text = text if len(text) <= most else text[: most - 1] + "…"
    return "\n".join(line[i : i + width] for line in text.splitlines() for i in range(0, max(len(line), 1), width))
