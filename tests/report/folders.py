"""Results folders for the report, written by the kit's own writers: drawn predictions, and whatever metadata a test sends through it."""

import csv
from dataclasses import replace

import numpy as np
from markupsafe import Markup
from PIL import Image

from cxrkit.audit import heatmap
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import Record, copy_of
from cxrkit.environment import Choice
from cxrkit.evaluation.calibration import Calibration, Decomposition
from cxrkit.evaluation.evaluate import evaluate
from cxrkit.evaluation.metrics import Figure, Rates
from cxrkit.files import csv_text, sha256_of, write_text
from cxrkit.report import gallery
from cxrkit.report.plots import Drawing
from cxrkit.results import Results
from cxrkit.schema import (
    VERSION,
    Advantage,
    Area,
    Audits,
    BaselineRow,
    Chosen,
    Conclusion,
    ControlRow,
    Drop,
    ExternalRow,
    ExternalScaling,
    FilmCounts,
    GroupScore,
    HeldFixedRow,
    Judged,
    MaskRow,
    MatchedRow,
    NetworkRow,
    NotDone,
    PartState,
    PublishedRow,
    Reason,
    Requirement,
    SideScore,
    SourceRow,
    StabilityRow,
    SubgroupRow,
)
from tests.evaluation import runs

SIZES = {"train": (40, 60), "valid": (20, 40), "test": (34, 60)}
CHOSEN = Chosen(
    device=Choice("cpu", "torch sees no GPU"),
    precision=Choice("float32", "a processor"),
    layout=Choice("channels_last", "measured"),
    autotuning=Choice(False, "no GPU"),
    placement=Choice("host", "1 MB of films"),
)


def write(folder, change=lambda record: record, audits=True, info=None, extra=(), sizes=SIZES, images_a_patient=1, **run) -> Results:
    """Write a whole results folder of four networks; return its Results.

    change: what is done to each record of the manifest; extra: records added to it; info: fields of run.json that are
    changed; run: as runs.write_run.
    """
    drawn = runs.records(sizes, images_a_patient)
    records = [change(record.but(licence="CC BY 4.0", credit="A. Reader", view="PA")) for record in drawn]
    first = records[0].image_id
    copy = records[0].but(image_id="drawn/copy.png", split="", duplicate_of=first, excluded=copy_of(first))
    lateral = Record(image_id="drawn/side.png", path="drawn/side.png", source="drawn", excluded="view lateral")
    settings = {"seeds": (0, 1, 2), "error_rates": (0.05, 0.08, 0.05, 0.15)} | run
    results = runs.write_run(folder, manifest=Manifest((*records, copy, lateral, *extra)), **settings)
    results.finish(CHOSEN, [], {}, {"training": 61.5, "results": 2.0}, {"resnet34": 1_200_000_000})
    if info:
        results._write_info(replace(results.info, **info))
    evaluate(results)
    if audits:
        results.write(audited(results))
    return results


