"""A run's results folder, opened once and handed on: every file of it as a typed value, read when first asked for.

    run.json            what was asked, what was chosen, how it ended (schema.RunInfo)
    manifest.csv        one row an image, used or not (data.manifest.Manifest)
    epochs.csv, predictions.csv, lr_find.csv, batch_norm.csv     what the trainings left (cxrkit/columns.py)
    models/             the trained networks' state dicts, ARCHITECTURE-seedN (cxrkit/state_files.py)
    metrics.json        the scores (schema.Metrics)
    comparison.json     which network is better (schema.Comparison)
    audits.json         can it be trusted (schema.Audits); absent where no audit was run
    reference.json      the training films in numbers, for the out-of-distribution check
    figures/            the report's drawings and the pictures of films that may be shown
    report.html, report.md, the cards            made from all of the above
    checksums.json      SHA-256 and size of every other file

Only this module writes run.json and the three JSON files of the evaluation.
"""

import dataclasses
import re
import time
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import pandas as pd
from pydantic import TypeAdapter, ValidationError

from cxrkit import columns, config, environment, schema, state_files
from cxrkit.columns import LAST_STAGE, Trained
from cxrkit.config import Experiment
from cxrkit.data import manifest as manifests
from cxrkit.data import sources
from cxrkit.data.manifest import Manifest
from cxrkit.errors import BadInput, WrongUse
from cxrkit.evaluation import predictions
from cxrkit.evaluation.predictions import Predictions
from cxrkit.files import link_or_copy, read_json, refresh_checksums, sha256_of, write_csv, write_json, write_text
from cxrkit.schema import Audits, Comparison, Metrics, RunInfo, Score
from cxrkit.standing import StandingWarning, standing_warnings

DRAWN = "drawn"
"""How phantoms were collected, as their records say."""
RUN, METRICS, COMPARISON, AUDITS = "run.json", "metrics.json", "comparison.json", "audits.json"
CHECKPOINTS = "checkpoints"
"""The folder of results in which a kernel keeps finished stages; a run that goes on has them there before it begins."""
MODEL = re.compile(r"(.+)-seed(\d+)")
T = TypeVar("T")
OfRun = TypeVar("OfRun", Metrics, Comparison, Audits)


@dataclass(frozen=True)
class Network:
    """A trained network of the run, and the file that holds its weights."""

    architecture: str
    seed: int
    path: Path

    @property
    def name(self) -> str:
        return f"{self.architecture}-seed{self.seed}"


