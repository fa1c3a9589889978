"""The road from sources to results: each stage in its order, each skipped where it is done and still valid."""

import time
from pathlib import Path

from cxrkit import config, environment
from cxrkit.data import manifest, pixels, sources, splits, summary, tree
from cxrkit.data.readers import phantom
from cxrkit.errors import BadInput, Interrupted, disk_errors
from cxrkit.files import locked, read_json, sha256_of, write_checksums, write_json, write_text
from cxrkit.progress import announce, say

RESEARCH_ONLY = "Research use only: not a medical device, and no score here says that a network sees disease."


def run(experiment, out, results=None, time_left=environment.Deadline()):
    """Make out/manifest.csv, out/tree, out/jobs and out/results for an experiment; return the results folder.

    results: another folder for the results. time_left: seconds until no new stage of a training may begin;
    then the results are made from what is finished, and say so.
    Raises CxrkitError; whatever was finished before stays, and the next run goes on from it.
    """
    out = Path(out)
    with disk_errors(out):
        return _run(experiment, out, Path(results or out / "results"), time_left)


def _run(experiment, out, results, time_left):
    clock = Clock()
    announce(f"experiment {experiment.name} {experiment.hash()[:12]}, into {out}")
    announce(RESEARCH_ONLY)
    with locked(out / ".lock"):  # processes that share the folder come here one after the other, and find what is there
        with clock("manifest"):
            records, locate, manifest_hash = make_manifest(experiment, out)
        data = "phantom" if all(record.source == "phantom" for record in records) else "films"
        announce(summary.summary(records) + "\n")
        announce(summary.as_merged(records, experiment.split, experiment.split_seed, experiment.exclude_views))
        leaks = leak_gate(records, experiment.allow_leakage, out / "manifest.csv")
        marks = banner(data, experiment, leaks)
        announce(marks)
        with clock("tree"):
            announce(f"tree: {tree.build(records, locate, out / 'tree')}")
        with clock("pixels"):
            films = pixels.load(records, locate, experiment.image_size, out / "pixels")

    from cxrkit.training import jobs, loaders

    device = environment.choose_device()
    announce(f"device: {device}")
    with clock("training"):
        make_loaders = loaders.maker(experiment, records, films, out / "tree", device.value)
        jobs.run(experiment, make_loaders, manifest_hash, out / "jobs", device.value, time_left)
    if environment.rank() > 0:
        return None
    unfinished, failed = jobs.unfinished(experiment, out / "jobs"), jobs.failures(experiment, out / "jobs")
    if unfinished:
        marks = "\n".join(filter(None, [marks, partial(experiment, unfinished, failed, out)]))

    from cxrkit.audit import audit, reference
    from cxrkit.evaluation import comparison, outcome, scoring
    from cxrkit.report import audit_text, page, plots

    with clock("results"):
        write_text(results / "manifest.csv", manifest.to_csv(records))
        jobs.collect(experiment, records, out / "jobs", results)
        facts = about(experiment, manifest_hash, data, device, clock, leaks) | {"unfinished": unfinished, "failed": failed}
        write_json(results / "run.json", facts)
        content, compared = outcome.evaluate(results, experiment.threshold)
        plots.draw_all(results, content, records, locate)
        reference.describe_training(films, records, results)
    with clock("audit"):
        if experiment.audit == "none":
            (results / audit.NAME).unlink(missing_ok=True)
        else:
            audited = audit.audit(results, audit.Options(home=str(out), asks=experiment.audit == "full"))
    write_json(results / "run.json", facts | {"seconds": clock.seconds, "peak_memory_bytes": environment.peak_memory_bytes()})
    with clock("report"):
        write_checksums(results)
        page.make(results)
    if experiment.audit != "none":
        say("\n" + audit_text.text(audited))
    say("\n" + scoring.text_table(content) + "\n" + marks + "\n")
    say(comparison.text(compared) + "\n")
    say(
        f"95 % intervals: Wilson for proportions, DeLong and Newcombe for AUC. Manifest {manifest_hash[:12]}. Results: {results}; open {results / 'report.html'}"
    )
    return results


