"""Decoding: every film, whatever its class, becomes 8-bit grey in one way; a decoder that differs by class is a shortcut."""

import io
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from cxrkit.data import dicom, levels
from cxrkit.errors import NoFilm, UnreadableImage

SUFFIXES = (".jpeg", ".jpg", ".jfif", ".png", ".bmp", ".tif", ".tiff", ".gif", ".webp", ".jp2", ".dcm", ".heic")
"""What films are called; one that is called otherwise, or has no suffix, is known by its content: see is_film."""
BEGINNING = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n|GIF8[79]a|BM.{4}\0{4}|II[*+]\0|MM\0[*+]|RIFF.{4}WEBP|\0\0\0\x0cjP  |\xff\x4f\xff\x51|P[2356]\s|.{4}ftyp(?:hei|hev|mif|avi)",
    re.DOTALL,
)
HEIC = re.compile(rb".{4}ftyp(?:hei|hev|mif)", re.DOTALL)
SMALLEST_SIDE = 40
"""Pixels. Below it a file is an icon or a tracking pixel, not a film."""
FEWEST_LEVELS = 8
"""Of 256 grey levels; the least of 648 real films has 156, a black or a printed page a few."""
FEWEST_PIXELS = 10_000
"""A level counts from one pixel in so many on: the edges of letters have all levels, too."""
ORIENTATION, BITS, PHOTOMETRIC, SAMPLE_FORMAT = 0x0112, 258, 262, 339
"""Numbers of TIFF's tags; the first is EXIF's, too."""
LONGEST = 6
"""How many times as long as wide a picture may be."""
DAMAGE = (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning)
"""What Pillow raises for a file that is damaged or far too large."""


@dataclass(frozen=True)
class Decoded:
    """A decoded film.

    grey: a PIL image of mode L; width, height, mode: as the file's header has them, before any conversion; format: with it the EXIF
    orientation that was applied, as "JPEG, EXIF 6 applied". doubts: why it is no frontal film, as a DICOM header says.
    """

    grey: Image.Image
    width: int
    height: int
    mode: str
    format: str
    doubts: tuple[str, ...] = ()


def is_film(path: Path) -> bool:
    """Whether a file is called as a picture, or begins as one. Raises OSError."""
    if path.suffix.lower() in SUFFIXES:
        return True
    with open(path, "rb") as file:
        head = file.read(132)
    return bool(BEGINNING.match(head)) or dicom.is_dicom(head)


def decode(path: Path, content: bytes | None = None) -> Decoded:
    """Decode an image file, once, for whatever is to be done with it. content: the file's bytes, where they are read already.

    Colour goes to luminance, palettes are resolved, EXIF rotation is applied, what is transparent shows the background (_composed).
    Deeper images, and floats, are scaled by their own range (levels.own_range), white turned to black where the TIFF's photometric
    tag says so; DICOM goes through dicom.open_grey. Raises UnreadableImage, and of these NoFilm for a picture that holds no film: an
    icon, a strip, several pages, pixels that are no numbers, or fewer than FEWEST_LEVELS grey levels.
    """
    film = _decoded(path, read_film(path) if content is None else content)
    _refuse_empty(film.grey)
    return film


def _decoded(path: Path, content: bytes) -> Decoded:
    if dicom.is_dicom(content[:132]):
        grey, mode, doubts = dicom.open_grey(path, content)
        return Decoded(_sized(grey), *grey.size, mode, "DICOM", tuple(doubts))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with _opened(content) as image:
                header, depth = (image.width, image.height, image.mode), _depth(image)  # decoding may change them
                turned = image.getexif().get(ORIENTATION, 1)
                format = (image.format or "") + (f", EXIF {turned} applied" if turned in range(2, 9) else "")
                grey = _to_grey(image, depth)
                grey.info.clear()  # comments, which Pillow would write again into what is made of the film
                return Decoded(grey, *header, format)
    except UnidentifiedImageError as error:
        raise UnreadableImage("no image of a known format", path, "replace the file or leave it out") from error
    except DAMAGE as error:
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise UnreadableImage(f"cannot be decoded: {reason}", path, "replace the file or leave it out") from error


def _opened(content: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(content))
    except UnidentifiedImageError:
        if not HEIC.match(content):
            raise
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        raise UnreadableImage("it is HEIC, which Pillow does not read alone (pip install pillow-heif, or save it as PNG)") from None
    register_heif_opener()
    return Image.open(io.BytesIO(content))


def open_grey(path: Path, content: bytes | None = None) -> Image.Image:
    """An image file as a grey PIL image of mode L: see `decode`. Raises UnreadableImage."""
    return decode(path, content).grey


