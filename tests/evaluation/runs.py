"""Results folders as a run leaves them, with drawn predictions."""

import csv
import io
import os
import shutil

import numpy as np
from scipy.stats import norm

from cxrkit.data import manifest
from cxrkit.data.records import NEGATIVE, POSITIVE, Record
from cxrkit.files import sha256_of, write_json, write_text

ARCHITECTURES = ("resnet34", "resnet101", "vgg16_bn", "vgg19_bn")
SIZES = {"train": (100, 300), "valid": (34, 234), "test": (34, 234)}


def records(sizes=SIZES, images_a_patient=1, split_seed=0):
    """Records of drawn images, so many COVID-19 and normal ones in each split; which is where depends on split_seed."""
    random, found = np.random.default_rng(split_seed), []
    for label, column in ((POSITIVE, 0), (NEGATIVE, 1)):
        places = np.repeat(list(sizes), [counts[column] for counts in sizes.values()])
        for number, split in enumerate(random.permutation(places) if split_seed else places):
            name = f"drawn/{label}-{number:04}.png"
            found.append(
                Record(
                    image_id=name,
                    path=name,
                    source="drawn",
                    label=label,
                    patient=f"drawn:{label}-{number // images_a_patient}",
                    split=str(split),
                )
            )
    return found


def write_run(
    folder, seeds=(0, 1, 2), error_rates=(0.02,) * 4, sizes=SIZES, split_seed=0, seed_spread=0.2, images_a_patient=1, **experiment
):
    """Write run.json, epochs.csv, predictions.csv and manifest.csv of a run; return the folder.

    error_rates: one a network, in the order of ARCHITECTURES, on images of either class. Whether a seed got an
    image wrong depends on the seed and the image alone, not on what else is in the folder. `experiment`
    changes what run.json says of it.
    """
    rows, found = [], records(sizes, images_a_patient, split_seed)
    write_text(folder / "manifest.csv", manifest.to_csv(found))
    scored = [record for record in found if record.split in ("valid", "test")]
    labels = np.array([record.label for record in scored])
    hardness = np.random.default_rng(99).normal(0, 1, 5000)[: len(scored)]
    architectures = ARCHITECTURES[: len(error_rates)]
    for architecture, error_rate in zip(architectures, error_rates):
        for seed in seeds:
            random = np.random.default_rng([ARCHITECTURES.index(architecture), seed])
            for stage, factor in (("frozen", 3), ("unfrozen", 1)):
                logit = (
                    -norm.ppf(min(0.4, factor * error_rate)) * 1.5
                    + seed_spread * random.normal()
                    + hardness
                    + random.normal(0, 0.5, len(scored))
                )
                p_right = 1 / (1 + np.exp(-3 * logit))
                p_covid = np.where(labels == POSITIVE, p_right, 1 - p_right)
                rows += [[architecture, seed, stage, record.image_id, record.label, p] for record, p in zip(scored, p_covid)]
    _write(folder / "predictions.csv", ["architecture", "seed", "stage", "image_id", "label", "p_covid"], rows)
    epochs = [
        [a, s, stage, epoch, 0.1, 0.1, 0.1, 2.5]
        for a in architectures
        for s in seeds
        for stage in ("frozen", "unfrozen")
        for epoch in (1, 2)
    ]
    _write(folder / "epochs.csv", ["architecture", "seed", "stage", "epoch", "train_loss", "valid_loss", "error_rate", "seconds"], epochs)
    settings = {
        "name": "drawn",
        "split": "grouped",
        "split_seed": split_seed,
        "seeds": list(seeds),
        "architectures": list(architectures),
        "image_size": 224,
        "threshold": 0.5,
    }
    about = {
        "experiment": settings | experiment,
        "manifest_sha256": sha256_of(folder / "manifest.csv"),
        "data": "phantom",
        "weights": "random",
    }
    write_json(folder / "run.json", about)
    return folder


def copy(out, folder):
    """A copy of a run's out folder to write into, without what training left behind; its films stay where they are. Returns folder."""

    def quickly(source, target):
        return os.link(source, target) if source.endswith(".pt") else shutil.copy2(source, target)

    shutil.copytree(out, folder, copy_function=quickly, ignore=shutil.ignore_patterns("jobs", "tree", "phantoms"))
    return folder


def _write(path, columns, rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    write_text(path, text.getvalue())
