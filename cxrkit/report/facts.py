"""Everything the report tells, read from a results folder alone."""

import shlex
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cxrkit import config
from cxrkit.data import manifest
from cxrkit.data.readers import phantom
from cxrkit.errors import BadInput
from cxrkit.evaluation import outcome, predictions
from cxrkit.evaluation.scoring import SHORT_NAMES
from cxrkit.files import read_json

SPLIT_WORDS = {"train": "training", "valid": "validation", "test": "test"}
AUDIT_COMMAND = "python -m cxrkit audit RUN"


@dataclass(frozen=True)
class Facts:
    """A results folder, read and checked.

    run: predictions.Run; everything: all records of the manifest, also the excluded ones; metrics, comparison:
    the content of those files; audits: the same, None where no audit was run; epochs, finder: epochs.csv and
    lr_find.csv as DataFrames, empty where a file is missing.
    """

    run: predictions.Run
    everything: list
    metrics: dict
    comparison: dict
    audits: dict | None
    epochs: pd.DataFrame
    finder: pd.DataFrame

    @property
    def about(self):
        return self.run.about

    @property
    def folder(self):
        return self.run.folder

    @property
    def held(self):
        return self.metrics["held_out"]

    @property
    def architectures(self):
        """The networks that finished, in the order of predictions.csv."""
        table = self.run.table
        return list(table.loc[table["stage"] == predictions.LAST_STAGE, "architecture"].unique())

    def scores(self, architecture, split=None):
        """predictions.Scores of a network, on the held-out split unless another is named."""
        return predictions.scores(self.run.table, architecture, split or self.held)

    def mean(self, architecture, split=None):
        """The network's row of metrics.json: its mean over seeds where there are several, else its one run; None without one."""
        split = split or self.held
        for rows in (self.metrics["means"], self.metrics["scores"]):
            for row in rows:
                if (row["architecture"], row["split"], row["stage"]) == (architecture, split, predictions.LAST_STAGE):
                    return row
        return None

    def marks(self):
        """What a reader must not overlook: [(short text for figures, sentence)]."""
        about, found = self.about, []
        if about["data"] == "phantom":
            found.append(("drawn phantoms, not films", phantom.BANNER))
        if about["weights"] == "random":
            found.append(("random weights", "RANDOM WEIGHTS: the networks did not start from ImageNet's, as the study's did."))
        if about.get("leaks"):
            found.append(
                (
                    "leaking split",
                    f"LEAK: {about['leaks']} patients or pictures stand in two splits; no score of this run holds for new patients.",
                )
            )
        failed = about.get("failed") or {}
        late = [name for name in about.get("unfinished") or [] if name not in failed]
        if failed:
            told = "; ".join(f"{name} ({error})" for name, error in failed.items())
            found.append(("failed trainings", f"FAILED: {len(failed)} trainings ended with an error and are missing: {told}."))
        if late:
            found.append(("partial run", f"PARTIAL: the time was up; {len(late)} trainings are missing: {', '.join(late)}."))
        return found

    def repeat(self):
        """The command that makes these results again; DIR stands for the folder of a source that is not drawn."""
        settings = {key: value for key, value in self.about["experiment"].items() if key in config.Experiment.__dataclass_fields__}
        name = settings.get("name") if settings.get("name") in config.names() else "paper"
        usual = config.as_dict(config.load(name))
        words = ["python", "kernel/run.py", "--local", "--experiment", name]
        for source in settings.get("data", []) or ["phantom"] * (self.about["data"] == "phantom") or ["DIR"]:
            words += ["--data", source if source.startswith("phantom") else "DIR" if source == "coronahack" else f"{source}=DIR"]
        for key, value in settings.items():
            if key in (*config.NOT_IN_HASH, "name") or value == usual[key]:
                continue
            flag = "--" + key.replace("_", "-")
            if isinstance(value, bool):
                words.append(flag if value else "--no-" + flag[2:])
            else:
                words += [flag, *(map(str, value) if isinstance(value, list) else [str(value)])]
        return shlex.join(words)


def short(architecture):
    """The name that people use for a network."""
    return SHORT_NAMES.get(architecture, architecture)


def read(results):
    """The Facts of a run's folder or its results folder. Raises BadInput for what is missing or broken."""
    folder = outcome.results_folder(results)
    run = predictions.read(folder)
    metrics, comparison = _json(folder / "metrics.json"), _json(folder / "comparison.json")
    for name, content in (("metrics.json", metrics), ("comparison.json", comparison)):
        if content["manifest_sha256"] != run.manifest_sha256:
            raise BadInput(
                "The scores belong to another manifest.", folder / name, f"compute them again: python -m cxrkit evaluate {folder}"
            )
    audits = _json(folder / "audits.json") if (folder / "audits.json").exists() else None
    if audits and audits.get("manifest_sha256") != run.manifest_sha256:
        raise BadInput("The audit belongs to another manifest.", folder / "audits.json", f"audit this run: python -m cxrkit audit {folder}")
    tables = [_csv(folder / name) for name in ("epochs.csv", "lr_find.csv")]
    return Facts(run, manifest.read(folder / "manifest.csv"), metrics, comparison, audits, *tables)


def _json(path):
    try:
        return read_json(path)
    except FileNotFoundError:
        raise BadInput("The file is not there.", path, f"compute it: python -m cxrkit evaluate {path.parent}") from None
    except ValueError as error:
        raise BadInput(f"The file is no JSON: {error}.", path, "restore it from the run's output, or compute it again") from error


def _csv(path):
    if not Path(path).exists():
        return pd.DataFrame()
    try:
        return pd.read_csv(path)
    except (ValueError, UnicodeDecodeError) as error:
        raise BadInput(f"The file is no readable CSV: {error}.", path, "restore it from the run's output") from error
