"""Drawn squares with patients, sources and a signal of one's choice, as the audits' probes take them; and drawn external films."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from cxrkit.audit.films import Films
from cxrkit.data.manifest import Manifest
from cxrkit.data.readers import phantom
from cxrkit.data.records import NEGATIVE, POSITIVE, Record


def films(patients=40, films_a_patient=2, size=32, where="", source_of=lambda label, patient: "one", seed=0, **facts_of) -> Films:
    """Films of as many patients in each class; grey noise, and on COVID-19 films a brighter patch.

    where: "centre" or "border", where the patch lies, or empty for none. source_of: function of label and patient
    number; facts_of: {field: function of the label} for further fields of the records.
    """
    random, records, images = np.random.default_rng(seed), [], {}
    for label in (POSITIVE, NEGATIVE):
        for patient in range(patients):
            source = source_of(label, patient)
            split = ("train", "train", "valid")[patient % 3]
            for number in range(films_a_patient):
                name = f"{source}/{label}-{patient:03}-{number}.png"
                facts = {"width": 100, "height": 100, "mode": "L", "format": "PNG", "bytes": int(random.integers(9000, 11000))}
                facts |= {field: value(label) for field, value in facts_of.items()}
                records.append(
                    Record(
                        image_id=name,
                        path=name,
                        source=source,
                        label=label,
                        patient=f"{source}:{label}{patient}",
                        split=split,
                        sha256=name,
                        **facts,
                    )
                )
                image = random.normal(120, 25, (size, size))
                if label == POSITIVE and where:
                    rows = slice(size // 2 - 4, size // 2 + 4) if where == "centre" else slice(0, 3)
                    image[rows, rows] += 90
                images[name] = np.clip(image, 0, 255).astype(np.uint8)
    manifest = Manifest(tuple(records))
    return Films.of(manifest, np.stack([images[record.image_id] for record in manifest.used]))


def showing(drawn: Films, images: np.ndarray) -> Films:
    """The same films with other pictures."""
    return replace(drawn, images=images)


def draw_folder(folder: Path, patients=8, seed=7) -> Path:
    """A folder a class of phantoms of other patients."""
    random = np.random.default_rng(seed)
    for label in (POSITIVE, NEGATIVE):
        (folder / label).mkdir(parents=True)
        for number in range(patients):
            phantom.draw_film(phantom.Anatomy(random), label == POSITIVE, random).save(folder / label / f"p{number:02}_1.png")
    return folder
