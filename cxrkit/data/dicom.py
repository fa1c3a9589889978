"""DICOM films, through pydicom, which is optional: nothing else of the kit needs it.

What is done to the stored values is what a viewer does (DICOM PS3.3, C.11.1 and C.11.2,
https://dicom.nema.org/medical/dicom/current/output/chtml/part03/sect_C.11.html): modality LUT or rescale, then VOI
LUT or window, then MONOCHROME1 or an inverse presentation LUT turned over, and padding black.

Of a header only TAGS are read: no name, no date. Of a patient stay the view, the sex, the age in years (C.7.2.2), and a key made of
the patient's number by HMAC-SHA-256. Whoever knows the numbers can try them against the keys, unless the environment has a secret of
yours in CXRKIT_SALT.
"""

import hashlib
import hmac
import logging
import os
import re
import struct
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from cxrkit.data import levels, words
from cxrkit.errors import NoFilm, UnreadableImage, require

FILMS = ("CR", "DX", "RG", "OT", "SC", "")
"""Modalities under which projection films are filed; OT and SC are what scanned ones come as."""
CHEST = ("CHEST", "THORAX", "LUNG")
"""One of these is in the body part of a chest film's header, where that is filled in."""
ENDINGS = (".dcm", ".dicom")
FAR_OUT = 1e12
OLDEST = 90
"""Years; who is older counts as so old, for such an age can name a person (45 CFR 164.514)."""
TAGS = """
    SOPClassUID PatientID IssuerOfPatientID StudyInstanceUID PatientAge PatientSex Modality ViewPosition BodyPartExamined
    NumberOfFrames Rows Columns SamplesPerPixel PhotometricInterpretation PlanarConfiguration BitsAllocated BitsStored HighBit
    PixelRepresentation PixelPaddingValue PixelPaddingRangeLimit PresentationLUTShape ModalityLUTSequence RescaleSlope
    RescaleIntercept RescaleType VOILUTSequence WindowCenter WindowWidth VOILUTFunction PixelData FloatPixelData
    DoubleFloatPixelData ExtendedOffsetTable ExtendedOffsetTableLengths
"""
PLUGINS = {
    "1.2.840.10008.1.2.4.5": "pylibjpeg pylibjpeg-libjpeg",
    "1.2.840.10008.1.2.4.7": "pylibjpeg pylibjpeg-libjpeg",
    "1.2.840.10008.1.2.4.8": "pylibjpeg pylibjpeg-libjpeg",
    "1.2.840.10008.1.2.4": "pylibjpeg pylibjpeg-openjpeg",
}
"""{beginning of a transfer syntax: what decodes it}: JPEG, lossless JPEG, JPEG-LS, and JPEG 2000."""
BARE = re.compile(rb"[\x02\x08]\x00[\x00-\x18]\x00(UL|OB|CS|UI|DA|TM|[^\x00]?\x00\x00\x00)", re.DOTALL)
"""How a DICOM file without a preamble begins: the length of a group, or an early element of the header."""
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


@dataclass(frozen=True)
class Header:
    """What a film's header says of it: texts, empty where it says nothing. patient: a key; doubts: why it is no film of a chest."""

    patient: str = ""
    view: str = ""
    age: str = ""
    sex: str = ""
    modality: str = ""
    doubts: tuple[str, ...] = ()


def is_dicom(head: bytes) -> bool:
    """Whether a file that begins so is DICOM, with a preamble or without one."""
    return head[128:132] == b"DICM" or bool(BARE.match(head))


def header(path: str | Path) -> Header:
    """The Header of a DICOM file; an empty one where it cannot be read, for decoding then says why."""
    try:
        film = _read(path, pixels=False)
        return Header(
            patient=_key(film),
            view=_word(film, "ViewPosition"),
            age=_years(_word(film, "PatientAge")),
            sex=sex if (sex := _word(film, "PatientSex")) in ("M", "F") else "",
            modality=_word(film, "Modality"),
            doubts=tuple(_doubts(film)),
        )
    except (UnreadableImage, *_damage()):
        return Header()


def require_reader(names: Iterable[str | Path]) -> None:
    """Raise WrongUse where a file of these is named as DICOM and pydicom is not installed: before minutes of reading, not after."""
    if any(str(name).casefold().endswith(ENDINGS) for name in names):
        require("pydicom")


