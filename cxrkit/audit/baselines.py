"""Lungless baselines: how well do a film's source, file, frame or thumbnail alone tell the classes apart?

Each is one logistic regression, cross-validated by patient on all films of a manifest, and once more fitted on the
training films and scored on the held-out ones, where the networks are scored. A network that does not beat these
rows has shown nothing: they are the rows above it in every table.

Published work fell over each of them: Maguolo and Nanni 2021, Inf. Fusion 76:1 (the frame); DeGrave, Janizek and Lee
2021, Nat. Mach. Intell. 3:610 (source and markers); Roberts et al. 2021, Nat. Mach. Intell. 3:199 (children as
controls).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cxrkit.audit import probes
from cxrkit.audit.films import Films, thumbnails
from cxrkit.evaluation.predictions import Predictions
from cxrkit.schema import Advantage, Area, BaselineRow

HISTOGRAM_BINS = 64
GRID = 20
RING = 2
"""Of a GRID x GRID thumbnail, the cells on each side that make the frame: a tenth of the picture."""

LUNGLESS = ("source", "file", "border", "age")
"""Baselines that cannot see a lung."""
COARSE = ("thumbnail-8", "thumbnail-16", "histogram")
"""Baselines that see the lungs, but no detail of them."""


@dataclass(frozen=True)
class Baseline:
    """features: n x k numbers, or None with the reason in `note`; films: n booleans, which films it can be asked about."""

    name: str
    title: str
    features: np.ndarray | None
    note: str = ""
    films: np.ndarray | None = None


def run(films: Films) -> tuple[list[BaselineRow], dict[str, np.ndarray]]:
    """The rows of all baselines, and {name: scores of the held-out films}, in the order of films.

    A baseline that cannot be computed has an unknown area, and the reason in its note.
    """
    rows, held_scores = [_majority(films)], {}
    for baseline in described(films):
        row, scores = _row(baseline, films)
        rows.append(row)
        if scores is not None:
            held_scores[baseline.name] = scores
    return rows, held_scores


@dataclass(frozen=True)
class Coarse:
    """A baseline that sees the lungs, but no detail of them: its row, and its scores of the held-out films."""

    row: BaselineRow
    held_out: Area
    scores: np.ndarray


def best_coarse(rows: list[BaselineRow], held_scores: dict[str, np.ndarray]) -> Coarse | None:
    """The coarse baseline with the largest area of what `run` returns; None where none was scored on held-out films."""
    coarse = [Coarse(row, row.held_out, held_scores[row.name]) for row in rows if row.held_out and row.name in held_scores]
    return max((each for each in coarse if each.row.name in COARSE), key=lambda each: each.row.area.auc.value, default=None)


def advantage(held: Predictions, coarse: Coarse | None) -> Advantage | None:
    """How far a network's area lies above the coarse baseline's; None where there is none."""
    if coarse is None:
        return None
    difference = probes.advantage(held.is_covid, held.p_covid, coarse.scores, held.groups)
    return Advantage(coarse.row.name, coarse.row.title, coarse.held_out.auc.value, difference)


def described(films: Films) -> list[Baseline]:
    """All Baselines of the films but the majority class."""
    return [
        Baseline("source", "the name of the source", source_names(films), "which collection a film comes from, and no pixel"),
        Baseline("file", "size, colour mode, format and bytes of the file", *file_facts(films)),
        _age(films),
        *(_seen(films, name, title, look, note) for name, title, look, note in PICTURES),
    ]


def _majority(films: Films) -> BaselineRow:
    share = max(films.is_covid.mean(), 1 - films.is_covid.mean())
    note = f"right for {100 * share:.1f} % of the films"
    chance = probes.area(films.is_covid, np.zeros(len(films.is_covid)), films.groups)
    return BaselineRow("majority", "nothing: always the commoner class", note, chance, None)


def source_names(films: Films) -> np.ndarray:
    """n x s: 1 where a film comes from that source."""
    return (films.sources[:, None] == np.unique(films.sources)).astype(float)


def file_facts(films: Films) -> tuple[np.ndarray | None, str]:
    """n x k facts that a file states before any pixel is decoded, and a note; None where the manifest has none."""
    known = all(record.width and record.height and record.bytes for record in films.records)
    if not known:
        return None, "the manifest does not say the size of every film"
    width, height, size = (np.array([getattr(record, fact) for record in films.records], float) for fact in ("width", "height", "bytes"))
    numbers = np.log([width, height, width / height, size, size / (width * height)]).T
    kinds = np.array([f"{record.mode} {record.format}" for record in films.records])
    return np.hstack([numbers, (kinds[:, None] == np.unique(kinds)).astype(float)]), ""


def _age(films: Films) -> Baseline:
    ages = np.array([np.nan if record.years is None else record.years for record in films.records])
    known = ~np.isnan(ages)
    counts = [int((known & chosen).sum()) for chosen in (films.is_covid, ~films.is_covid)]
    return Baseline("age", "the patient's age", ages[:, None], f"age is known of {counts[0]} COVID-19 and {counts[1]} normal films", known)


def histograms(images: np.ndarray) -> np.ndarray:
    """n x HISTOGRAM_BINS: the share of the pixels in each range of grey."""
    counts = [np.bincount(image.ravel() // (256 // HISTOGRAM_BINS), minlength=HISTOGRAM_BINS) for image in images]
    return np.stack(counts) / images[0].size


def borders(images: np.ndarray) -> np.ndarray:
    """n x k: the thumbnails' outer cells, a tenth of the picture on each side."""
    outer = np.ones((GRID, GRID), bool)
    outer[RING:-RING, RING:-RING] = False
    return thumbnails(images, GRID)[:, outer.ravel()]


