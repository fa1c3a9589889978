"""Decoding of an upload in a process of its own, with limits: what a hostile file does to a decoder ends there.

The process reads the bytes from its standard input, writes one line of JSON and the film's grey pixels to its output, and
may write no file. Of a DICOM film the pixels alone come back, and what its header says against a frontal chest film.
"""

import io
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from cxrkit.errors import UnreadableImage

SECONDS = 20
MEMORY_BYTES = 3_000_000_000
FOLDER = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "cxrkit.demo.decoding"]
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""On a machine of many cores the stacks of as many threads would use up MEMORY_BYTES."""
FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")
"""Of Pillow's many; some others hand the file to another program, as EPS to Ghostscript."""


@dataclass(frozen=True)
class Header:
    """What comes before the pixels. reason, next: why there are none, empty where there are; colour: the share of coloured pixels."""

    width: int = 0
    height: int = 0
    colour: float = 0.0
    doubts: tuple[str, ...] = ()
    reason: str = ""
    next: str = ""


@dataclass(frozen=True)
class Film:
    """A decoded upload. grey: a PIL image of mode L; colour, doubts: as in Header."""

    grey: Image.Image
    colour: float
    doubts: list[str]


def decode(content: bytes) -> Film:
    """An upload's film, decoded by a process that is ended after SECONDS. Raises UnreadableImage."""
    try:
        done = subprocess.run(
            COMMAND,
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a hostile header could fill the memory with warnings
            timeout=SECONDS + 5,
            cwd=FOLDER,
            env=os.environ | ONE_THREAD,
        )
    except subprocess.TimeoutExpired:
        raise UnreadableImage(f"it was not decoded within {SECONDS} seconds", next="bring it as PNG") from None
    line, _, pixels = done.stdout.partition(b"\n")
    try:
        header = Header(**json.loads(line))
    except (ValueError, TypeError):
        raise UnreadableImage("its decoder broke off, for want of memory or time, or at damage", next="bring it as PNG") from None
    if header.reason:
        raise UnreadableImage(header.reason, next=header.next or None)
    if len(pixels) != header.width * header.height:
        raise UnreadableImage("its decoder broke off", next="bring it as PNG")
    return Film(Image.frombytes("L", (header.width, header.height), pixels), header.colour, list(header.doubts))


def _limit() -> None:
    """Take from this process what decoding needs none of; on Windows there are no such limits, and the time alone is one."""
    try:
        import resource
    except ImportError:
        return
    for kind, limit in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_FSIZE, 0)):
        resource.setrlimit(kind, (limit, limit))


def _decoded(content: bytes) -> tuple[Header, bytes]:
    from cxrkit.data import dicom, images

    if not content:
        return Header(reason="the file is empty"), b""
    try:
        if not dicom.is_dicom(content[:132]):
            Image.open(io.BytesIO(content), formats=FORMATS).close()
        film = images.decode(Path("the film"), content)
        grey, colour = film.grey, images.colour_of(film, content)
    except UnidentifiedImageError:
        return Header(reason="it is no picture of a known format", next="bring the film as PNG, JPEG or DICOM"), b""
    except images.DAMAGE as error:  # of a header that is refused before its pixels are asked for
        return Header(reason=f"it cannot be decoded: {str(error)[:100]}"), b""
    except UnreadableImage as error:
        return Header(reason=str(error.what), next=str(error.next or "")), b""
    return Header(grey.width, grey.height, colour, film.doubts), grey.tobytes()


def main() -> None:
    _limit()
    header, pixels = _decoded(sys.stdin.buffer.read())
    sys.stdout.buffer.write(json.dumps(asdict(header)).encode() + b"\n" + pixels)


if __name__ == "__main__":
    main()
