"""Predictions: what one network says of the images of one split, over its seeds; and predictions.csv, read and checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cxrkit import columns
from cxrkit.columns import STAGES
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import LABELS, POSITIVE
from cxrkit.errors import BadInput

JOB = ("architecture", "seed", "stage")
HELD_OUT = ("valid", "test")
NAMED = 50
"""So many missing films are named one by one."""


@dataclass(frozen=True)
class Predictions:
    """One network's probabilities for the n images of a split, over S seeds; images in the order of image_ids.

    is_covid: n booleans, the ground truth; groups: n whole numbers, one a patient; p_covid: S x n probabilities.
    """

    image_ids: tuple[str, ...]
    is_covid: np.ndarray
    groups: np.ndarray
    seeds: tuple[int, ...]
    p_covid: np.ndarray

    @property
    def patients(self) -> int:
        return len(np.unique(self.groups))

    def wrong(self, threshold) -> np.ndarray:
        """S x n booleans: whether the network was wrong; one threshold for all seeds, or one a seed."""
        return (self.p_covid >= np.reshape(threshold, (-1, 1))) != self.is_covid

    def ensemble(self) -> "Predictions":
        """The ensemble over seeds: the mean probability, as one row."""
        return self.with_rows((), self.p_covid.mean(0, keepdims=True))

    def row(self, index: int) -> "Predictions":
        """One seed alone."""
        return self.with_rows(self.seeds[index : index + 1], self.p_covid[index : index + 1])

    def of(self, image_ids: Sequence[str]) -> "Predictions":
        """The predictions of these images, in their order, each found by its name. Raises BadInput where one has none."""
        place = {image_id: index for index, image_id in enumerate(self.image_ids)}
        lacking = [image_id for image_id in image_ids if image_id not in place]
        if lacking:
            what = f"{len(lacking)} of {len(image_ids)} images have no prediction, the first: {lacking[0]}."
            raise BadInput(what, next="restore predictions.csv from the run's output, or run the training again")
        chosen = [place[image_id] for image_id in image_ids]
        return Predictions(tuple(image_ids), self.is_covid[chosen], self.groups[chosen], self.seeds, self.p_covid[:, chosen])

    def with_rows(self, seeds, p_covid) -> "Predictions":
        """The same images with other rows of probabilities."""
        return Predictions(self.image_ids, self.is_covid, self.groups, tuple(seeds), np.asarray(p_covid))


def read_table(path: Path, wanted: tuple[str, ...], text: tuple[str, ...] = ()) -> pd.DataFrame:
    """A CSV file of a results folder with these columns, those in `text` as text. Raises BadInput."""
    try:
        table = pd.read_csv(path, dtype=dict.fromkeys(text, str))
    except FileNotFoundError:
        raise BadInput(f"There is no {path.name} here.", path, "name the results folder of a finished run") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise BadInput(f"The file is no readable CSV: {error}.", path, "restore it from the run's output") from error
    lacking = [column for column in wanted if column not in table]
    if lacking:
        raise BadInput(f"The file lacks the columns {', '.join(lacking)}.", path, "restore it from the run's output")
    return table


def read(path: Path, manifest: Manifest, architectures: Sequence[str] = ()) -> pd.DataFrame:
    """predictions.csv with the columns `split` and `group` (patient, copies included) of its manifest added.

    architectures: those of the experiment, where it is known. Raises BadInput, with the first row concerned, for
    predictions that cannot be scored, and for trainings that lack a film which the manifest holds out.
    """
    table = read_table(path, columns.PREDICTIONS, text=("architecture", "stage", "image_id", "label"))
    if table.empty:
        raise BadInput("The file holds no prediction.", path, "restore it from the run's output")
    by_id = manifest.by_id
    table["split"] = table["image_id"].map({image_id: record.split for image_id, record in by_id.items()})
    table["group"] = table["image_id"].map(manifest.groups)
    _check(table, {image_id: record.label for image_id, record in by_id.items()}, architectures, path)
    _check_whole(table, by_id, path)
    return table


def _check(table, label_of, architectures, path):
    truth = table["image_id"].map(label_of)
    values, seeds = (pd.to_numeric(table[column], errors="coerce") for column in ("p_covid", "seed"))
    names = table["architecture"]
    complaints = {
        "is of no network": names.isna(),
        f"is of another network than the experiment's ({', '.join(architectures)})": ~names.isin(architectures) & bool(architectures),
        f"is of a stage that is none of {', '.join(STAGES)}": ~table["stage"].isin(STAGES),
        "has a seed that is no whole number": ~(seeds >= 0) | (seeds % 1 != 0),
        "names an image that the manifest does not use": table["split"].isna(),
        "gives an image another label than the manifest": table["split"].notna() & (table["label"] != truth),
        f"has a label that is none of {', '.join(LABELS)}": ~table["label"].isin(LABELS),
        "has a probability outside 0 to 1": ~values.between(0, 1),
        "repeats an image of the same network, seed and stage": table.duplicated([*JOB, "image_id"]),
    }
    for complaint, rows in complaints.items():
        if rows.any():
            row = int(np.flatnonzero(rows)[0])
            raise BadInput(f"A prediction {complaint}: {table['image_id'].iloc[row]}.", f"{path}, row {row + 2}", "run the training again")
    table["p_covid"], table["seed"] = values, seeds.astype(int)


def _check_whole(table, by_id, path):
    """Every training is judged on every film that the manifest holds out: those that all networks lack too."""
    held_out = {split: {image_id for image_id, record in by_id.items() if record.split == split} for split in HELD_OUT}
    for job, rows in table.groupby(list(JOB), sort=False):
        seen = set(rows["image_id"])
        for split, images in held_out.items():
            if lacking := sorted(images - seen):
                what = f"{' '.join(map(str, job))} has predictions for {len(images) - len(lacking)} of the {len(images)} images in {split}"
                more = f" and {len(lacking) - NAMED:,} more" if len(lacking) > NAMED else ""
                named = f"It lacks {', '.join(lacking[:NAMED])}{more}."
                raise BadInput(f"Predictions are missing: {what}. {named}", path, "restore the file, or run the training again")


def select(part: pd.DataFrame) -> Predictions:
    """The Predictions of one network, split and stage, seeds ascending, images by image_id; part: its rows of what `read` returns."""
    part = part.sort_values(["seed", "image_id"], kind="stable")
    seeds = part["seed"].unique()
    images = part[: len(part) // len(seeds)]
    return Predictions(
        image_ids=tuple(images["image_id"]),
        is_covid=(images["label"] == POSITIVE).to_numpy(),
        groups=pd.factorize(images["group"])[0],
        seeds=tuple(int(seed) for seed in seeds),
        p_covid=part["p_covid"].to_numpy(float).reshape(len(seeds), -1),
    )