def _to_grey(image: Image.Image, depth: int) -> Image.Image:
    if image.format != "MPO" and _frames(image) > 1:  # a camera's MPO holds a preview besides
        raise NoFilm(f"it holds {image.n_frames} pictures", "bring the film alone")
    tags = getattr(image, "tag_v2", {})
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    _sized(image)
    if image.mode.startswith("I") or image.mode == "F":
        return _from_deep(np.asarray(image), turned_over=tags.get(PHOTOMETRIC) == 0)
    if tags.get(SAMPLE_FORMAT, (1,))[0] == 2 and image.mode == "L":  # signed bytes, which Pillow takes for unsigned ones
        return Image.fromarray(np.asarray(image) ^ 128)
    if image.mode == "PA" or (image.mode in ("P", "L", "RGB") and "transparency" in image.info):
        image = image.convert("RGBA")
    if image.mode in ("RGBA", "LA", "La", "RGBa"):
        image = _composed(image.convert("RGBA"))
    grey = image.convert("L")
    if depth == 16 and grey.getextrema()[1] < 64:  # Pillow keeps the upper 8 of 16 bits, and these are nearly empty
        raise UnreadableImage("its 16 bits a colour hold 14 or fewer", next="save the film in grey, or with 8 bits")
    return grey


def _sized(image: Image.Image) -> Image.Image:
    if min(image.size) < SMALLEST_SIDE:
        raise NoFilm(f"only {image.width} x {image.height} pixels", "bring the film in full size")
    return image


def _depth(image: Image.Image) -> int:
    """The bits of a sample in a PNG or TIFF, as the file says; 0 where it does not."""
    if image.format == "PNG" and image.tile:
        return 16 if "16" in str(image.tile[0][3]) else 8
    return int(getattr(image, "tag_v2", {}).get(BITS, (0,))[0])


def _composed(image: Image.Image) -> Image.Image:
    """An RGBA picture as it is seen: over black, or over white where all that it shows is dark, so that the alpha channel is the picture."""
    alpha = image.getchannel("A")
    if alpha.getextrema()[0] == 255:
        return image.convert("RGB")
    colour = np.asarray(image.convert("RGB"))[np.asarray(alpha) > 0]
    ground = Image.new("RGBA", image.size, "white" if colour.size and colour.max() < 64 else "black")
    ground.alpha_composite(image)
    return ground.convert("RGB")


def _frames(image: Image.Image) -> int:
    try:
        return getattr(image, "n_frames", 1)
    except TypeError as error:  # Pillow's, of a damaged TIFF
        raise UnreadableImage(f"it is damaged: {error}", next="replace the file or leave it out") from error


def _from_deep(pixels: np.ndarray, turned_over: bool) -> Image.Image:
    pixels = pixels.astype(np.float64)
    if not np.isfinite(pixels).all():
        raise NoFilm(f"{np.count_nonzero(~np.isfinite(pixels))} of its pixels are no numbers", "export the film again")
    low, high = levels.own_range(pixels)
    shares = np.clip((pixels - low) / (high - low if high > low else 1), 0, 1)
    return Image.fromarray(np.rint((1 - shares if turned_over else shares) * 255).astype(np.uint8), mode="L")


def _refuse_empty(grey: Image.Image) -> None:
    there = int(np.count_nonzero(np.array(grey.histogram()) > grey.width * grey.height // FEWEST_PIXELS))  # a plain number
    if there < FEWEST_LEVELS:
        raise NoFilm(f"no content, {there} grey level{'s' * (there > 1)} in all", "bring the film itself")
    if max(grey.size) > LONGEST * min(grey.size):
        raise NoFilm(f"a strip of {grey.width} x {grey.height} pixels", "bring the film itself")


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


def colour_of(film: Decoded, content: bytes) -> float:
    """The share of a decoded film's pixels that are coloured; 0 for DICOM, which is taken for grey. content: the file's bytes."""
    if film.format == "DICOM":
        return 0.0
    with Image.open(io.BytesIO(content)) as picture:
        return colour_share(picture)


def colour_share(picture: Image.Image) -> float:
    """The share of a PIL image's pixels that are coloured."""
    if picture.mode in ("1", "L", "LA", "I", "I;16", "F"):
        return 0.0
    channels = np.asarray(picture.convert("RGB").resize((64, 64))).astype(int)
    return float((channels.max(-1) - channels.min(-1) > 40).mean())


def read_film(path: Path) -> bytes:
    """A film file's bytes. Raises UnreadableImage when there is no such file, or it is empty."""
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for without end
            raise UnreadableImage("no readable file: what stands there is a folder, or no file", path)
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableImage(f"no readable file: {error.strerror}", path) from error
    if not content:
        raise UnreadableImage("the file is empty", path)
    return content
