"""What trainings hand to the results: the stages, the columns of four CSV files, and their rows.

    epochs.csv       one row an epoch: losses, error rate, sensitivity and specificity on validation, seconds of wall clock
    predictions.csv  one row a network, seed, stage and held-out image: its label and the probability of COVID-19
    lr_find.csv      one row a step of the learning-rate finder: rate, smoothed loss, and the rate that was chosen
    batch_norm.csv   two rows a stage: its end on validation, with batch norm's running statistics and with precise ones

manifest.csv has the fields of cxrkit.data.records.Record.
"""

from dataclasses import dataclass, field
from pathlib import Path

FROZEN, UNFROZEN = STAGES = ("frozen", "unfrozen")
"""The body of the network frozen, then everything trained."""
LAST_STAGE = STAGES[-1]

EPOCHS = ("architecture", "seed", "stage", "epoch", "train_loss", "valid_loss", "error_rate", "sensitivity", "specificity", "seconds")
PREDICTIONS = ("architecture", "seed", "stage", "image_id", "label", "p_covid")
BATCH_NORM = ("architecture", "seed", "stage", "statistics", "valid_loss", "error_rate")
LR_FIND = ("architecture", "seed", "step", "learning_rate", "loss", "chosen")
BATCH_NORM = ("architecture", "seed", "stage", "statistics", "valid_loss", "error_rate")
RUNNING, PRECISE = STATISTICS = ("running", "precise")
"""Batch norm's means as training left them, or taken anew from the training films with the weights at rest."""


@dataclass(frozen=True)
class Trained:
    """What the finished trainings left.

    epochs, predictions, lr_find, batch_norm: rows of these columns; models: {file name: state dict's file}.
    """

    epochs: list[list] = field(default_factory=list)
    predictions: list[list] = field(default_factory=list)
    lr_find: list[list] = field(default_factory=list)
    batch_norm: list[list] = field(default_factory=list)
    models: dict[str, Path] = field(default_factory=dict)
