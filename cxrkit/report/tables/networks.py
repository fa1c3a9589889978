"""Tables of the networks' scores: the study's table beside ours, every run, and whether ours differ."""

from itertools import pairwise

import pandas as pd

from cxrkit.audit.baselines import LUNGLESS
from cxrkit.columns import LAST_STAGE
from cxrkit.config import short_name
from cxrkit.data.records import SPLIT_WORDS
from cxrkit.errors import BadInput
from cxrkit.evaluation import metrics, study
from cxrkit.evaluation.metrics import Confusion, Figure, Rates
from cxrkit.progress import counted
from cxrkit.report.tables.patients import of_patients
from cxrkit.results import Results
from cxrkit.schema import Audits, BaselineRow, FisherTests, Score
from cxrkit.tables import NOTHING, Cell, Column, Table, count_text, figure_cell, number_cell, p_text, p_told, points_cell, scale_of

COUNTS = ("tp", "fn", "tn", "fp")
SEEDS_SHOWN = 3
"""So many runs of a network are shown one by one in a log; of more, their mean."""


def beside_the_study(results: Results) -> Table:
    """Our networks beside the study's: the first row is what works without seeing the lungs, where an audit was run."""
    rows = []
    blind = best_without_lungs(results.audits)
    if blind:
        area = blind.held_out or blind.area
        rows.append(
            [
                Cell("without the lungs"),
                Cell(blind.title),
                figure_cell(area.auc),
                *[Cell(NOTHING)] * 3,
                number_cell(area.auc.n),
                *[Cell(NOTHING)] * 4,
            ]
        )
    for architecture in dict.fromkeys([*results.architectures, *study.confusions()]):
        score = score_of(results, architecture)
        if score:
            rows.append(_score_row(score))
        if architecture in study.confusions():
            rows.append(_study_row(architecture))
    rows += [_score_row(score) for score in ensembles(results) if len(score.architectures) > 1]
    compared = results.comparison
    caption = (
        f"Scores on {counted(compared.n, SPLIT_WORDS[results.metrics.held_out] + ' image')} of {of_patients(results.manifest, results.metrics.held_out, compared.patients)}, {compared.covid} of the images "
        f"COVID-19, at threshold {results.metrics.threshold:g}; the study's on its own 268."
    )
    note = "95 % intervals: Wilson for rates, DeLong and Newcombe for AUC; several images of one patient count less than as many patients. A row of several seeds shows the mean; its interval is over patients, for these seeds. COVID-19 is the positive class. The study published no AUC, and its counts are implied by its rates."
    return Table("scores", caption, _score_columns(rows), rows, note)


def score_of(results: Results, architecture: str) -> Score | None:
    """The network's Score on the held-out split; None where the run has no predictions of it there.

    Raises BadInput where there are predictions, and metrics.json does not know of them.
    """
    score = results.score(architecture)
    if score is None and results.predictions(architecture) is not None:
        remedy = f"compute the scores again: python -m cxrkit evaluate {results.folder}"
        raise BadInput(f"There is no score of {architecture} for its predictions.", results.folder / "metrics.json", remedy)
    return score


def run_text(score: Score) -> str:
    """Which runs a score is of."""
    if score.kind == "ensemble":
        many = len(score.architectures)
        return f"ensemble of {many} networks" if many > 1 else f"ensemble of {len(score.seeds)} seeds"
    return f"mean of {len(score.seeds)} seeds" if score.kind == "mean" else f"seed {score.seeds[0]}"


def name_of(score: Score) -> str:
    return short_name(score.architecture) if len(score.architectures) == 1 else "all networks"


def _score_row(score: Score) -> list[Cell]:
    run = f"{run_text(score)}, {SPLIT_WORDS[score.split]}"
    return [Cell(name_of(score)), Cell(run), *_cells(score.confusion, score.rates, score.auc)]


