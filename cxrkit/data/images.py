"""Decoding: every film, whatever its class, becomes 8-bit grey in one way; a decoder that differs by class is a shortcut."""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from cxrkit.errors import UnreadableImage

SUFFIXES = (".jpeg", ".jpg", ".png", ".bmp", ".tif", ".tiff", ".gif", ".webp")
SMALLEST_SIDE = 40
"""Pixels. Below it a file is an icon or a tracking pixel, not a film."""
FEWEST_LEVELS = 8
"""Of 256 grey levels; a film has them nearly all, a black or a printed page a few."""
LONGEST = 6
"""How many times as long as wide a picture may be."""
DAMAGE = (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning)
"""What Pillow raises for a file that is damaged or far too large."""


@dataclass(frozen=True)
class Decoded:
    """A decoded film. grey: a PIL image of mode L; the others as the file's header has them, before any conversion."""

    grey: Image.Image
    width: int
    height: int
    mode: str
    format: str


def decode(path: Path, content: bytes | None = None) -> Decoded:
    """Decode an image file, once. content: the file's bytes, where they are read already.

    Colour goes to luminance, an alpha channel is dropped, palettes are resolved, EXIF rotation is applied.
    Deeper images are scaled by the smallest usual bit depth that holds their largest value (a 12-bit film
    in a 16-bit PNG would come out black otherwise). Raises UnreadableImage.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path if content is None else io.BytesIO(content)) as image:
                header = image.width, image.height, image.mode, image.format or ""  # decoding may change them
                return Decoded(_to_grey(image), *header)
    except UnidentifiedImageError as error:
        raise UnreadableImage("no image of a known format", path, "replace the file or leave it out") from error
    except DAMAGE as error:
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise UnreadableImage(f"cannot be decoded: {reason}", path, "replace the file or leave it out") from error


def open_grey(path: Path, content: bytes | None = None) -> Image.Image:
    """An image file as a grey PIL image of mode L: see `decode`. Raises UnreadableImage."""
    return decode(path, content).grey


def _to_grey(image: Image.Image) -> Image.Image:
    if image.format != "MPO" and _frames(image) > 1:  # a camera's MPO holds a preview besides
        raise UnreadableImage(f"it holds {image.n_frames} pictures, not one film", next="bring the film alone")
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    if min(image.size) < SMALLEST_SIDE:
        raise UnreadableImage(f"only {image.width} x {image.height} pixels", next="bring the film in full size")
    if image.mode.startswith("I") or image.mode == "F":
        return _from_deep(np.asarray(image))
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA")
    if image.mode in ("RGBA", "LA", "La", "RGBa"):
        image = image.convert("RGB" if image.mode[0] == "R" else "L")
    return image if image.mode == "L" else image.convert("L")


def _frames(image: Image.Image) -> int:
    try:
        return getattr(image, "n_frames", 1)
    except TypeError as error:  # Pillow's, of a damaged TIFF
        raise UnreadableImage(f"it is damaged: {error}", next="replace the file or leave it out") from error


def _from_deep(pixels: np.ndarray) -> Image.Image:
    pixels = pixels.astype(np.float64)
    if not np.isfinite(pixels).all():
        raise UnreadableImage(f"{np.count_nonzero(~np.isfinite(pixels))} of its pixels are no numbers", next="export the film again")
    low, high = min(pixels.min(), 0), pixels.max()
    if high - low <= 1 < len(np.unique(pixels)):  # shares of 1, not grey levels
        pixels, low, high = (pixels - low) / (high - low) * 65535, 0, 65535
    depth = next((bits for bits in (8, 10, 12, 14, 16) if high - low < 2**bits), None)
    scale = 2**depth - 1 if depth else max(high - low, 1)
    return Image.fromarray(np.rint((pixels - low) * (255 / scale)).astype(np.uint8), mode="L")


def refuse_empty(grey: Image.Image) -> None:
    """Raise UnreadableImage for a picture that cannot be a film: a strip, an icon, or one with fewer than FEWEST_LEVELS grey levels."""
    levels = np.count_nonzero(grey.histogram())
    if levels < FEWEST_LEVELS:
        raise UnreadableImage(f"no content: {levels} grey level{'s' * (levels > 1)} in all", next="bring the film itself")
    if max(grey.size) > LONGEST * min(grey.size):
        raise UnreadableImage(f"no film has this shape: {grey.width} x {grey.height} pixels", next="bring the film itself")


def seen(grey: Image.Image, resize: str = "squish") -> Image.Image:
    """The part of a film that a network gets to see: all of it (squish), or the square in the middle of its long side (crop)."""
    if resize == "squish":
        return grey
    side = min(grey.size)
    left, top = (grey.width - side) // 2, (grey.height - side) // 2
    return grey.crop((left, top, left + side, top + side))


def square(grey: Image.Image, size: int, resize: str = "squish") -> np.ndarray:
    """A grey PIL image as size x size bytes, as fastai's Resize with that method makes held-out ones: uint8 [size, size]."""
    return np.asarray(seen(grey, resize).resize((size, size), Image.Resampling.BILINEAR))


def colour_share(picture: Image.Image) -> float:
    """The share of a PIL image's pixels that are coloured."""
    if picture.mode in ("1", "L", "LA", "I", "I;16", "F"):
        return 0.0
    channels = np.asarray(picture.convert("RGB").resize((64, 64))).astype(int)
    return float((channels.max(-1) - channels.min(-1) > 40).mean())


def read_film(path: Path) -> bytes:
    """A film file's bytes. Raises UnreadableImage when there is no such file, or it is empty."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableImage(f"no readable file: {error.strerror}", path) from error
    if not content:
        raise UnreadableImage("the file is empty", path)
    return content
