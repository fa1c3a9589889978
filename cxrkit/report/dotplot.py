"""The verdict's dot plot: the AUC of what works without seeing the lungs, above that of the networks."""

from dataclasses import dataclass

from matplotlib.axes import Axes

from cxrkit.audit.baselines import COARSE
from cxrkit.config import short_name
from cxrkit.evaluation.metrics import Figure
from cxrkit.report.plots import QUIET, look
from cxrkit.schema import Audits
from cxrkit.tables import figure_text

SHORT = {
    "source": "source of the film",
    "file": "file facts",
    "age": "age",
    "sex": "sex",
    "view": "view",
    "missingness": "which facts are stated",
    "border": "edge of the picture",
    "histogram": "brightness",
    "thumbnail-8": "thumbnail, 8 × 8",
    "thumbnail-16": "thumbnail, 16 × 16",
}
"""{baseline: its name beside its dot}; one that is not here, as the more frequent class, has no dot."""


@dataclass(frozen=True)
class Dot:
    """label; auc; architecture: empty for what is no network; held_out: whether it is of the held-out films, else of all; coarse: sees a thumbnail."""

    label: str
    auc: Figure
    architecture: str = ""
    held_out: bool = True
    coarse: bool = False


def dots(audits: Audits | None) -> list[Dot]:
    """A Dot for each baseline and network whose AUC is known: without the lungs, with a thumbnail of them, the networks."""
    if audits is None:
        return []
    found = []
    for row in audits.baselines:
        area = row.held_out if row.held_out and row.held_out.auc.known else row.area
        if row.name in SHORT and area.auc.known:
            found.append(Dot(SHORT[row.name], area.auc, held_out=area is row.held_out, coarse=row.name in COARSE))
    found.sort(key=lambda dot: dot.coarse)
    return found + [
        Dot(short_name(row.architecture), row.area.auc, row.architecture) for row in audits.networks or [] if row.area.auc.known
    ]


def alt(found: list[Dot]) -> str:
    """What the plot shows, for those who do not see it."""
    lines = [f"{dot.label} {figure_text(dot.auc)}" for dot in found]
    blind = len([dot for dot in found if not dot.architecture])
    return f"AUC without the lungs or with a thumbnail: {'; '.join(lines[:blind]) or 'none'}. Networks: {'; '.join(lines[blind:]) or 'none'}. Guessing: 0.5."


def draw(axes: Axes, found: list[Dot]) -> None:
    """Each Dot with its interval and value, the groups apart, and the line of guessing."""
    rows, row = [], 0.0
    for before, dot in zip([None, *found], found):
        row += 0 if before is None else 1.6 if (before.coarse, bool(before.architecture)) != (dot.coarse, bool(dot.architecture)) else 1
        rows.append(row)
        style = look(dot.architecture) if dot.architecture else None
        colour = style.colour if style else QUIET
        if dot.auc.has_interval:
            axes.plot([dot.auc.low, dot.auc.high], [row, row], color=colour, linewidth=1.2)
        axes.plot(
            dot.auc.value, row, marker=style.marker if style else "o", markersize=5, color=colour, mfc=colour if dot.held_out else "none"
        )
        axes.text(1.02, row, f"{dot.auc.value:.3f}", transform=axes.get_yaxis_transform(), va="center")
    axes.axvline(0.5, color=QUIET, linewidth=0.8, linestyle=":")
    lows = [end for dot in found for end in (dot.auc.low, dot.auc.value) if end is not None]
    axes.set(yticks=rows, xlabel="AUC (dotted: guessing)", ylim=(row + 0.6, -0.6), xlim=(min(0.42, *lows), 1.01))
    axes.set_yticklabels([dot.label for dot in found])
