"""External validation: what remains of the scores on films of another hospital, and whether the probabilities still mean what they say.

External films alone do not prove a network sound (DeGrave, Janizek and Lee 2021, Nat. Mach. Intell. 3:610), but a
network that falls on them was never sound.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np

from cxrkit.audit import baselines, probes, subgroups
from cxrkit.audit.films import Films
from cxrkit.audit.subgroups import Answers
from cxrkit.data import cache, copies, sources
from cxrkit.data import manifest as manifests
from cxrkit.data.cache import Locate
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import LABELS, POSITIVE, Record, copy_of, exclude
from cxrkit.data.sources import Source
from cxrkit.errors import BadInput, WrongUse
from cxrkit.evaluation import areas, metrics
from cxrkit.evaluation.bootstrap import patient_weights
from cxrkit.evaluation.calibration import Calibration, calibration, fit_temperature, tempered
from cxrkit.evaluation.metrics import Figure
from cxrkit.progress import counted, say
from cxrkit.results import Results
from cxrkit.schema import BaselineRow, Drop, ExternalRow, ExternalScaling, SideScore

OWN_PATIENT = "of a patient of the run's"
"""Why an external film is left out whose patient, by its key, the run has."""
LEAST_OF_A_CLASS = 200
"""Films of a class, or all there are, that a sample keeps at the cost of the other class's: of 100, a rate of 0.9 is known within 0.06."""


@dataclass(frozen=True)
class ExternalFilms:
    """Films of another hospital, with the facts of their files.

    name: what they are called; locate: function from a Record to its file; thumbnails: {image_id: array} for the copy search;
    sampled_from: how many films there were where these are a sample, else None.
    """

    name: str
    manifest: Manifest
    locate: Locate
    thumbnails: dict[str, np.ndarray]
    sampled_from: int | None = None


def records_of(source: Source) -> tuple[list[Record], dict[str, str]]:
    """The records of external films as their reader gives them, and where their folders lie; no film is opened.

    source: as sources.external gives it. Raises BadInput.
    """
    if source.root.suffix != ".csv":
        return source.read(), manifests.roots_of([source])
    try:
        records, roots = list(manifests.read(source.root).records), manifests.read_roots(source.root)
    except BadInput as error:
        raise BadInput(error.what, error.where, f"{error.next}; a folder of films, with a table in it or without, is NAME=DIR") from error
    if not roots:
        what = "It is not known where the external manifest's images lie."
        raise BadInput(what, source.root, "build it on this machine: python -m cxrkit manifest build")
    return records, roots


def check(texts: Iterable[str], own: Iterable[str | Path] = ()) -> None:
    """Raise WrongUse or BadInput for external films that could not be asked about, before hours are spent on training. own: as below."""
    for source in not_own(sources.externals(texts), own):
        records_of(source)


def not_own(named: list[Source], own: Iterable[str | Path]) -> list[Source]:
    """The sources of external films. own: where the run's films and its manifest lie. Raises WrongUse for a source that is one of these."""
    taken = {Path(place).resolve() for place in own}
    for source in named:
        if source.root.resolve() in taken:
            raise WrongUse(f"The external films {source.name!r} are the run's own.", source.root, "name films of another hospital")
    return named


