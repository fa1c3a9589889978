"""Films from elsewhere: what remains of the scores in another hospital, and whether the probabilities still mean what they say.

External films alone do not prove a network sound (DeGrave, Janizek and Lee 2021, Nat. Mach. Intell. 3:610), but a
network that falls on them was never sound.
"""

from pathlib import Path

import numpy as np

from cxrkit.audit import probes
from cxrkit.data import copies, images, manifest, sources
from cxrkit.data.records import LABELS, exclude
from cxrkit.errors import BadInput, WrongUse
from cxrkit.evaluation import metrics, predictions
from cxrkit.evaluation.bootstrap import patient_weights
from cxrkit.evaluation.calibration import calibration, fit_temperature, tempered


def parse(text):
    """(name, path) of `NAME=DIR` or `NAME=manifest.csv`. Raises WrongUse."""
    name, separator, place = text.partition("=")
    if not separator or not place or not name.replace("-", "").replace("_", "").isalnum():
        raise WrongUse(
            f"{text!r} names no external films.", next="write NAME=DIR: a folder with covid/ and normal/ in it, or a manifest.csv"
        )
    return name, Path(place)


def read(name, place):
    """(records, locate, {image_id: thumbnail}) of external films, with the facts of their files.

    place: a folder with a folder a class, as the source kind `folder` reads it, or a manifest.csv with its roots
    beside it. Files that cannot be read come back excluded with the reason. Raises BadInput.
    """
    if place.suffix == ".csv":
        records, roots = manifest.read(place), manifest.read_roots(place)
        if not roots:
            raise BadInput(
                "It is not known where the external manifest's images lie.",
                place,
                "build it on this machine: python -m cxrkit manifest build",
            )
    else:
        found = sources.Source("folder", name, place)
        records, roots = found.read(), manifest.roots_of([found])
    records = exclude(records, lambda record: "" if record.label in LABELS else "no label")
    locate = sources.locator(roots)
    records, thumbnails = images.add_facts(records, locate)
    return records, locate, thumbnails


def without_copies(records, thumbnails, inside, inside_thumbnails):
    """The external records, those excluded that show a picture which the study has, in any split, or which stands there twice.

    thumbnails: {image_id: thumbnail} of the external films; inside: the study's used records; inside_thumbnails: theirs,
    empty where the study's films are not on this machine; then only files that are alike byte for byte are found.
    """
    of_bytes = {record.sha256: record.image_id for record in inside}
    copy_of = {record.image_id: of_bytes[record.sha256] for record in records if record.sha256 in of_bytes}
    together = {("study", name): thumbnail for name, thumbnail in inside_thumbnails.items()}
    together |= {("outside", name): thumbnail for name, thumbnail in thumbnails.items()}
    for pair in copies.find(together):
        (_, kept), (place, name) = sorted((pair.first, pair.second), reverse=True)
        if place == "outside":
            copy_of.setdefault(name, kept)
    return exclude(records, lambda record: f"duplicate of {copy_of[record.image_id]}" if record.image_id in copy_of else "")


def row(name, records, architecture, p_covid, run, threshold):
    """What one network's ensemble over its seeds says of external films: the row of audits.json.

    p_covid: seeds x n over the used records, sorted by image_id; run: the predictions.Run of the inside. The drop is
    inside less outside, of the area and of both rates at the threshold, with the interval of probes.difference.
    """
    films = probes.Films.of(records)
    outside = p_covid.mean(0)
    inside = predictions.scores(run.table, architecture, run.held).averaged()
    figures = {
        "outside": _figures(films.is_covid, outside, films.groups, threshold),
        "inside": _figures(inside.is_covid, inside.p_covid[0], inside.groups, threshold),
    }
    valid = predictions.scores(run.table, architecture, "valid").averaged()
    temperature = fit_temperature(valid.is_covid, valid.p_covid[0])
    weights = patient_weights(films.is_covid, films.groups)
    reasons = [record.excluded for record in records if not record.used]
    return {
        "name": name,
        "architecture": architecture,
        "seeds": len(p_covid),
        "n": len(outside),
        "n_covid": int(films.is_covid.sum()),
        "patients": len(np.unique(films.groups)),
        "duplicates_removed": sum(reason.startswith("duplicate of ") for reason in reasons),
        "left_out": len(reasons),
        "threshold": threshold,
        "metrics": figures["outside"],
        "inside": figures["inside"],
        "drop": _drop(figures["inside"]["auc"], figures["outside"]["auc"], "auc")
        | {rate: _drop(figures["inside"][rate], figures["outside"][rate], "value") for rate in ("sensitivity", "specificity")},
        "calibration": {
            "temperature": temperature,
            "before": calibration(films.is_covid, outside, films.groups, weights),
            "after": calibration(films.is_covid, tempered(outside, temperature), films.groups, weights),
        },
    }


def _figures(is_covid, p_covid, groups, threshold):
    worth = [metrics.units(groups[chosen]) for chosen in (is_covid, ~is_covid)]
    found = metrics.rates(metrics.confusion(is_covid, p_covid, threshold), *worth)
    return found | {
        "auc": metrics.auc(is_covid, p_covid, groups),
        "average_precision": metrics.average_precision(is_covid, p_covid, groups),
    }


def _drop(inside, outside, name):
    value, interval = probes.difference(inside, outside)
    return {name: value, "interval": interval}
