"""The road from sources to results: each stage in its order, each skipped where it is done and still valid."""

import time
from pathlib import Path

from cxrkit import config, environment
from cxrkit.data import manifest, phantom, sources, tree
from cxrkit.errors import disk_errors
from cxrkit.files import sha256_of, write_checksums, write_json, write_text
from cxrkit.progress import say

RESEARCH_ONLY = "Research use only: not a medical device, and no score here says that a network sees disease."


def run(experiment, out):
    """Make out/manifest.csv, out/tree, out/jobs and out/results for an experiment; return the results folder.

    Raises CxrkitError; whatever was finished before stays, and the next run goes on from it.
    """
    out = Path(out)
    with disk_errors(out):
        return _run(experiment, out)


def _run(experiment, out):
    clock = Clock()
    say(f"experiment {experiment.name} {experiment.hash()[:12]}, into {out}")
    say(RESEARCH_ONLY)
    with clock("manifest"):
        records, locate, manifest_hash = make_manifest(experiment, out)
    data = "phantom" if all(record.source == "phantom" for record in records) else "films"
    say(manifest.summary(records) + "\n")
    marks = banner(data, experiment)
    say(marks)
    with clock("tree"):
        say(f"tree: {tree.build(records, locate, out / 'tree')}")

    from cxrkit.training import grid  # fastai takes seconds to import: bad input is reported before

    device = environment.choose_device()
    say(f"device: {device}")
    with clock("training"):
        grid.run(experiment, out / "tree", tree.entries(records), manifest_hash, out / "jobs", device.value)

    from cxrkit.evaluation import scores
    from cxrkit.report import plots

    results = out / "results"
    with clock("results"):
        write_text(results / "manifest.csv", manifest.to_csv(records))
        grid.collect(experiment, records, out / "jobs", results)
        write_json(results / "run.json", about(experiment, manifest_hash, data, device, clock))
        content = scores.evaluate(results, experiment.threshold)
        plots.draw_all(results, content, records, locate)
    write_json(results / "run.json", about(experiment, manifest_hash, data, device, clock))
    write_checksums(results)
    say("\n" + scores.text_table(content) + "\n" + marks)
    say(f"95 % intervals: Wilson for proportions, DeLong for AUC. Manifest {manifest_hash[:12]}. Results: {results}")
    return results


def make_manifest(experiment, out):
    """Build and write out/manifest.csv; return its records, the function that finds their files, and its SHA-256."""
    found = sources.parse_all(experiment.data, drawn_at=out / "phantoms")
    records = manifest.build(found, experiment.split, experiment.exclude_views, experiment.split_seed)
    roots = manifest.roots_of(found)
    manifest.write(out / "manifest.csv", records, roots)
    return records, sources.locator(roots), sha256_of(out / "manifest.csv")


def banner(data, experiment):
    """What a reader must not overlook about a run, a line each; empty when there is nothing."""
    lines = [phantom.BANNER] if data == "phantom" else []
    if not experiment.pretrained:
        lines.append("RANDOM WEIGHTS: the networks did not start from ImageNet's, as the study's did.")
    return "\n".join("!!! " + line for line in lines)


def about(experiment, manifest_hash, data, device, clock):
    """The content of run.json."""
    return {
        "experiment": config.as_dict(experiment) | {"data": [name.rpartition("=")[0] or "coronahack" if name != "phantom" else name for name in experiment.data], "weights": "attached" if experiment.weights else ""},
        "experiment_sha256": experiment.hash(),
        "manifest_sha256": manifest_hash,
        "data": data,
        "weights": "imagenet" if experiment.pretrained else "random",
        "device": {"value": device.value, "reason": device.reason},
        **environment.describe(),
        "peak_memory_bytes": environment.peak_memory_bytes(),
        "seconds": clock.seconds,
    }


class Clock:
    """Seconds each stage took, by name."""

    def __init__(self):
        self.seconds = {}

    def __call__(self, name):
        self.running = name
        return self

    def __enter__(self):
        self.started = time.monotonic()

    def __exit__(self, *_):
        self.seconds[self.running] = round(time.monotonic() - self.started, 2)
