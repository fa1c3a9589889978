"""The figures of a report, each drawn once: saved as SVG and PNG, and inlined into the page in the reader's colours.

A figure is drawn in the light colours. In the page each of these becomes a CSS variable, so that the same drawing
is dark on a dark page.
"""

import io
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from zlib import crc32

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from sklearn.metrics import precision_recall_curve, roc_curve

from cxrkit.columns import FROZEN
from cxrkit.config import TESTED, short_name
from cxrkit.evaluation import metrics, study
from cxrkit.evaluation.calibration import Bin
from cxrkit.evaluation.predictions import Predictions
from cxrkit.evaluation.scoring import effective_sizes
from cxrkit.evaluation.usefulness import decision_curve
from cxrkit.schema import CoarseCurve, NetworkErrors

FOLDER = "figures"
PALETTE = ("#0072b2", "#c25700", "#00795a", "#a8478a")
"""After Okabe and Ito's palette, which colour-blind readers can tell apart (https://jfly.uni-koeln.de/color/),
with the yellow tones darkened until all have a contrast of 4.5 to 1 on white."""
LINES = ("-", (0, (6, 2)), (0, (4, 1.5, 1, 1.5)), (0, (1.5, 1.5)))
MARKERS, OF_OTHERS = "osD^vP<X>p", "*hd8H"
"""A marker for each network that is tested, and those of all others: who sees no colours tells them apart by these."""
INK, QUIET, WARN = "#1b1d1f", "#5c6166", "#b00020"
VARIABLES = {
    INK: "--ink",
    QUIET: "--quiet",
    WARN: "--warn",
    **{colour: f"--net{number}" for number, colour in enumerate(PALETTE, 1)},
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


@dataclass(frozen=True)
class Drawing:
    """A figure. name: of its files; svg: by itself; inline: for the page; alt: what it shows, for those who do not see it; wide: over the whole column."""

    name: str
    svg: str
    png: bytes
    inline: Markup
    alt: str
    wide: bool = False


@dataclass(frozen=True)
class Look:
    """How a network is told from the others: by colour, by line, by marker."""

    colour: str
    line: Any
    marker: str


def look(architecture: str) -> Look:
    """The network's Look, the same in every report. A fifth network has the first one's colour again, another line, and a marker of its own.

    Networks that are not tested share by their names the lines in colours that are left; one in 30 pairs of them looks alike."""
    known, colours, by_name = list(TESTED), len(PALETTE), crc32(architecture.encode())
    left = colours * len(LINES) - len(known)
    number = known.index(architecture) if architecture in known else len(known) + by_name % left
    marker = MARKERS[number] if architecture in known else OF_OTHERS[by_name // left % len(OF_OTHERS)]
    return Look(PALETTE[number % colours], LINES[(number + number // colours) % len(LINES)], marker)


def drawn(
    name: str, alt: str, draw: Callable[[Axes], None], size: tuple[float, float], marks: Sequence[str] = (), wide: bool = False
) -> Drawing:
    """The Drawing of draw(axes). size: inches; marks: what must not be overlooked, above it."""
    with rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        figure.patch.set_alpha(0)
        draw(figure.subplots())
        mark(figure, marks)
        vector, raster = io.StringIO(), io.BytesIO()
        figure.savefig(vector, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
        figure.set_layout_engine("none")  # as it lies now: to lay it out again takes as long as to draw it
        figure.patch.set_alpha(1)  # beside the page it may be seen on black
        figure.savefig(raster, dpi=DPI, format="png", facecolor="white", metadata={"Software": None})
    svg = vector.getvalue()
    alone = svg.replace("fill: none; opacity: 0", "fill: #ffffff", 1)
    return Drawing(name, alone, raster.getvalue(), Markup(in_variables(svg, name)), alt, wide)


def in_variables(text: str, prefix: str) -> str:
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


def mark(figure: Figure, marks: Sequence[str]) -> None:
    """Write what must not be overlooked above a figure, in as many lines as it takes; the figure grows by them."""
    if not marks:
        return
    whole = " · ".join(mark.replace(" ", "\xa0") for mark in marks).upper()  # no line begins within a mark
    lines = textwrap.wrap(whole, int(figure.get_figwidth() * 14), break_long_words=False)
    figure.set_figheight(figure.get_figheight() + 0.13 * len(lines))
    figure.suptitle("\n".join(lines).replace("\xa0", " "), x=0.01, ha="left", fontsize=7, fontweight="bold", color=WARN)


def losses(axes: Axes, epochs: pd.DataFrame, architecture: str) -> None:
    """Training and validation loss over the epochs of both stages: a thin line a seed, a thick one for the median.

    The study's validation loss of the unfrozen stage, where it trained this network, stands as crosses.
    """
    colour = look(architecture).colour
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
    frozen = int((first["stage"] == FROZEN).sum())
    axes.axvline(frozen + 0.5, color=QUIET, linewidth=0.7)
    published = study.epochs()
    if architecture in published:
        theirs = published[architecture]
        at = [frozen + epoch.epoch for epoch in theirs]
        axes.plot(at, [epoch.valid_loss for epoch in theirs], color=INK, linewidth=0.6, marker="x", markersize=4, label="2020 study")
    axes.set(title=short_name(architecture), xlabel="epoch (line: body unfrozen)", ylabel="loss")
    values = epochs[["train_loss", "valid_loss"]].to_numpy(float)
    if (positive := values[values > 0]).size:
        decades = np.log10(positive.max() / positive.min())
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(
            LogLocator(subs=(1, 2, 5) if decades < 2 else (1, 3) if decades < 3 else (1,))
        )  # labels must not collide
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.legend(loc="best", fontsize=8)


def lr_find(axes: Axes, finder: pd.DataFrame, architecture: str) -> None:
    """The learning-rate finder's curves, a line a seed, with the rate that was chosen from each."""
    for _, run in finder.groupby("seed", sort=False):
        axes.plot(run["learning_rate"], run["loss"], color=look(architecture).colour, linewidth=0.9, alpha=0.8)
        axes.axvline(run["chosen"].iloc[0], color=QUIET, linewidth=0.7)
    axes.set(title=short_name(architecture), xlabel="learning rate (line: chosen)", ylabel="smoothed loss", xscale="log")
    lowest, start = finder["loss"].min(), finder.loc[finder["step"] <= finder["step"].min() + 5, "loss"].max()
    axes.set_ylim(bottom=min(0.95 * lowest, lowest), top=min(finder["loss"].max() * 1.02, lowest + 3 * max(start - lowest, 0.2 * lowest)))


GRID = np.linspace(0, 1, 101)


def roc(axes: Axes, held: Mapping[str, Predictions], areas: Mapping[str, str], threshold: float, coarse: CoarseCurve | None = None) -> None:
    """ROC curves of {architecture: Predictions}: the mean over seeds, and a band from the lowest to the highest seed.

    areas: {architecture: its AUC in words}; a dot marks the mean over seeds at the threshold. coarse: the curve of what sees a thumbnail.
    """

    def curve(truth: np.ndarray, p: np.ndarray) -> np.ndarray:
        alarms, hits, _ = roc_curve(truth, p)
        sensitivity = np.interp(GRID, alarms, hits)
        sensitivity[0] = 0
        return sensitivity

    if coarse:
        axes.plot(coarse.false_positive_rate, coarse.sensitivity, color=QUIET, linewidth=1.1, label=f"{coarse.title} {coarse.auc:.3f}")
    _curves(axes, held, curve, areas)
    for architecture, predictions in held.items():
        called, truth = predictions.p_covid >= threshold, predictions.is_covid
        if 0 < truth.sum() < len(truth):
            at, style = (called[:, ~truth].mean(), called[:, truth].mean()), look(architecture)
            axes.plot(*at, color=style.colour, marker=style.marker, markersize=5, markeredgecolor=INK, markeredgewidth=0.5)
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.7, linestyle=":")
    axes.set(title="ROC", xlabel="1 − specificity", ylabel="sensitivity", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.legend(loc="lower right", fontsize=8, title="AUC", title_fontsize=8)


def precision_recall(axes: Axes, held: Mapping[str, Predictions]) -> None:
    """Precision over sensitivity, drawn in the same way; at each sensitivity the best precision that reaches it."""

    def curve(truth: np.ndarray, p: np.ndarray) -> np.ndarray:
        precision, recall, _ = precision_recall_curve(truth, p)
        return np.array([precision[recall >= wanted - 1e-12].max() for wanted in GRID])

    _curves(axes, held, curve)
    share = next(iter(held.values())).is_covid.mean()
    axes.axhline(share, color=QUIET, linewidth=0.7, linestyle=":")
    axes.set(title="Precision and recall", xlabel="sensitivity (recall)", ylabel="precision", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.legend(loc="lower left", fontsize=8)


def _curves(
    axes: Axes, held: Mapping[str, Predictions], curve: Callable[[np.ndarray, np.ndarray], np.ndarray], said: Mapping[str, str] = {}
) -> None:
    for architecture, predictions in held.items():
        curves = np.array([curve(predictions.is_covid, p) for p in predictions.p_covid])
        style = look(architecture)
        if len(curves) > 1:
            axes.fill_between(GRID, curves.min(0), curves.max(0), color=style.colour, alpha=0.15, linewidth=0)
        axes.plot(
            GRID,
            curves.mean(0),
            color=style.colour,
            linestyle=style.line,
            label=f"{short_name(architecture)} {said.get(architecture, '')}".strip(),
        )


ACTING, PREVALENCES = np.linspace(0.01, 0.6, 60), np.geomspace(0.001, 0.5, 30)


def net_benefit(axes: Axes, judged: Mapping[str, Predictions]) -> None:
    """Decision curves of {architecture: Predictions of one row}, with their intervals as bands, beside acting on all and on none."""
    for architecture, held in judged.items():
        points = decision_curve(held.is_covid, held.p_covid[0], held.groups, ACTING)
        _banded(axes, ACTING, [point.network for point in points], architecture)
    top = axes.get_ylim()[1]
    axes.plot(ACTING, [point.all for point in points], color=QUIET, linewidth=0.9, linestyle="--", label="acting on all")
    axes.axhline(0, color=QUIET, linewidth=0.9, linestyle=":", label="acting on none")
    axes.set(title="Decision curves", xlabel="acts from this probability on", ylabel="net benefit, an image", ylim=(-0.3 * top, top))
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8)


def predictive_value(axes: Axes, judged: Mapping[str, Predictions], which: Literal["ppv", "npv"], threshold: float) -> None:
    """The predictive value of {architecture: Predictions of one row} over prevalence, with its interval as a band."""
    for architecture, held in judged.items():
        counts, sizes = metrics.confusion(held.is_covid, held.p_covid[0], threshold), effective_sizes(held)
        values = [getattr(metrics.predictive_values(counts, share, *sizes), which) for share in PREVALENCES]
        _banded(axes, 100 * PREVALENCES, values, architecture)
    axes.axvline(100 * study.prevalence(), color=QUIET, linewidth=0.7, linestyle=":")
    title = "Positive predictive value" if which == "ppv" else "Negative predictive value"
    axes.set(title=title, xlabel="prevalence, % (dotted: the study’s)", ylabel=which.upper(), xscale="log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.legend(loc="best", fontsize=8)


def _banded(axes: Axes, x: np.ndarray, figures: Sequence[metrics.Figure], architecture: str) -> None:
    value, low, high = np.array([[figure.value, figure.low, figure.high] for figure in figures], float).T
    style = look(architecture)
    axes.fill_between(x, low, high, color=style.colour, alpha=0.12, linewidth=0)
    axes.plot(x, value, color=style.colour, linestyle=style.line, label=short_name(architecture))


def reliability(axes: Axes, bins: Sequence[Bin], architecture: str) -> None:
    """Share of COVID-19 over mean probability, in bins of equal size with Wilson's intervals: the bins of calibration."""
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.7, linestyle=":")
    x, y = np.array([b.mean_p for b in bins]), np.array([b.share_covid.value for b in bins])
    ends = np.maximum([y - [b.share_covid.low for b in bins], [b.share_covid.high for b in bins] - y], 0)
    style = look(architecture)
    axes.errorbar(x, y, yerr=ends, color=style.colour, marker=style.marker, markersize=4, linewidth=1, elinewidth=0.8)
    axes.set(title=short_name(architecture), xlabel="mean probability", ylabel="share COVID-19", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))


def errors(axes: Axes, networks: Sequence[NetworkErrors], published: Mapping[str, float]) -> None:
    """Each run's error rate as a dot, the mean with its interval beside it, and the study's one run as a cross.

    published: {architecture: the study's error rate}.
    """
    for row, network in enumerate(networks):
        style, rate, values = look(network.architecture), network.error_rate, np.array(network.errors)
        order = np.argsort(np.argsort(values, kind="stable"), kind="stable")
        lift = 0.26 * (order % 5 - 2) / 2 if len(values) > 1 else np.zeros(1)
        axes.plot(
            100 * values,
            row - 0.12 + 0.6 * lift,
            linestyle="",
            marker=style.marker,
            markersize=4,
            color=style.colour,
            alpha=0.65,
        )
        axes.plot(100 * np.array([rate.low, rate.high], float), [row + 0.26] * 2, color=style.colour, linewidth=1.2)
        axes.plot(100 * np.array(rate.value, float), row + 0.26, marker="|", markersize=9, color=style.colour)
        if network.architecture in published:
            axes.plot(100 * published[network.architecture], row - 0.12, marker="x", markersize=6, color=INK, linestyle="")
    axes.set(yticks=range(len(networks)), xlabel="error rate, %", ylim=(len(networks) - 0.5, -0.5))
    axes.set_yticklabels([network.name for network in networks])
    axes.set_xlim(left=min(0, axes.get_xlim()[0]))