def sampled(records: Sequence[Record], most: int, seed: int = 0) -> list[Record]:
    """The records, those excluded that a sample of at most so many films leaves out, 0 for none; patients stay whole.

    Classes keep their shares, but each has LEAST_OF_A_CLASS films or all of its own, as far as half the sample goes. Which patients are
    drawn depends on their keys, the number and the seed alone; a larger sample of a class holds the smaller one's patients, but the last.
    """
    used = [record for record in records if record.used]
    if not most or len(used) <= most:
        return list(records)
    films_of: dict[str, list[Record]] = defaultdict(list)
    for record in used:
        films_of[record.patient or record.image_id].append(record)
    positive = {key for key, films in films_of.items() if any(record.label == POSITIVE for record in films)}
    sides = [sorted(positive), sorted(set(films_of) - positive)]
    there = [sum(len(films_of[key]) for key in side) for side in sides]
    least = [min(count, LEAST_OF_A_CLASS, most // 2) for count in there]
    first = round(min(max(most * there[0] / len(used), least[0]), most - least[1]))
    kept: set[str] = set()
    for side, quota in zip(sides, (first, most - first)):
        taken = 0
        for key in sorted(side, key=lambda key: sha256(f"{seed}/{key}".encode()).hexdigest()):
            if taken + len(films_of[key]) <= quota:
                taken += len(films_of[key])
                kept |= {record.image_id for record in films_of[key]}
    return exclude(records, lambda record: "" if record.image_id in kept else f"not in the sample of {most} films")


def read(
    source: Source,
    folder: Path | None = None,
    size: int | None = None,
    resize: str = "squish",
    exclude_views: Sequence[str] = (),
    most: int = 0,
) -> ExternalFilms:
    """External films of any reader, or of a manifest.csv with its roots.

    folder: the film cache; size, resize: of the squares that are made in the same pass; exclude_views: those that the run
    left out; most: films that are drawn of more, 0 for all. Files that cannot be read come back excluded with the reason. Raises BadInput.
    """
    records, roots = records_of(source)

    def reason(record: Record) -> str:
        if record.label not in LABELS:
            return "no label"
        return f"view {record.view}: the run has none" if record.view in exclude_views else ""

    whole, locate = exclude(records, reason), sources.locator(roots)
    records = sampled(whole, most)
    number, there = (sum(record.used for record in each) for each in (records, whole))
    if number < there:
        say(
            f"films from elsewhere: {source.name} is asked about by a sample of {number:,} of its {there:,} films, whole patients, fixed seed"
        )
    drawn = {record.image_id for record, of_whole in zip(records, whole) if record.used or not of_whole.used}
    opened, thumbnails = cache.add_facts([record for record in records if record.image_id in drawn], locate, folder, size, resize=resize)
    facts = {record.image_id: record for record in opened}
    records = [facts.get(record.image_id, record) for record in records]
    return ExternalFilms(source.name, Manifest(tuple(records)), locate, thumbnails, there if number < there else None)


def why_none(external: ExternalFilms) -> str:
    """Why no film of a set is left, by the commonest reasons."""
    twice = "a picture that the run has, or that stands there twice"
    reasons = Counter(twice if record.is_removed_copy else record.excluded for record in external.manifest.records)
    told = "; ".join(f"{count:,} x {reason}" for reason, count in reasons.most_common(3))
    return f"no film is left to be asked about ({told or 'there is none'})"


def without_copies(external: ExternalFilms, internal: Manifest, thumbnails: dict[str, np.ndarray]) -> ExternalFilms:
    """The external films, those excluded that show a picture which the run has, in any split, or which stands there twice, and those of
    the run's patients.

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
    of_run = {record.patient for record in internal.used if record.patient}

    def reason(record: Record) -> str:
        if record.image_id in original:
            return copy_of(original[record.image_id])
        return OWN_PATIENT if record.patient in of_run else ""

    left = exclude(records, reason)
    if external.manifest.used and not any(record.used for record in left):
        say(f"films from elsewhere: the run has all pictures or patients of {external.name}, so that it tells nothing of another hospital")
    own = sum(record.excluded == OWN_PATIENT for record in left)
    if own:
        say(f"films from elsewhere: {external.name} has {counted(own, 'film')} of patients of the run's, left out")
        say("  Where its numbers are other people's, give it a name that no source of the run has: --external KIND:NAME=DIR")
    return replace(external, manifest=Manifest(tuple(left)))


def lungless(external: ExternalFilms, images: np.ndarray | None = None) -> BaselineRow | None:
    """What tells the classes of external films apart best without a look at the lungs: the set's own affair, whichever network is asked.

    images: the squares of the used films, sorted by image_id; without them the frame is not looked at.
    """
    return baselines.nearest(Films.of(external.manifest, images))


def row(
    external: ExternalFilms,
    architecture: str,
    p_covid: np.ndarray,
    results: Results,
    without_lungs: BaselineRow | None = None,
    marked: Figure | None = None,
) -> ExternalRow:
    """What one network's ensemble over its seeds says of external films, beside the run's held-out ones.

    p_covid: seeds x n over the used films, sorted by image_id. Rates are at the experiment's threshold. The drop is
    internal minus external, with the interval of probes.difference; the temperature is fitted on the run's validation
    films. without_lungs: as lungless() says of the set; marked: the share of it that is OUTSIDE by its picture. Raises BadInput
    for a run without predictions for its validation films.
    """
    manifest, threshold = external.manifest, results.experiment.threshold
    held, valid = results.required(architecture).ensemble(), results.required(architecture, "valid").ensemble()
    films, record_of = Films.of(manifest), results.manifest.by_id
    outside = Answers(films.records, films.is_covid, films.groups, p_covid.mean(0))
    inside = Answers(tuple(record_of[name] for name in held.image_ids), held.is_covid, held.groups, held.p_covid[0])
    of_external, of_internal = _score(outside, threshold), _score(inside, threshold)
    temperature = fit_temperature(valid.is_covid, valid.p_covid[0])
    cooled = replace(outside, p_covid=tempered(outside.p_covid, temperature))
    return ExternalRow(
        name=external.name,
        architecture=architecture,
        seeds=len(p_covid),
        n=len(films.records),
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
            ece=probes.difference(of_internal.ece, of_external.ece),
            within=_lost_within(films, outside, of_internal.auc),
        ),
        scaling=ExternalScaling(
            temperature=temperature,
            before=_calibration(outside),
            after=_calibration(cooled),
        ),
        subgroups=subgroups.rows(outside, inside, threshold),
        sampled_from=external.sampled_from,
        lungless=without_lungs,
        outside=marked,
    )


def _lost_within(films: Films, outside: Answers, internal: Figure) -> Figure | None:
    """The internal area minus that among external films of one source: where source and class are one there, a high area shows nothing."""
    if len(np.unique(films.sources)) < 2:
        return None
    told = films.is_told
    inside = areas.within_strata(outside.is_covid[told], outside.p_covid[told], films.sources[told], outside.groups[told])
    return probes.difference(internal, inside) if inside.known else inside


def _calibration(given: Answers) -> Calibration:
    weights = patient_weights(given.is_covid, given.groups)
    return calibration(given.is_covid, given.p_covid, given.groups, weights)


def _score(given: Answers, threshold: float) -> SideScore:
    truth, p_covid, groups = given.is_covid, given.p_covid, given.groups
    sizes = [metrics.effective_n(groups[chosen]) for chosen in (truth, ~truth)]
    return SideScore(
        rates=metrics.rates(metrics.confusion(truth, p_covid, threshold), *sizes),
        auc=areas.auc(truth, p_covid, groups),
        average_precision=areas.average_precision(truth, p_covid, groups),
        ece=_calibration(given).ece,
    )
