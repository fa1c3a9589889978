"""Does it see a disease, or where a film comes from? Sources told apart, sources left out, sources kept alike.

Three questions (DeGrave, Janizek and Lee 2021, Nat. Mach. Intell. 3:610; Ahmed et al. 2021, IEEE Access,
PMC8224464, where an area of 1.00 on sources that were seen fell to 0.38 on one that was not):

- Among films of one label the disease is constant. What tells their sources apart there sees no disease.
- A source that was left out of training must be recognised as well as one that was in it.
- Within one source that has both labels, the source is constant. A score there is the nearest to a fair one.
"""

import numpy as np

from cxrkit.audit import baselines, probes
from cxrkit.data.records import LABELS, POSITIVE

WORDS = {"covid": "COVID-19", "normal": "normal"}
SIDE = 16


def seen_sources(films, features, seen_by):
    """Rows: how well the features (n x k) tell each source from the others among films of one label.

    seen_by: what the features are, in words.
    """
    rows = []
    for label in LABELS:
        mine = (films.is_covid == (label == POSITIVE)).nonzero()[0]
        sources = np.unique(films.sources[mine])
        for source in sources if len(sources) != 2 else sources[:1]:
            is_source, groups = films.sources[mine] == source, films.groups[mine]
            if len(sources) < 2 or probes.too_few(is_source, groups):
                continue
            scores = probes.out_of_fold(features[mine], is_source, groups)
            others = "the other sources" if len(sources) > 2 else sources[1]
            title = f"{source} told from {others} among {WORDS[label]} films, by {seen_by}"
            rows.append(_row("seen-source", title, is_source, scores, groups, "0.5 would be a source that leaves no trace"))
    return rows


def left_out(films, features, seen_by):
    """Rows: each source's films scored by a regression on the features that saw no film of that source.

    Where a source has one label alone, the other label's films are those of the other sources, out of fold.
    """
    rows = []
    for source in np.unique(films.sources):
        mine = films.sources == source
        judged = mine if not probes.too_few(films.is_covid[mine], films.groups[mine]) else mine | (films.is_covid != _label_of(films, mine))
        few = probes.too_few(films.is_covid[judged], films.groups[judged]) or probes.too_few(films.is_covid[~mine], films.groups[~mine])
        if few or mine.all() or probes.patients(films.groups, mine) < probes.FEWEST_PATIENTS:
            continue
        areas = []
        for learn_from in (~mine, np.ones(len(mine), bool)):
            scores = probes.out_of_fold(features, films.is_covid, films.groups, learn_from)
            areas.append(probes.area(films.is_covid[judged], scores[judged], films.groups[judged]))
        against = "" if judged is mine else f", against the {WORDS['normal' if _label_of(films, mine) else 'covid']} films of the others"
        title = f"films of {source}{against}, the source left out of training, by {seen_by}"
        rows.append({"kind": "left-out", "title": title, **areas[0], "note": f"{areas[1]['auc']:.3f} with the source in training"})
    return rows


def _label_of(films, chosen):
    return films.is_covid[chosen].mean() > 0.5


def same_source(films, scores, seen_by):
    """Rows: the area of scores (n, or seeds x n) among the films of each source that has both labels."""
    rows = []
    for source in np.unique(films.sources):
        mine = films.sources == source
        if mine.all() or probes.too_few(films.is_covid[mine], films.groups[mine]):
            continue
        title = f"COVID-19 against normal films within {source}, by {seen_by}"
        note = "fair only as far as the source is one hospital, and not itself a collection"
        rows.append(_row("same-source", title, films.is_covid[mine], np.asarray(scores)[..., mine], films.groups[mine], note))
    return rows


def _row(kind, title, is_positive, scores, groups, note):
    return {"kind": kind, "title": title, **probes.area(is_positive, scores, groups), "note": note}


def left_out_retrained(network, experiment, films, pixels, folder, device):
    """Rows: each source's films, and the held-out films of the others, scored by a network that was trained without the source."""
    from cxrkit.audit import retraining

    rows = []
    for source in np.unique(films.sources):
        mine = films.sources == source
        training = (films.splits == "train") & ~mine
        judged = (mine & ~np.isin(films.groups, films.groups[training])) | (films.splits == films.held)
        if probes.too_few(films.is_covid[training], films.groups[training]) or probes.too_few(films.is_covid[judged], films.groups[judged]):
            continue
        places = np.where(judged, films.held, films.splits)
        altered = [record.but(split=str(place)) for record, place, kept in zip(films.records, places, judged | ~mine) if kept]
        found = retraining.predictions(experiment, network.architecture, network.seed, altered, pixels, f"without-{source}", folder, device)
        scores = np.array([found.get(image_id, np.nan) for image_id in films.image_ids])
        label = _label_of(films, mine)
        wanted = judged & (mine | (films.is_covid != label))
        title = f"films of {source}, against the {WORDS['normal' if label else 'covid']} films held out, by a {network.architecture} trained without the source"
        rows.append(_row("left-out-retrained", title, films.is_covid[wanted], scores[wanted], films.groups[wanted], "trained anew"))
    return rows


def without_networks(films):
    """All rows that need the pictures alone, by a thumbnail of SIDE x SIDE pixels."""
    features = baselines.thumbnails(films.images, SIDE)
    seen_by, rows = f"a {SIDE} x {SIDE} thumbnail", []
    rows += seen_sources(films, features, seen_by) + left_out(films, features, seen_by)
    if not probes.too_few(films.is_covid, films.groups):
        rows += same_source(films, probes.out_of_fold(features, films.is_covid, films.groups), seen_by)
    return rows
