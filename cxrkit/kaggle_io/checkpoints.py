"""What a run that ran out of time leaves for the next one: the trainings' states, beside the results."""

import os
import shutil
from pathlib import Path

from cxrkit.files import read_json, write_checksums, write_json
from cxrkit.kaggle_io import mounts
from cxrkit.progress import say

FOLDER = "checkpoints"
MARKER = f"{FOLDER}/jobs.json"


def save_unless_whole(results, jobs):
    """Put the folder of jobs below the results when run.json names unfinished ones, and list them in checksums.json."""
    if not read_json(results / "run.json")["unfinished"]:
        return
    kept = []
    for job in sorted(path for path in jobs.iterdir() if (path / "frozen.json").exists()):
        finished = (job / "unfrozen.json").exists()
        for path in sorted(path for path in job.iterdir() if path.is_file()):
            if not (finished and path.name == "frozen.pt"):
                _place(path, results / FOLDER / job.name / path.name)
        kept.append(job.name)
    write_json(results / MARKER, kept)
    write_checksums(results)
    say(f"checkpoints: {len(kept)} trainings kept; python -m cxrkit push --resume goes on from them")


def restore(jobs, root=None):
    """Put the jobs of an attached earlier run where training looks for them; return their names.

    Whether they belong to the same data and protocol is training's to say: it begins others anew.
    """
    attached = mounts.find(MARKER, root=root)
    names = read_json(attached / MARKER) if attached else []
    for name in names:
        for path in sorted((attached / FOLDER / Path(name).name).iterdir()):
            target = jobs / Path(name).name / path.name
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
    if names:
        say(f"checkpoints: {len(names)} trainings attached at {attached}")
    return names


def _place(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
