"""The run inside Kaggle: machine proved, data found, results sent, and an end in time."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from cxrkit import environment, pipeline
from cxrkit.errors import CxrkitError
from cxrkit.files import write_json
from cxrkit.kaggle_io import checkpoints, client, credentials, mounts, pull
from cxrkit.progress import say

SENT = "results-dataset.json"


def arguments_of(experiment, overrides, hours, gpu, results):
    """The command line of kernel/run.py that means the constants at the head of the script."""
    arguments = ["--experiment", experiment, f"--hours={hours}"]
    arguments += [] if gpu else ["--cpu"]
    arguments += [f"--results={results}"] if results else []
    for key, value in overrides.items():
        option = "--" + key.replace("_", "-")
        if isinstance(value, bool):
            arguments.append(option if value else option.replace("--", "--no-", 1))
        elif key == "data":
            arguments += [f"{option}={item}" for item in ([value] if isinstance(value, str) else value)]
        elif isinstance(value, (list, tuple)):
            arguments += [option, *map(str, value)]
        else:
            arguments.append(f"{option}={value}")
    return arguments


def run(experiment, hours, needs_gpu, results_slug):
    """Run the pipeline on what is attached; leave the results in the kernel's output and send them.

    hours: after which no new stage begins. results_slug: the dataset to send them to; empty for none.
    Raises CxrkitError when there is no GPU that works, no data, or no result; that results could not be
    sent is said and written beside them, and is no error.
    """
    time_left = environment.Deadline(hours)
    working = environment.kaggle_working()
    os.chdir(working)
    bundle = environment.bundle_identity()
    say(f"cxrkit run {bundle['run_id']} of source {bundle['source_sha256'][:12]}")
    if needs_gpu:
        say(f"GPU: {environment.require_gpu()}")
    experiment = mounts.attach(experiment)
    checkpoints.restore(scratch() / "jobs")
    folder = pipeline.run(experiment, scratch(), working / pull.FOLDER, time_left)
    if folder is None:
        return None  # the first of several processes makes the results
    checkpoints.save_unless_whole(folder, scratch() / "jobs")
    if results_slug:
        send(folder, results_slug)
    return folder


def start_on_every_gpu():
    """On a machine with several GPUs, start this program once for each through torchrun, and return its exit code; else None.

    A process that dies is started again with the others, and they go on from what is on disk.
    """
    if environment.processes() > 1:
        return None
    gpus = environment.gpus()
    if gpus < 2:
        return None
    say(f"{gpus} GPUs: one process on each, which share the trainings out")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={gpus}", "--max-restarts=1"]
    return subprocess.run([*torchrun, "--", os.path.abspath(sys.modules["__main__"].__file__), *sys.argv[1:]]).returncode


def scratch():
    """A folder for what need not be kept: Kaggle saves every file below its working folder, links too."""
    return Path(tempfile.gettempdir()) / "cxrkit-work"


def send(folder, slug):
    """Publish the results with whatever credential this kernel has; say, and write down beside them, how that went.

    Returns the DatasetVersion, or None where no credential may do it: the results stay in the kernel's output.
    """
    reasons = []
    for name, variables in credentials.in_kernel():
        try:
            with credentials.alone(variables):
                sent = pull.publish(folder, slug)
        except (CxrkitError, OSError, *client.failures()) as error:
            reasons.append(f"{name}: {error}")
            continue
        say(f"results sent with the {name}: {sent.url}, {sent.files} files, {sent.bytes:,} bytes, as Kaggle lists them")
        write_json(folder.parent / SENT, {"dataset": sent.ref, "version": sent.version, "files": sent.files, "bytes": sent.bytes})
        return sent
    reasons = reasons or ["this kernel has no credential: no attached secret, no key, no session token"]
    say("The results were not sent to a dataset; they stay in this kernel's output.")
    for reason in reasons:
        say(f"  - {reason}")
    say("From your own machine: python -m cxrkit pull, then python -m cxrkit publish.")
    write_json(folder.parent / SENT, {"dataset": None, "reasons": reasons})
    return None
