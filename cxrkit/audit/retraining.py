"""Retraining tests: networks trained anew on masked films, without one source, and on permuted labels (`--retrain`)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from cxrkit.audit import controls, masking, probes, sources
from cxrkit.audit.films import LUNGS, Films
from cxrkit.columns import UNFROZEN
from cxrkit.config import Experiment
from cxrkit.data.pixels import Pixels
from cxrkit.data.records import LABEL_WORDS, NEGATIVE, POSITIVE, Record
from cxrkit.environment import Choice
from cxrkit.errors import BadInput
from cxrkit.evaluation.metrics import Figure
from cxrkit.files import sha256_of_json
from cxrkit.results import Network
from cxrkit.schema import ControlRow, MaskRow, SourceRow
from cxrkit.training import jobs, loaders
from cxrkit.training.executors import Shared
from cxrkit.training.job_folder import JobFolder
from cxrkit.training.machine import Machine
from cxrkit.training.stages import Job

SIDES = (0.4, 0.6, LUNGS)
"""Sides of the central box under which a network is trained anew."""
Altered: TypeAlias = tuple[Iterable[Record], Pixels, str]
"""Records and pixels to train on, and the word for what was changed in them."""


@dataclass(frozen=True)
class Retraining:
    """How a network is trained once more: by the run's experiment, with its weights' folder on this machine."""

    network: Network
    experiment: Experiment
    films: Films
    pixels: Pixels
    folder: Path
    device: str
    whole: Figure | None = None  # the network's area on the held-out films
    executor: Shared | None = None  # where trainings run, instead of this machine

    def predictions(self, records: Iterable[Record], pixels: Pixels, alteration: str) -> dict[str, float]:
        """{image_id: p_covid} of the films that are held out, by one network trained on these records and pixels.

        alteration: what was changed, in a word, which names the training's folder; a training that is there already
        is not repeated. Raises BadInput where the training failed, and what jobs.run raises.
        """
        return self.each([(records, pixels, alteration)])[0]

    def each(self, altered: Sequence[Altered]) -> list[dict[str, float]]:
        """predictions() of each; elsewhere they are trained at the same time."""
        experiment = replace(self.experiment, architectures=(self.network.architecture,), seeds=(self.network.seed,))
        if self.executor is not None:
            machine = self.executor.machine(experiment, len(altered))
            return self.executor.shared(lambda each, executor: self._trained(experiment, machine, executor, *each), altered)
        machine = Machine.choose(experiment, Choice(self.device, "where the networks are asked"), 1)
        return [self._trained(experiment, machine, None, *each) for each in altered]

    def _trained(self, experiment, machine, executor, records, pixels, alteration) -> dict[str, float]:
        records, job = tuple(records), Job(self.network.architecture, self.network.seed)
        folder = self.folder / alteration
        identity = sha256_of_json([alteration, sorted([r.image_id, r.sha256, r.label, r.split] for r in records if r.used)])

        home = JobFolder(folder / job.name)
        jobs.run(experiment, loaders.of_pixels(pixels, records, machine.holder), identity, folder, machine, executor=executor)
        if not home.done():
            reason = jobs.failures(experiment, folder).get(job.name, "it did not end")
            raise BadInput(
                f"The training of {job.name} on altered data ({alteration}) failed: {reason}", folder, "look at failed.json there"
            )
        return dict(home.stage(UNFROZEN).predictions)

    def masked(self) -> list[MaskRow]:
        """The network trained anew on masked films, and scored on held-out films under the same mask."""
        held, wanted = self.films.judged, [(mask, side) for mask in masking.MASKS for side in SIDES]
        altered = [
            (self.films.records, Pixels(masking.masked(self.pixels.images, mask, side), self.pixels.rows), f"{mask}-{round(100 * side)}")
            for mask, side in wanted
        ]
        rows = []
        for (mask, side), p_covid in zip(wanted, self.each(altered)):
            seen = np.array([p_covid[image_id] for image_id in held.image_ids])
            rows.append(masking.row(self.network, mask, side, seen, held, retrained=True))
        return rows

    def without_each_source(self) -> list[SourceRow]:
        """Each source's films, and the held-out films of the others, scored by a network that was trained without the source."""
        films, rows, left_out = self.films, [], []
        for source in np.unique(films.sources[films.is_told]):
            of_source = films.sources == source
            others = ~of_source & films.is_told  # a film that may be of the source teaches nothing either
            training = (films.splits == "train") & others
            judged = (of_source & ~np.isin(films.groups, films.groups[training])) | (films.splits == films.held_out)
            if not any(probes.too_few(films.is_covid[part], films.groups[part]) for part in (training, judged)):
                left_out.append((source, of_source, judged, others))
        altered = []
        for source, _, judged, others in left_out:
            places = np.where(judged, films.held_out, films.splits)
            records = [record.but(split=str(place)) for record, place, kept in zip(films.records, places, judged | others) if kept]
            altered.append((records, self.pixels, f"without-{source}"))
        for (source, of_source, judged, _), p_covid in zip(left_out, self.each(altered)):
            scores = np.array([p_covid.get(image_id, np.nan) for image_id in films.image_ids])
            covid = sources.is_covid_mostly(films, of_source)
            wanted = judged & (of_source | (films.is_covid != covid))
            against = LABEL_WORDS[NEGATIVE if covid else POSITIVE]
            title = f"films of {source}, against the {against} films held out, by a {self.network.architecture} trained without the source"
            area = probes.area(films.is_covid[wanted], scores[wanted], films.groups[wanted])
            rows.append(SourceRow("left-out-retrained", title, area, "trained anew", self.network.architecture, self.whole))
        return rows

    def permuted(self) -> ControlRow:
        """The network trained on permuted labels and scored against the permuted labels of the held-out films."""
        films = self.films
        labels = controls.permuted(films, np.random.default_rng(0))
        altered = [record.but(label=POSITIVE if label else NEGATIVE) for record, label in zip(films.records, labels)]
        p_covid = self.predictions(altered, self.pixels, "permuted-labels")
        held = films.splits == films.held_out
        scores = np.array([p_covid[record.image_id] for record, wanted in zip(films.records, held) if wanted])
        auc = probes.area(labels[held], scores, films.groups[held]).auc
        return ControlRow(
            name="permutation-retrained",
            title=f"labels permuted at random, {self.network.architecture} trained on them",
            expected="an interval of AUC that holds 0.5",
            found=f"{auc.value:.3f} [{auc.low:.3f}, {auc.high:.3f}], {auc.n:.0f} held-out films",
            passed=auc.low <= 0.5 <= auc.high,
        )
