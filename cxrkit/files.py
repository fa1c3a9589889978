"""Files that are either whole or absent: written beside their name, then renamed."""

import hashlib
import json
import os
from contextlib import contextmanager
from pathlib import Path

from cxrkit.errors import disk_errors

PARTIAL = ".partial"


@contextmanager
def replacing(path):
    """Yield a temporary path beside `path`; rename it to `path` when the block ends well.

    Raises DiskFull when the disk is full. A killed process leaves at most one `*.partial` file, which
    the next write of the same file replaces.
    """
    path = Path(path)
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}{PARTIAL}")
        try:
            yield temporary
            with open(temporary, "rb+") as file:
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


@contextmanager
def locked(path, wait=True):
    """Hold the lock file `path` and yield True; without `wait`, yield False at once where another process holds it.

    The lock ends with the process, however that ends. On Windows nothing is locked: there one process has to do.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except ImportError:
            pass
        except BlockingIOError:
            yield False
            return
        yield True


def write_text(path, text):
    """Write text as UTF-8 with LF line ends, atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(text.encode())


def write_json(path, value):
    write_text(path, json.dumps(value, indent=2, sort_keys=False, ensure_ascii=False) + "\n")


def read_json(path):
    return json.loads(Path(path).read_text("utf-8"))


def sha256_of(path):
    """Hexadecimal SHA-256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_json(value):
    """Hexadecimal SHA-256 of a JSON value, independent of the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def write_checksums(folder):
    """Write folder/checksums.json: {file: {sha256, bytes}} for every other file below folder."""
    folder = Path(folder)
    listed = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "checksums.json" and not path.name.endswith(PARTIAL):
            listed[path.relative_to(folder).as_posix()] = {"sha256": sha256_of(path), "bytes": path.stat().st_size}
    write_json(folder / "checksums.json", listed)
