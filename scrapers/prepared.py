"""The folder of a dataset to be published: it is built beside its place, and takes the place of nothing but its own former self.

FOLDER/cxrkit-dataset.json lists every other file of a prepared folder with its SHA-256 and size. What differs from
that list by one file belongs to a person, and is left alone.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cxrkit.errors import BadInput, WrongUse
from cxrkit.files import read_json, sha256_of, write_json

MARKER = "cxrkit-dataset.json"
MADE_BY = "python -m scrapers publish"
ELSEWHERE = "name a new or empty folder elsewhere: --out DIR"


def check(out: Path, sources: Iterable[Path]) -> None:
    """Raises WrongUse unless `out` may be made: nothing that it is made of lies in or around it, and what is there is ours, whole and alone.

    sources: the store, the manifest and the folders of its sources.
    """
    place = out.resolve()
    for source in sources:
        other = source.resolve()
        if other.is_relative_to(place) or (place.is_relative_to(other) and other.is_dir()):
            raise WrongUse(f"What the dataset is made of lies in or around its folder: {source}", out, ELSEWHERE)
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise WrongUse("Where the dataset's folder should be is a link or a file.", out, ELSEWHERE)
    if out.exists() and any(out.iterdir()) and (reason := _foreign(out)):
        raise WrongUse(f"The folder holds something other than a prepared dataset: {reason}.", out, ELSEWHERE)


def _foreign(folder: Path) -> str:
    """What in a folder is not as `building` left it; empty when nothing is."""
    try:
        marker = read_json(folder / MARKER, keys=("made_by", "files"))
    except BadInput:
        return f"it has no {MARKER}"
    listed = marker["files"]
    if marker["made_by"] != MADE_BY or not isinstance(listed, dict):
        return f"its {MARKER} is not ours"
    there = _files(folder)
    if odd := sorted(there.keys() ^ listed.keys()):
        return f"{odd[0]} is {'not ours' if odd[0] in there else 'gone'}"
    for name, path in there.items():
        if path.is_symlink() or not path.is_file() or _entry(path) != listed[name]:
            return f"{name} was changed"
    return ""


def _files(folder: Path) -> dict[str, Path]:
    """{name: path} of whatever a folder holds besides the marker and the folders that lead to a file."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    leading = {parent.relative_to(folder).as_posix() for path in found.values() for parent in path.parents if parent.is_relative_to(folder)}
    return {name: path for name, path in found.items() if name != MARKER and (name not in leading or path.is_symlink())}


def _entry(path: Path) -> dict[str, Any]:
    return {"sha256": sha256_of(path), "bytes": path.stat().st_size}


@contextmanager
def building(out: Path, sources: Iterable[Path]) -> Iterator[Path]:
    """Yield an empty folder beside `out`; when the block ends well, it gets its marker and takes the place of `out`.

    Raises WrongUse as `check` does, before and after. The former folder goes file by file, as it was listed; where
    anything else has come into it meanwhile, that stays under the name OUT.old-*.
    """
    check(out, sources)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.new-", dir=out.parent) as holder:
        fresh = Path(holder) / "dataset"
        fresh.mkdir()
        yield fresh
        write_json(fresh / MARKER, {"made_by": MADE_BY, "files": {name: _entry(path) for name, path in sorted(_files(fresh).items())}})
        check(out, sources)
        if out.exists():
            old = Path(tempfile.mkdtemp(prefix=f"{out.name}.old-", dir=out.parent)) / out.name
            os.replace(out, old)
            os.replace(fresh, out)
            _remove(old)
            _remove_if_empty(old.parent)
        else:
            os.replace(fresh, out)


def _remove(folder: Path) -> None:
    """Remove a prepared folder: the files that its marker lists, the marker, and the folders that are empty then."""
    names = read_json(folder / MARKER, keys=("files",))["files"] if any(folder.iterdir()) else {}
    for name in [*names, MARKER]:
        (folder / name).unlink(missing_ok=True)
    for path in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        _remove_if_empty(path)
    _remove_if_empty(folder)


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        pass  # something came into it meanwhile
