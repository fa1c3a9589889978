"""External validation: what remains of the scores on films of another hospital, and whether the probabilities still mean what they say.

External films alone do not prove a network sound (DeGrave, Janizek and Lee 2021, Nat. Mach. Intell. 3:610), but a
network that falls on them was never sound.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cxrkit.audit import probes
from cxrkit.audit.films import Films
from cxrkit.data import cache, copies, sources
from cxrkit.data import manifest as manifests
from cxrkit.data.cache import Locate
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import LABELS, copy_of, exclude
from cxrkit.errors import BadInput, WrongUse
from cxrkit.evaluation import areas, metrics
from cxrkit.evaluation.bootstrap import patient_weights
from cxrkit.evaluation.calibration import calibration, fit_temperature, tempered
from cxrkit.results import Results
from cxrkit.schema import Drop, ExternalRow, ExternalScaling, SideScore


@dataclass(frozen=True)
class ExternalFilms:
    """Films of another hospital, with the facts of their files.

    name: what they are called; locate: function from a Record to its file; thumbnails: {image_id: array} for the copy search.
    """

    name: str
    manifest: Manifest
    locate: Locate
    thumbnails: dict[str, np.ndarray]


def parse(text: str) -> tuple[str, Path]:
    """(name, path) of `NAME=DIR` or `NAME=manifest.csv`. Raises WrongUse."""
    name, separator, place = text.partition("=")
    if not separator or not place or not name.replace("-", "").replace("_", "").isalnum():
        raise WrongUse(
            f"{text!r} names no external films.", next="write NAME=DIR: a folder with covid/ and normal/ in it, or a manifest.csv"
        )
    return name, Path(place)


def read(name: str, place: Path, folder: Path | None = None, size: int | None = None, resize: str = "squish") -> ExternalFilms:
    """External films from a folder with a folder a class, as the source kind `folder` reads it, or a manifest.csv with its roots.

    folder: the film cache; size, resize: of the squares that are made in the same pass. Files that cannot be read come
    back excluded with the reason. Raises BadInput.
    """
    if place.suffix == ".csv":
        records, roots = list(manifests.read(place).records), manifests.read_roots(place)
        if not roots:
            raise BadInput(
                "It is not known where the external manifest's images lie.",
                place,
                "build it on this machine: python -m cxrkit manifest build",
            )
    else:
        source = sources.Source("folder", name, place)
        records, roots = source.read(), manifests.roots_of([source])
    records = exclude(records, lambda record: "" if record.label in LABELS else "no label")
    locate = sources.locator(roots)
    records, thumbnails = cache.add_facts(records, locate, folder, size, resize=resize)
    return ExternalFilms(name, Manifest(tuple(records)), locate, thumbnails)


def without_copies(external: ExternalFilms, internal: Manifest, thumbnails: dict[str, np.ndarray]) -> ExternalFilms:
    """The external films, those excluded that show a picture which the run has, in any split, or which stands there twice.

    internal: the run's manifest; thumbnails: of its used films, empty where they are not on this machine; then only files
    that are alike byte for byte are found.
    """
    of_bytes = {record.sha256: record.image_id for record in internal.used}
    records = external.manifest.records
    original = {record.image_id: of_bytes[record.sha256] for record in records if record.sha256 in of_bytes}
    together = {("internal", name): thumbnail for name, thumbnail in thumbnails.items()}
    together |= {("external", name): thumbnail for name, thumbnail in external.thumbnails.items()}
    for pair in copies.find(together):
        (_, stays), (place, name) = sorted((pair.first, pair.second), reverse=True)
        if place == "external":
            original.setdefault(name, stays)
    left = exclude(records, lambda record: copy_of(original[record.image_id]) if record.image_id in original else "")
    return replace(external, manifest=Manifest(tuple(left)))


def row(external: ExternalFilms, architecture: str, p_covid: np.ndarray, results: Results) -> ExternalRow:
    """What one network's ensemble over its seeds says of external films, beside the run's held-out ones.

    p_covid: seeds x n over the used films, sorted by image_id. Rates are at the experiment's threshold. The drop is
    internal minus external, with the interval of probes.difference; the temperature is fitted on the run's validation
    films. Raises BadInput for a run without predictions for them.
    """
    manifest, threshold = external.manifest, results.experiment.threshold
    films, averaged = Films.of(manifest), p_covid.mean(0)
    held, valid = results.required(architecture).ensemble(), results.required(architecture, "valid").ensemble()
    of_external = _score(films.is_covid, averaged, films.groups, threshold)
    of_internal = _score(held.is_covid, held.p_covid[0], held.groups, threshold)
    temperature = fit_temperature(valid.is_covid, valid.p_covid[0])
    weights = patient_weights(films.is_covid, films.groups)
    return ExternalRow(
        name=external.name,
        architecture=architecture,
        seeds=len(p_covid),
        n=len(averaged),
        positives=int(films.is_covid.sum()),
        patients=len(np.unique(films.groups)),
        covid_patients=probes.patients(films.groups, films.is_covid),
        normal_patients=probes.patients(films.groups, ~films.is_covid),
        copies_removed=sum(record.is_removed_copy for record in manifest.records),
        left_out=len(manifest.records) - len(manifest.used),
        threshold=threshold,
        external=of_external,
        internal=of_internal,
        drop=Drop(
            auc=probes.difference(of_internal.auc, of_external.auc),
            sensitivity=probes.difference(of_internal.rates.sensitivity, of_external.rates.sensitivity),
            specificity=probes.difference(of_internal.rates.specificity, of_external.rates.specificity),
        ),
        scaling=ExternalScaling(
            temperature=temperature,
            before=calibration(films.is_covid, averaged, films.groups, weights),
            after=calibration(films.is_covid, tempered(averaged, temperature), films.groups, weights),
        ),
    )


def _score(is_covid: np.ndarray, p_covid: np.ndarray, groups: np.ndarray, threshold: float) -> SideScore:
    sizes = [metrics.effective_n(groups[chosen]) for chosen in (is_covid, ~is_covid)]
    return SideScore(
        rates=metrics.rates(metrics.confusion(is_covid, p_covid, threshold), *sizes),
        auc=areas.auc(is_covid, p_covid, groups),
        average_precision=areas.average_precision(is_covid, p_covid, groups),
    )
