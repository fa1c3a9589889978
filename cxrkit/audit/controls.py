"""Controls of the audit itself: labels that mean nothing must score chance, and a planted leak must be caught."""

import io

import numpy as np
from PIL import Image

from cxrkit.audit import probes
from cxrkit.audit.films import Films, thumbnails
from cxrkit.data import copies, groups, splits
from cxrkit.data.cache import Locate
from cxrkit.data.images import open_grey
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import Record
from cxrkit.errors import BadInput
from cxrkit.schema import ControlRow

PERMUTATIONS = 20
LEAST_TOLERANCE = 0.03
"""How far from 0.5 the mean over permutations may lie where its own spread is smaller."""
COMPARED = 40
"""Films among which a planted copy is looked for."""
PLANTED = "planted/film"


def permuted(films: Films, random: np.random.Generator) -> np.ndarray:
    """n booleans: the labels dealt out anew among the patients."""
    of_group = np.zeros(films.groups.max() + 1, bool)
    of_group[films.groups] = films.is_covid
    return random.permutation(of_group)[films.groups]


def permutation(films: Films, permutations: int = PERMUTATIONS) -> ControlRow:
    """The row of a thumbnail's cross-validated area with permuted labels, the mean over permutations. Raises BadInput."""
    reason = probes.too_few(films.is_covid, films.groups)
    if reason or films.images is None:
        raise BadInput(reason or "the films are not on this machine")
    features, random = thumbnails(films.images, 8), np.random.default_rng(0)
    areas = []
    for _ in range(permutations):
        labels = permuted(films, random)
        if not probes.too_few(labels, films.groups):
            areas.append(probes.area(labels, probes.out_of_fold(features, labels, films.groups), films.groups).auc.value)
    mean, error = float(np.mean(areas)), float(np.std(areas, ddof=1) / np.sqrt(len(areas)))
    tolerance = max(LEAST_TOLERANCE, 3 * error)
    return ControlRow(
        name="permutation",
        title="labels permuted at random, 8 x 8 thumbnails",
        expected=f"AUC 0.5 within {tolerance:.3f}",
        found=f"{mean:.3f}, the mean of {len(areas)} permutations of {len(films.groups)} films (standard error {error:.3f})",
        passed=abs(mean - 0.5) <= tolerance,
    )


def leaked_patient(films: Films, manifest: Manifest) -> ControlRow:
    """The row of a film that is put, under another name, into another split than its patient's others. Raises BadInput."""
    victim, other = _victim(films)
    planted = victim.but(image_id=PLANTED, split=other, sha256="", duplicate_of="")
    records = [*manifest.records, planted]
    return _row("leak-patient", "a training patient planted among the held-out films", records, manifest)


def leaked_copy(films: Films, manifest: Manifest, locate: Locate) -> ControlRow:
    """The row of an altered copy of a training film planted among held-out ones under another patient's name.

    It is cropped by 3 %, brightened and compressed anew, and has to be found by its content, as the manifest finds it.
    locate: function from a Record to its file. Raises BadInput for a film that is not there.
    """
    victim, other = _victim(films)
    among = [record for record in films.records if record is not victim][:COMPARED]
    compared = {record.image_id: copies.thumbnail(open_grey(locate(record))) for record in [victim, *among]}
    compared[PLANTED] = copies.thumbnail(altered(open_grey(locate(victim))))
    planted = victim.but(image_id=PLANTED, patient=PLANTED, split=other, sha256="", duplicate_of="")
    pairs = [pair for pair in copies.find(compared) if PLANTED in (pair.first, pair.second)]
    marked = groups.mark_copies([*manifest.records, planted], pairs, remove=False)
    title = "an altered copy of a training film planted among the held-out films"
    return _row("leak-copy", title, marked, manifest)


def _victim(films: Films) -> tuple[Record, str]:
    """A film whose patient is in training alone, the same one each time, and the split that it leaks into. Raises BadInput."""
    in_other_splits = set(films.groups[films.splits != "train"])
    training = [record for record, group in zip(films.records, films.groups) if group not in in_other_splits]
    if not training or not films.held_out:
        raise BadInput("the manifest has no split that a film could leak into")
    return training[0], films.held_out


def altered(grey: Image.Image) -> Image.Image:
    """The same picture as another collection might publish it: cropped by 3 % a side, brighter, compressed anew."""
    width, height = grey.size
    cut = grey.crop((round(0.03 * width), round(0.03 * height), round(0.97 * width), round(0.97 * height)))
    file = io.BytesIO()
    cut.point(lambda value: min(255, round(value * 1.15))).save(file, "JPEG", quality=75)
    return Image.open(file).convert("L")


def _row(name, title, records, manifest: Manifest) -> ControlRow:
    """Whether the leak gate reports more for these records than for the manifest's own."""
    reported = len(splits.leaks(records, groups.groups_of(records))) > len(manifest.leaks)
    return ControlRow(name, title, "the leak gate reports it", "reported" if reported else "not reported", reported)
