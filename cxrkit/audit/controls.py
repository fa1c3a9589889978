"""Controls of the audit itself: labels that mean nothing must score chance, and a planted leak must be caught."""

import io
from collections.abc import Sequence

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
from cxrkit.progress import counted
from cxrkit.schema import ControlRow

PERMUTATIONS = 20
LEAST_TOLERANCE = 0.03
"""How far from 0.5 the mean over permutations may lie where its own spread is smaller."""
COMPARED = 40
"""Films among which a planted copy is looked for."""
PLANTED = "planted/film"
COPIES = 5
"""Films of which a copy is planted, and most have to be found: the search overlooks about one such copy in twenty (6 of 119 of NIH's and
ieee8023's films), and of five more than two in one data set of a thousand."""


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
    """The row of a film that is put, under another name, into another split than its patient's others. Raises BadInput.

    The film is one whose patient is known: no gate can notice one whom nothing names.
    """
    victims, other = _victims(films)
    known = [record for record in victims if record.patient]
    if not known:
        raise BadInput("no training film says whose it is")
    planted = known[0].but(image_id=PLANTED, split=other, sha256="", duplicate_of="")
    reported = _reported([*manifest.records, planted], manifest)
    title = "a training patient planted among the held-out films"
    return ControlRow("leak-patient", title, "the leak gate reports it", "reported" if reported else "not reported", reported)


def leaked_copy(films: Films, manifest: Manifest, locate: Locate) -> ControlRow:
    """The row of altered copies of up to COPIES training films planted among held-out ones under other patients' names.

    They are cropped by 3 %, brightened and compressed anew, and most have to be found by their content, as the manifest finds them.
    locate: function from a Record to its file. Raises BadInput for a film that is not there.
    """
    victims, other = _victims(films)
    victims = victims[:: -(-len(victims) // COPIES)]
    among = [record for record in films.records if record not in victims][:COMPARED]
    compared = {record.image_id: copies.thumbnail(open_grey(locate(record))) for record in [*victims, *among]}
    planted = [
        record.but(image_id=f"{PLANTED}-{n}", patient=f"{PLANTED}-{n}", split=other, sha256="", duplicate_of="")
        for n, record in enumerate(victims)
    ]
    for film, record in zip(planted, victims):
        compared[film.image_id] = copies.thumbnail(altered(open_grey(locate(record))))
    pairs, found = copies.find(compared), 0
    for film in planted:
        beyond = {each.image_id for each in planted if each is not film}
        its = [pair for pair in pairs if film.image_id in (pair.first, pair.second) and not beyond & {pair.first, pair.second}]
        found += _reported(groups.mark_copies([*manifest.records, film], its, remove=False), manifest)
    least = len(planted) // 2 + 1
    title = f"altered copies of {counted(len(planted), 'training film')} planted among the held-out films"
    return ControlRow("leak-copy", title, f"the leak gate reports {least} or more", f"{found} of {len(planted)} reported", found >= least)


def _victims(films: Films) -> tuple[list[Record], str]:
    """The films whose patients are in training alone, always in one order, and the split that they leak into. Raises BadInput."""
    in_other_splits = set(films.groups[films.splits != "train"])
    training = [record for record, group in zip(films.records, films.groups) if group not in in_other_splits]
    if not training or not films.held_out:
        raise BadInput("the manifest has no split that a film could leak into")
    return training, films.held_out


def altered(grey: Image.Image) -> Image.Image:
    """The same picture as another collection might publish it: cropped by 3 % a side, brighter, compressed anew."""
    width, height = grey.size
    cut = grey.crop((round(0.03 * width), round(0.03 * height), round(0.97 * width), round(0.97 * height)))
    file = io.BytesIO()
    cut.point(lambda value: min(255, round(value * 1.15))).save(file, "JPEG", quality=75)
    return Image.open(file).convert("L")


def _reported(records: Sequence[Record], manifest: Manifest) -> bool:
    """Whether the leak gate reports more for these records than for the manifest's own."""
    return len(splits.leaks(records, groups.groups_of(records))) > len(manifest.leaks)