def _study_row(architecture: str) -> list[Cell]:
    cells = _cells(study.confusions()[architecture], study.rates(architecture), None)
    return [Cell(short_name(architecture), tone="study"), Cell("the 2020 study"), *cells]


def _cells(counts: Confusion, rates: Rates, auc: Figure | None) -> list[Cell]:
    return [
        figure_cell(auc),
        figure_cell(rates.sensitivity),
        figure_cell(rates.specificity),
        figure_cell(rates.error_rate, 4),
        number_cell(round(counts.n)),
        *[number_cell(value, count_text(value)) for value in (getattr(counts, name) for name in COUNTS)],
    ]


def _score_columns(rows: list[list[Cell]]) -> tuple[Column, ...]:
    counts = [Column(title, True) for title in ("n", "TP", "FN", "TN", "FP")]
    scales = [*(scale_of(rows, index, ceiling=1) for index in (2, 3, 4)), scale_of(rows, 5, floor=0)]
    names = ("AUC", "sensitivity", "specificity", "error rate")
    return Column("network"), Column("run"), *[Column(*each) for each in zip(names, [True] * 4, scales)], *counts


def ensembles(results: Results) -> list[Score]:
    """The ensembles on the held-out split."""
    return [score for score in results.metrics.ensembles if score.split == results.metrics.held_out]


def every_run(results: Results) -> Table:
    """Each seed on each split after the last stage, and each network's ensemble."""
    scores = [score for score in results.metrics.scores if score.stage == LAST_STAGE]
    scores += [score for score in ensembles(results) if len(score.architectures) == 1]
    rows = [_score_row(score) + [figure_cell(score.average_precision)] for score in scores]
    columns = (*_score_columns(rows), Column("average precision", True, scale_of(rows, 11, ceiling=1)))
    return Table("runs", f"Each training run, and each network's ensemble: {counted(len(rows), 'row')}.", columns, rows, open=False)


def for_log(results: Results) -> Table:
    """The scores as a log shows them: few runs one by one, their mean and ensemble, the study's own, and seconds an epoch."""
    metrics, rows = results.metrics, []
    held = [score for score in metrics.scores if score.stage == LAST_STAGE and score.split == metrics.held_out]
    means = [score for score in metrics.means if score.split == metrics.held_out]
    if all(len(score.seeds) <= SEEDS_SHOWN for score in means):
        rows += [[*_score_row(score), number_cell(score.seconds_per_epoch, f"{score.seconds_per_epoch or 0:.1f}")] for score in held]
    rows += [[*_score_row(score), Cell("")] for score in (*means, *ensembles(results))]
    for architecture, (low, high) in study.seconds_per_epoch().items():
        rows.append([*_study_row(architecture), Cell(f"{low}-{high}")])
    caption = f"Scores at threshold {metrics.threshold:g}; 95 % intervals: Wilson for rates, DeLong and Newcombe for AUC."
    return Table("log", caption, (*_score_columns(rows), Column("s/epoch", True)), rows)


def differs_from_study(results: Results) -> Table:
    """How our runs differ from the study's, with intervals and Fisher's exact test."""
    rows, absent = [], []
    for row in results.comparison.study.beside_ours:
        if not row.runs:
            absent.append(short_name(row.architecture))
            continue
        cells = [_fisher(row.p.get(key), row.runs) for key in ("error_rate", "sensitivity", "specificity")]
        rows.append([Cell(short_name(row.architecture)), number_cell(row.runs), *cells])
    titles = [Column(f"{title}, points", True, scale_of(rows, index)) for index, title in enumerate(CELLS_SHOWN, start=2)]
    note = "The rate of our run with the median error rate minus that of the study's one run, in percentage points, with Newcombe's interval; p: Fisher's exact test, corrected (Holm) over the networks; in brackets the lowest and the highest uncorrected p of single runs. The films are not the study's own, whose list was not published."
    if absent:
        note += f" Not trained here: {', '.join(absent)}."
    columns = (Column("network"), Column("our runs", True), *titles)
    return Table("differs", "Do our runs differ from the study's?", columns, rows, note)


