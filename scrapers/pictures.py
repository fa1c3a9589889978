"""Validation of downloaded pictures: content type, magic bytes, size and a full decoding, before one enters the store."""

import hashlib
import io
import warnings
from dataclasses import dataclass

from PIL import Image

from cxrkit.errors import BadInput

SMALLEST_BYTES = 5_000
SMALLEST_SIDE = 200
LARGEST_BYTES = 60_000_000
"""Below the first two a file is a thumbnail: the smallest film of either site in 2020 had 389 pixels and 31 kB."""

MAGIC = {"JPEG": (b"\xff\xd8\xff",), "PNG": (b"\x89PNG\r\n\x1a\n",), "WEBP": (b"RIFF",)}
SUFFIX = {"JPEG": ".jpeg", "PNG": ".png", "WEBP": ".webp"}


@dataclass(frozen=True)
class Picture:
    """A picture that can be used: its bytes, their SHA-256, format (JPEG, PNG or WEBP), width and height in pixels."""

    content: bytes
    sha256: str

    format: str
    width: int
    height: int

    @property
    def suffix(self) -> str:
        return SUFFIX[self.format]


def check(content: bytes, content_type: str = "") -> Picture:
    """A picture from its bytes. Raises BadInput with the reason when they are no usable picture.

    content_type: the server's, or empty for a file.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if is_page(content):
        raise BadInput("an HTML page instead of a picture")
    if kind and not kind.startswith("image/") and kind not in ("application/octet-stream", "binary/octet-stream"):
        raise BadInput(f"the server calls it {kind}, not a picture")
    if len(content) > LARGEST_BYTES:
        raise BadInput(f"{len(content):,} bytes: larger than {LARGEST_BYTES:,}")
    format = next((name for name, marks in MAGIC.items() if content.startswith(marks)), None)
    if format is None:
        raise BadInput("its first bytes are none of JPEG, PNG or WebP" if content else "the file is empty")
    width, height = _decode(content, format)
    if len(content) < SMALLEST_BYTES:
        raise BadInput(f"only {len(content):,} bytes: a thumbnail")
    if min(width, height) < SMALLEST_SIDE:
        raise BadInput(f"only {width} x {height} pixels: a thumbnail")
    return Picture(content, hashlib.sha256(content).hexdigest(), format, width, height)


def is_page(content: bytes) -> bool:
    """Whether bytes are a page of HTML, as walls send it in place of a picture."""
    return content[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype", b"<html", b"<head", b"<?xml", b"<script"))


def _decode(content: bytes, format: str) -> tuple[int, int]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=[format]) as image:
                image.load()
                return image.size
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise BadInput(f"cannot be decoded: {reason}") from error
