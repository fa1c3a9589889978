"""The grid of jobs, architectures x seeds, and the tables made of what they left."""

import csv
import functools
import io
import os
import shutil
import time
import traceback
from dataclasses import asdict
from pathlib import Path

import torch

from cxrkit import __version__, environment
from cxrkit.config import NOT_IN_HASH
from cxrkit.environment import Deadline
from cxrkit.errors import Interrupted, RemoteRefusal, disk_errors
from cxrkit.files import PARTIAL, locked, read_json, sha256_of_json, write_json, write_text
from cxrkit.progress import announce, say
from cxrkit.training import precision, recipe, weights
from cxrkit.training.distributed import Team

NOT_IN_JOB = (*NOT_IN_HASH, "name", "architectures", "seeds", "threshold", "split", "split_seed", "exclude_views")
"""Keys that change no single job: which jobs there are, or what the manifest's hash covers already."""

FAILED = "failed.json"

EPOCH_COLUMNS = (
    "architecture",
    "seed",
    "stage",
    "epoch",
    "train_loss",
    "valid_loss",
    "error_rate",
    "sensitivity",
    "specificity",
    "seconds",
)
PREDICTION_COLUMNS = ("architecture", "seed", "stage", "image_id", "label", "p_covid")
LR_FIND_COLUMNS = ("architecture", "seed", "step", "learning_rate", "loss", "chosen")


def jobs_of(experiment):
    return [recipe.Job(architecture, seed) for seed in experiment.seeds for architecture in experiment.architectures]


def run(experiment, make_loaders, manifest_hash, folder, device, time_left=Deadline()):
    """Run every job that is not done; each has a folder of its own below `folder`.

    make_loaders: function without arguments to fresh fastai DataLoaders; device: "cpu" or "cuda"; time_left:
    seconds until no new stage may begin. A job's folder made from other data or another protocol is begun anew.

    Processes that share `folder`, on one host or more, share the jobs out: a job is held by a lock file that
    ends with its process, and whoever has nothing left to begin waits for the others and takes over what a
    dead one left. With `parallel: data` they train each job together instead.
    A job that fails is reported and kept in its folder as failed.json; the others go on. Raises Interrupted
    for a full disk, and what recipe.run raises for weights that cannot be had.
    """
    folder = Path(folder)
    how = [precision.choose_precision(experiment.precision, device), precision.choose_layout(device), precision.autotune(device)]
    callbacks = functools.partial(precision.callbacks, *how[:2], device)
    announce(f"training {len(jobs_of(experiment))} networks on {device}; numbers: {how[0]}; layout: {how[1]}; cuDNN autotuning: {how[2]}")
    if experiment.pretrained:
        with locked(folder / ".weights.lock"):
            weights.check(
                dict.fromkeys(job.architecture for job in jobs_of(experiment) if not recipe.done(folder / job.name, "unfrozen")),
                experiment.weights,
            )
    attempt = functools.partial(
        _attempt, experiment, make_loaders, _key(experiment, manifest_hash), folder, callbacks, time_left, time.time()
    )
    team = Team.join(device) if experiment.parallel == "data" else Team()
    environment.processes()  # remembered, before fastai is kept from gathering each metric from all processes, whatever they train
    os.environ.pop("WORLD_SIZE", None)
    if experiment.parallel == "data":
        for job in jobs_of(experiment):
            attempt(job, team)
        return
    tried = set()
    for wait in (False, True):
        for job in jobs_of(experiment):
            if job in tried:
                continue
            with locked(folder / f".{job.name}.lock", wait) as mine:
                if mine:
                    tried.add(job)
                    attempt(job, team)


def _attempt(experiment, make_loaders, key, folder, callbacks, time_left, since, job, team):
    """Run one job where it is not done, and no other process of this run has failed in it."""
    mine = folder / job.name
    if team.agree(_prepare(mine, key) if team.leads else None):
        if team.leads:
            say(f"{job.name}: done already")
        return
    if team.agree(time_left()) <= 0:
        say(f"{job.name}: not begun, the time is up")
        return
    failed = mine / FAILED
    if failed.exists() and failed.stat().st_mtime > since:
        return
    failed.unlink(missing_ok=True)
    try:
        with disk_errors(mine):
            recipe.run(job, make_loaders(), experiment, mine, time_left, team, callbacks())
    except (Interrupted, RemoteRefusal):
        raise  # a full disk or absent weights stop every job
    except Exception as error:  # whatever goes wrong in one training is no reason to lose the others
        if team.size > 1:
            raise  # the others wait for this process: torchrun has to end them
        say(f"!!! {job.name} failed: {type(error).__name__}: {error}")
        write_json(failed, {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()})
    finally:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def failures(experiment, folder):
    """{name: error} of the jobs that failed when they were last tried."""
    found = {job.name: Path(folder) / job.name / FAILED for job in jobs_of(experiment)}
    return {name: read_json(path)["error"] for name, path in found.items() if path.exists()}


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
        finder += [
            [*of_job, step, rate, loss, curve["chosen"]]
            for step, (rate, loss) in enumerate(zip(curve["learning_rates"], curve["losses"]), 1)
        ]
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
