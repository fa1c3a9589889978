"""The files that networks' states lie in: their names, their notes, and whether they are whole. No torch is needed here.

    NAME.safetensors   tensors and no code, written by this kit; see cxrkit/training/states.py for what is in it
    NAME.pt            PyTorch's own, of earlier versions: read, never written

Kaggle's data sets may unpack a .pt file, which is a zip archive, on their own.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cxrkit.files import AGAIN, reading, replacing

SUFFIX, OLD_SUFFIX = SUFFIXES = (".safetensors", ".pt")
NAMED = re.compile(rf"(?P<name>.+)({'|'.join(map(re.escape, SUFFIXES))})")
NOTES, SUM = "__metadata__", "sha256"
PREFIX = 8
"""Bytes before the header, which say how long it is."""


def find(folder: Path, name: str) -> Path:
    """The file of a state in a folder, the newer kind before the older; where the newer one would be, if there is none."""
    return next((path for suffix in SUFFIXES if (path := Path(folder) / f"{name}{suffix}").exists()), Path(folder) / f"{name}{SUFFIX}")


def names(files: Iterable[str]) -> list[str]:
    """The names of the states among files' names, each once."""
    return list(dict.fromkeys(match["name"] for file in files if (match := NAMED.fullmatch(file))))


def write(folder: Path, name: str, content: bytes) -> Path:
    """Write a state as training.states.written gives it, in place of an older file of that name. Raises DiskFull, WrongUse."""
    path = Path(folder) / f"{name}{SUFFIX}"
    with replacing(path) as temporary:
        temporary.write_bytes(content)
    path.with_suffix(OLD_SUFFIX).unlink(missing_ok=True)
    return path


def read(path: Path, next: str = AGAIN) -> bytes:
    """The bytes of a state's file; those of the newer kind are compared with their checksum. Raises BadInput."""
    with reading(path, "The file of a network's weights", next):
        content = Path(path).read_bytes()
        if is_new(content):
            notes(content)
    return content


def is_new(content: bytes) -> bool:
    """Whether a file that begins so is of the newer kind: a JSON object follows on the header's length."""
    return content[PREFIX : PREFIX + 1] == b"{"


def with_notes(content: bytes, told: dict[str, str]) -> bytes:
    """A file's bytes with these notes, and the checksum over all else, in this order: the library writes notes in a random one."""
    header, data = _parts(content)
    noted = {"format": "pt", **told}
    text = _text({NOTES: noted | {SUM: _sum(header, noted, data)}, **header})
    text += b" " * (-len(text) % PREFIX)  # so that tensors begin where the format wants them
    return len(text).to_bytes(PREFIX, "little") + text + data


def notes(content: bytes) -> dict[str, str]:
    """A file's notes, empty where others wrote it. Raises ValueError for bytes that are not those which were written."""
    header, data = _parts(content)
    found = header.pop(NOTES, {})
    if SUM in found and found[SUM] != _sum(header, {name: text for name, text in found.items() if name != SUM}, data):
        raise ValueError("the file differs from its checksum")
    return found


def _sum(header, noted, data):
    digest = hashlib.sha256(_text({NOTES: noted, **header}))
    digest.update(data)
    return digest.hexdigest()


def _text(header):
    return json.dumps(header, separators=(",", ":")).encode()


def _parts(content: bytes) -> tuple[dict[str, Any], memoryview]:
    """(header, the tensors' bytes)."""
    end = PREFIX + int.from_bytes(content[:PREFIX], "little")
    if end > len(content):
        raise ValueError("the file ends before its header does")
    header = json.loads(content[PREFIX:end])
    if not isinstance(header, dict) or not isinstance(header.get(NOTES, {}), dict):
        raise ValueError("the file's header is none")
    return header, memoryview(content)[end:]
