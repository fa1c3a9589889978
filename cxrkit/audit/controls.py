"""Controls of the audit itself: labels that mean nothing must score chance, and a planted leak must be caught."""

import io

import numpy as np
from PIL import Image
from threadpoolctl import threadpool_limits

from cxrkit.audit import baselines, probes
from cxrkit.data import copies, groups, splits
from cxrkit.data.images import open_grey
from cxrkit.errors import BadInput

PERMUTATIONS = 20
LEAST_TOLERANCE = 0.03
"""How far from 0.5 the mean over permutations may lie where its own spread is smaller."""
COMPARED = 40
"""Films among which a planted copy is looked for."""
PLANTED = "planted/film"


def permuted(films, random):
    """n booleans: the labels dealt out anew among the patients."""
    of_group = np.zeros(films.groups.max() + 1, bool)
    of_group[films.groups] = films.is_covid
    return random.permutation(of_group)[films.groups]


def permutation(films, permutations=PERMUTATIONS):
    """The row of a thumbnail's cross-validated area with permuted labels, the mean over permutations. Raises BadInput."""
    reason = probes.too_few(films.is_covid, films.groups)
    if reason or films.images is None:
        raise BadInput(reason or "the films are not on this machine")
    features, random = baselines.thumbnails(films.images, 8), np.random.default_rng(0)
    areas = []
    for _ in range(permutations):
        labels = permuted(films, random)
        if not probes.too_few(labels, films.groups):
            areas.append(probes.area(labels, probes.out_of_fold(features, labels, films.groups), films.groups)["auc"])
    mean, error = float(np.mean(areas)), float(np.std(areas, ddof=1) / np.sqrt(len(areas)))
    tolerance = max(LEAST_TOLERANCE, 3 * error)
    return {
        "name": "permutation",
        "title": "labels dealt out at random, 8 x 8 thumbnails",
        "expected": f"AUC 0.5 within {tolerance:.3f}",
        "found": f"{mean:.3f}, the mean of {len(areas)} permutations of {len(films.groups)} films (standard error {error:.3f})",
        "passed": abs(mean - 0.5) <= tolerance,
    }


def retrained_permutation(network, experiment, films, pixels, folder, device):
    """The row of a network trained on permuted labels and scored against the permuted labels of the held-out films."""
    from cxrkit.audit import retraining

    labels = permuted(films, np.random.default_rng(0))
    altered = [record.but(label=("normal", "covid")[int(label)]) for record, label in zip(films.records, labels)]
    found = retraining.predictions(experiment, network.architecture, network.seed, altered, pixels, "permuted-labels", folder, device)
    held = films.splits == films.held
    scores = np.array([found[record.image_id] for record, wanted in zip(films.records, held) if wanted])
    area = probes.area(labels[held], scores, films.groups[held])
    low, high = area["interval"]
    return {
        "name": "permutation-retrained",
        "title": f"labels dealt out at random, {network.architecture} trained on them",
        "expected": "an interval of AUC that holds 0.5",
        "found": f"{area['auc']:.3f} [{low:.3f}, {high:.3f}], {area['n']} held-out films",
        "passed": low <= 0.5 <= high,
    }


def leaked_patient(films, all_records):
    """The row of a film that is put, under another name, into another split than its patient's others. Raises BadInput."""
    victim, other = _victim(films)
    planted = victim.but(image_id=PLANTED, split=other, sha256="", duplicate_of="")
    return _row("leak-patient", "a training patient planted among the held-out films", splits.leaks([*all_records, planted]), all_records)


def leaked_copy(films, all_records, locate):
    """The row of an altered copy of a training film planted among held-out ones under another patient's name.

    It is cropped by 3 %, brightened and compressed anew, and has to be found by its content, as the manifest finds it.
    locate: function from a Record to its file. Raises BadInput for a film that is not there.
    """
    victim, other = _victim(films)
    among = [record for record in films.records if record is not victim][:COMPARED]
    thumbnails = {record.image_id: copies.thumbnail(open_grey(locate(record))) for record in [victim, *among]}
    thumbnails[PLANTED] = copies.thumbnail(altered(open_grey(locate(victim))))
    planted = victim.but(image_id=PLANTED, patient=PLANTED, split=other, sha256="", duplicate_of="")
    with threadpool_limits(1):
        found = copies.find(thumbnails)
    pairs = [pair for pair in found if PLANTED in (pair.first, pair.second)]
    marked = groups.mark_duplicates([*all_records, planted], pairs, remove=False)
    title = "an altered copy of a training film planted among the held-out films"
    return _row("leak-copy", title, splits.leaks(marked), all_records)


def _victim(films):
    """A film whose patient is in training alone, the same one each time, and the split that it leaks into. Raises BadInput."""
    elsewhere = set(films.groups[films.splits != "train"])
    training = [record for record, group in zip(films.records, films.groups) if group not in elsewhere]
    if not training or not films.held:
        raise BadInput("the manifest has no split that a film could leak into")
    return training[0], films.held


def altered(grey):
    """The same picture as another collection might publish it: cropped by 3 % a side, brighter, compressed anew."""
    width, height = grey.size
    cut = grey.crop((round(0.03 * width), round(0.03 * height), round(0.97 * width), round(0.97 * height)))
    file = io.BytesIO()
    cut.point(lambda value: min(255, round(value * 1.15))).save(file, "JPEG", quality=75)
    return Image.open(file).convert("L")


def _row(name, title, leaks, all_records):
    new = len(leaks) - len(splits.leaks(all_records))
    return {
        "name": name,
        "title": title,
        "expected": "the leak gate reports it",
        "found": "reported" if new > 0 else "not reported",
        "passed": new > 0,
    }
