"""Results down from Kaggle, each file compared with the checksums that the run wrote.

A run id never means two things: what is there and whole is not fetched again, and nothing that stands in its folder is
ever removed. What has arrived stays in OUT/.pull-KERNEL, where the next pull finds it.
"""

import hashlib
import os
import re
import shutil
import tempfile
import time
from pathlib import Path, PurePosixPath

from cxrkit.errors import BadInput, CxrkitError, Interrupted, disk_errors
from cxrkit.files import CHECKSUMS, locked, read_json, write_text
from cxrkit.kaggle_io import bundle, checkpoints, push
from cxrkit.kaggle_io.log import entries
from cxrkit.kaggle_io.output import Output, meter_step
from cxrkit.kaggle_io.publish import FOLDER, checked, is_inside, verify
from cxrkit.progress import MB, Meter, aloud, say

NO_LOG = "Kaggle has no log of this run."


def pull(kaggle, ref, out, expected=None, partial=False):
    """Fetch the results of a kernel's newest run into out/RUN-ID; return that folder.

    expected: (source_sha256, run_id) the results must carry; else those of the source that Kaggle shows for
    the kernel. partial: bring what there is into out/RUN-ID.partial, the log first, also of a run that goes on or died;
    each file that a list of checksums names is compared with it, and the others are named.

    Raises Interrupted while the kernel runs, RemoteRefusal when a file cannot be had, BadInput when the
    results are not whole, are another run's, or cannot be written.
    """
    now = push.status(kaggle, ref)
    if now.value in push.RUNNING and not partial:
        raise Interrupted(
            f"The kernel has not ended: {now}.", ref, f"python -m cxrkit wait --pull {ref}, or pull --partial for what there is"
        )
    expected = expected or bundle.identity(push.on_kaggle(kaggle, ref)[1])
    out = Path(out)
    try:
        with disk_errors(out):
            out.mkdir(parents=True, exist_ok=True)
            with locked(_lock(out)):  # pulls at once come here one after the other
                return _partial(kaggle, ref, out, expected) if partial else _whole(kaggle, ref, out, expected, now)
    except OSError as error:
        raise BadInput(f"The results cannot be written: {error.strerror or error}.", out, "name another folder with --out") from error


def _whole(kaggle, ref, out, expected, now):
    if expected[1] and _is_whole(out / Path(expected[1]).name):
        say("The results of this run are here already, whole; nothing was fetched.")
        return out / Path(expected[1]).name
    output = Output(kaggle, ref)
    names = output.below(FOLDER)
    if f"{FOLDER}/{CHECKSUMS}" not in names:
        raise BadInput(
            f"The kernel's output holds no whole results: {len(output.files)} files, status {now}.",
            ref,
            "python -m cxrkit pull --partial brings what there is, its log first",
        )
    fresh = _staging(out, ref)
    output.fetch(f"{FOLDER}/{CHECKSUMS}", fresh / FOLDER / CHECKSUMS)
    listed = checked(fresh / FOLDER)
    if "run.json" not in listed:
        raise BadInput("The results are not whole: run.json is missing.", ref, "python -m cxrkit pull --partial brings what there is")
    with Meter("fetching results", sum(each["bytes"] for each in listed.values()) / MB, "MB", tell=aloud()) as meter:
        for name in sorted(listed, key=lambda name: (name != "run.json", name)):
            if not is_inside(name):
                raise BadInput(f"checksums.json names a file outside its folder: {name!r}.", ref, "do not trust this kernel")
            output.fetch(f"{FOLDER}/{name}", fresh / FOLDER / name, listed[name], meter_step(meter))
            if name == "run.json":  # before hours are spent on another run's files
                found = _identity_of(fresh / FOLDER)
                _compare_runs(ref, found, expected)
    _drop_others(fresh / FOLDER, {*listed, CHECKSUMS})
    verify(fresh / FOLDER)
    write_text(fresh / "kernel.log", "".join(entries(output.log)))
    if not output.log:
        say(NO_LOG)
    unlisted = [name for name in names if name.removeprefix(FOLDER + "/") not in {*listed, CHECKSUMS}]
    if unlisted:
        say(f"not fetched, for checksums.json does not name them: {', '.join(unlisted[:5])}")
    target = out / found[1]
    if _is_whole(target):
        say("The results of this run are here already, whole; they stay as they are.")
        shutil.rmtree(fresh, ignore_errors=True)
        return target
    return _move(fresh, target)


