"""Drawn hospitals: phantoms of other grain, size and frame, with a fine lesion in the lungs; and readers that stand in for networks.

The lesion is a patch of stripes as bright as what it covers, so that a thumbnail or a histogram hardly sees it. A reader
looks for stripes with a matched filter and gives a probability; it is what a network would be that had learned just that.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from cxrkit import columns, config
from cxrkit.audit.films import box
from cxrkit.columns import LAST_STAGE
from cxrkit.data import manifest as manifests
from cxrkit.data.manifest import Manifest
from cxrkit.data.readers import phantom
from cxrkit.data.records import NEGATIVE, POSITIVE, Record
from cxrkit.evaluation.evaluate import evaluate
from cxrkit.files import sha256_of, write_csv
from cxrkit.results import Results

SIDE = 96
PATCH, PERIOD = 16, 4
"""Side of the patch and wavelength of its stripes, in pixels."""
IN_LUNGS = [(38, 20), (52, 22), (44, 58), (30, 60)]
IN_FRAME = [(1, 32), (1, 52)]
"""Places of the patch, as row and column of its upper left corner; in the frame it is half as high, to fit in the outer tenth."""


@dataclass(frozen=True)
class Hospital:
    """grain: spread of its noise in grey levels; frame: pixels of black around its films; light: how bright they are."""

    name: str
    grain: float = 0.0
    frame: int = 0
    light: float = 1.0


HOME, AWAY = Hospital("home"), Hospital("away", grain=4, frame=3, light=0.9)


def stripes(rows=PATCH) -> np.ndarray:
    """The lesion: stripes of mean 0 under a soft edge, rows x PATCH."""
    across = np.cos(2 * np.pi * np.arange(PATCH) / PERIOD)
    window = np.outer(np.hanning(rows + 2)[1:-1], np.hanning(PATCH + 2)[1:-1])
    return window * (across - (window * across).sum() / window.sum())


def draw(hospital: Hospital, covid: bool, random, lesions=IN_LUNGS, strength=30.0, bright=0.0) -> np.ndarray:
    """One film, uint8 [SIDE, SIDE]. strength: of the lesion, in grey levels; bright: of a coarse glow in the lungs."""
    pixels = np.asarray(phantom.draw_film(phantom.Anatomy(random), False, random, SIDE), float) * hospital.light
    pixels += random.normal(0, hospital.grain + 1e-9, pixels.shape)
    if covid:
        for top, left in random.permutation(lesions)[:2]:
            rows = PATCH if lesions is IN_LUNGS else 8
            pixels[top : top + rows, left : left + PATCH] += strength * random.uniform(0.5, 1.2) * stripes(rows)
        glow = np.zeros_like(pixels)
        glow[30:66, 18:78] = bright * random.uniform(0.7, 1.3)
        pixels += gaussian_filter(glow, 6)
    if hospital.frame:
        edge = np.ones_like(pixels, bool)
        edge[hospital.frame : -hospital.frame, hospital.frame : -hospital.frame] = False
        pixels[edge] = 0
    return np.clip(pixels, 0, 255).astype(np.uint8)


def energy(images: np.ndarray) -> np.ndarray:
    """n x SIDE x SIDE: how much of the stripes lies around each pixel, in grey levels."""
    x = np.arange(SIDE)
    flat = images - gaussian_filter(images.astype(float), (0, 2, 2))
    waves = [gaussian_filter(flat * wave(2 * np.pi * x / PERIOD), (0, 4, 4)) for wave in (np.cos, np.sin)]
    return np.hypot(*waves)


def reader(where="lungs"):
    """A function from squares to probabilities, by the strongest stripes in the lungs or in the frame."""

    def p_covid(images: np.ndarray) -> np.ndarray:
        found, (low, high) = energy(images), box(SIDE, 0.8)
        seen = {name: np.zeros((SIDE, SIDE), bool) for name in ("lungs", "frame")}
        seen["lungs"][low + 6 : high - 6, low + 6 : high - 6] = True
        seen["frame"][:6, 24:72] = True
        scores = np.max(found[:, seen[where]], 1)
        return 1 / (1 + np.exp(-(scores - 4.8) / 0.35))

    return p_covid


def save(root: Path, hospital: Hospital, patients: dict[str, int], seed: int, **drawn) -> Path:
    """A folder of a hospital: one film of each of so many patients a class, each file as large as the others."""
    random = np.random.default_rng(seed)
    for label in (POSITIVE, NEGATIVE):
        folder = root / hospital.name / label
        folder.mkdir(parents=True)
        for number in range(patients[label]):
            film = Image.fromarray(draw(hospital, label == POSITIVE, random, **drawn))
            film.save(folder / f"{hospital.name}{number:03}_1.bmp")
    return root / hospital.name


def split_of(number: int) -> str:
    """Half of the patients are held out."""
    return ("test", "train", "test", "valid" if number % 8 == 3 else "train")[number % 4]


def write_run(folder: Path, roots: dict[str, str], records: list[Record], read) -> Results:
    """A run's results whose predictions are the reader's; roots: {source: folder}. No training, and no weights."""
    images = {record.image_id: np.asarray(Image.open(Path(roots[record.source]) / place(record))) for record in records}
    manifest = Manifest(tuple(records))
    keys = {"name": "drawn", "split": "grouped", "seeds": [0], "architectures": ["resnet34"], "pretrained": False, "image_size": SIDE}
    results = Results.begin(folder / "results", config.make(keys, {}, folder), manifest)
    manifests.write(folder / "manifest.csv", manifest, roots)
    asked = [record for record in records if record.split in ("valid", "test")]
    p_covid = read(np.stack([images[record.image_id] for record in asked]))
    rows = [["resnet34", 0, LAST_STAGE, record.image_id, record.label, p] for record, p in zip(asked, p_covid)]
    write_csv(results.folder / "predictions.csv", columns.PREDICTIONS, rows)
    write_csv(results.folder / "epochs.csv", columns.EPOCHS, [["resnet34", 0, LAST_STAGE, 1, 0.5, 0.5, 0.1, 0.9, 0.9, 1.0]])
    evaluate(results)
    return results


def place(record: Record) -> str:
    return record.path.partition("/")[2]


def records(root: Path, split=split_of, **change) -> list[Record]:
    """The records of a hospital's folder with all that a manifest knows of files. split: function of a patient's number."""
    found = []
    for path in sorted(root.glob("*/*.bmp")):
        number, name = int(path.stem[-5:-2]), f"{root.name}/{path.parent.name}/{path.name}"
        facts = {"width": SIDE, "height": SIDE, "mode": "L", "format": "BMP", "bytes": path.stat().st_size, "sha256": sha256_of(path)}
        patient = f"{root.name}:{path.parent.name}{number}"
        record = Record(image_id=name, path=name, source=root.name, label=path.parent.name, patient=patient, **facts)
        found.append(record.but(split=split(number), **change))
    return found