def audited(results: Results) -> Audits:
    """An audit with a row of each kind."""
    auc = Figure(0.97, 0.93, 0.99, 94, "drawn")
    area, unknown = Area(auc, 34), Figure.unknown(0, "none: no age is known")
    figure = Figure(0.8, 0.7, 0.9, 50, "Wilson 95 %")
    rates = Rates(*[figure] * 7)
    calibration = Calibration([], figure, figure, Decomposition(0.1, 0.1, 0.1, 0.0))
    side, few = SideScore(rates, figure, figure, figure), Figure.unknown(0, "none: too few patients (0)")
    advantage = Advantage("thumbnail-16", "a thumbnail", 0.98, Figure(-0.01, -0.05, 0.03, 94, "drawn"))
    return Audits(
        schema=VERSION,
        manifest_sha256=results.info.manifest_sha256,
        predictions_sha256=sha256_of(results.folder / "predictions.csv"),
        films=results.info.films,
        counts=FilmCounts(94, 160, 254, 1, 0, Judged("test", 34, 60, 34, 60)),
        baselines=[
            BaselineRow("majority", "nothing: always the more frequent class", "", Area(Figure(0.5, 0.42, 0.58, 94, "drawn"), 34), None),
            BaselineRow("border", "the frame: the outer tenth of the picture", "", area, area),
            BaselineRow("age", "the patient's age", "no age is known", Area(unknown, 0), None),
        ],
        sources=[SourceRow("seen-source", "a told from b among normal films", area, "")],
        controls=[ControlRow("permutation", "labels permuted at random", "0.5", "0.49", True)],
        networks=[NetworkRow(name, [0, 1, 2], area, advantage) for name in runs.ARCHITECTURES],
        held_fixed=[HeldFixedRow("resnet34", "source", area, auc, auc, Figure(0.01, -0.01, 0.03, 94, "drawn"), 2, 3, 0)],
        masking=[
            MaskRow("resnet34", 0, mask, side_of_box, share, area, False)
            for mask in ("centre", "surround")
            for side_of_box, share in ((0.0, 0.0), (0.5, 0.25), (0.8, 0.64))
        ],
        external=[
            ExternalRow(
                name="elsewhere",
                architecture="resnet34",
                seeds=3,
                n=50,
                positives=20,
                patients=50,
                covid_patients=20,
                normal_patients=30,
                copies_removed=1,
                left_out=1,
                threshold=0.5,
                external=side,
                internal=side,
                drop=Drop(Figure(0.1, 0.02, 0.2, 144, "Zou and Donner 95 %"), figure, figure),
                scaling=ExternalScaling(1.5, calibration, calibration),
                subgroups=[
                    SubgroupRow("severity", "mild", GroupScore(9, 30, figure, unknown, figure), GroupScore(0, 60, few, unknown, few))
                ],
            )
        ],
        attention=None,
        parts=[
            PartState("masking", "done", "", "", kept=True),
            PartState("attention", "not done", "the films are not on this machine", "python -m cxrkit audit RUN"),
        ],
        not_done=[NotDone("retraining", "not asked for")],
        published=[
            PublishedRow(
                model="torchxrayvision densenet121-res224-all",
                films=films,
                area=Area(Figure(0.71, 0.6, 0.8, n, "drawn"), positives),
                findings=["Pneumonia", "Infiltration"],
                seen=["PadChest"] if films == "held out" else [],
                n_seen=3 if films == "held out" else 0,
                file="published.pt",
                sha256="5" * 64,
                as_published=False,
                version="1.5.7",
                credit="Cohen et al. 2022; Apache 2.0",
            )
            for films, n, positives in (("held out", 94, 34), ("elsewhere", 50, 20))
        ],
        stability=[StabilityRow(name, 3, figure, figure, 0.2, {"mirrored": figure}) for name in runs.ARCHITECTURES],
        verdict=Conclusion(
            "border-shortcut",
            "On this data no score shows that a network sees disease: what lies around the lungs gives the answer away.",
            [Reason("lungless-border", "The frame alone reaches 0.970.", 0.97, 0.9, "border-shortcut")],
            [
                Requirement(
                    "lead",
                    "an AUC at least 0.1 above that of anything that does not see the lungs",
                    "0.970, against 0.970 from the frame",
                    0.0,
                    0.1,
                    False,
                )
            ],
        ),
        matched=[
            MatchedRow("resnet34", ["age"], 5.0, 20, area, Area(figure, 20), figure, {"age not known": 14}, {}),
            MatchedRow("resnet34", ["view"], 5.0, 0, area, Area(unknown, 0), unknown, {"view not known": 34}, {"view not known": 60}),
        ],
    )


def draw_film(path):
    """Write a drawn film; return its path."""
    Image.linear_gradient("L").resize((60, 40)).save(path)  # decode refuses one grey level as no film
    return path


def draw_pair(path, side=40):
    """Write a film beside itself under a map that is strongest at the left, as the audit draws them; return both arrays."""
    film = np.tile(np.linspace(0, 255, side).astype(np.uint8)[:, None], (1, side))
    attended = np.tile(np.linspace(1, 0, side, dtype=np.float32), (side, 1))
    heatmap.save(path, heatmap.beside(film, attended, side))
    return film, attended


def undrawn(name, alt, *_):
    """What stands in for plots.drawn where no figure is wanted: a page then takes a tenth of the time."""
    return Drawing(name, "<svg></svg>", b"", Markup("<svg></svg>"), alt)


def add_thumbnails(results: Results) -> None:
    """Write drawn thumbnails of all images, as a run leaves them."""
    for number, image_id in enumerate(results.manifest.by_id):
        path = results.folder / gallery.place(image_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (40, 40), number % 256).save(path, format="JPEG")


def respoil(results: Results, change) -> Results:
    """Change every record of a results folder, and the predictions and hashes with it; return the folder opened anew."""
    folder, old = results.folder, results.manifest.records
    new = [change(record) for record in old]
    names = {before.image_id: after.image_id for before, after in zip(old, new)}
    manifest = Manifest(record.but(duplicate_of=names.get(record.duplicate_of, "")) for record in new)
    write_text(folder / "manifest.csv", manifest.text)
    with open(folder / "predictions.csv", encoding="utf-8", newline="") as file:
        columns, *rows = csv.reader(file)
    at = columns.index("image_id")
    rows = [[*row[:at], names[row[at]], *row[at + 1 :]] for row in rows]
    write_text(folder / "predictions.csv", csv_text(columns, rows))
    audits = results.audits
    results._write_info(replace(results.info, manifest_sha256=manifest.sha256))
    again = Results.open(folder)
    evaluate(again)
    if audits:
        again.write(replace(audits, manifest_sha256=manifest.sha256))
    return again
