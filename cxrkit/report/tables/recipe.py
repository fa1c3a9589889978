"""Tables of how the networks were trained: the recipe beside the study's, and what batch norm's statistics do to validation."""

from dataclasses import replace

import pandas as pd

from cxrkit import protocol
from cxrkit.columns import PRECISE, RUNNING, STAGES
from cxrkit.config import Experiment, short_name
from cxrkit.protocol import Row
from cxrkit.results import Results
from cxrkit.tables import NOTHING, Cell, Column, Table, number_cell

NOT_TOLD = "not told"
"""The study's value of what nobody knows, in protocol.ROWS."""


def as_run(results: Results) -> Experiment:
    """The run's experiment, with the number format that was chosen where the choice was the kit's."""
    chosen = results.info.chosen.precision
    return replace(results.experiment, precision=str(chosen.value)) if chosen else results.experiment


def recipe(results: Results) -> Table:
    """Each setting of the training beside the study's, and where that is known from."""
    experiment = as_run(results)
    rows = [_row(row, experiment) for row in protocol.ROWS]
    different = len(protocol.differences(experiment))
    columns = tuple(Column(title) for title in ("setting", "here", "the study", "difference", "known from", "what it means"))
    caption = f"The recipe beside the study's: {different} of {len(rows)} settings differ, or may."
    note = "study: its text or tables say so. fastai 1: the default of the library it used, read in the source of version 1.0.61. guess: neither says, or it can be read in two ways."
    return Table("recipe", caption, columns, rows, note, open=False)


def _row(row: Row, experiment: Experiment) -> list[Cell]:
    other = protocol.differs(row, experiment)
    mark = ("may differ" if row.study == NOT_TOLD else "differs") if other else ""
    source = f"{row.source}: {row.function}" if row.where else row.source
    return [
        Cell(row.name, tone="differs" if other else ""),
        Cell(protocol.words(protocol.used(row, experiment))),
        Cell(protocol.words(row.study)),
        Cell(mark),
        Cell(source, url=row.url),
        Cell(row.meaning),
    ]


def batch_norm(results: Results) -> Table:
    """Each network's error and loss on validation with batch norm's running statistics and with precise ones, means over seeds."""
    found, rows = results.batch_norm, []
    for architecture in found["architecture"].unique():
        for stage in STAGES:
            of_stage = found[(found["architecture"] == architecture) & (found["stage"] == stage)]
            if of_stage.empty:
                continue
            errors = [_mean(of_stage, statistics, "error_rate") for statistics in (RUNNING, PRECISE)]
            losses = [_mean(of_stage, statistics, "valid_loss") for statistics in (RUNNING, PRECISE)]
            seeds = of_stage["seed"].nunique()
            rows.append([Cell(short_name(architecture)), Cell(stage), number_cell(seeds), *errors, *losses])
    titles = ("seeds", "error, running", "error, precise", "loss, running", "loss, precise")
    columns = (Column("network"), Column("after the stage"), *[Column(title, True) for title in titles])
    used = "precise" if results.experiment.precise_batch_norm else "running"
    note = f"The same weights on the same validation films, means over seeds. Running: as training left batch norm's means. Precise: taken anew from the training films, with the weights fixed. Scores of this run are with the {used} ones."
    return Table("batch-norm", "What batch norm's statistics do to validation.", columns, rows, note)


def _mean(of_stage: pd.DataFrame, statistics: str, column: str) -> Cell:
    values = of_stage.loc[of_stage["statistics"] == statistics, column].dropna()
    return number_cell(float(values.mean()), f"{values.mean():.4f}") if len(values) else Cell(NOTHING)
