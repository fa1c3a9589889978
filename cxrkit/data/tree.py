"""The ImageNet-style folder tree: train|valid|test/<label>/<file>, made of links."""

import hashlib
import os
import re
from collections.abc import Callable, Container
from dataclasses import dataclass
from pathlib import Path

from cxrkit.data.images import SUFFIXES
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import LABELS, SPLITS, Record
from cxrkit.errors import BadInput, disk_errors
from cxrkit.files import link_or_copy


@dataclass(frozen=True)
class TreeReport:
    """How many entries were made as links or copies, were there already, or were removed as stale."""

    linked: int = 0
    copied: int = 0
    kept: int = 0
    removed: int = 0

    def __str__(self) -> str:
        return f"{self.linked} linked, {self.copied} copied, {self.kept} kept, {self.removed} removed"


def entries(manifest: Manifest) -> dict[str, Record]:
    """{`split/label/file`: record} for the used records, by image_id.

    File names are made from image ids: "/" and whatever is not safe in a file name on every system
    becomes "_"; a name that was changed, or is long, carries a few digits of its id's hash. So no
    name can collide or leave the tree. Raises BadInput for a record without split or label.
    """
    planned = {}
    for record in manifest.used:
        if record.split not in SPLITS[:3] or record.label not in LABELS:
            raise BadInput(
                f"The image has no place in the tree: split {record.split!r}, label {record.label!r}.",
                record.image_id,
                "check the manifest: python -m cxrkit manifest check",
            )
        planned[f"{record.split}/{record.label}/{_file_name(record.image_id)}"] = record
    return planned


def _file_name(image_id: str) -> str:
    source, _, name = image_id.partition("/")
    stem, dot, suffix = name.rpartition(".")
    suffix = (dot + suffix).lower() if (dot + suffix).lower() in SUFFIXES else ""
    stem = stem if suffix else name
    wanted = f"{source}__{stem}"
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", wanted)[:100]
    if safe != wanted:
        safe += "-" + hashlib.sha256(image_id.encode()).hexdigest()[:8]
    return safe + suffix


def build(manifest: Manifest, locate: Callable[[Record], Path], root: str | Path) -> TreeReport:
    """Make the tree at `root` hold exactly the used records; return a TreeReport.

    locate: function from a record to its file. Symbolic links, else hard links, else copies. What is
    right already stays, what does not belong is removed, and nothing outside `root` is touched.

    Raises BadInput for a file that is not there or a root that is no tree, DiskFull.
    """
    root = Path(root)
    planned = entries(manifest)
    _refuse_foreign(root)
    with disk_errors(root):
        made = {"linked": 0, "copied": 0, "kept": 0}
        removed = _remove_stale(root, planned)
        for relative, record in planned.items():
            source, target = locate(record).absolute(), root / relative
            if not source.is_file():
                raise BadInput("An image of the manifest is not there.", source, "build the manifest again")
            made[_place(source, target)] += 1
        for split in {relative.split("/")[0] for relative in planned}:
            for label in LABELS:
                (root / split / label).mkdir(parents=True, exist_ok=True)
    return TreeReport(removed=removed, **made)


def _refuse_foreign(root: Path) -> None:
    """A folder with anything but splits in it is not ours to clean."""
    if root.exists():
        foreign = sorted(path.name for path in root.iterdir() if path.name not in SPLITS)
        if foreign:
            raise BadInput(
                f"The folder holds more than a tree: {', '.join(foreign[:5])}.", root, "name an empty or new folder for the tree"
            )


def _remove_stale(root: Path, planned: Container[str]) -> int:
    removed = 0
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder) / name
            if path.relative_to(root).as_posix() not in planned:
                path.unlink()
                removed += 1
    for folder, _, _ in os.walk(root, topdown=False):
        if Path(folder) != root and not os.listdir(folder):
            os.rmdir(folder)
    return removed


def _place(source: Path, target: Path) -> str:
    if target.exists() and (os.path.samefile(source, target) or _is_copy(source, target)):
        return "kept"
    return "linked" if link_or_copy(source, target, symbolic=True) else "copied"


def _is_copy(source: Path, target: Path) -> bool:
    a, b = source.stat(), target.stat()
    return not target.is_symlink() and a.st_size == b.st_size and int(a.st_mtime) == int(b.st_mtime)