class Results:
    """One run's results folder.

    folder: its path; name: what people call the run. Each property reads its file once, and raises BadInput for a
    file that is missing, broken, of another version of the schema, or of another run.
    """

    def __init__(self, folder: Path, name: str = ""):
        self.folder = Path(folder)
        self._name = name
        self.lacking: dict[str, str] = {}  # {"audit" or "report": why it was not made}, of the run that has just ended
        self._selected: dict[tuple[str, str, str], Predictions | None] = {}

    @classmethod
    def open(cls, run: Path | str, name: str = "") -> "Results":
        """The results of a run that is named by its folder or by its results folder. Raises BadInput where there is none."""
        run = Path(run)
        inner = run / "results"
        results = cls(inner if not (run / RUN).exists() and inner.is_dir() else run, name)
        if not (results.folder / RUN).is_file():
            raise BadInput("There is no run here.", results.folder / RUN, "name the folder of a finished run, or its results folder")
        return results

    @classmethod
    def begin(cls, folder: Path, experiment: Experiment, manifest: Manifest) -> "Results":
        """Write run.json as it stands before anything is trained, and manifest.csv; return the results.

        Raises BadInput for a folder with files in it and without the run.json of an earlier run: nothing of it is overwritten.
        """
        foreign = sorted({path.name for path in Path(folder).iterdir()} - {CHECKPOINTS}) if Path(folder).is_dir() else []
        if foreign and RUN not in foreign and not foreign[0].startswith(f".{RUN}"):
            raise BadInput(f"The results' folder holds other things: {', '.join(foreign[:5])}.", folder, "name another folder with --out")
        bundle = schema.Bundle(**environment.bundle_identity())
        info = RunInfo(
            schema=schema.VERSION,
            run_id=bundle.run_id or time.strftime("%Y%m%d-%H%M%S", time.gmtime()),
            state="running",
            experiment=without_places(experiment),
            experiment_sha256=experiment.hash(),
            manifest_sha256=manifest.sha256,
            films="phantom" if all(record.collected == DRAWN for record in manifest.used) else "films",
            started_from="imagenet" if experiment.pretrained else "random",
            leaks=len(manifest.leaks),
            bundle=bundle,
            begun=time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime()),
            commit=environment.commit(),
            **environment.describe(),
        )
        results = cls(folder)
        results.manifest = manifest
        results._write_info(info)
        write_text(results.folder / "manifest.csv", manifest.text)
        return results

    def keep(self, trained: Trained) -> None:
        """Write what the trainings left, the four CSV files and models/, without models of earlier runs."""
        write_csv(self.folder / "epochs.csv", columns.EPOCHS, trained.epochs)
        write_csv(self.folder / "predictions.csv", columns.PREDICTIONS, trained.predictions)
        write_csv(self.folder / "lr_find.csv", columns.LR_FIND, trained.lr_find)
        write_csv(self.folder / "batch_norm.csv", columns.BATCH_NORM, trained.batch_norm)
        models = self.folder / "models"
        models.mkdir(exist_ok=True)
        for stale in models.iterdir():
            if stale.name not in trained.models and any(map(MODEL.fullmatch, state_files.names([stale.name]))):
                stale.unlink()
        for name, path in trained.models.items():
            link_or_copy(path, models / name)  # four networks fill 0.4 GB

    def finish(
        self,
        chosen: schema.Chosen,
        unfinished: list[str],
        failed: dict[str, str],
        seconds: dict[str, float],
        training_peak_bytes: dict[str, int],
    ) -> None:
        """Write run.json as it stands at the end."""
        peak = environment.peak_memory_bytes()
        self._write_info(
            replace(
                self.info,
                state="finished",
                chosen=chosen,
                unfinished=unfinished,
                failed=failed,
                seconds=dict(seconds),
                peak_memory_bytes=peak,
                training_peak_bytes=training_peak_bytes,
            )
        )

    def _write_info(self, info: RunInfo) -> None:
        plain = dataclasses.asdict(info) | {"experiment": config.as_dict(info.experiment)}
        write_json(self.folder / RUN, plain)
        self.info = info

    # the files -------------------------------------------------------------------------------------------------------

    @cached_property
    def info(self) -> RunInfo:
        return self._read(RunInfo, RUN, "name the results folder of a finished run")

    @cached_property
    def manifest(self) -> Manifest:
        path = self.folder / "manifest.csv"
        found = manifests.read(path)
        if sha256_of(path) != self.info.manifest_sha256:
            raise BadInput("The manifest is not the one that the run was made with.", path, "restore the file from the run's output")
        return found

    @cached_property
    def table(self) -> pd.DataFrame:
        """predictions.csv with the columns `split` and `group`."""
        return predictions.read(self.folder / "predictions.csv", self.manifest, self.experiment.architectures)

    @cached_property
    def epochs(self) -> pd.DataFrame:
        """epochs.csv; no row where the file is missing."""
        return self._curves("epochs.csv", columns.EPOCHS)

    @cached_property
    def finder(self) -> pd.DataFrame:
        """lr_find.csv; no row where the file is missing."""
        return self._curves("lr_find.csv", columns.LR_FIND)

    @cached_property
    def batch_norm(self) -> pd.DataFrame:
        """batch_norm.csv; no row where the file is missing."""
        return self._curves("batch_norm.csv", columns.BATCH_NORM)

    def _curves(self, name: str, wanted: tuple[str, ...]) -> pd.DataFrame:
        path = self.folder / name
        return predictions.read_table(path, wanted) if path.exists() else pd.DataFrame(columns=list(wanted))

    @cached_property
    def metrics(self) -> Metrics:
        return self._of_this_run(self._read(Metrics, METRICS, self._evaluate), METRICS, self._evaluate)

    @cached_property
    def comparison(self) -> Comparison:
        return self._of_this_run(self._read(Comparison, COMPARISON, self._evaluate), COMPARISON, self._evaluate)

    @cached_property
    def audits(self) -> Audits | None:
        """None where no audit was run."""
        if not (self.folder / AUDITS).exists():
            return None
        remedy = f"audit this run: python -m cxrkit audit {self.folder}"
        return self._of_this_run(self._read(Audits, AUDITS, remedy), AUDITS, remedy)

    @property
    def _evaluate(self) -> str:
        return f"compute it again: python -m cxrkit evaluate {self.folder}"

    def _read(self, kind: type[T], name: str, remedy: str) -> T:
        return read_typed(kind, self.folder / name, remedy)

    def _of_this_run(self, content: OfRun, name: str, remedy: str) -> OfRun:
        if content.manifest_sha256 != self.info.manifest_sha256:
            raise BadInput("The file belongs to another manifest.", self.folder / name, remedy)
        return content

    def write(self, content: Metrics | Comparison | Audits) -> None:
        """Write one of the three JSON files, and bring checksums.json, where it is there, up to date."""
        name = {Metrics: METRICS, Comparison: COMPARISON, Audits: AUDITS}[type(content)]
        write_json(self.folder / name, dataclasses.asdict(content))
        setattr(self, name.removesuffix(".json"), content)
        self.refresh_checksums(name)

    def remove_audit(self) -> None:
        """Remove the audit that an earlier run left in the same folder."""
        (self.folder / AUDITS).unlink(missing_ok=True)
        self.audits = None

    def refresh_checksums(self, *names: str) -> None:
        refresh_checksums(self.folder, names)

    # what follows from them ------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self._name or self.info.experiment.name

    @property
    def experiment(self) -> Experiment:
        return self.info.experiment

    @cached_property
    def held_out(self) -> str:
        """The split that scores are reported on: test where the run has predictions for it, else valid."""
        return "test" if (self.table["split"] == "test").any() else "valid"

    @cached_property
    def architectures(self) -> list[str]:
        """The networks that finished, in the order of predictions.csv."""
        return list(self.table.loc[self.table["stage"] == LAST_STAGE, "architecture"].unique())

    def predictions(self, architecture: str, split: str = "", stage: str = LAST_STAGE) -> Predictions | None:
        """The Predictions of a network, on the held-out split unless another is named; None where there are none."""
        key = (architecture, split or self.held_out, stage)
        if key not in self._selected:
            part = self._parts.get(key)
            self._selected[key] = None if part is None else predictions.select(part)
        return self._selected[key]

    @cached_property
    def _parts(self) -> dict[tuple[str, str, str], pd.DataFrame]:
        """The rows of predictions.csv by network, split and stage."""
        return {(str(a), str(b), str(c)): part for (a, b, c), part in self.table.groupby(["architecture", "split", "stage"], sort=False)}

    def required(self, architecture: str, split: str = "", stage: str = LAST_STAGE) -> Predictions:
        """The same where there must be some. Raises BadInput."""
        there = self.predictions(architecture, split, stage)
        if there is None:
            what = f"The run has no predictions of {architecture} for {split or self.held_out}."
            raise BadInput(what, self.folder / "predictions.csv", "let the run end: the same command goes on with it")
        return there

    def score(self, architecture: str, split: str = "") -> Score | None:
        """The network's Score after the last stage: its mean over seeds where there are several, else its one run."""
        for rows in (self.metrics.means, self.metrics.scores):
            for row in rows:
                if (row.architecture, row.split, row.stage) == (architecture, split or self.held_out, LAST_STAGE):
                    return row
        return None

    def networks(self) -> list[Network]:
        """The networks that finished, seeds ascending, by predictions.csv; whether their weights are here is not asked."""
        found = []
        for architecture in self.architectures:
            found += [self._network(architecture, seed) for seed in self.required(architecture).seeds]
        return found

    def networks_on_disk(self) -> list[Network]:
        """The networks whose weights are here, in the order of the experiment; predictions.csv is not needed."""
        order = self.experiment.architectures
        matches = map(MODEL.fullmatch, state_files.names(path.name for path in (self.folder / "models").glob("*")))
        found = [self._network(match[1], int(match[2])) for match in matches if match and match[1] in order]
        return sorted(found, key=lambda network: (order.index(network.architecture), network.seed))

    def _network(self, architecture: str, seed: int) -> Network:
        return Network(architecture, seed, state_files.find(self.folder / "models", f"{architecture}-seed{seed}"))

    @property
    def warnings(self) -> list[StandingWarning]:
        return standing_warnings(self.info)


