"""The run inside a Kaggle kernel: machine proved, data found, checkpoints restored and saved, results sent, and an end in time."""

import os
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cxrkit import environment, pipeline
from cxrkit.config import Experiment
from cxrkit.errors import CxrkitError
from cxrkit.files import read_json, write_json
from cxrkit.kaggle_io import checkpoints, client, datasets, mounts, publish
from cxrkit.options import as_arguments
from cxrkit.progress import say
from cxrkit.results import Results

SENT = "results-dataset.json"
SEND_YOURSELF = "From your own machine: python -m cxrkit pull, then python -m cxrkit publish."
SEND_SECONDS = 3000
"""How long after the time is up sending may last: 11 hours of training, and 50 minutes of the 12th."""
LONGEST_SECONDS = 12 * 3600
SENDING = "cxrkit-sending"
SESSION = "KAGGLE_API_V1_TOKEN"
TOKEN, USER, KEY = OWN = ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY")


def arguments_of(experiment: str, overrides: Mapping[str, Any], hours: float, gpu: bool, results: str) -> list[str]:
    """The command line of kernel/run.py that means the constants at the head of the script."""
    arguments = ["--experiment", experiment, f"--hours={hours}"]
    arguments += [] if gpu else ["--cpu"]
    arguments += [f"--results={results}"] if results else []
    return arguments + as_arguments(overrides)


def run(experiment: Experiment, hours: float | None, needs_gpu: bool, results_slug: str) -> Results | None:
    """Run the pipeline on what is attached; leave the results in the kernel's output and send them.

    hours: after which no new stage begins; None for no end. results_slug: the dataset to send them to; empty for none.
    Returns the Results; None in a process that is not the first, which makes them. Raises CxrkitError when there is no
    GPU that works, no data, or no result; that results could not be sent is said and written beside them, and is no error.
    """
    time_left = environment.Deadline.of_run(hours, scratch())
    working = environment.kaggle_working()
    os.chdir(working)
    bundle = environment.bundle_identity()
    edited = f", edited: it was made from {bundle['edited_from'][:12]}" if bundle["edited_from"] else ""
    say(f"cxrkit run {bundle['run_id']} of source {bundle['source_sha256'][:12]}{edited}")
    output = working / publish.FOLDER
    aside = set_aside(output, bundle["run_id"])
    checkpoints.restore(scratch() / "jobs", results=output, aside=aside)  # first: what stops the run here must not lose them
    if needs_gpu:
        device = environment.require_gpu()
        say(f"GPU: {device}")
        pipeline.prove(device, experiment.precision, working)
    experiment = mounts.attach(experiment)
    try:
        results = pipeline.run(experiment, scratch(), output, time_left, lambda job: checkpoints.keep(job, output))
    except (Exception, KeyboardInterrupt):
        if environment.rank() == 0:
            say(checkpoints.kept(output))
        raise
    if results is None:
        return None
    checkpoints.tidy(output, results.info.unfinished)
    if results_slug and time_left() < -pipeline.ROOM_SECONDS:
        say("The results were not sent to a dataset, for the time was up; they stay in this kernel's output.")
    elif results_slug:
        send_within(min(time_left() + SEND_SECONDS, LONGEST_SECONDS), results.folder, results_slug)
    return results


def set_aside(output: Path, run_id: str) -> Path | None:
    """Move what an earlier run left in an output that was kept, so that this run does not certify it; return its new folder."""
    if not output.exists() or (found := found_run(output)) == run_id:
        return None
    number = 1
    while (aside := output.with_name(f"{output.name}-before-{number}")).exists():
        number += 1
    os.rename(output, aside)
    say(f"results of {'run ' + found if found else 'a run without a name'} were here already; they are in {aside}")
    return aside


def found_run(results: Path) -> str:
    """The run id in a run.json; empty where it cannot be read."""
    try:
        found = read_json(results / "run.json", keys=("run_id",))["run_id"]
    except CxrkitError:
        return ""
    return found if isinstance(found, str) else ""


def scratch() -> Path:
    """A folder for what need not be kept: Kaggle saves every file below its working folder, links too."""
    return Path(tempfile.gettempdir()) / "cxrkit-work"


def send_within(seconds: float, folder: Path, slug: str) -> None:
    """`send`, given up after so many seconds: Kaggle ends the run at its own limit, and then as one that failed."""
    usual, failed = (sys.stdin, sys.stdout, sys.stderr), []

    def work() -> None:
        try:
            send(folder, slug)
        except BaseException as error:  # of the other thread; it is raised again in this one
            failed.append(error)

    thread = threading.Thread(target=work, daemon=True, name=SENDING)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        sys.stdin, sys.stdout, sys.stderr = usual  # the client was silenced, and is still at it
        reason = f"given up after {seconds / 60:.0f} min, for the run's time is up"
        say(f"The results were not sent to a dataset ({reason}); they stay in this kernel's output. {SEND_YOURSELF}")
        write_json(folder.parent / SENT, {"dataset": None, "reasons": [reason]})
    elif failed:
        raise failed[0]


def send(folder: Path, slug: str) -> datasets.DatasetVersion | None:
    """Publish the results with whatever credential this kernel has; say, and write down beside them, how that went.

    Returns the DatasetVersion, or None where no credential may do it: the results stay in the kernel's output.
    """
    reasons = []
    for name, variables in credentials():
        try:
            with alone(variables):
                sent = publish.publish(folder, slug)
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
    say(SEND_YOURSELF)
    write_json(folder.parent / SENT, {"dataset": None, "reasons": reasons})
    return None


def credentials() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield (name, {variable: value}) of each credential that this kernel has, the user's own first.

    Kaggle's client prefers the session's token to the user's own key, even where the token may not write and after the
    server called it inactive. So each credential is tried alone, with the others out of its sight.
    """
    secrets = {label: secret(label) for label in OWN}
    for kind, place in (("attached secret", secrets), ("variable", os.environ)):
        token, user, key = (place.get(name) for name in OWN)
        if token:
            yield f"{kind} {TOKEN}", {TOKEN: token}
        if user and key:
            yield f"{kind}s {USER} and {KEY}", {USER: user, KEY: key}
    if session := os.environ.get(SESSION):
        yield "session's token", {SESSION: session}


def secret(label: str) -> str | None:
    """The secret that is attached to this kernel under that label, or None.

    `kaggle kernels push` detaches secrets: they have to be attached again on the kernel's page.
    """
    try:
        from kaggle_secrets import UserSecretsClient

        with client.silence():
            return UserSecretsClient().get_secret(label)
    except Exception:  # Kaggle's module has errors of its own for "not attached", "no network" and "no token": all mean none
        return None


@contextmanager
def alone(variables: Mapping[str, str]) -> Iterator[None]:
    """The environment with these credentials and no others."""
    usual = {name: os.environ.pop(name) for name in (SESSION, *OWN) if name in os.environ}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            os.environ.pop(name, None)
        os.environ.update(usual)