PICTURES = (
    ("border", "the outer tenth of the picture", borders, "the frame, no lung in it"),
    ("histogram", "how bright the pixels are", histograms, "a histogram, no shape in it"),
    ("thumbnail-8", "a thumbnail of 8 x 8 pixels", lambda images: thumbnails(images, 8), "no detail in it"),
    ("thumbnail-16", "a thumbnail of 16 x 16 pixels", lambda images: thumbnails(images, 16), "no detail in it"),
)


def _seen(films: Films, name: str, title: str, look: Callable[[np.ndarray], np.ndarray], note: str) -> Baseline:
    if films.images is None:
        return Baseline(name, title, None, "the pictures are not on this machine")
    return Baseline(name, title, look(films.images), note)


def _row(baseline: Baseline, films: Films) -> tuple[BaselineRow, np.ndarray | None]:
    if baseline.features is None:
        return BaselineRow(baseline.name, baseline.title, baseline.note, probes.unknown_area(baseline.note), None), None
    chosen = np.ones(len(films.groups), bool) if baseline.films is None else baseline.films
    part, features = films.take(chosen), baseline.features[chosen]
    reason = probes.too_few(part.is_covid, part.groups)
    if reason:
        note = "; ".join(filter(None, [baseline.note, reason]))
        return BaselineRow(baseline.name, baseline.title, note, probes.unknown_area(reason), None), None
    area = probes.area(part.is_covid, probes.out_of_fold(features, part.is_covid, part.groups), part.groups)
    held_out, scores = _held_out(part, features, films.held_out)
    row = BaselineRow(baseline.name, baseline.title, baseline.note, area, held_out)
    return row, scores if chosen.all() else None


def _held_out(part: Films, features, split: str) -> tuple[Area | None, np.ndarray | None]:
    """The area of a regression that is fitted on the training films, on the held-out ones, and its scores there."""
    held, train = part.splits == split, part.splits == "train"
    if not split or min(_classes(part, held), _classes(part, train)) < 2:
        return None, None
    scores = probes.fitted(features[train], part.is_covid[train]).decision_function(features[held])
    return probes.area(part.is_covid[held], scores, part.groups[held]), scores


def _classes(films: Films, chosen) -> int:
    return len(np.unique(films.is_covid[chosen]))
