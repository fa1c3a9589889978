"""The grid of jobs, architectures x seeds, and the tables made of what they left."""

import csv
import io
import os
import shutil
from dataclasses import asdict
from pathlib import Path

import torch

from cxrkit import __version__
from cxrkit.config import NOT_IN_HASH
from cxrkit.environment import Deadline, choose_workers
from cxrkit.files import PARTIAL, read_json, sha256_of_json, write_json, write_text
from cxrkit.progress import say
from cxrkit.training import loaders, recipe, weights

NOT_IN_JOB = (*NOT_IN_HASH, "name", "architectures", "seeds", "threshold", "split", "split_seed", "exclude_views")
"""Keys that change no single job: which jobs there are, or what the manifest's hash covers already."""

EPOCH_COLUMNS = ("architecture", "seed", "stage", "epoch", "train_loss", "valid_loss", "error_rate", "sensitivity", "specificity", "seconds")
PREDICTION_COLUMNS = ("architecture", "seed", "stage", "image_id", "label", "p_covid")
LR_FIND_COLUMNS = ("architecture", "seed", "step", "learning_rate", "loss", "chosen")


def jobs_of(experiment):
    return [recipe.Job(architecture, seed) for seed in experiment.seeds for architecture in experiment.architectures]


def run(experiment, tree, entries, manifest_hash, folder, device, time_left=Deadline()):
    """Run every job that is not done; each has a folder of its own below `folder`.

    tree: the tree's folder; entries: {relative path: Record}; device: "cpu" or "cuda"; time_left: seconds
    until no new stage may begin.
    A job's folder made from other data or another protocol is begun anew. Raises what recipe.run raises.
    """
    tree, folder = Path(tree), Path(folder)
    key = _key(experiment, manifest_hash)
    waiting = [job for job in jobs_of(experiment) if not _prepare(folder / job.name, key)]
    for job in jobs_of(experiment):
        if job not in waiting:
            say(f"{job.name}: done already")
    if waiting and experiment.pretrained:
        weights.check({job.architecture: None for job in waiting}, experiment.weights)
    ids = {str(tree / relative): record.image_id for relative, record in entries.items()}
    workers = choose_workers(experiment.workers, len(entries), device)
    say(f"training {len(waiting)} of {len(jobs_of(experiment))} networks on {device}; decoding processes: {workers}")
    for job in waiting:
        if time_left() <= 0:
            say(f"{job.name}: not begun, the time is up")
            continue
        data = loaders.make(tree, entries, experiment.image_size, experiment.batch_size, workers.value, torch.device(device))
        recipe.run(job, data, lambda path: ids[str(path)], experiment, folder / job.name, time_left)


def unfinished(experiment, folder):
    """Names of the jobs that are not done."""
    return [job.name for job in jobs_of(experiment) if not recipe.done(Path(folder) / job.name, "unfrozen")]


def _key(experiment, manifest_hash):
    protocol = {k: v for k, v in asdict(experiment).items() if k not in NOT_IN_JOB}
    return sha256_of_json({"protocol": protocol, "manifest": manifest_hash, "version": __version__})


def _prepare(folder, key):
    """Whether the job in `folder` is done; a folder of another key is emptied."""
    marker = folder / "job.json"
    if folder.exists() and (not marker.exists() or read_json(marker)["key"] != key):
        say(f"{folder.name}: begun anew, for the data or the protocol changed")
        shutil.rmtree(folder)
    if not marker.exists():
        write_json(marker, {"key": key})
    for leftover in [*folder.glob(f".*{PARTIAL}"), *folder.glob("tmp*")]:
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    return (folder / "unfrozen.json").exists()


def collect(experiment, records, folder, results):
    """Write epochs.csv, predictions.csv, lr_find.csv and models/ into `results` from the finished jobs."""
    labels = {record.image_id: record.label for record in records}
    epochs, predictions, finder = [], [], []
    (results / "models").mkdir(parents=True, exist_ok=True)
    names, waiting = set(), unfinished(experiment, folder)
    for job in jobs_of(experiment):
        if job.name in waiting:
            continue
        of_job = [job.architecture, job.seed]
        for stage in recipe.STAGES:
            done = read_json(folder / job.name / f"{stage}.json")
            epochs += [[*of_job, stage, *(epoch[c] for c in EPOCH_COLUMNS[3:])] for epoch in done["epochs"]]
            predictions += [[*of_job, stage, image_id, labels[image_id], p] for image_id, p in sorted(done["predictions"])]
        curve = read_json(folder / job.name / "lr_find.json")
        finder += [[*of_job, step, rate, loss, curve["chosen"]] for step, (rate, loss) in enumerate(zip(curve["learning_rates"], curve["losses"]), 1)]
        names.add(_keep_model(folder / job.name / "unfrozen.pt", results / "models" / f"{job.name}.pt"))
    for stale in results.joinpath("models").iterdir():
        if stale.name not in names:
            stale.unlink()
    _write_csv(results / "epochs.csv", EPOCH_COLUMNS, epochs)
    _write_csv(results / "predictions.csv", PREDICTION_COLUMNS, predictions)
    _write_csv(results / "lr_find.csv", LR_FIND_COLUMNS, finder)


def _keep_model(source, target):
    """A second name for the weights where the file system allows it, for four networks fill 0.4 GB."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
    return target.name


def _write_csv(path, columns, rows):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    write_text(path, text.getvalue())