def open_grey(path: str | Path, content: bytes | None = None) -> tuple[Image.Image, str, list[str]]:
    """(film, mode, doubts) of a DICOM file: 8-bit grey, a PIL image of mode L; the mode of its pixels, as Pillow names them; and why
    it is no frontal film, sentences or an empty list.

    content: the file's bytes, where they are read already. Raises UnreadableImage, also where pydicom is not installed.
    """
    try:
        film = _read(path if content is None else BytesIO(content))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            grey = _grey(film)
        mode = "RGB" if film.get("SamplesPerPixel") == 3 else "L" if film.get("BitsAllocated") == 8 else "I;16"
        return grey, mode, _doubts(film, sideways=True)
    except NoFilm:
        raise
    except UnreadableImage as error:
        raise UnreadableImage(error.what, path, error.next) from error
    except _damage() as error:
        reason = " ".join(str(error).split())[:250] or type(error).__name__
        remedy = "export the film uncompressed, or as PNG"
        raise UnreadableImage(f"the DICOM file cannot be decoded: {reason}", Path(path), remedy) from error


def _damage():
    try:
        from pydicom.errors import BytesLengthException, InvalidDicomError
    except ImportError:
        return DAMAGE
    return InvalidDicomError, BytesLengthException, *DAMAGE


def _read(file, pixels=True):
    """A data set of TAGS alone; without file meta information the transfer syntax is as the elements are written."""
    try:
        import pydicom
    except ImportError:
        raise UnreadableImage("it is DICOM, and pydicom is not installed", None, "pip install pydicom, or bring the film as PNG") from None
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)  # its words may quote a header
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        film = pydicom.dcmread(file, force=True, specific_tags=TAGS.split(), stop_before_pixels=not pixels)
    if not film.file_meta.get("TransferSyntaxUID"):
        implicit, little = film.original_encoding
        little_endian = pydicom.uid.ImplicitVRLittleEndian if implicit else pydicom.uid.ExplicitVRLittleEndian
        film.file_meta.TransferSyntaxUID = little_endian if little else pydicom.uid.ExplicitVRBigEndian
    return film


def _grey(film):
    if "Rows" not in film or not film.keys() & {0x7FE00008, 0x7FE00009, 0x7FE00010}:
        raise NoFilm("the DICOM file holds no picture", "leave it out: it is a directory, a report or a header alone")
    frames, rows, columns = int(film.get("NumberOfFrames") or 1), int(film.Rows), int(film.Columns)
    if frames > 1:
        raise NoFilm(f"it holds {frames} pictures", "bring the film alone")
    if rows * columns > Image.MAX_IMAGE_PIXELS:
        raise UnreadableImage(f"{columns} x {rows} pixels are too many", next="bring the film in a usual size")
    _refuse_packing(film.file_meta.TransferSyntaxUID)
    kind = str(film.PhotometricInterpretation)
    if kind == "RGB" or kind.startswith("YBR"):
        return Image.fromarray(_colours(film)).convert("L")
    if kind not in ("MONOCHROME1", "MONOCHROME2"):
        raise UnreadableImage(f"its pixels are of the kind {_plain(kind)}, which no film has", next="export the film in grey")
    shares, padding = _displayed(film)
    if kind == "MONOCHROME1" or film.get("PresentationLUTShape") == "INVERSE":  # films of DX have both, and are turned over once
        shares = 1 - shares
    return Image.fromarray(np.rint(np.where(padding, 0, shares) * 255).astype(np.uint8))


def _refuse_packing(syntax):
    """Raise UnreadableImage for a transfer syntax for which pydicom lacks a decoder here, with what to install."""
    from pydicom.pixels import get_decoder

    try:
        available = not syntax.is_encapsulated or get_decoder(syntax).is_available
    except NotImplementedError:
        raise UnreadableImage(
            f"it is packed as {_plain(syntax.name, 60)}, which nothing here decodes", next="export it uncompressed"
        ) from None
    if not available:
        package = next(package for start, package in PLUGINS.items() if syntax.startswith(start))
        remedy = f"pip install {package} (or python-gdcm), or export the film uncompressed"
        raise UnreadableImage(f"it is packed as {_plain(syntax.name, 60)}, and no decoder for that is installed", next=remedy)


def _colours(film):
    from pydicom.pixels import pixel_array

    return (pixel_array(film, allow_excess_frames=False) >> max(0, int(film.BitsStored) - 8)).astype(np.uint8)


