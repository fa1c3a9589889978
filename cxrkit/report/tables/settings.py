"""Tables of what a run was made with: its times, machine, choices, settings and hashes."""

from dataclasses import asdict
from typing import Any

from cxrkit.columns import STAGES
from cxrkit.config import short_name
from cxrkit.evaluation import study
from cxrkit.files import read_json
from cxrkit.progress import counted
from cxrkit.results import Results
from cxrkit.tables import NOTHING, Cell, Column, Table, number_cell

GENERATED = ("report.html", "report.md", "MODEL_CARD.md", "DATASHEET.md", "CLAIM.md", "TRIPOD.md", "ATTRIBUTION.md", "CITATION.cff")
"""Files of the report itself, in the order in which it writes them; their sums would change the page that lists them."""

CHOSEN = {
    "device": "device",
    "devices": "devices that trained",
    "precision": "number format",
    "layout": "memory layout",
    "tf32": "TF32 in training",
    "autotuning": "cuDNN autotuning",
    "placement": "films during training",
    "at_once": "training runs at once, per device",
    "threads": "threads per training",
}
"""What a run chose by itself, in words."""


def speed(results: Results) -> Table:
    """Seconds an epoch beside the study's."""
    published, rows = study.seconds_per_epoch(), []
    size = results.experiment.image_size
    alike = results.info.films == "films" and size == study.IMAGE_SIZE
    for architecture in results.architectures:
        epochs = results.epochs[results.epochs["architecture"] == architecture]
        if not len(epochs):
            continue
        medians = [float(epochs.loc[epochs["stage"] == stage, "seconds"].median()) for stage in STAGES]
        total = float(epochs["seconds"].sum()) / max(1, epochs["seed"].nunique())
        low, high = published.get(architecture, (None, None))
        faster = low / medians[1] if alike and low and medians[1] > 0 else None
        cells = [Cell(f"{value:.2f}" if value == value else NOTHING, value if value == value else None) for value in medians]
        between = Cell(f"{low}–{high}" if low else NOTHING, low)
        rows.append(
            [Cell(short_name(architecture)), *cells, between, number_cell(faster, f"{faster or 0:.0f} ×"), Cell(f"{total:.1f}", total)]
        )
    titles = ("frozen, s per epoch", "unfrozen, s per epoch", "the study, s per epoch", "times as fast", "one training run, s")
    columns = (Column("network"), *[Column(title, True) for title in titles])
    note = f"Medians over epochs and seeds, on {results.info.chosen.device or 'a device that is not known'}; images of {size} pixels. The study trained on Kaggle's GPU of 2020, on films of 224 pixels decoded anew each time; where the images differ, no factor is given."
    return Table("speed", "Seconds per epoch of training, beside the study's.", columns, rows, note)


def stages(results: Results) -> Table:
    """Seconds of each stage of the whole run."""
    seconds = results.info.seconds
    rows = [[Cell(name), Cell(f"{value:,.1f}", value)] for name, value in seconds.items()]
    return Table("stages", f"The whole run took {sum(seconds.values()):,.0f} s.", (Column("stage"), Column("seconds", True)), rows)


def environment(results: Results) -> Table:
    """What was chosen and why, the machine, versions, seeds and hashes."""
    info = results.info
    chosen = {name: getattr(info.chosen, name) for name in CHOSEN}
    memory = info.peak_memory_bytes
    rows = {
        **{CHOSEN[name]: "not known" if choice is None else str(choice) for name, choice in chosen.items()},
        "place": info.place,
        "system": info.system,
        "processors": info.processors,
        "peak memory": "not known" if memory is None else f"{memory / 1e9:.2f} GB",
        **{
            f"peak memory, one training run of {short_name(name)}": f"{held / 1e9:.2f} GB"
            for name, held in info.training_peak_bytes.items()
        },
        "seeds": ", ".join(map(str, info.experiment.seeds)),
        "weights at the start": info.started_from,
        "manifest.csv, SHA-256": info.manifest_sha256,
        "experiment, SHA-256": info.experiment_sha256,
        "kit's source, SHA-256": info.bundle.source_sha256 or "run from the repository",
        **({"edited, from the source": info.bundle.edited_from} if info.bundle.edited_from else {}),
        "run": info.run_id,
        **info.versions,
    }
    shown = [[Cell(name), Cell(str(value))] for name, value in rows.items()]
    return Table("environment", "What it ran on and with.", (Column("what"), Column("value")), shown)


def experiment(results: Results) -> Table:
    """The resolved experiment."""
    rows = [[Cell(key), Cell(_plain(value))] for key, value in asdict(results.experiment).items()]
    return Table("experiment", "The experiment, each key as it was resolved.", (Column("key"), Column("value")), rows, open=False)


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def checksums(results: Results) -> Table:
    """SHA-256 of every result file but the report's own."""
    path = results.folder / "checksums.json"
    listed = read_json(path, "The list of checksums") if path.exists() else {}
    rows = [[Cell(name), number_cell(entry["bytes"]), Cell(entry["sha256"])] for name, entry in listed.items() if name not in GENERATED]
    columns = (Column("file"), Column("bytes", True), Column("SHA-256"))
    return Table("checksums", f"SHA-256 of the {counted(len(rows), 'result file')}.", columns, rows, open=False)
