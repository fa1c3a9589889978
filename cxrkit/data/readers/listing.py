"""What lies below a folder of films: every file once, with the reason why it is no film, and what a DICOM film's header says of it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cxrkit.data import dicom, images
from cxrkit.errors import BadInput

DEEPEST = 8
"""Folders below the root that are looked into."""
LEFT = ("thumbs.db", "desktop.ini", "__macosx")
"""What Windows, and macOS in its archives, leave beside films, in small letters."""


@dataclass(frozen=True, order=True)
class Found:
    """path: below the root, with "/", in UTF-8 as far as it can be; file: where it lies; why: why it is no film, else empty."""

    path: str
    file: Path
    why: str = ""

    def looked_into(self) -> tuple[str, dicom.Header]:
        """Why it is no film, its content considered, and its header where it is DICOM."""
        if self.why:
            return self.why, dicom.Header()
        try:
            if not images.is_film(self.file):
                return f"no image type: {self.file.suffix or 'no suffix'}", dicom.Header()
            with open(self.file, "rb") as file:
                header = dicom.header(self.file) if dicom.is_dicom(file.read(132)) else dicom.Header()
        except OSError as error:
            return f"no readable file: {error.strerror}", dicom.Header()
        return next(iter(header.doubts), ""), header


def is_hidden(name: str) -> bool:
    """Whether a system or a program leaves files of that name, which are no films."""
    return name.startswith(".") or name.casefold() in LEFT


def require_folder(root: Path, next: str) -> None:
    """Raise BadInput where no folder is there. next: what to do about it."""
    if not root.is_dir():
        raise BadInput("This is a file and no folder." if root.is_file() else "There is no such data folder.", root, next)


def entry(folder: Path, name: str) -> Path:
    """The file or folder of that name in a folder, or the only one whose name differs in case alone; that path where there is none."""
    if (folder / name).exists() or not folder.is_dir():
        return folder / name
    alike = [each for each in folder.iterdir() if each.name.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else folder / name


def below(root: Path, inside: str = "") -> list[Found]:
    """Every file below root/inside, sorted; links are followed, but not in a circle. What cannot be read is there with the reason.

    Raises OSError where the folder itself cannot be read.
    """
    return sorted(_named(root, path, why) for path, why in _walk(root, inside, ()))


def _named(root: Path, path: str, why: str) -> Found:
    try:
        path.encode()
    except UnicodeEncodeError:
        printable = os.fsencode(path).decode("utf-8", "backslashreplace")
        return Found(printable, root / path, why or "its name is no UTF-8: rename the file")
    return Found(path, root / path, why)


def _walk(root: Path, inside: str, above: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    real = os.path.realpath(root / inside)
    if real in above or len(above) > DEEPEST:
        yield inside, "a link to a folder around it" if real in above else f"more than {DEEPEST} folders deep: not looked into"
        return
    try:
        entries = sorted(os.scandir(root / inside), key=lambda entry: entry.name)
    except OSError as error:
        if not above:
            raise
        yield inside, f"the folder cannot be read: {error.strerror}"
        return
    for entry in entries:
        path = f"{inside}/{entry.name}" if inside else entry.name
        try:
            folder, file = entry.is_dir(), entry.is_file()
        except OSError as error:
            yield path, f"no readable file: {error.strerror}"
            continue
        if is_hidden(entry.name):
            yield path, "a hidden file, no film"
        elif folder:
            yield from _walk(root, path, (*above, real))
        else:
            yield path, "" if file else "a link that leads nowhere" if entry.is_symlink() else "no file"
