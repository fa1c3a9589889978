"""report.html: the whole report as one page that works without network and scripts."""

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2
import yaml
from markupsafe import Markup, escape

from cxrkit import RESEARCH_ONLY, __version__
from cxrkit.config import short_name
from cxrkit.data.records import SPLIT_WORDS
from cxrkit.evaluation import metrics, study
from cxrkit.evaluation.metrics import Figure
from cxrkit.evaluation.scoring import effective_sizes
from cxrkit.progress import counted
from cxrkit.report import dotplot, facts, gallery, pictures, plots, sentences
from cxrkit.report.pictures import Private
from cxrkit.report.plots import Drawing
from cxrkit.report.tables import audits as audit_tables
from cxrkit.report.tables import comparison as comparison_tables
from cxrkit.report.tables import data, elsewhere, networks, patients, recipe, settings, thresholds
from cxrkit.results import Results
from cxrkit.tables import NOTHING, Cell, count_text, figure_text

HERE = Path(__file__).parent
LONGEST = 300
"""Characters of other people's text that a cell shows."""
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
PRIVATE_BANNER = "PRIVATE: do not pass this page on. It shows films whose licence does not let them be shown."
CONTENTS = (
    ("verdict", "Verdict"),
    ("elsewhere", "Internal and external films"),
    ("study", "The study’s table beside ours"),
    ("best", "Which network is best"),
    ("lungs", "What works without seeing the lungs"),
    ("data", "Where the films come from"),
    ("learning", "Learning curves"),
    ("curves", "ROC and precision-recall"),
    ("confusion", "Confusion and thresholds"),
    ("calibration", "Calibration"),
    ("films", "Misclassified films"),
    ("speed", "Speed"),
    ("repeat", "How to repeat it"),
    ("words", "Words used here"),
)


def html(results: Results, shown: list[gallery.Film], drawings: dict[str, list[Drawing]], private: Private | None = None) -> str:
    """The text of report.html. private: films that may not be passed on, for a page that says so."""
    script, style = ("".join((HERE / f"{name}.{kind}").read_text("utf-8") for name in ("page", "viewer")) for kind in ("js", "css"))
    return (
        templates()
        .get_template("page.html")
        .render(
            title=f"{sentences.headline(results)}, {results.name}",
            style=Markup(style),
            script=Markup(script),
            script_hash="sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            **values(results, shown, drawings, private),
        )
    )


def values(
    results: Results, shown: list[gallery.Film], drawings: dict[str, list[Drawing]], private: Private | None = None
) -> dict[str, Any]:
    """What the template shows, by name."""
    audits, compared = results.audits, results.comparison
    tables = {name: make_table(results) for name, make_table in TABLES.items()}
    tables |= {name: make_table(results.manifest) for name, make_table in DATA_TABLES.items()}
    tables["networks"] = comparison_tables.networks(compared)
    hung = pictures.rows(results, shown, private or Private())
    images = f"{counted(compared.n, SPLIT_WORDS[results.metrics.held_out] + ' image')}, {compared.covid} of them COVID-19."
    return {
        "experiment": results.name,
        "lede": sentences.lede(results),
        "research_only": RESEARCH_ONLY,
        "marks": [*([PRIVATE_BANNER] if private is not None else []), *(warning.sentence for warning in results.warnings)],
        "short_marks": ", ".join([*(["private"] if private is not None else []), *(warning.short for warning in results.warnings)]),
        "batch_norm": sentences.batch_norm(results),
        "differences": sentences.differences(results),
        "contents": CONTENTS,
        "verdict": sentences.verdict(results),
        "audited": bool(audits),
        "audit_command": sentences.AUDIT_COMMAND,
        "reasons": audit_tables.reasons(audits),
        "audits": audit_tables.all_of(audits),
        "elsewhere": elsewhere.all_of(audits),
        "elsewhere_told": elsewhere.sentences(audits) or [sentences.NOWHERE_ELSE],
        "matrix": comparison_tables.matrix(compared),
        "pairs": comparison_tables.of_pairs(compared),
        "tables": tables | {"films": gallery.table(shown)},
        "plots": drawings,
        "curves_caption": f"{images} Lines: mean over seeds; bands: from the lowest seed to the highest. Dotted: guessing. ROC: dots are at the threshold {results.metrics.threshold:g}; grey, where an audit drew it: a model that sees no more than a thumbnail.",
        "flow": data.flow(results.manifest),
        "images": images,
        "views": data.views_sentence(results.manifest, results.experiment.exclude_views),
        "confusions": [(name, run, asdict(counts)) for name, run, counts in thresholds.confusions(results)],
        "threshold": f"{results.metrics.threshold:g}",
        "private": private is not None,
        "gallery": hung,
        "resize": results.experiment.resize,
        "further_maps": pictures.further_maps(hung, private or Private()),
        "gallery_lede": gallery_lede(results, private is not None),
        "embedded": embedded(results),
        "repeat": sentences.repeat(results),
        "identity": [row for row in facts.identity(results) if row[0] != "command"],
        "words": yaml.safe_load((HERE / "words.yaml").read_text("utf-8")),
        "version": __version__,
    }


