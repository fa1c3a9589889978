"""Finished stages in the kernel's output, each as soon as it is there: what a run that dies leaves to the next one.

    results/checkpoints/JOB/         the files of JobFolder, without the weights that a later stage has replaced
    results/checkpoints/checksums.json      SHA-256 and size of each; what it does not name is not whole

Kaggle keeps the output of a run that failed or was killed, but nothing from anywhere else.
"""

import shutil
from pathlib import Path

from cxrkit import state_files
from cxrkit.columns import FROZEN, UNFROZEN
from cxrkit.errors import BadInput
from cxrkit.files import CHECKSUMS, checksum, link_or_copy, read_json, write_checksums, write_json
from cxrkit.kaggle_io import mounts
from cxrkit.progress import say
from cxrkit.results import CHECKPOINTS

FOLDER = CHECKPOINTS
MARKER = f"{FOLDER}/{CHECKSUMS}"


def keep(job: Path, results: Path) -> None:
    """Put what a training has finished below the results, weights first, and list it; a file that is there already stays.

    What is listed of the same training and is no longer in its folder, weights that a later stage has replaced or stages of
    another protocol, is taken off the list before it is removed.
    """
    listed = _listed(results)
    frozen, done = ((job / f"{stage}.json").exists() for stage in (FROZEN, UNFROZEN))
    wanted = [name for name in ("job.json", "lr_find.json") if (job / name).exists()]
    wanted += [state_files.find(job, FROZEN).name] if frozen and not done else []
    wanted += [f"{FROZEN}.json"] if frozen else []
    wanted += [state_files.find(job, UNFROZEN).name, f"{UNFROZEN}.json"] if done else []
    for name in wanted:
        target = results / FOLDER / job.name / name
        known = listed.get(f"{job.name}/{name}")
        if known != (found := checksum(job / name)) or not target.exists():
            link_or_copy(job / name, target)
            listed[f"{job.name}/{name}"] = found
    gone = [name for name in listed if name.startswith(f"{job.name}/") and name.partition("/")[2] not in wanted]
    write_json(results / MARKER, {name: sums for name, sums in listed.items() if name not in gone})
    for name in gone:
        (results / FOLDER / job.name / Path(name).name).unlink(missing_ok=True)


def tidy(results: Path, unfinished: list[str]) -> None:
    """Remove the checkpoints of results that hold every network; say what there is to go on from, where they do not."""
    if unfinished:
        say(kept(results))
        write_checksums(results)
        return
    listed = read_json(results / CHECKSUMS)  # first off the list: a death between the two leaves results that are whole
    write_json(results / CHECKSUMS, {name: sums for name, sums in listed.items() if not name.startswith(FOLDER + "/")})
    shutil.rmtree(results / FOLDER, ignore_errors=True)


def kept(results: Path) -> str:
    """A sentence on the stages that the output holds, and what goes on from them."""
    stages = _stages(results)
    if not stages:
        return "checkpoints: no stage of a training was finished"
    return f"checkpoints: {stages} finished stages are in the output; python -m cxrkit push --resume goes on from them"


def restore(jobs: Path, root: Path | None = None, results: Path | None = None, aside: Path | None = None) -> list[str]:
    """Put the whole files of an earlier run where training looks for them; return the names of its jobs.

    Of several attached runs, and the one whose results were set aside here, that with the most finished stages is taken.
    results: where they are kept at once, so that a run that dies before it begins a training loses none of them. Whether they
    belong to the same data and protocol is training's to say: it begins others anew. A file that is not as its checksum says
    is left out and named, with its stage.
    """
    places = [*mounts.holding(MARKER, root), *([aside] if aside and (aside / MARKER).exists() else [])]
    attached = mounts.best("checkpoints", {place: _stages(place) for place in places}, "finished stages")
    if attached is None:
        return []
    found = set()
    for name, expected in sorted(_listed(attached).items(), key=lambda item: item[0].endswith(".json")):
        job, _, file = name.partition("/")
        source, target = attached / FOLDER / job / Path(file).name, jobs / Path(job).name / Path(file).name
        if not source.is_file() or checksum(source) != expected:
            say(f"checkpoints: {name} did not arrive whole, so that stage is trained again")
            continue
        if target.stem == UNFROZEN and target.suffix == ".json" and not state_files.find(target.parent, UNFROZEN).exists():
            continue  # its weights did not arrive
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        found.add(job)
    say(f"checkpoints: {_stages(attached)} finished stages of {len(found)} trainings are at {attached}")
    for job in sorted(found) if results else []:
        keep(jobs / job, results)
    return sorted(found)


def _stages(results: Path) -> int:
    """How many stages the list of finished ones names."""
    return sum(name.endswith((f"{FROZEN}.json", f"{UNFROZEN}.json")) for name in _listed(results))


def _listed(results: Path) -> dict:
    path = results / MARKER
    if not path.exists():
        return {}
    try:
        found = read_json(path)
    except BadInput:
        found = None
    return found if isinstance(found, dict) else {}
