"""Leave-one-source-out and within-source tests: does it see a disease, or where a film comes from?

Three questions (DeGrave, Janizek and Lee 2021, Nat. Mach. Intell. 3:610; Ahmed et al. 2021, IEEE Access,
PMC8224464, where an area of 1.00 on sources that were seen fell to 0.38 on one that was not):

- Among films of one label the disease is constant. What tells their sources apart there sees no disease. That is no verdict by
  itself (an untrained network's features do it); audit/strata.py says what it is worth.
- A source that was left out of training must be recognised as well as one that was in it.
- Within one source that has both labels, the source is constant. A score there is the nearest to a fair one.

Films whose collection does not tell where they are from, though it does of others, are of no source here.
"""

import numpy as np

from cxrkit.audit import probes
from cxrkit.audit.films import Films, thumbnails
from cxrkit.data.records import LABEL_WORDS, LABELS, NEGATIVE, POSITIVE
from cxrkit.schema import SourceRow

SIDE = 16


def seen_sources(films: Films, features, seen_by: str, by_network: str = "") -> list[SourceRow]:
    """Rows: how well the features (n x k) tell each source from the others among films of one label.

    seen_by: what the features are, in words; by_network: the architecture that they are of.
    """
    rows = []
    for label in LABELS:
        of_label = (films.is_told & (films.is_covid == (label == POSITIVE))).nonzero()[0]
        sources = np.unique(films.sources[of_label])
        for source in sources if len(sources) != 2 else sources[:1]:
            is_source, groups = films.sources[of_label] == source, films.groups[of_label]
            if len(sources) < 2 or probes.too_few(is_source, groups):
                continue
            scores = probes.out_of_fold(features[of_label], is_source, groups)
            others = "the other sources" if len(sources) > 2 else sources[1]
            title = f"{source} told from {others} among {LABEL_WORDS[label]} films, by {seen_by}"
            note = "0.5 would be a source that leaves no trace"
            rows.append(SourceRow("seen-source", title, probes.area(is_source, scores, groups), note, by_network))
    return rows


def left_out(films: Films, features, seen_by: str) -> list[SourceRow]:
    """Rows: each source's films scored by a regression on the features that saw no film of that source.

    Where a source has one label alone, the other label's films are those of the other sources, out of fold.
    """
    rows = []
    for source in np.unique(films.sources[films.is_told]):
        of_source = films.sources == source
        covid = is_covid_mostly(films, of_source)
        one_label = probes.too_few(films.is_covid[of_source], films.groups[of_source])
        judged = of_source | (films.is_covid != covid) if one_label else of_source
        few = any(probes.too_few(films.is_covid[part], films.groups[part]) for part in (judged, films.is_told & ~of_source))
        if few or of_source.all() or probes.patients(films.groups, of_source) < probes.FEWEST_PATIENTS:
            continue
        areas = []
        for learn_from in (films.is_told & ~of_source, np.ones(len(of_source), bool)):
            scores = probes.out_of_fold(features, films.is_covid, films.groups, learn_from)
            areas.append(probes.area(films.is_covid[judged], scores[judged], films.groups[judged]))
        against = f", against the {LABEL_WORDS[NEGATIVE if covid else POSITIVE]} films of the others" if one_label else ""
        title = f"films of {source}{against}, the source left out of training, by {seen_by}"
        note = f"{areas[1].auc.value:.3f} with the source in training"
        rows.append(SourceRow("left-out", title, areas[0], note, was=areas[1].auc))
    return rows


def is_covid_mostly(films: Films, chosen: np.ndarray) -> bool:
    """Whether most of the chosen films are COVID-19 films."""
    return films.is_covid[chosen].mean() > 0.5


def same_source(films: Films, scores, seen_by: str, by_network: str = "") -> list[SourceRow]:
    """Rows: the area of scores (n, or seeds x n) among the films of each source that has both labels, beside that of all films."""
    rows, all_films = [], None
    for source in np.unique(films.sources[films.is_told]):
        of_source = films.sources == source
        if of_source.all() or probes.too_few(films.is_covid[of_source], films.groups[of_source]):
            continue
        title = f"COVID-19 against normal films within {source}, by {seen_by}"
        note = "fair only as far as the source is one hospital, and not itself a collection"
        inside = (films.is_covid[of_source], np.asarray(scores)[..., of_source], films.groups[of_source])
        all_films = all_films or probes.area(films.is_covid, scores, films.groups).auc
        rows.append(SourceRow("same-source", title, probes.area(*inside), note, by_network, all_films))
    return rows


def without_networks(films: Films) -> list[SourceRow]:
    """All rows that need the pictures alone, by a thumbnail of SIDE x SIDE pixels."""
    features = thumbnails(films.images, SIDE)
    seen_by, rows = f"a {SIDE} x {SIDE} thumbnail", []
    rows += seen_sources(films, features, seen_by) + left_out(films, features, seen_by)
    if not probes.too_few(films.is_covid, films.groups):
        rows += same_source(films, probes.out_of_fold(features, films.is_covid, films.groups), seen_by)
    return rows
