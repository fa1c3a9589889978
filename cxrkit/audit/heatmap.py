"""Heat maps: how an attention map is drawn over a film, and how such pictures are saved."""

from pathlib import Path

import numpy as np
from PIL import Image

from cxrkit.files import replacing

THUMBNAIL = 224
"""Pixels a side of the film and of its map in a picture of the gallery."""
AMBER = np.array([255, 176, 0], np.float32)
"""The map's colour: told from grey by everyone. Its red less its blue is 255, so that a pixel's opacity can be read back."""
OPACITY = 0.65
"""Of a map where it is greatest."""


def overlay(image: np.ndarray, attended: np.ndarray) -> np.ndarray:
    """A grey square, uint8 [size, size], under a map from 0 to 1 of the same size: uint8 [size, size, 3]."""
    opacity = OPACITY * attended[..., None]
    return np.rint(image[..., None] * (1 - opacity) + AMBER * opacity).astype(np.uint8)


def beside(image: np.ndarray, attended: np.ndarray, side: int = THUMBNAIL) -> Image.Image:
    """The film, and beside it the film under its map, as a PIL image."""
    pair = np.hstack([np.repeat(image[..., None], 3, -1), overlay(image, attended)])
    return Image.fromarray(pair).resize((2 * side, side), Image.Resampling.BILINEAR)


def save(path: Path, picture: Image.Image) -> None:
    """Write a PIL image as a small PNG of 256 colours, without any metadata."""
    with replacing(path) as temporary:
        picture.quantize(256, Image.Quantize.MAXCOVERAGE).save(temporary, format="PNG", optimize=True)