def open_all(runs: list[Path]) -> list[Results]:
    """The Results of several runs, each named by its folder, or by the folder around `results`, which tells them apart."""
    if len(runs) < 2:
        return [Results.open(run) for run in runs]
    paths = [Path(run).absolute() for run in runs]
    return [Results.open(path, path.parent.name if path.name == "results" else path.name) for path in paths]


def read_typed(kind: type[T], path: Path, remedy: str) -> T:
    """A JSON file of the schema's version as its dataclass. Raises BadInput that names the key, or the version, that does not fit."""
    plain = read_json(path, next=remedy)
    if not isinstance(plain, dict) or plain.keys().isdisjoint(kind.__annotations__):
        raise BadInput(f"This is no {path.name}: it holds none of its keys.", path, remedy)
    version = plain.get("schema") or 1
    if version != schema.VERSION:
        what = f"The file is of version {version} of the results' schema; this kit reads version {schema.VERSION}."
        raise BadInput(what, path, f"use the version of the kit that wrote it, or {remedy}")
    try:
        return TypeAdapter(kind).validate_python(plain)
    except (ValidationError, WrongUse) as error:
        reason = error.what if isinstance(error, WrongUse) else _first_fault(error)
        raise BadInput(f"The file is not as the kit writes it: {reason}", path, remedy) from error


def _first_fault(error: ValidationError) -> str:
    fault, more = error.errors()[0], error.error_count() - 1
    return f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].lower()}" + (f", and {more} more" if more else "") + "."


def without_places(experiment: Experiment) -> Experiment:
    """The experiment without the folders of this machine, for results that travel."""
    return replace(
        experiment,
        data=tuple(sources.name_of(text) for text in experiment.data),
        external=tuple(sources.name_of(text) for text in experiment.external),
        weights="attached" if experiment.weights else "",
    )
