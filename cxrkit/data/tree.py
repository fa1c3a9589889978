"""The ImageNet-style folder tree: train|valid|test/<label>/<file>, made of links.

Beside the splits lies MARKER, a list of what the kit put there. Only what it lists, or a link to the very film that is
planned there, is ever taken away: train/ and test/ are how people keep their own films. DICOM films come as grey PNG, for their
files hold names, and few programs read them.
"""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxrkit.data.images import SUFFIXES, open_grey
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import LABELS, SPLITS, Record
from cxrkit.errors import BadInput
from cxrkit.files import link_or_copy, read_json, replacing, write_errors, write_json

MARKER = ".cxrkit-tree.json"
DICOM = "DICOM"
"""The format of a film that is converted."""
DESKTOP = (".DS_Store", "Thumbs.db", "desktop.ini")
"""What file managers leave in a folder that was looked at; it stays, and is nobody's film."""

Listed = dict[str, list[Any]]
"""{`split/label/file`: [the film's path, its bytes or null where it becomes a PNG, its time of change in ns]}."""


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
    planned, taken = {}, Counter(f"{r.split}/{r.label}/{_file_name(r)}".casefold() for r in manifest.used)
    for record in manifest.used:
        if record.split not in SPLITS[:3] or record.label not in LABELS:
            raise BadInput(
                f"The image has no place in the tree: split {record.split!r}, label {record.label!r}.",
                record.image_id,
                "check the manifest: python -m cxrkit manifest check",
            )
        place = f"{record.split}/{record.label}/"
        clash = taken[f"{place}{_file_name(record)}".casefold()] > 1  # on a disk that takes a.png and A.png for one file
        planned[place + _file_name(record, clash)] = record
    return planned


def _file_name(record: Record, clash: bool = False) -> str:
    source, _, name = record.image_id.partition("/")
    stem, dot, suffix = name.rpartition(".")
    suffix = (dot + suffix).lower() if (dot + suffix).lower() in SUFFIXES else ""
    stem = stem if suffix else name
    suffix = ".png" if record.format == DICOM else suffix
    wanted = f"{source}__{stem}"
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", wanted)[:100]
    if safe != wanted or clash:
        safe += "-" + hashlib.sha256(record.image_id.encode()).hexdigest()[:8]
    return safe + suffix


def build(manifest: Manifest, locate: Callable[[Record], Path], root: str | Path) -> TreeReport:
    """Make the tree at `root` hold exactly the used records; return a TreeReport.

    locate: function from a record to its file. Symbolic links, else hard links, else copies. What is
    right already stays, what the kit put there and is no longer wanted is removed, and nothing else is touched.

    Raises BadInput for a film that is not there, or a root that holds anything which is not the kit's, before
    anything is changed; Unwritable, DiskFull.
    """
    root = Path(root)
    planned: Listed = {}
    for relative, record in entries(manifest).items():
        source = locate(record).absolute()
        if not source.is_file():
            raise BadInput("An image of the manifest is not there.", source, "build the manifest again")
        planned[relative] = _listed(source, record.format == DICOM)
    with write_errors(root):
        listed = read_json(root / MARKER, "The tree's list", "name a new folder for the tree") if (root / MARKER).is_file() else {}
        there = _there(root, listed, planned)
        made = {"linked": 0, "copied": 0, "kept": 0}
        write_json(root / MARKER, listed | planned)
        stale = [relative for relative in there if relative not in planned]
        for relative in stale:
            (root / relative).unlink()
            for folder in list((root / relative).parents)[: relative.count("/")]:
                if not os.listdir(folder):
                    os.rmdir(folder)
        for relative, (source, size, _) in planned.items():
            made[_place(Path(source), root / relative) if size is not None else _convert(Path(source), root / relative)] += 1
        for split in {relative.split("/")[0] for relative in planned}:
            for label in LABELS:
                (root / split / label).mkdir(parents=True, exist_ok=True)
        write_json(root / MARKER, planned)
    return TreeReport(removed=len(stale), **made)


def _listed(source: Path, converted: bool) -> list[Any]:
    facts = source.stat()
    return [str(source), None if converted else facts.st_size, facts.st_mtime_ns]


def _there(root: Path, listed: Listed, planned: Listed) -> list[str]:
    """What the kit put below root. Raises BadInput where anything else lies there."""
    ours, foreign = [], []
    for folder, folders, names in os.walk(root):
        linked = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in [*names, *linked]:
            path = Path(folder) / name
            relative = path.relative_to(root).as_posix()
            if relative == MARKER or name in DESKTOP:
                continue
            (ours if _is_ours(path, listed.get(relative), planned.get(relative)) else foreign).append(relative)
        if Path(folder) == root:
            foreign += [f"{name}/" for name in folders if name not in (*SPLITS, *linked)]
    if foreign:
        raise BadInput(
            f"The folder holds {len(foreign)} things that this kit did not put there: {', '.join(sorted(foreign)[:5])}.",
            root,
            "name an empty or new folder for the tree; nothing was changed",
        )
    return ours


def _is_ours(path: Path, listed: list[Any] | None, planned: list[Any] | None) -> bool:
    if path.is_symlink():
        return listed is not None or (
            planned is not None and os.readlink(path).removeprefix("\\\\?\\") == planned[0]
        )  # Windows puts that before it
    facts = path.stat()
    return listed is not None and listed[1] in (None, facts.st_size) and facts.st_mtime_ns // 10**9 == listed[2] // 10**9


def _place(source: Path, target: Path) -> str:
    if target.exists() and (os.path.samefile(source, target) or _is_copy(source, target)):
        return "kept"
    return "linked" if link_or_copy(source, target, symbolic=True) else "copied"


def _convert(source: Path, target: Path) -> str:
    facts = source.stat()
    if target.is_file() and not target.is_symlink() and int(target.stat().st_mtime) == int(facts.st_mtime):
        return "kept"
    with replacing(target) as temporary:
        open_grey(source).save(temporary, "PNG")
    os.utime(target, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    return "copied"


def _is_copy(source: Path, target: Path) -> bool:
    a, b = source.stat(), target.stat()
    return not target.is_symlink() and a.st_size == b.st_size and int(a.st_mtime) == int(b.st_mtime)
