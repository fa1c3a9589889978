"""Several runs beside each other on one page: their verdicts, scores and settings. It tests nothing: `compare` does."""

import base64
import hashlib
from dataclasses import fields

from markupsafe import Markup

from cxrkit import RESEARCH_ONLY, __version__
from cxrkit.config import Experiment, short_name
from cxrkit.data.records import SPLIT_WORDS
from cxrkit.report import dotplot, page, plots, sentences
from cxrkit.report.tables import networks
from cxrkit.results import Results
from cxrkit.tables import NOTHING, Cell, Column, Table, figure_cell, number_cell, scale_of

TITLE = "cxrkit: runs beside each other"
START = f"<!doctype html>\n<!-- {TITLE} -->"
"""How the page begins, by which it is known as the kit's own."""
COMPARE = "python -m cxrkit compare"
RATES = (("AUC", 3), ("sensitivity", 3), ("specificity", 3), ("error rate", 4))


def html(runs: list[Results]) -> str:
    """The text of the page. runs: as results.open_all gives them, each with a name of its own."""
    script = (page.HERE / "page.js").read_text("utf-8")
    return (
        page.templates()
        .get_template("beside.html")
        .render(
            title=f"{TITLE}: {', '.join(run.name for run in runs)}",
            style=Markup((page.HERE / "page.css").read_text("utf-8")),
            script=Markup(script),
            script_hash="sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            marks=[f"{run.name}: {warning.sentence}" for run in runs for warning in run.warnings],
            research_only=RESEARCH_ONLY,
            compare=COMPARE,
            tables=[verdicts(runs), scores(runs), settings(runs)],
            plots=[(run.name, figure) for run in runs for figure in _dots(run)],
            version=__version__,
        )
    )


def verdicts(runs: list[Results]) -> Table:
    """A row a run: whether it can be trusted, which network is best, and on what."""
    rows = []
    for run in runs:
        told, compared = sentences.verdict(run), run.comparison
        seeds = len({seed for network in compared.networks for seed in network.seeds})
        counts = (compared.n, compared.covid, compared.patients, seeds)
        rows.append(
            [Cell(run.name), Cell(told["headline"]), Cell(told["leader"]), Cell(SPLIT_WORDS[compared.split]), *map(number_cell, counts)]
        )
    titles = ("images", "COVID-19", "patients", "seeds")
    columns = (
        Column("run"),
        Column("can it be trusted?"),
        Column("best network"),
        Column("judged on"),
        *[Column(each, True) for each in titles],
    )
    return Table("verdicts", "What each run says.", columns, rows)


def scores(runs: list[Results]) -> Table:
    """A row a network and run: the mean over its seeds."""
    rows = []
    for name in dict.fromkeys(name for run in runs for name in run.architectures):
        for run in runs:
            score = networks.score_of(run, name) if name in run.architectures else None
            if score:
                figures = (score.auc, score.rates.sensitivity, score.rates.specificity, score.rates.error_rate)
                cells = [figure_cell(figure, digits) for figure, (_, digits) in zip(figures, RATES)]
                rows.append([Cell(short_name(name)), Cell(run.name), *cells, number_cell(round(score.confusion.n))])
    columns = [Column("network"), Column("run")]
    columns += [Column(title, True, scale_of(rows, index)) for index, (title, _) in enumerate(RATES, start=2)]
    one = len({run.info.manifest_sha256 for run in runs}) == 1
    films = "The runs have the same films." if one else "The runs do not have the same films, so a difference may be due to the films."
    note = f"{films} Whether networks differ is not tested here: {COMPARE} RUN RUN does that where the held-out films are the same."
    return Table("scores", "Scores, network by network.", (*columns, Column("n", True)), rows, note)


def settings(runs: list[Results]) -> Table:
    """The settings in which the runs differ."""
    rows = []
    for name in (each.name for each in fields(Experiment)):
        values = [getattr(run.experiment, name) for run in runs]
        if any(value != values[0] for value in values):
            rows.append([Cell(name), *(Cell(", ".join(map(str, value)) if isinstance(value, tuple) else str(value)) for value in values)])
    about = {"manifest, SHA-256": "manifest_sha256", "kit's commit": "commit", "weights at the start": "started_from"}
    for title, name in about.items():
        values = [str(getattr(run.info, name))[:12] or NOTHING for run in runs]
        if len(set(values)) > 1:
            rows.append([Cell(title), *map(Cell, values)])
    return Table("settings", "What differs.", (Column("setting"), *[Column(run.name) for run in runs]), rows)


def _dots(run: Results) -> list[plots.Drawing]:
    found = dotplot.dots(run.audits)
    marks, size = [warning.short for warning in run.warnings], (4.8, 0.24 * len(found) + 0.9)
    name = f"dots-{hashlib.sha256(run.name.encode()).hexdigest()[:8]}"
    return [plots.drawn(name, f"{run.name}: {dotplot.alt(found)}", lambda axes: dotplot.draw(axes, found), size, marks)] if found else []