TABLES = {
    "scores": networks.beside_the_study,
    "differs": networks.differs_from_study,
    "runs": networks.every_run,
    "study_epochs": networks.study_epochs,
    "thresholds": thresholds.thresholds,
    "operating": thresholds.operating_points,
    "predictive": thresholds.predictive_values,
    "usefulness": thresholds.decision_curves,
    "calibration": thresholds.calibration,
    "sets": thresholds.prediction_sets,
    "speed": settings.speed,
    "stages": settings.stages,
    "environment": settings.environment,
    "recipe": recipe.recipe,
    "batch_norm": recipe.batch_norm,
    "settings": settings.experiment,
    "checksums": settings.checksums,
}
DATA_TABLES = {"patients": patients.patients, "sources": data.sources, "left_out": data.left_out}


def drawings(results: Results) -> dict[str, list[Drawing]]:
    """The page's figures, by the place where they stand."""
    marks = [warning.short for warning in results.warnings]

    def draw(name: str, alt: str, size: tuple[float, float], function: Callable, *arguments: Any, wide: bool = False) -> Drawing:
        return plots.drawn(name, alt, lambda axes: function(axes, *arguments), size, marks, wide)

    held = {name: predictions for name in results.architectures if (predictions := results.predictions(name)) is not None}
    scores = {name: score for name in held if (score := networks.score_of(results, name))}
    published = {name: counts.wrong / counts.n for name, counts in study.confusions().items()}
    compared = results.comparison.networks
    told = "; ".join(f"{network.name} {percent(network.error_rate)}" for network in compared)
    areas = ", ".join(f"{short_name(name)} AUC {figure_text(score.auc)}" for name, score in scores.items())
    said = {name: f"{score.auc.value:.3f}" for name, score in scores.items() if score.auc.known}
    coarse = results.audits.coarse_curve if results.audits else None
    scaled = {score.architecture: score.scaling.before.bins for _, score in thresholds.judged(results) if score.scaling}
    together = {name: predictions.ensemble() for name, predictions in held.items()}
    size, small, threshold = (5.4, 0.7 * len(compared) + 0.6), (4.2, 3.6), results.metrics.threshold
    dots = dotplot.dots(results.audits)
    groups = {
        "verdict": [draw("dots", dotplot.alt(dots), (4.8, 0.24 * len(dots) + 0.9), dotplot.draw, dots, wide=True)] if dots else [],
        "errors": [draw("errors", f"Error rates: mean {told}.", size, plots.errors, compared, published, wide=True)],
        "curves": [
            draw("roc", f"ROC curves. {areas}.", (4.2, 4.0), plots.roc, held, said, results.metrics.threshold, coarse),
            draw("pr", "Precision-recall curves of the same networks.", (4.2, 4.0), plots.precision_recall, held),
        ],
        "usefulness": [
            draw("net-benefit", "Decision curves; their table has the figures.", (6.4, 3.2), plots.net_benefit, together, wide=True),
            *(
                draw(which, f"{sign} predictive value over prevalence.", small, plots.predictive_value, together, which, threshold)
                for which, sign in (("ppv", "Positive"), ("npv", "Negative"))
            ),
        ],
        "reliability": [
            draw(
                f"reliability-{name}",
                f"Reliability curve of {short_name(name)}; its calibration error stands in the table below.",
                (4.2, 3.4),
                plots.reliability,
                bins,
                name,
            )
            for name, bins in scaled.items()
        ],
    }
    learning = (
        ("losses", results.epochs, plots.losses, "Training and validation loss of"),
        ("lr_find", results.finder, plots.lr_find, "Learning-rate finder of"),
    )
    for group, table, function, told_of in learning:
        groups[group] = []
        for name in table["architecture"].unique():
            rows = table[table["architecture"] == name]
            alt = f"{told_of} {short_name(name)}, {counted(rows['seed'].nunique(), 'seed')}."
            groups[group].append(draw(f"{group}-{name}", alt, (4.2, 3.0), function, rows, name))
    return groups


