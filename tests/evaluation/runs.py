"""Results folders as a run leaves them, with drawn predictions."""

import os
import shutil

import numpy as np
from scipy.stats import norm

from cxrkit import columns, config, state_files
from cxrkit.columns import STAGES
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import NEGATIVE, POSITIVE, Record
from cxrkit.files import write_csv
from cxrkit.results import Results

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
                    collected="drawn",
                    split=str(split),
                )
            )
    return found


def write_run(
    folder,
    seeds=(0, 1, 2),
    error_rates=(0.02,) * 4,
    sizes=SIZES,
    split_seed=0,
    seed_spread=0.2,
    images_a_patient=1,
    manifest=None,
    **experiment,
):
    """Write run.json, epochs.csv, lr_find.csv, predictions.csv and manifest.csv of a run by the kit's own writers; return its Results.

    error_rates: one a network, in the order of ARCHITECTURES, on images of either class. Whether a seed got an
    image wrong depends on the seed and the image alone, not on what else is in the folder. `experiment`: further keys of
    the experiment; manifest: another Manifest than the drawn one.
    """
    manifest = manifest or Manifest(records(sizes, images_a_patient, split_seed))
    architectures = ARCHITECTURES[: len(error_rates)]
    settings = {"name": "drawn", "split": "grouped", "split_seed": split_seed, "pretrained": False}
    settings |= {"seeds": list(seeds), "architectures": list(architectures)} | experiment
    results = Results.begin(folder, config.make(settings, {}, folder), manifest)
    scored = [record for record in manifest.used if record.split in ("valid", "test")]
    labels = np.array([record.label for record in scored])
    hardness = np.random.default_rng(99).normal(0, 1, 5000)[: len(scored)]
    rows = []
    for architecture, error_rate in zip(architectures, error_rates):
        for seed in seeds:
            random = np.random.default_rng([ARCHITECTURES.index(architecture), seed])
            for stage, factor in zip(STAGES, (3, 1)):
                logit = (
                    -norm.ppf(min(0.4, factor * error_rate)) * 1.5
                    + seed_spread * random.normal()
                    + hardness
                    + random.normal(0, 0.5, len(scored))
                )
                p_right = 1 / (1 + np.exp(-3 * logit))
                p_covid = np.where(labels == POSITIVE, p_right, 1 - p_right)
                rows += [[architecture, seed, stage, record.image_id, record.label, p] for record, p in zip(scored, p_covid)]
    write_csv(results.folder / "predictions.csv", columns.PREDICTIONS, rows)
    random = np.random.default_rng(0)
    jobs = [(architecture, seed) for architecture in architectures for seed in seeds]
    epochs = [
        [*job, stage, e, 1 / (e + 4 * (stage == STAGES[1])) + random.random() / 9, 1 / e, 0.1, 0.9, 0.9, 2.5]
        for job in jobs
        for stage in STAGES
        for e in (1, 2, 3, 4)
    ]
    write_csv(results.folder / "epochs.csv", columns.EPOCHS, epochs)
    finder = [[*job, step, 10 ** (step / 10 - 7), 0.7 - 0.004 * step + 2e-6 * step**4, 1e-3] for job in jobs for step in range(60)]
    write_csv(results.folder / "lr_find.csv", columns.LR_FIND, finder)
    return results


def reread(results):
    """The same folder, opened anew."""
    return Results.open(results.folder)


def copy(out, folder, without=("jobs", "tree", "phantoms")):
    """A copy of a run's out folder to write into, without what training left behind; its films stay where they are. Returns folder."""

    def quickly(source, target):
        return os.link(source, target) if source.endswith(state_files.SUFFIXES) else shutil.copy2(source, target)

    shutil.copytree(out, folder, copy_function=quickly, ignore=shutil.ignore_patterns(*without))
    return folder
