"""Results folders for the report: drawn predictions, and whatever metadata a test wants to send through it."""

import csv
import io

import numpy as np
from PIL import Image

from cxrkit.data import manifest
from cxrkit.data.records import Record
from cxrkit.evaluation import outcome
from cxrkit.files import read_json, sha256_of, write_json, write_text
from cxrkit.report import gallery
from tests.evaluation import runs

SIZES = {"train": (40, 60), "valid": (20, 40), "test": (34, 60)}


def write(folder, change=lambda record: record, audits=True, about=None, extra=(), **run):
    """Write a whole results folder of four networks; return it.

    change: what is done to each record of the manifest; extra: records added to it; about: keys laid over run.json;
    run: as runs.write_run.
    """
    runs.write_run(folder, **{"seeds": (0, 1, 2), "error_rates": (0.05, 0.08, 0.05, 0.15), "sizes": SIZES} | run)
    random = np.random.default_rng(0)
    records = [change(record.but(licence="CC BY 4.0", credit="A. Reader", view="PA")) for record in manifest.read(folder / "manifest.csv")]
    copy = records[0].but(
        image_id="drawn/copy.png", split="", duplicate_of=records[0].image_id, excluded=f"duplicate of {records[0].image_id}"
    )
    lateral = Record(image_id="drawn/side.png", path="drawn/side.png", source="drawn", excluded="view lateral")
    write_text(folder / "manifest.csv", manifest.to_csv([*records, copy, lateral, *extra]))
    told = read_json(folder / "run.json") | {
        "manifest_sha256": sha256_of(folder / "manifest.csv"),
        "experiment_sha256": "0" * 64,
        "leaks": 0,
        "unfinished": [],
        "failed": {},
        "device": {"value": "cpu", "reason": "torch sees no GPU"},
        "versions": {"python": "3.12.0", "torch": "2.10.0"},
        "seconds": {"training": 61.5, "results": 2.0},
    }
    write_json(folder / "run.json", told | (about or {}))
    seeds, architectures = told["experiment"]["seeds"], told["experiment"]["architectures"]
    epochs = [
        [a, s, stage, e, 1 / (e + 4 * (stage == "unfrozen")) + random.random() / 9, 1 / e, 0.1, 2.5]
        for a in architectures
        for s in seeds
        for stage in ("frozen", "unfrozen")
        for e in (1, 2, 3, 4)
    ]
    _csv(folder / "epochs.csv", ["architecture", "seed", "stage", "epoch", "train_loss", "valid_loss", "error_rate", "seconds"], epochs)
    finder = [
        [a, s, step, 10 ** (step / 10 - 7), 0.7 - 0.004 * step + 2e-6 * step**4, 1e-3]
        for a in architectures
        for s in seeds
        for step in range(60)
    ]
    _csv(folder / "lr_find.csv", ["architecture", "seed", "step", "learning_rate", "loss", "chosen"], finder)
    outcome.evaluate(folder)
    if audits:
        write_json(folder / "audits.json", audited(folder))
    return folder


def audited(folder):
    """The content of an audits.json, with a row of each kind."""
    area = {"auc": 0.97, "interval": [0.93, 0.99], "n": 94, "n_covid": 34}
    figure = {"value": 0.8, "low": 0.7, "high": 0.9, "n": 50, "interval": "Wilson 95 %"}
    return {
        "manifest_sha256": sha256_of(folder / "manifest.csv"),
        "data": "phantom",
        "films": {"covid": 94, "normal": 160, "patients": 254, "leaks": 0},
        "not_done": [{"part": "retraining", "reason": "not asked for"}],
        "baselines": [
            {"name": "majority", "title": "nothing: always the commoner class", "note": "", **area, "auc": 0.5, "interval": [0.42, 0.58]},
            {"name": "border", "title": "the frame: the outer tenth of the picture", "note": "", **area, "held_out": area},
            {
                "name": "age",
                "title": "the patient's age",
                "note": "no age is known",
                "auc": None,
                "interval": [None, None],
                "n": 0,
                "n_covid": 0,
            },
        ],
        "networks": [
            {
                "architecture": name,
                "seeds": [0, 1, 2],
                **area,
                "advantage": {"auc": -0.01, "interval": [-0.05, 0.03], "over_title": "a thumbnail"},
            }
            for name in runs.ARCHITECTURES
        ],
        "masking": [
            {"architecture": "resnet34", "seed": 0, "mask": mask, "share": share, "retrained": False, **area}
            for mask in ("centre", "surround")
            for share in (0.0, 0.25, 0.66)
        ],
        "sources": [{"kind": "seen-source", "title": "a told from b among normal films", "note": "", **area}],
        "controls": [{"name": "permutation", "title": "labels dealt out at random", "expected": "0.5", "found": "0.49", "passed": True}],
        "external": [
            {
                "name": "elsewhere",
                "architecture": "resnet34",
                "n": 50,
                "n_covid": 20,
                "duplicates_removed": 1,
                "metrics": {"auc": figure, "sensitivity": figure, "specificity": figure},
                "drop": {"auc": 0.1, "interval": [0.02, 0.2]},
                "calibration": {"before": {"ece": figure}},
            }
        ],
        "verdict": {
            "conclusion": "border-shortcut",
            "paragraph": "On this data no score shows that a network sees disease: what lies around the lungs gives the answer away.",
            "reasons": [{"rule": "lungless-border", "text": "The frame alone reaches 0.970.", "value": 0.97, "threshold": 0.9}],
        },
    }


def add_thumbnails(folder, image_ids):
    """Write drawn thumbnails of these images, as a run leaves them."""
    for number, image_id in enumerate(image_ids):
        path = folder / gallery.place(image_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (40, 40), number % 256).save(path, format="JPEG")


def _csv(path, columns, rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    write_text(path, text.getvalue())


def manifest_rows(folder):
    """The manifest's used rows, as dicts."""
    with open(folder / "manifest.csv", encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if not row["excluded"]]


def respoil(folder, change):
    """Change every record of a results folder, and the predictions and hashes with it; return the folder."""
    old = manifest.read(folder / "manifest.csv")
    new = [change(record) for record in old]
    names = {before.image_id: after.image_id for before, after in zip(old, new)}
    new = [record.but(duplicate_of=names.get(record.duplicate_of, "")) for record in new]
    write_text(folder / "manifest.csv", manifest.to_csv(new))
    with open(folder / "predictions.csv", encoding="utf-8", newline="") as file:
        columns, *rows = csv.reader(file)
    at = columns.index("image_id")
    _csv(folder / "predictions.csv", columns, [[*row[:at], names[row[at]], *row[at + 1 :]] for row in rows])
    write_json(folder / "run.json", read_json(folder / "run.json") | {"manifest_sha256": sha256_of(folder / "manifest.csv")})
    outcome.evaluate(folder)
    if (folder / "audits.json").exists():
        write_json(folder / "audits.json", read_json(folder / "audits.json") | {"manifest_sha256": sha256_of(folder / "manifest.csv")})
    return folder
