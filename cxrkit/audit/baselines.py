"""Lungless baselines: how well do a film's source, file, frame or thumbnail alone tell the classes apart?

Each is one logistic regression, cross-validated by patient on all films of a manifest, and once more fitted on the
training films and scored on the held-out ones, where the networks are scored. A network that does not beat these
rows has shown nothing: they are the rows above it in every table.

What is not known of a film is never filled in, for a constant in its place would say that it is not known: a baseline is
fitted and scored on the films of which it is known, and says of how many. Whether a collection states age, sex, view and source
at all is a row of its own, `missingness`, which is about the collection's bookkeeping.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.metrics import roc_curve

from cxrkit.audit import probes
from cxrkit.audit.films import Films, thumbnails
from cxrkit.data.records import traits
from cxrkit.evaluation import areas
from cxrkit.evaluation.metrics import Figure
from cxrkit.evaluation.predictions import Predictions
from cxrkit.schema import Advantage, Area, BaselineRow, CoarseCurve

HISTOGRAM_BINS = 64
GRID = 20
RING = 2
"""Of a GRID x GRID thumbnail, the cells on each side that make the frame: a tenth of the picture."""

LUNGLESS = ("source", "file", "border", "age", "view", "sex")
"""Baselines that cannot see a lung."""
COARSE = ("thumbnail-8", "thumbnail-16", "histogram")
"""Baselines that see the lungs, but no detail of them."""


@dataclass(frozen=True)
class Baseline:
    """features: n x k numbers, or None with the reason in `note`; films: n booleans, of which films they are known, None for all."""

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


def coarse_curve(coarse: Coarse | None, is_covid: np.ndarray) -> CoarseCurve | None:
    """The ROC curve of the best coarse baseline; is_covid: n booleans, of the held-out films; None where there is none."""
    if coarse is None or len(coarse.scores) != len(is_covid):
        return None
    alarms, hits, _ = roc_curve(is_covid, coarse.scores)
    return CoarseCurve(coarse.row.title, coarse.held_out.auc.value, *([round(float(x), 4) for x in values] for values in (alarms, hits)))


def advantage(held: Predictions, coarse: Coarse | None) -> Advantage | None:
    """How far a network's area lies above the coarse baseline's; None where there is none."""
    if coarse is None:
        return None
    difference = probes.advantage(held.is_covid, held.p_covid, coarse.scores, held.groups)
    return Advantage(coarse.row.name, coarse.row.title, coarse.held_out.auc.value, difference)


def nearest(films: Films) -> BaselineRow | None:
    """The row of the baseline that separates the classes best without a look at the lungs; None where none could be computed."""
    rows = [_row(baseline, films)[0] for baseline in described(films, LUNGLESS) if baseline.name in LUNGLESS]
    return max((row for row in rows if row.area.auc.bounded), key=lambda row: row.area.auc.value, default=None)


def described(films: Films, pictures: tuple[str, ...] = ()) -> list[Baseline]:
    """All Baselines of the films but the majority class. pictures: names of those of PICTURES that are wanted, empty for all."""
    return [
        _source(films),
        _stated(films, "file", "size, colour mode, format and bytes of the file", *file_facts(films)),
        *(_stated(films, name, title, *facts(films)) for name, (title, facts) in STATED.items()),
        _missingness(films),
        *(_seen(films, name, title, look, note) for name, title, look, note in PICTURES if name in (pictures or (name,))),
    ]


def _majority(films: Films) -> BaselineRow:
    share = max(films.is_covid.mean(), 1 - films.is_covid.mean())
    note = f"right for {100 * share:.1f} % of the films"
    chance = probes.area(films.is_covid, np.zeros(len(films.is_covid)), films.groups)
    return BaselineRow("majority", "nothing: always the more frequent class", note, chance, None)


def _source(films: Films) -> Baseline:
    title, note = "the name of the source", "which collection a film comes from, and no pixel"
    if films.is_told.all():
        return Baseline("source", title, source_names(films), note)
    return _stated(films, "source", title, source_names(films), films.is_told)


def source_names(films: Films) -> np.ndarray:
    """n x s: 1 where a film comes from that source."""
    return (films.sources[:, None] == np.unique(films.sources)).astype(float)


def file_facts(films: Films) -> tuple[np.ndarray, np.ndarray]:
    """(n x k facts that a file states before any pixel is decoded, n booleans: of which films they are known)."""
    known = np.array([all((r.width, r.height, r.bytes, r.mode, r.format)) for r in films.records], bool)
    sizes = [(r.width, r.height, r.bytes) if there else (1, 1, 1) for r, there in zip(films.records, known)]  # the 1s are never used
    width, height, size = np.array(sizes, float).reshape(-1, 3).T
    numbers = np.log([width, height, width / height, size, size / (width * height)]).T
    return np.hstack([numbers, _kinds([f"{record.mode} {record.format}" for record in films.records])]), known


def _ages(films: Films) -> tuple[np.ndarray, np.ndarray]:
    ages = np.array([np.nan if record.years is None else record.years for record in films.records])
    return ages[:, None], ~np.isnan(ages)


def _trait(name: str, films: Films) -> tuple[np.ndarray, np.ndarray]:
    words = [str(traits(record)[name]) for record in films.records]
    return _kinds(words), np.array([bool(word) for word in words], bool)


STATED = {
    "age": ("the patient's age", _ages),
    "sex": ("the patient's sex", partial(_trait, "sex")),
    "view": ("the view (PA, AP, supine)", partial(_trait, "view")),
}
"""{name: (title, function from Films to (features, n booleans: of which films they are known))}."""


def _kinds(words: list[str]) -> np.ndarray:
    """n x k: 1 where a film has that word."""
    return (np.array(words)[:, None] == np.unique(words)).astype(float)


def _stated(films: Films, name: str, title: str, features: np.ndarray, known: np.ndarray) -> Baseline:
    return Baseline(name, title, features, "" if known.all() else f"{_named(name)} known for {_counted(films, known)}", known)


def _named(name: str) -> str:
    return "file facts are" if name == "file" else f"{name} is"


def _counted(films: Films, known: np.ndarray) -> str:
    covid, normal = ((int((known & chosen).sum()), int(chosen.sum())) for chosen in (films.is_covid, ~films.is_covid))
    return f"{covid[0]:,} of {covid[1]:,} COVID-19 and {normal[0]:,} of {normal[1]:,} normal films"


def _missingness(films: Films) -> Baseline:
    """Whether facts are stated at all, of those that are stated of some films and not of others."""
    known = {name: facts(films)[1] for name, (_, facts) in STATED.items()} | {"source": films.is_told}
    partly = {name: there for name, there in known.items() if there.any() and not there.all()}
    title = "whether age, sex, view and source are stated at all"
    if not partly:
        return Baseline("missingness", title, None, "age, sex, view and source are each stated for all films, or for none")
    told = "; ".join(f"{name} for {_counted(films, there)}" for name, there in partly.items())
    features = np.stack([*partly.values()], axis=1).astype(float)
    return Baseline("missingness", title, features, f"about the collection, not the films: {told}")


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
    reason = probes.too_few(part.is_covid, part.groups) if chosen.any() else "known for no film"
    if reason:
        note = "; ".join(filter(None, [baseline.note, reason])) if chosen.any() else f"{_named(baseline.name)} known for no film"
        return BaselineRow(baseline.name, baseline.title, note, probes.unknown_area(reason), None), None
    out_of_fold = probes.out_of_fold(features, part.is_covid, part.groups)
    area = probes.area(part.is_covid, out_of_fold, part.groups)
    held_out, scores = _held_out(part, features, films.held_out)
    row = BaselineRow(
        baseline.name,
        baseline.title,
        baseline.note,
        area,
        held_out,
        _within_sources(part, out_of_fold) if baseline.name != "source" else None,
    )
    return row, scores if chosen.all() else None


def _within_sources(part: Films, scores: np.ndarray) -> Figure | None:
    """The area of n scores among films of one source; None where fewer than two sources are told."""
    told = part.is_told
    if len(np.unique(part.sources[told])) < 2:
        return None
    return areas.within_strata(part.is_covid[told], scores[told], part.sources[told], part.groups[told])


def _held_out(part: Films, features, split: str) -> tuple[Area | None, np.ndarray | None]:
    """The area of a regression that is fitted on the training films, on the held-out ones, and its scores there."""
    held, train = part.splits == split, part.splits == "train"
    if not split or min(_classes(part, held), _classes(part, train)) < 2:
        return None, None
    scores = probes.fitted(features[train], part.is_covid[train]).decision_function(features[held])
    return probes.area(part.is_covid[held], scores, part.groups[held]), scores


def _classes(films: Films, chosen) -> int:
    return len(np.unique(films.is_covid[chosen]))
