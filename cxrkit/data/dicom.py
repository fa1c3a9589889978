"""DICOM films, through pydicom, which is optional: nothing else of the kit needs it.

What is done to the stored values is what a viewer does (DICOM PS3.3, C.11.1 and C.11.2,
https://dicom.nema.org/medical/dicom/current/output/chtml/part03/sect_C.11.html): modality LUT or rescale, then VOI
LUT or window, then MONOCHROME1 turned over. No name, date or identifier is read.
"""

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from cxrkit.data.images import SMALLEST_SIDE
from cxrkit.errors import UnreadableImage

FILMS = ("CR", "DX", "RG", "OT", "SC", "")
"""Modalities under which projection films are filed; OT and SC are what scanned ones come as."""
SIDEWAYS = ("LL", "RL", "LATERAL")
CHEST = ("CHEST", "THORAX", "LUNG")
"""One of these is in the body part of a chest film's header, where that is filled in."""
FAR_OUT = 1e12
DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)
"""What pydicom raises for a file that is damaged, or packed in a way it has no decoder for."""


def is_dicom(path: str | Path) -> bool:
    """Whether a file says that it is DICOM. Raises OSError."""
    with open(path, "rb") as file:
        return begins_dicom(file.read(132))


def begins_dicom(content: bytes) -> bool:
    return content[128:132] == b"DICM"


def open_grey(path: str | Path | BinaryIO) -> tuple[Image.Image, list[str]]:
    """A DICOM film as 8-bit grey, a PIL image of mode L, and why it is no frontal film: sentences, or an empty list.

    Raises UnreadableImage, also where pydicom is not installed.
    """
    try:
        import pydicom
    except ImportError:
        raise UnreadableImage("it is DICOM, and pydicom is not installed", path, "pip install pydicom, or bring the film as PNG") from None
    try:
        film = pydicom.dcmread(path)
        return _grey(film), _doubts(film)
    except UnreadableImage as error:
        raise UnreadableImage(error.what, path, error.next) from error
    except (pydicom.errors.InvalidDicomError, pydicom.errors.BytesLengthException, *DAMAGE) as error:
        reason = str(error).splitlines()[0][:150] if str(error) else type(error).__name__
        raise UnreadableImage(f"the DICOM file cannot be decoded: {reason}", path, "export the film uncompressed, or as PNG") from error


def view_of(path: str | Path) -> str:
    """The view position that a film's header states, or an empty text. Raises what pydicom does for a damaged file."""
    import pydicom

    return _plain(str(pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["ViewPosition"]).get("ViewPosition") or ""))


def _grey(film):
    frames, rows, columns = int(film.get("NumberOfFrames") or 1), int(film.Rows), int(film.Columns)
    if frames > 1:
        raise UnreadableImage(f"it holds {frames} pictures, not one film", next="export the film alone")
    if min(rows, columns) < SMALLEST_SIDE:
        raise UnreadableImage(f"only {columns} x {rows} pixels", next="bring the film in full size")
    if rows * columns > Image.MAX_IMAGE_PIXELS:
        raise UnreadableImage(f"{columns} x {rows} pixels are too many", next="bring the film in a usual size")
    kind = str(film.PhotometricInterpretation)
    if kind == "RGB" or kind.startswith("YBR"):
        return Image.fromarray(_colours(film)).convert("L")
    if kind not in ("MONOCHROME1", "MONOCHROME2"):
        raise UnreadableImage(f"its pixels are of the kind {_plain(kind)}, which no film has", next="export the film in grey")
    shares = _displayed(film)
    return Image.fromarray(np.rint((1 - shares if kind == "MONOCHROME1" else shares) * 255).astype(np.uint8))


def _colours(film):
    from pydicom.pixels import pixel_array

    return (pixel_array(film) >> max(0, int(film.BitsStored) - 8)).astype(np.uint8)


def _displayed(film):
    """The film's values as a viewer shows them, float64 [rows, columns] from 0 to 1, not yet turned over."""
    from pydicom.pixels import apply_modality_lut, apply_windowing

    stored = film.pixel_array
    values = np.asarray(apply_modality_lut(stored, film), np.float64)
    if "VOILUTSequence" in film:
        values, low, high = _looked_up(values, film.VOILUTSequence[0])
    elif film.get("WindowCenter") not in (None, "") and film.get("WindowWidth") not in (None, ""):
        values = apply_windowing(values, film)
        low, high = apply_windowing(np.array([-FAR_OUT, FAR_OUT]), film)
    else:
        low, high = _range_of(values, stored, film)
    if not high > low:
        raise UnreadableImage("all its pixels are the same", next="export the film again")
    return np.clip((values - low) / (high - low), 0, 1)


def _looked_up(values, table):
    """Values by a VOI LUT (C.11.2.1.1), and the least and greatest it could give; pydicom fails at tables of 8 bits."""
    count, first, bits = (int(number) for number in table.LUTDescriptor)
    entries = table.LUTData
    if isinstance(entries, bytes):
        entries = np.frombuffer(entries, np.uint8 if len(entries) == (count or 2**16) else "<u2")
    place = np.clip(np.rint(values).astype(np.int64) - first, 0, len(entries) - 1)
    return np.asarray(entries, np.float64)[place], 0, 2**bits - 1


def _range_of(values, stored, film):
    """The least and greatest value, padding left aside."""
    padding = film.get("PixelPaddingValue")
    kept = values[stored != padding] if padding is not None else values
    return (kept.min(), kept.max()) if kept.size else (0, 0)


def _doubts(film):
    modality, view = str(film.get("Modality", "")).strip(), str(film.get("ViewPosition", "")).strip()
    part = str(film.get("BodyPartExamined", "")).strip().upper()
    doubts = []
    if modality not in FILMS:
        doubts.append(f"its header says modality {_plain(modality)}, not a projection film")
    if view.upper() in SIDEWAYS:
        doubts.append("its header says lateral view")
    if part and not any(word in part for word in CHEST):
        doubts.append(f"its header says body part {_plain(part)}")
    return doubts


def _plain(text):
    """A header's word, fit to print."""
    return "".join(sign for sign in text if sign.isprintable())[:16]
