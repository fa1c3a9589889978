"""The folder of a training: what its finished stages left, written by the process that started it, read when it goes on.

job.json          the key: what the training was made with; a folder of another key is emptied
frozen, unfrozen  weights (cxrkit/state_files.py)
frozen.json, unfrozen.json  epochs, predictions, statistics and skipped steps; a stage is done once this file is there
lr_find.json      the finder's curve, the rate that was chosen, and why
failed.json       how the training failed when it was last tried
"""

import re
import shutil
from dataclasses import asdict
from pathlib import Path

from cxrkit import state_files
from cxrkit.columns import FROZEN, UNFROZEN
from cxrkit.errors import BadInput
from cxrkit.files import read_json, reading, remove_leftovers, write_json
from cxrkit.progress import say
from cxrkit.training.stages import Epoch, Finder, Past, Stage, Statistics

KEY, FAILED, FINDER = "job.json", "failed.json", "lr_find.json"
OWN = re.compile(rf"\.?({FROZEN}|{UNFROZEN}|job|lr_find|failed)(\.json|{'|'.join(map(re.escape, state_files.SUFFIXES))})(\..*)?")
"""The files that a training writes, and what is left of one whose writer died."""
REMEDY = "remove the training's folder; the same command trains it again"


class JobFolder:
    def __init__(self, path: Path):
        self.path = Path(path)
        self.name = self.path.name

    def prepare(self, key: str) -> None:
        """Empty a folder that was made with another key, and take away what a dead process left.

        Raises BadInput for a folder with a file in it that no training writes: it is somebody's.
        """
        if self.path.exists() and not self.made_with(key):
            foreign = sorted(path.name for path in self.path.iterdir() if not OWN.fullmatch(path.name))
            if foreign:
                raise BadInput(
                    f"The training's folder holds what this kit did not write: {', '.join(foreign[:5])}.",
                    self.path,
                    "move that away, or name another folder with --out; nothing was changed",
                )
            say(f"{self.name}: begun anew, for the data or the protocol changed")
            shutil.rmtree(self.path)
        if not self.path.exists():
            write_json(self.path / KEY, {"key": key})
        remove_leftovers(self.path)

    def made_with(self, key: str) -> bool:
        marker = self.path / KEY
        return marker.exists() and read_json(marker, keys=("key",))["key"] == key

    def done(self, stage: str = UNFROZEN) -> bool:
        return (self.path / f"{stage}.json").exists()

    @property
    def weights(self) -> Path:
        """The file of the last stage's weights."""
        return state_files.find(self.path, UNFROZEN)

    def past(self) -> Past:
        """What is there to go on from. Raises BadInput for a file that is not as it was written."""
        path = state_files.find(self.path, FROZEN)
        frozen = state_files.read(path, REMEDY) if self.done(FROZEN) and path.exists() else None
        return Past(frozen, self.finder() if frozen and (self.path / FINDER).exists() else None)

    def keep(self, made: Stage | Finder) -> None:
        """Write a stage, or the finder's result. Raises DiskFull."""
        if isinstance(made, Finder):
            write_json(self.path / FINDER, asdict(made))
            return
        state_files.write(self.path, made.name, made.weights)
        plain = asdict(made)
        del plain["weights"]
        write_json(self.path / f"{made.name}.json", plain)

    def stage(self, name: str) -> Stage:
        """A finished stage, without its weights. Raises BadInput."""
        path = self.path / f"{name}.json"
        with reading(path, next=REMEDY):
            plain = read_json(path)
            return Stage(
                name,
                [Epoch(**epoch) for epoch in plain["epochs"]],
                [(image_id, p) for image_id, p in plain["predictions"]],
                [Statistics(**each) for each in plain["statistics"]],
                plain["skipped_steps"],
                b"",
            )

    def finder(self) -> Finder:
        """The finder's result. Raises BadInput."""
        with reading(self.path / FINDER, next=REMEDY):
            return Finder(**read_json(self.path / FINDER))

    def fail(self, error: str, details: str) -> None:
        """Write down how the training failed."""
        write_json(self.path / FAILED, {"error": error, "traceback": details})

    @property
    def failure(self) -> dict | None:
        """{error, traceback} of the last failure, or None."""
        path = self.path / FAILED
        return read_json(path, keys=("error",)) if path.exists() else None

    def forget_failure(self) -> None:
        (self.path / FAILED).unlink(missing_ok=True)
