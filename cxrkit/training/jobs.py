"""Training jobs, one an architecture and seed: shared out, run, and gathered.

With torchrun the world's processes share the jobs out by lock files, or train each one together (`parallel: data`).
"""

import functools
import os
import shutil
import time
import traceback
from collections.abc import Mapping
from pathlib import Path

import torch

from cxrkit import __version__, environment
from cxrkit.columns import EPOCHS, STAGES, UNFROZEN, Trained
from cxrkit.config import Experiment
from cxrkit.environment import Deadline
from cxrkit.errors import Interrupted, RemoteRefusal, disk_errors
from cxrkit.files import PARTIAL, locked, read_json, sha256_of_json, write_json
from cxrkit.progress import announce, say
from cxrkit.training import recipe, weights
from cxrkit.training.distributed import Team
from cxrkit.training.precision import Numerics

FAILED = "failed.json"


def jobs_of(experiment):
    return [recipe.Job(architecture, seed) for seed in experiment.seeds for architecture in experiment.architectures]


def run(experiment, make_loaders, manifest_hash, folder, device, time_left=Deadline()) -> Numerics:
    """Run every job that is not done, each in a folder of its own below `folder`; return how the numbers were computed.

    make_loaders: function without arguments to fresh fastai DataLoaders; device: "cpu" or "cuda"; time_left:
    seconds until no new stage may begin. A job's folder made from other data or another protocol is begun anew.

    Processes that share `folder`, on one host or more, share the jobs out: a job is held by a lock file that
    ends with its process, and whoever has nothing left to begin waits for the others and takes over what a
    dead one left. With `parallel: data` they train each job together instead.
    A job that fails is reported and kept in its folder as failed.json; the others go on. Raises Interrupted
    for a full disk, and what recipe.run raises for weights that cannot be had.
    """
    folder = Path(folder)
    numerics = Numerics.choose(experiment.precision, device)
    announce(f"training {len(jobs_of(experiment))} networks on {device}; {numerics}")
    if experiment.pretrained:
        with locked(folder / ".weights.lock"):
            weights.check(
                dict.fromkeys(job.architecture for job in jobs_of(experiment) if not recipe.done(folder / job.name, UNFROZEN)),
                experiment.weights,
            )
    key, callbacks = key_of(experiment, manifest_hash, numerics), functools.partial(numerics.callbacks, device)
    attempt = functools.partial(_attempt, experiment, make_loaders, key, folder, callbacks, time_left, time.time())
    team = Team.join(device) if experiment.parallel == "data" else Team()
    environment.processes()  # remembered, before fastai is kept from gathering each metric from all processes, whatever they train
    os.environ.pop("WORLD_SIZE", None)
    if experiment.parallel == "data":
        for job in jobs_of(experiment):
            attempt(job, team)
        return numerics
    tried = set()
    for wait in (False, True):
        for job in jobs_of(experiment):
            if job in tried:
                continue
            with locked(folder / f".{job.name}.lock", wait) as mine:
                if mine:
                    tried.add(job)
                    attempt(job, team)
    return numerics


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
    return [job.name for job in jobs_of(experiment) if not recipe.done(Path(folder) / job.name, UNFROZEN)]


def key_of(experiment: Experiment, manifest_hash: str, numerics: Numerics) -> str:
    """What a job's folder must have been made with: the keys that decide the training, the data, and the number format used.

    A job that was begun in another number format, on another device, is begun anew.
    """
    computed = [numerics.precision.value, numerics.layout.value]
    return sha256_of_json(
        {"protocol": experiment.settings("numbers"), "computed": computed, "manifest": manifest_hash, "version": __version__}
    )


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
    return recipe.done(folder, UNFROZEN)


def collect(experiment: Experiment, label_of: Mapping[str, str], folder) -> Trained:
    """What the finished jobs left. label_of: {image_id: label}; folder: that of `run`."""
    trained, waiting = Trained(), unfinished(experiment, folder)
    for job in jobs_of(experiment):
        if job.name in waiting:
            continue
        of_job, home = [job.architecture, job.seed], Path(folder) / job.name
        for stage in STAGES:
            done = read_json(home / f"{stage}.json", keys=("epochs", "predictions"))
            trained.epochs.extend([*of_job, stage, *(epoch[column] for column in EPOCHS[3:])] for epoch in done["epochs"])
            trained.predictions.extend([*of_job, stage, image_id, label_of[image_id], p] for image_id, p in sorted(done["predictions"]))
        curve = read_json(home / "lr_find.json", keys=("learning_rates", "losses", "chosen"))
        steps = enumerate(zip(curve["learning_rates"], curve["losses"]), start=1)
        trained.lr_find.extend([*of_job, step, rate, loss, curve["chosen"]] for step, (rate, loss) in steps)
        trained.models[f"{job.name}.pt"] = home / f"{UNFROZEN}.pt"
    return trained
