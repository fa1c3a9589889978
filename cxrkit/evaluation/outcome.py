"""The whole outcome of a run, or of several: what the pipeline and the command line ask for."""

from pathlib import Path

from cxrkit.errors import WrongUse
from cxrkit.evaluation import comparison, decision, predictions, resplits, scoring
from cxrkit.files import read_json, sha256_of, write_json


def results_folder(run):
    """The results folder of a run that is named by it, or by the folder around it."""
    run = Path(run)
    return run / "results" if not (run / "run.json").exists() and (run / "results").is_dir() else run


def evaluate(results, threshold=None, prevalences=scoring.PREVALENCES, sensitivity=scoring.SENSITIVITY, margin=decision.MARGIN):
    """Write metrics.json and comparison.json of a results folder; return the content of both.

    threshold: the experiment's, unless given. Nothing is trained; checksums.json, where it is there, is
    brought up to date. Raises BadInput for a folder that is no whole run, WrongUse for values out of range.
    """
    run = predictions.read(results_folder(results))
    threshold = threshold_of([run], threshold)
    for name, values in (("prevalence", prevalences), ("sensitivity", [sensitivity])):
        if not all(0 < value < 1 for value in values):
            raise WrongUse(f"A {name} lies outside 0 to 1: {values}.", next="name shares, such as 0.05")
    comparison.check_margin(margin)
    metrics_content = scoring.evaluate_run(run, threshold, prevalences, sensitivity)
    comparison_content = comparison.compare([run], threshold, margin)
    write_json(run.folder / "comparison.json", comparison_content)
    refresh_checksums(run.folder, ("metrics.json", "comparison.json"))
    return metrics_content, comparison_content


def compare(folders, threshold=None, margin=decision.MARGIN, over_splits=False):
    """The comparison of several runs as (content, text). Raises as comparison.compare and resplits.compare do."""
    runs = [predictions.read(results_folder(folder), _name(folder) if len(folders) > 1 else None) for folder in folders]
    how = resplits if over_splits else comparison
    content = how.compare(runs, threshold_of(runs, threshold), margin)
    return content, how.text(content)


def _name(folder):
    """What tells a run from others: its folder's name, or that of the folder around `results`."""
    folder = Path(folder).absolute()
    return folder.parent.name if folder.name == "results" else folder.name


def threshold_of(runs, threshold=None):
    """The threshold given, else the one that the runs' experiments share. Raises WrongUse."""
    if threshold is None:
        shared = {run.about["experiment"].get("threshold", 0.5) for run in runs}
        if len(shared) > 1:
            raise WrongUse(
                f"The runs' thresholds differ: {sorted(shared)}.", ", ".join(str(run.folder) for run in runs), "name one with --threshold"
            )
        threshold = shared.pop()
    if not 0 < threshold < 1:
        raise WrongUse(f"The threshold is {threshold}.", next="name a probability between 0 and 1")
    return threshold


def refresh_checksums(results, names):
    """Bring a results folder's checksums.json, where there is one, up to date for these files."""
    path = results / "checksums.json"
    if path.exists():
        listed = read_json(path)
        for name in names:
            listed[name] = {"sha256": sha256_of(results / name), "bytes": (results / name).stat().st_size}
        write_json(path, dict(sorted(listed.items())))
