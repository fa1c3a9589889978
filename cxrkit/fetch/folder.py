"""The folder of a fetched set and its receipt: which file came from where, with size and SHA-256.

The kit writes into a folder that is new, empty or its own, never over a file that it did not write, and never outside.
"""

import hashlib
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from cxrkit.errors import BadInput, Interrupted, disk_errors, free_bytes
from cxrkit.files import checksum, locked, read_json, replacing, sha256_of, write_json
from cxrkit.kaggle_io.publish import is_inside
from cxrkit.progress import MB, Meter

RECEIPT = "fetched.json"
WORK = ".fetch"
"""Below the folder, for what is on its way; removed at the end."""
ROOM = 1.02
"""How much more room than a set's size is asked for."""
CHUNK = 1 << 20


@dataclass
class Folder:
    """A folder that belongs to one set. origin: where the set comes from, with its version; files: {name: {sha256, bytes}} of
    what was written; facts: what else the receipt tells."""

    path: Path
    origin: str
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    whole: bool = False

    @property
    def work(self) -> Path:
        return self.path / WORK

    def keep(self) -> None:
        """Write the receipt."""
        told = {"origin": self.origin, "whole": self.whole, **self.facts, "files": dict(sorted(self.files.items()))}
        write_json(self.path / RECEIPT, told)

    def finish(self) -> None:
        """The set is whole: say so in the receipt, and remove what was on its way."""
        self.whole = True
        self.keep()
        shutil.rmtree(self.work, ignore_errors=True)

    def target(self, name: str) -> Path:
        """The path of a name from outside, its folder made. Raises BadInput where it would leave the folder."""
        if not is_inside(name) or PurePosixPath(name).parts[0] in (WORK, RECEIPT):
            raise BadInput(
                f"The set names a file outside its folder: {name!r}.", self.origin, "do not trust this set; nothing was unpacked"
            )
        path = self.path.joinpath(*PurePosixPath(name).parts)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise BadInput("A file stands where the set has a folder.", path.parent, "name another folder with --out") from None
        if not path.parent.resolve().is_relative_to(self.path.resolve()):
            raise BadInput("A link leads out of the folder.", path.parent, "remove the link, or name another folder with --out")
        return path

    def has(self, name: str, crc: tuple[int, int] | None = None) -> bool:
        """Whether the file is there as it was written. Raises BadInput for one that the kit did not write, or that was changed since.

        crc: (size, CRC-32) that it has in the set; a file that has them is one of ours, of which a killed unpacking left no note.
        """
        path = self.target(name)
        if not os.path.lexists(path):
            return False
        written, plain = self.files.get(name), path.is_file() and not path.is_symlink()
        if written and plain and path.stat().st_size == written["bytes"] and sha256_of(path) == written["sha256"]:
            return True
        if not written and plain and crc == (path.stat().st_size, _crc32(path)):
            self.files[name] = checksum(path)
            return True
        what = "A file was changed since it was fetched" if written else "Here lies a file that was not fetched"
        raise BadInput(f"{what}; it is left as it is.", path, "move it away, or name another folder with --out")

    def put(self, name: str, content: IO[bytes]) -> int:
        """Write a file that is not there, and note it; its size."""
        digest, size = hashlib.sha256(), 0
        with replacing(self.target(name)) as temporary, open(temporary, "wb") as file:
            while chunk := content.read(CHUNK):
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        self.files[name] = {"sha256": digest.hexdigest(), "bytes": size}
        return size

    def bring(self, arrived: dict[str, Path]) -> None:
        """Move files that arrived into place. They are noted before, so that one that a kill left out of the note cannot be there."""
        for name in arrived:
            if name not in self.files and os.path.lexists(self.target(name)):
                self.has(name)
        self.files |= {name: checksum(path) for name, path in arrived.items()}
        self.keep()
        for name, path in arrived.items():
            os.replace(path, self.target(name))

    def renew(self, name: str, content: IO[bytes]) -> None:
        """Write a file anew that was written before and not changed since; put() where it is not there."""
        self.has(name)
        self.put(name, content)
        self.keep()

    def unpack(self, archive: Path) -> None:
        """Write the files of a zip that are not there yet, each compared with its CRC.

        All names are looked at before anything is written. Raises BadInput for a damaged archive, a name that leaves the folder or
        stands twice, and a file that the kit did not write; Interrupted where there is no room.
        """
        try:
            with zipfile.ZipFile(archive) as content:
                members = [member for member in content.infolist() if not member.is_dir()]
                names = [member.filename for member in members]
                if len(set(names)) < len(names):
                    raise BadInput("The archive names a file twice.", self.origin, "do not trust this set; nothing was unpacked")
                missing = [
                    member
                    for member, there in zip(members, [self.has(each.filename, (each.file_size, each.CRC)) for each in members])
                    if not there
                ]
                self.refuse_too_large(sum(member.file_size for member in missing))
                with Meter("unpacking", sum(member.file_size for member in missing) / MB, "MB") as meter:
                    for member in missing:
                        with content.open(member) as stream:
                            meter.advance(self.put(member.filename, stream) / MB)
        except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
            self.keep()
            raise BadInput(f"The archive is damaged: {error}.", archive, "remove it, and run the same command again") from error
        except BaseException:
            self.keep()  # what was written stays known as ours
            raise

    def refuse_too_large(self, size: float) -> None:
        """Raise Interrupted where so many bytes find no room."""
        free = free_bytes(self.path)
        if size * ROOM > free:
            raise Interrupted(
                f"The set needs {size / MB:,.0f} MB more, and {free / MB:,.0f} MB are free.",
                self.path,
                "free some space or name another folder with --out, then run the same command; it goes on where it stopped",
            )


@contextmanager
def owned(path: Path, origin: str, facts: dict[str, Any]) -> Iterator[Folder]:
    """The Folder of a set, locked. Raises BadInput for a folder that holds something else, or another set."""
    path = Path(path)
    if path.exists() and not path.is_dir():
        raise BadInput("A file stands where the set's folder should be.", path, "name another folder with --out")
    folder = Folder(path, origin, facts=facts)
    lock = Path(tempfile.gettempdir()) / f"cxrkit-fetch-{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]}.lock"
    with disk_errors(path), locked(lock):
        there = sorted(os.listdir(path)) if path.exists() else []  # under the lock: another fetch may have begun it meanwhile
        if there and RECEIPT not in there:
            raise BadInput(f"The folder holds files that were not fetched: {there[0]}.", path, "name a new folder with --out")
        if there:
            told = read_json(path / RECEIPT, "The receipt of the set", keys=("origin", "files"))
            if told["origin"] != origin:
                raise BadInput(f"The folder holds another set or version: {told['origin']}.", path, "name another folder with --out")
            folder.files, folder.whole = dict(told["files"]), bool(told.get("whole"))
        folder.keep()  # before the work folder: one without a receipt is somebody else's, and is not removed at the end
        folder.work.mkdir(exist_ok=True)
        yield folder


def _crc32(path: Path) -> int:
    value = 0
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            value = zlib.crc32(chunk, value)
    return value
