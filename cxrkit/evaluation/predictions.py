"""A run's predictions, joined with what its manifest says of each image: split, patient group (copies included)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cxrkit.data import manifest
from cxrkit.data.groups import groups_of
from cxrkit.data.records import LABELS, POSITIVE
from cxrkit.errors import BadInput
from cxrkit.files import read_json, sha256_of

LAST_STAGE = "unfrozen"
COLUMNS = ("architecture", "seed", "stage", "image_id", "label", "p_covid")


@dataclass(frozen=True)
class Run:
    """A results folder, read and checked.

    name: what people call it; about: run.json; records: the manifest's used records by image_id;
    table: predictions.csv as a DataFrame with the columns `split` and `group` (patient) added.
    """

    name: str
    folder: Path
    about: dict
    manifest_sha256: str
    records: dict
    table: pd.DataFrame

    @property
    def held(self):
        """The split that scores are reported on: test where the run has one, else valid."""
        return "test" if (self.table["split"] == "test").any() else "valid"


@dataclass(frozen=True)
class Scores:
    """What one network said of the n images of a split, over S seeds; images in the order of image_ids.

    is_covid: n booleans; groups: n whole numbers, one a patient; p_covid: S x n probabilities.
    """

    image_ids: tuple
    is_covid: np.ndarray
    groups: np.ndarray
    seeds: tuple
    p_covid: np.ndarray

    def wrong(self, threshold):
        """S x n booleans: whether the network was wrong; one threshold for all seeds, or one a seed."""
        return (self.p_covid >= np.reshape(threshold, (-1, 1))) != self.is_covid

    def averaged(self):
        """The ensemble over seeds: the mean probability, as one row."""
        return Scores(self.image_ids, self.is_covid, self.groups, (), self.p_covid.mean(0, keepdims=True))


def read(results, name=None):
    """A results folder as a Run, named as its experiment unless a name is given.

    Raises BadInput when a file is missing, broken, or belongs to another run.
    """
    results = Path(results)
    about, table = _read_about(results), read_predictions(results)
    everything = manifest.read(results / "manifest.csv")
    digest = sha256_of(results / "manifest.csv")
    if about["manifest_sha256"] != digest:
        raise BadInput(
            "The manifest is not the one that the run was made with.", results / "manifest.csv", "restore the file from the run's output"
        )
    records = {record.image_id: record for record in everything if record.used}
    table["split"] = table["image_id"].map({image_id: record.split for image_id, record in records.items()})
    table["group"] = table["image_id"].map(groups_of(everything))
    _check(table, records, results / "predictions.csv")
    return Run(name or about["experiment"].get("name", "unnamed"), results, about, digest, records, table)


def _read_about(results):
    try:
        about = read_json(results / "run.json")
        lacking = [key for key in ("experiment", "manifest_sha256", "data", "weights") if key not in about]
    except FileNotFoundError:
        raise BadInput("There is no run here.", results / "run.json", "name the results folder of a finished run") from None
    except ValueError as error:
        raise BadInput(f"The file is no JSON: {error}.", results / "run.json", "restore it from the run's output") from error
    if lacking:
        raise BadInput(f"The file lacks {', '.join(lacking)}.", results / "run.json", "restore it from the run's output")
    return about


def read_predictions(results):
    """predictions.csv as a DataFrame. Raises BadInput."""
    path = Path(results) / "predictions.csv"
    try:
        table = pd.read_csv(path, dtype={"image_id": str, "label": str})
    except FileNotFoundError:
        raise BadInput("There are no predictions here.", path, "name the results folder of a finished run") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise BadInput(f"The predictions are no readable CSV: {error}.", path, "restore the file from the run's output") from error
    missing = [column for column in COLUMNS if column not in table]
    if missing or table.empty:
        raise BadInput(f"The predictions lack {', '.join(missing) or 'any row'}.", path, "restore the file from the run's output")
    return table


def _check(table, records, path):
    """Raise BadInput, with the first row concerned, for predictions that cannot be scored."""
    truth = table["image_id"].map({image_id: record.label for image_id, record in records.items()})
    values = pd.to_numeric(table["p_covid"], errors="coerce")
    complaints = {
        "names an image that the manifest does not use": table["split"].isna(),
        "gives an image another label than the manifest": table["split"].notna() & (table["label"] != truth),
        f"has a label that is none of {', '.join(LABELS)}": ~table["label"].isin(LABELS),
        "has a probability outside 0 to 1": ~values.between(0, 1),
        "repeats an image of the same network, seed and stage": table.duplicated(["architecture", "seed", "stage", "image_id"]),
    }
    for complaint, rows in complaints.items():
        if rows.any():
            row = int(np.flatnonzero(rows)[0])
            raise BadInput(f"A prediction {complaint}: {table['image_id'].iloc[row]}.", f"{path}, row {row + 2}", "run the training again")
    table["p_covid"] = values
    for split, part in table.groupby("split"):
        images = part["image_id"].nunique()
        for job, mine in part.groupby(["architecture", "seed", "stage"]):
            if len(mine) != images:
                what = f"{' '.join(map(str, job))} has predictions for {len(mine)} of the {images} images in {split}"
                raise BadInput(f"Not every network saw the same images: {what}.", path, "run the training again")


def scores(table, architecture, split, stage=LAST_STAGE):
    """The Scores of one network on one split, seeds ascending, images by image_id; None where there are none."""
    part = table[(table["architecture"] == architecture) & (table["split"] == split) & (table["stage"] == stage)]
    if part.empty:
        return None
    matrix = part.pivot(index="seed", columns="image_id", values="p_covid").sort_index()
    images = part.drop_duplicates("image_id").set_index("image_id").loc[matrix.columns]
    return Scores(
        image_ids=tuple(matrix.columns),
        is_covid=(images["label"] == POSITIVE).to_numpy(),
        groups=pd.factorize(images["group"])[0],
        seeds=tuple(int(seed) for seed in matrix.index),
        p_covid=matrix.to_numpy(),
    )
