"""What a run was made with, as tables: its times, environment, settings and hashes."""

from cxrkit.evaluation import study
from cxrkit.files import read_json
from cxrkit.report.facts import short
from cxrkit.report.tables.networks import Cell, Column, Table, number

STUDY_SIZE = 224
"""Side in pixels of the study's pictures."""
GENERATED = ("report.html", "report.md", "MODEL_CARD.md", "DATASHEET.md", "CLAIM.md", "ATTRIBUTION.md", "CITATION.cff")
"""Files of the report itself: their sums would change the page that lists them."""


def speed(facts):
    """Seconds an epoch beside the study's."""
    published, rows = study.tables()["networks"], []
    alike = facts.about["data"] == "films" and facts.about["experiment"].get("image_size") == STUDY_SIZE
    for architecture in facts.architectures:
        mine = facts.epochs[facts.epochs["architecture"] == architecture] if len(facts.epochs) else facts.epochs
        if not len(mine):
            continue
        epochs = [float(mine.loc[mine["stage"] == stage, "seconds"].median()) for stage in ("frozen", "unfrozen")]
        total = float(mine["seconds"].sum()) / max(1, mine["seed"].nunique())
        low, high = (published.get(architecture) or {}).get("seconds_per_epoch") or (None, None)
        faster = low / epochs[1] if alike and low and epochs[1] > 0 else None
        cells = [Cell(f"{value:.2f}" if value == value else "–", value if value == value else None) for value in epochs]
        rows.append(
            [
                Cell(short(architecture)),
                *cells,
                Cell(f"{low}–{high}" if low else "–", low),
                Cell(f"{faster:.0f} ×" if faster else "–", faster),
                Cell(f"{total:.1f}", total),
            ]
        )
    columns = (
        Column("network"),
        *[Column(title, True) for title in ("s/epoch, frozen", "s/epoch, unfrozen", "the study, s/epoch", "faster", "s, one training")],
    )
    device = facts.about.get("device") or {}
    where = f"{device.get('value', 'unknown device')} ({device.get('reason', '')})"
    note = f"Medians over epochs and seeds, on {where}; images of {facts.about['experiment'].get('image_size', '?')} pixels. The study trained on Kaggle's GPU of 2020, on films of 224 pixels decoded anew each time; beside other images no factor is given."
    return Table("speed", "Seconds an epoch of training, beside the study's.", columns, rows, note)


def stages(facts):
    """Seconds of each stage of the whole run."""
    seconds = facts.about.get("seconds") or {}
    rows = [[Cell(name), Cell(f"{value:,.1f}", value)] for name, value in seconds.items()]
    return Table("stages", f"The whole run took {sum(seconds.values()):,.0f} s.", (Column("stage"), Column("seconds", True)), rows)


def environment(facts):
    """Device, versions, seeds and hashes."""
    about, device = facts.about, facts.about.get("device") or {}
    bundle = about.get("bundle") or {}
    memory = about.get("peak_memory_bytes")
    rows = {
        "device": f"{device.get('value', 'not known')} ({device.get('reason', '')})",
        "precision": _plain(about.get("precision")),
        "place": about.get("place"),
        "system": about.get("system"),
        "processors": about.get("processors"),
        "peak memory": memory and f"{memory / 1e9:.2f} GB",
        "seeds": ", ".join(map(str, about["experiment"].get("seeds") or [])),
        "weights at the start": about["weights"],
        "manifest.csv, SHA-256": about["manifest_sha256"],
        "experiment, SHA-256": about.get("experiment_sha256"),
        "kit's source, SHA-256": bundle.get("source_sha256"),
        "run": bundle.get("run_id"),
        **{name: version for name, version in (about.get("versions") or {}).items()},
    }
    shown = [[Cell(name), Cell(str(value))] for name, value in rows.items() if value not in (None, "")]
    return Table("environment", "What it ran on and with.", (Column("what"), Column("value")), shown)


def experiment(facts):
    """The resolved experiment."""
    rows = [[Cell(key), Cell(_plain(value))] for key, value in facts.about["experiment"].items()]
    return Table("experiment", "The experiment, each key as it was resolved.", (Column("key"), Column("value")), rows, open=False)


def _plain(value):
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(inner)}" for key, inner in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def checksums(facts):
    """SHA-256 of every result file but the report's own."""
    path = facts.folder / "checksums.json"
    listed = read_json(path) if path.exists() else {}
    rows = [[Cell(name), number(entry["bytes"]), Cell(entry["sha256"])] for name, entry in listed.items() if name not in GENERATED]
    return Table(
        "checksums",
        f"SHA-256 of the {len(rows)} result files.",
        (Column("file"), Column("bytes", True), Column("SHA-256")),
        rows,
        open=False,
    )