def refuse_failures(results):
    """Raise Interrupted when trainings of these results failed, so that whoever waits for the command's exit code learns it."""
    failed = read_json(results / "run.json")["failed"]
    if failed:
        raise Interrupted(
            f"{len(failed)} trainings failed: {', '.join(failed)}. The results are made from the others.",
            results,
            "the same command tries them again",
        )


def make_manifest(experiment, out):
    """Build and write out/manifest.csv; return its records, the function that finds their files, and its SHA-256."""
    found = sources.parse_all(experiment.data, drawn_at=out / "phantoms")
    records = manifest.build(
        found,
        experiment.split,
        experiment.exclude_views,
        experiment.split_seed,
        experiment.duplicates,
        experiment.label_conflicts,
        kept=out / "known",
    )
    roots = manifest.roots_of(found)
    manifest.write(out / "manifest.csv", records, roots)
    return records, sources.locator(roots), sha256_of(out / "manifest.csv")


def leak_gate(records, allowed, where):
    """The leaks of a manifest: patients or pictures in two splits. Raises BadInput for any that is not allowed."""
    leaks = splits.leaks(records)
    if leaks and not allowed:
        first = "\n".join(f"  - {leak}" for leak in leaks[:5])
        raise BadInput(
            f"The split leaks: {len(leaks)} patients or pictures stand in two splits. The first:\n{first}",
            where,
            "use --duplicates remove or --split grouped; to train all the same, with every table marked: --allow-leakage",
        )
    return leaks


def banner(data, experiment, leaks=()):
    """What a reader must not overlook about a run, a line each; empty when there is nothing."""
    lines = [phantom.BANNER] if data == "phantom" else []
    if not experiment.pretrained:
        lines.append("RANDOM WEIGHTS: the networks did not start from ImageNet's, as the study's did.")
    if leaks:
        lines.append(f"LEAK: {len(leaks)} patients or pictures stand in two splits; no score of this run holds for new patients.")
    return "\n".join("!!! " + line for line in lines)


def partial(experiment, unfinished, failed, out):
    """The lines that mark results of a run in which trainings are missing. Raises Interrupted where there are none at all."""
    planned = len(experiment.architectures) * len(experiment.seeds)
    if len(unfinished) == planned:
        if failed:
            name, error = next(iter(failed.items()))
            raise Interrupted(
                f"No training ended well; of {len(failed)} that failed, {name}: {error}",
                out / "jobs",
                "read failed.json there; the same command tries again",
            )
        raise Interrupted(
            "The time was up before any network was trained.", out, "run the same command again, with more time or a smaller experiment"
        )
    lines = [f"!!! FAILED: {name}: {error}" for name, error in failed.items()]
    late = [name for name in unfinished if name not in failed]
    if late:
        lines.append(f"!!! PARTIAL: the time was up; {len(late)} of {planned} trainings are missing: {', '.join(late)}.")
    return "\n".join(lines)


def about(experiment, manifest_hash, data, device, clock, leaks):
    """The content of run.json."""
    return {
        "experiment": config.as_dict(experiment)
        | {"data": [_kind(name) for name in experiment.data], "weights": "attached" if experiment.weights else ""},
        "experiment_sha256": experiment.hash(),
        "manifest_sha256": manifest_hash,
        "data": data,
        "weights": "imagenet" if experiment.pretrained else "random",
        "leaks": len(leaks),
        "device": {"value": device.value, "reason": device.reason},
        **environment.describe(),
        "peak_memory_bytes": environment.peak_memory_bytes(),
        "seconds": clock.seconds,
    }


def _kind(data):
    """`KIND:NAME` of a source as the experiment names it, without the folder, which is this machine's affair."""
    kind, separator, _ = data.rpartition("=")
    return kind if separator else data if data in sources.DRAWN else "coronahack"


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