def gallery_lede(results: Results, private: bool = False) -> str:
    shown = " Every film whose file is on this machine is shown, whatever its licence: do not pass this page on." if private else ""
    if gallery.audited(results):
        return f"Errors, hits with the largest loss, and some ordinary hits; beside each film, where the network looked.{shown}"
    return (
        f"The {gallery.LARGEST_LOSSES} films with the largest loss of each network, by the mean probability over its seeds. "
        f"Attention maps come with the audit ({sentences.AUDIT_COMMAND}).{shown}"
    )


def embedded(results: Results) -> dict[str, Any]:
    """What the threshold's slider counts from: the held-out predictions of each run."""
    runs: list[dict[str, list[float]]] = []
    choices: list[dict[str, Any]] = []
    effective_n: dict[str, float] = {}
    truth: list[int] = []
    for architecture in results.architectures:
        held = results.predictions(architecture)
        if held is None:
            continue
        first, name = len(runs), short_name(architecture)
        runs += [{"p": p.tolist()} for p in held.p_covid]
        every = list(range(first, len(runs)))
        if len(every) > 1:
            choices.append({"network": name, "name": f"{name}, mean of {len(every)} seeds", "runs": every})
        choices += [{"network": name, "name": f"{name}, seed {seed}", "runs": [index]} for seed, index in zip(held.seeds, every)]
        covid, normal = effective_sizes(held)
        n_covid, n_normal = int(held.is_covid.sum()), int((~held.is_covid).sum())
        squares = sum(n * n / effective for n, effective in ((n_covid, covid), (n_normal, normal)) if n)
        effective_n = {"covid": covid, "normal": normal, "all": (n_covid + n_normal) ** 2 / squares}
        truth = held.is_covid.astype(int).tolist()
    return {
        "threshold": results.metrics.threshold,
        "z": float(metrics.Z),
        "is_covid": truth,
        "effective_n": effective_n,
        "runs": runs,
        "choices": choices,
    }


def templates() -> jinja2.Environment:
    """The Jinja environment of the page."""
    made = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=False)
    made.filters |= {"clipped": clipped, "unbroken": unbroken, "safe_url": safe_url, "whisker": whisker, "tick": tick}
    made.globals |= {"shade": shade, "nothing": ("", NOTHING)}
    return made


def percent(figure: Figure) -> str:
    return NOTHING if figure.value is None else f"{100 * figure.value:.2f} %"


def clipped(words: object, most: int = LONGEST) -> str:
    """The text on one line, cut where it is longer than `most`."""
    line = " ".join(str(words).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def unbroken(words: object) -> Markup:
    """The text, escaped, with each option such as `--external` in an element of its own, for a browser breaks lines at hyphens."""
    return Markup(OPTION.sub(r'<span class="option">\g<0></span>', str(escape(words))))


def safe_url(url: str) -> str:
    """The address if it leads to a web page, else an empty text; a `javascript:` address would be run."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.netloc and len(url) < 2000 else ""


def whisker(cell: Cell, scale: tuple[float, float] | None) -> str:
    """A cell's dot and whisker as SVG, on its column's scale."""
    if not scale or cell.value is None:
        return ""
    start, end = scale
    at = [None if value is None else round(100 * (value - start) / ((end - start) or 1), 1) for value in (cell.low, cell.value, cell.high)]
    line = "" if at[0] is None or at[2] is None else f'<line x1="{at[0]}%" x2="{at[2]}%" y1="50%" y2="50%"/>'
    return Markup(f'<svg class="whisker" aria-hidden="true">{line}<circle cx="{at[1]}%" cy="50%" r="2.6"/></svg>')


def tick(value: float) -> str:
    """The end of a scale in few digits, so that two of them fit above a column."""
    return (f"{value:.3g}" if abs(value) >= 1 else f"{value:.3f}".rstrip("0").rstrip(".")).replace("-", "−")


def shade(counts: dict[str, float], name: str, other: str) -> Markup:
    """A cell of a confusion matrix, the darker the larger its share of the row."""
    share = counts[name] / ((counts[name] + counts[other]) or 1)
    return Markup(f'<td class="number" style="background: rgba(var(--cell), {0.05 + 0.35 * share:.2f})">{count_text(counts[name])}</td>')
