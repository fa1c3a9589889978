"""One way to open a chest film, whatever its class: a decoder that differs by class is a shortcut."""

import hashlib
import io
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from cxrkit.data import copies
from cxrkit.environment import processors
from cxrkit.errors import BadInput, UnreadableImage
from cxrkit.files import read_json, replacing, write_json
from cxrkit.progress import track

SMALLEST_SIDE = 32
"""Pixels. Below it a file is an icon or a tracking pixel, not a film."""
FACTS_VERSION = f"1 {copies.VERSION}"
"""Of what is kept of a file: decoding, hash and thumbnail."""
DAMAGE = (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning)
"""What Pillow raises for a file that is damaged or far too large."""


def open_grey(path, content=None):
    """An image file as 8-bit grey: a PIL image of mode L. content: the file's bytes, where they are read already.

    Colour goes to luminance, an alpha channel is dropped, palettes are resolved, EXIF rotation is applied.
    Deeper images are scaled by the smallest usual bit depth that holds their largest value (a 12-bit film
    in a 16-bit PNG would come out black otherwise). Raises UnreadableImage.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path if content is None else io.BytesIO(content)) as image:
                return _to_grey(image)
    except UnidentifiedImageError as error:
        raise UnreadableImage("no image of a known format", path, "replace the file or leave it out") from error
    except DAMAGE as error:
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise UnreadableImage(f"cannot be decoded: {reason}", path, "replace the file or leave it out") from error


def _to_grey(image):
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


def _from_deep(pixels):
    pixels = np.nan_to_num(pixels.astype(np.float64))
    low, high = min(pixels.min(), 0), pixels.max()
    depth = next((bits for bits in (8, 10, 12, 14, 16) if high - low < 2**bits), None)
    scale = 2**depth - 1 if depth else max(high - low, 1)
    return Image.fromarray(np.rint((pixels - low) * (255 / scale)).astype(np.uint8), mode="L")


def facts(path, known=None):
    """What a file says of itself, and its thumbnail for the search for copies.

    A dict of Record's width, height, mode, format, bytes, sha256 and phash; copies.thumbnail's array.
    known: {SHA-256: (dict, array)} of files that need not be decoded again.
    Raises UnreadableImage when there is no such file, it is empty, or it cannot be decoded whole.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableImage(f"no readable file: {error.strerror}", path) from error
    if not content:
        raise UnreadableImage("the file is empty", path)
    sha256 = hashlib.sha256(content).hexdigest()
    if known and sha256 in known:
        return known[sha256]
    grey = open_grey(path, content)
    with Image.open(io.BytesIO(content)) as image:
        width, height, mode, format = image.width, image.height, image.mode, image.format
    found = {
        "width": width,
        "height": height,
        "mode": mode,
        "format": format,
        "bytes": len(content),
        "sha256": sha256,
        "phash": perceptual_hash(grey),
    }
    return found, copies.thumbnail(grey)


def perceptual_hash(grey):
    """64-bit DCT hash of a grey PIL image, as 16 hexadecimal digits.

    The signs of the 8 x 8 lowest frequencies of a 32 x 32 thumbnail against their median (Zauner 2010,
    https://www.phash.org/docs/pubs/thesis_zauner.pdf). On chest films it proposes, and never decides:
    the films of different patients differ in few bits.
    """
    from scipy.fft import dctn

    small = np.asarray(grey.resize((32, 32), Image.Resampling.BOX), dtype=np.float64)
    low = dctn(small, norm="ortho")[:8, :8].ravel()
    bits = low > np.median(low[1:])
    return np.packbits(bits).tobytes().hex()


def add_facts(records, locate, kept=None, workers=None):
    """The records with the facts of their files, and {image_id: thumbnail}; unreadable files are excluded with the reason.

    locate: function from a record to its path. Excluded records are not opened. kept: a folder where the facts
    stay, so that a file with the same bytes is not decoded again.
    Raises BadInput when there are images to read and none can be.
    """
    used = [record for record in records if record.used]
    workers = workers or min(8, processors())
    known = read_facts(kept) if kept else {}

    def look(record):
        try:
            return facts(locate(record), known)
        except BadInput as error:
            return {"excluded": error.what}, None

    with ThreadPoolExecutor(workers) as pool:
        found = dict(zip((r.image_id for r in used), track(pool.map(look, used), "reading films", total=len(used))))
    learned = {fact["sha256"]: (fact, thumbnail) for fact, thumbnail in found.values() if thumbnail is not None}
    if kept and learned.keys() - known.keys():
        write_facts(kept, known | learned)
    records = [record.but(**found[record.image_id][0]) if record.image_id in found else record for record in records]
    if used and not any(record.used for record in records):
        first = found[used[0].image_id][0]["excluded"]
        raise BadInput(
            f"None of the {len(used)} images can be read; the first: {first}.",
            locate(used[0]),
            "check that the pictures lie beside the metadata and that the disk or mount is readable",
        )
    return records, {name: thumbnail for name, (_, thumbnail) in found.items() if thumbnail is not None}


def read_facts(folder):
    """{SHA-256: (facts, thumbnail)} that write_facts left in a folder; empty where it left none, or another version did."""
    listed, thumbnails = Path(folder, "facts.json"), Path(folder, "thumbnails.npy")
    if not listed.exists() or (content := read_json(listed))["version"] != FACTS_VERSION:
        return {}
    try:
        found = np.load(thumbnails, allow_pickle=False)
    except (OSError, ValueError):
        return {}
    if len(found) != len(content["facts"]) or hashlib.sha256(found.tobytes()).hexdigest() != content["thumbnails_sha256"]:
        return {}
    return {fact["sha256"]: (fact, thumbnail) for fact, thumbnail in zip(content["facts"], found)}


def write_facts(folder, known):
    """Keep {SHA-256: (facts, thumbnail)} in a folder: the facts as JSON, the thumbnails in one array."""
    thumbnails = np.stack([thumbnail for _, thumbnail in known.values()])
    with replacing(Path(folder, "thumbnails.npy")) as temporary, open(temporary, "wb") as file:
        np.save(file, thumbnails)
    digest = hashlib.sha256(thumbnails.tobytes()).hexdigest()
    write_json(
        Path(folder, "facts.json"), {"version": FACTS_VERSION, "thumbnails_sha256": digest, "facts": [fact for fact, _ in known.values()]}
    )