def _partial(kaggle, ref, out, expected):
    output, fresh = Output(kaggle, ref), _staging(out, ref)
    write_text(fresh / "kernel.log", "".join(entries(output.log)))
    say(NO_LOG if not output.log else f"its log is at {fresh / 'kernel.log'}")
    names = output.below(FOLDER)
    lists = [name for name in names if name in (f"{FOLDER}/{CHECKSUMS}", f"{FOLDER}/{checkpoints.MARKER}")]
    listed, wrong, without = {}, [], []
    for name in sorted(lists, key=len, reverse=True):
        output.fetch(name, fresh / name)
        try:
            below = PurePosixPath(name).parent
            listed |= {str(below / each): sums for each, sums in checked((fresh / name).parent).items()}
        except BadInput as error:
            wrong.append(f"{name}: {error.what}")
    for name in (name for name in names if name not in lists):
        try:
            output.fetch(name, fresh / name, listed.get(name))
            without += [] if name in listed else [name]
        except (CxrkitError, OSError) as error:
            if isinstance(error, Interrupted):
                raise
            wrong.append(f"{name}: {getattr(error, 'what', error)}")
    run_id = expected[1]
    try:
        run_id = _identity_of(fresh / FOLDER)[1]
    except BadInput:
        pass
    missing = [name for name in listed if name not in names]
    for title, found in (("did not arrive whole", wrong), ("missing", missing), ("of which no checksum is known", without)):
        if found:
            say(f"{title}: {len(found)}\n" + "\n".join(f"  - {line}" for line in found[:10]))
    say(f"whole, as their checksums say: {len(listed) - len(missing) - len(wrong)} files")
    return _move(fresh, out / f"{Path(run_id).name or 'unknown-run'}.partial")


def _lock(out):
    """The lock of a folder for results; it lies elsewhere, for the folder is the user's."""
    return Path(tempfile.gettempdir()) / f"cxrkit-pull-{hashlib.sha256(str(out.resolve()).encode()).hexdigest()[:16]}.lock"


def _staging(out, ref):
    """The folder in which files arrive; what killed pulls of former versions left beside it is removed."""
    fresh = out / f".pull-{ref.replace('/', '-')}"
    for leftover in out.glob(".pull-*"):
        if leftover.is_dir() and leftover != fresh and re.fullmatch(r"\.pull-[a-z0-9_]{8}", leftover.name):
            shutil.rmtree(leftover, ignore_errors=True)
    fresh.mkdir(exist_ok=True)
    return fresh


def _drop_others(folder, names):
    """Remove what an earlier pull, of another run, left among the files that arrived."""
    for path in [path for path in folder.rglob("*") if path.is_file() and path.relative_to(folder).as_posix() not in names]:
        path.unlink()


def _is_whole(folder):
    try:
        verify(folder / FOLDER)
    except (CxrkitError, OSError):
        return False
    return True


def _move(fresh, target):
    """Move what arrived into place; what stood there is set aside, and stays."""
    if target.exists():
        aside = target.with_name(f"{target.name}.before-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{time.time_ns() % 10**6:06}")
        os.rename(target, aside)
        say(f"what was in {target.name} was not whole; it is kept in {aside}")
    os.rename(fresh, target)
    return target


def _identity_of(folder):
    found = read_json(folder / "run.json")
    identity = found.get("bundle") if isinstance(found, dict) else None
    source, run_id = ((identity.get(key) or "") if isinstance(identity, dict) else "" for key in ("source_sha256", "run_id"))
    if not isinstance(run_id, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", run_id):
        raise BadInput(f"The results carry no usable run id: {str(run_id)[:40]!r}.", folder / "run.json", "push the kit's own script")
    return source, run_id


def _compare_runs(ref, found, expected):
    """Raise BadInput when results are another run's: Kaggle may still show those of the version before."""
    for name, have, want in zip(("source", "run"), found, expected):
        if want and have != want:
            raise BadInput(
                f"These are the results of another {name}: {str(have)[:16]} instead of {want[:16]}.",
                ref,
                "Kaggle may still show the version before: look at python -m cxrkit status, then run the same command again",
            )