def _displayed(film):
    """(values, padding) as a viewer shows them: float64 [rows, columns] from 0 to 1, not yet turned over, and where there is no film."""
    from pydicom.pixels import apply_modality_lut, apply_windowing

    stored = _stored(film)
    padding = _padding(stored, film)
    values = np.asarray(apply_modality_lut(stored, film), np.float64)
    if not np.isfinite(values).all():
        raise NoFilm(f"{np.count_nonzero(~np.isfinite(values))} of its pixels are no numbers", "export the film again")
    table = next(iter(film.get("VOILUTSequence") or ()), None)
    if table is not None and table.get("LUTDescriptor") and table.get("LUTData"):
        values, low, high = _looked_up(values, table)
    elif _has_window(film):
        values = apply_windowing(values, film)
        low, high = apply_windowing(np.array([-FAR_OUT, FAR_OUT]), film)
    else:
        kept = values[~padding]
        low, high = levels.own_range(kept) if kept.size else (0, 0)
    if not high > low:
        raise NoFilm("no content, 1 grey level in all", "export the film again")
    return np.clip((values - low) / (high - low), 0, 1), padding


def _stored(film):
    """The stored values, without the bits of a word that are not theirs (C.7.6.3.1: from HighBit down, BitsStored of them)."""
    from pydicom.pixels import pixel_array

    stored = pixel_array(film, correct_unused_bits=False, allow_excess_frames=False)
    bits, high = int(film.get("BitsStored") or 0), film.get("HighBit")
    if stored.dtype.kind == "f" or film.file_meta.TransferSyntaxUID.is_encapsulated or bits in (0, stored.itemsize * 8):
        return stored
    shift = max(0, int(high) + 1 - bits) if high is not None else 0
    values = (stored.astype(np.int64) >> shift) & (2**bits - 1)
    return values - ((values >> (bits - 1)) << bits) if film.get("PixelRepresentation") else values


def _padding(stored, film):
    """Where the film's own padding value lies, or one up to its limit (C.7.5.1.1.2)."""
    first, last = film.get("PixelPaddingValue"), film.get("PixelPaddingRangeLimit")
    if not isinstance(first, int):
        return np.zeros(stored.shape, bool)
    bounds = [first, last if isinstance(last, int) else first]
    if film.get("PixelRepresentation") and stored.dtype.kind != "f":
        bounds = [value - 2**16 if value >= 2**15 else value for value in bounds]  # written as if unsigned
    return (stored >= min(bounds)) & (stored <= max(bounds))


def _has_window(film):
    """Whether the first window is one: its width is at least 1, or above 0 where it is no linear one."""
    centre, width = (_first(film.get(name)) for name in ("WindowCenter", "WindowWidth"))
    return None not in (centre, width) and float(width) >= (1 if film.get("VOILUTFunction") in (None, "", "LINEAR") else 1e-9)


def _first(value):
    """The first of several values, None where there is none."""
    if isinstance(value, (str, type(None))):
        return value or None
    return next(iter(value), None) if hasattr(value, "__iter__") else value


def _looked_up(values, table):
    """Values by a VOI LUT (C.11.2.1.1), and the least and greatest it could give; pydicom fails at tables of 8 bits."""
    count, first, bits = (int(number) for number in table.LUTDescriptor)
    entries = table.LUTData
    if isinstance(entries, bytes):
        entries = np.frombuffer(entries, np.uint8 if len(entries) == (count or 2**16) else "<u2")
    place = np.clip(np.rint(values).astype(np.int64) - first, 0, len(entries) - 1)
    return np.asarray(entries, np.float64)[place], 0, 2**bits - 1


def _key(film):
    """A patient's key: of the number and who gave it, else of the study; 16 hexadecimal digits."""
    number = words.known(str(film.get("PatientID") or ""))
    identity = f"{film.get('IssuerOfPatientID') or ''}/{number}" if number else str(film.get("StudyInstanceUID") or "")
    return hmac.new(os.environ.get("CXRKIT_SALT", "").encode(), identity.encode(), hashlib.sha256).hexdigest()[:16] if identity else ""


def _years(text):
    """Whole years of an age as DICOM writes it, 006M or 045Y."""
    found = re.fullmatch(r"(\d{3})([DWMY])", text)
    return str(min(OLDEST, int(int(found[1]) / {"D": 365.25, "W": 52.18, "M": 12, "Y": 1}[found[2]]))) if found else ""


def _doubts(film, sideways=False):
    modality, part = _word(film, "Modality"), _word(film, "BodyPartExamined")
    doubts = []
    if modality not in FILMS:
        doubts.append(f"its header says modality {modality}, not a projection film")
    if sideways and words.view_of(_word(film, "ViewPosition")) == "lateral":
        doubts.append("its header says lateral view")
    if part and not any(word in part for word in CHEST):
        doubts.append(f"its header says body part {part}")
    return doubts


def _word(film, name):
    return _plain(str(film.get(name) or "")).strip().upper()


def _plain(text, longest=16):
    """A header's word, fit to print."""
    return "".join(sign for sign in text if sign.isprintable())[:longest]