CELLS_SHOWN = ("error rate", "sensitivity", "specificity")


def _fisher(test: FisherTests | None, runs: int) -> Cell:
    if test is None:
        return Cell(NOTHING)
    apart, ends = points_cell(test.difference), (p_text(test.lowest), p_text(test.highest))
    span = f" ({' to '.join(dict.fromkeys(ends))})" if runs > 1 else ""
    return Cell(f"{apart.text} {p_told(test.holm)}{span}", apart.value, apart.low, apart.high)


def best_without_lungs(audits: Audits | None) -> BaselineRow | None:
    """The audit's best baseline that sees no lung; None where there is none."""
    rows = [row for row in (audits.baselines if audits else []) if row.name in LUNGLESS and row.area.auc.known]
    return max(rows, key=lambda row: (row.held_out or row.area).auc.value or 0, default=None)


def study_epochs(results: Results) -> Table:
    """The study's epochs of the unfrozen stage beside ours: medians over seeds."""
    rows, published = [], study.epochs()
    films = sum(record.split == "valid" for record in results.manifest.used)
    ours = results.epochs[results.epochs["stage"] == LAST_STAGE]
    for architecture, epochs in published.items():
        for epoch in epochs:
            alike = ours[(ours["architecture"] == architecture) & (ours["epoch"] == epoch.epoch)]
            rows.append(
                [
                    Cell(short_name(architecture)),
                    number_cell(epoch.epoch),
                    *[_median(alike[column], 4) for column in ("train_loss", "valid_loss")],
                    _error(alike["error_rate"], films),
                    _median(alike["seconds"], 1),
                    *[Cell(f"{value:.4f}", value) for value in (epoch.train_loss, epoch.valid_loss)],
                    figure_cell(epoch.error, 4),
                    Cell(f"{epoch.wrong} of {epoch.films}", epoch.wrong),
                    number_cell(epoch.seconds),
                ]
            )
    figures = ("training loss", "validation loss", "error rate")
    titles = ["epoch", *(f"our {name}" for name in (*figures, "seconds")), *(f"study's {name}" for name in (*figures, "wrong", "seconds"))]
    steps = {name: [abs(b.wrong - a.wrong) for a, b in pairwise(epochs)] for name, epochs in published.items()}
    last, finals = (
        ", ".join(f"{short_name(name)} {step[-1]}" for name, step in steps.items()),
        [epochs[-1].wrong for epochs in published.values()],
    )
    every = [step for each in steps.values() for step in each]
    here = bool(set(published) & set(ours["architecture"]))
    own = " Ours: medians over seeds, on our own films." if here else ""
    note = f"Error rate: on validation, with Wilson's interval over images; wrong: images.{own} From epoch to epoch the number of images that the study's networks called wrong changes by {min(every)} to {max(every)} of {sum(study.validation().values())}; between their last two epochs by: {last}. Its four networks end at most {max(finals) - min(finals)} images apart, so its own figures cannot rank them."
    columns = [Column("network"), *[Column(title, True) for title in titles]]
    caption = "The study's epochs with the body unfrozen, beside ours."
    if not here:
        rows, columns = [[*row[:2], *row[6:]] for row in rows], [*columns[:2], *columns[6:]]
        caption = "The study's epochs with the body unfrozen; none of its networks was trained here."
    return Table("study-epochs", caption, tuple(columns), rows, note, open=False)


def _error(values: pd.Series, films: int) -> Cell:
    """The median error rate on so many validation films."""
    known = values.dropna()
    return figure_cell(metrics.proportion(float(known.median()) * films, films), 4) if len(known) and films else number_cell(None)


def _median(values: pd.Series, digits: int) -> Cell:
    """The median of a column of epochs.csv; a dash where we trained no such epoch, or it has no number."""
    known = values.dropna()
    return number_cell(float(known.median()), f"{known.median():.{digits}f}") if len(known) else number_cell(None)
