"""The road from sources to results: each stage in its order, each skipped where it is done and still valid."""

import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cxrkit import RESEARCH_ONLY, environment
from cxrkit.config import Experiment
from cxrkit.data import manifest as manifests
from cxrkit.data import matching, pixels, sources, summary, tree
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import LABEL_WORDS, NEGATIVE, POSITIVE, SPLIT_WORDS
from cxrkit.data.workers import Workers
from cxrkit.environment import Choice, Deadline
from cxrkit.errors import BadInput, CxrkitError, Interrupted, disk_errors
from cxrkit.evaluation import metrics
from cxrkit.files import locked, read_json, write_checksums
from cxrkit.progress import announce, answer, counted, say
from cxrkit.results import RUN, Results, StandingWarning
from cxrkit.schema import Chosen
from cxrkit.training import server

if TYPE_CHECKING:
    from cxrkit.training.executors import Executor
    from cxrkit.training.stages import EpochEnded, Job

CACHE = "pixels"
"""The folder below a run's own in which films are kept decoded."""


STAGES = {
    "weights": "looking for ImageNet weights",
    "manifest": "reading the sources: facts, copies, patients, splits",
    "tree": "linking the films into a folder tree",
    "pixels": "decoding the films",
    "training": "loading PyTorch and fastai, then training",
    "results": "scoring and comparing the networks",
    "audit": "auditing: can the answer be trusted?",
    "report": "writing the report",
}
"""What is said as a stage begins."""
ROOM_SECONDS = 1800
"""What the results may take after the time is up (on Kaggle an hour is left then); what comes later is left out, and named."""


def run(
    experiment: Experiment,
    out: Path | str,
    folder: Path | str = "",
    time_left: Deadline = Deadline(),
    kept: Callable[[Path], None] | None = None,
    executor: "Executor | None" = None,
    workers: Workers | None = None,
    tell: "Callable[[Job, EpochEnded], None] | None" = None,
) -> Results | None:
    """Make out/manifest.csv, out/tree, out/jobs and out/results for an experiment; return the results.

    folder: another folder for the results. time_left: seconds until no new stage of a training may begin; then the
    results are made from what is finished, and say so. kept: called with a training's folder whenever something was kept
    in it. executor: where trainings run, processes of this machine unless another is given; workers: who reads the films, threads of
    this process unless others are given; tell: called with each epoch that ends.

    The results are whole, with their checksums, before they are audited: a failure of the audit or of the report is said and
    named in Results.lacking, and they stand without it. Of several processes the first makes the results, and the others return
    None. Raises CxrkitError; whatever was finished before stays, and the next run goes on from it.
    """
    out = Path(out)
    with disk_errors(out):
        try:
            return _run(experiment, out, Path(folder or out / "results"), time_left, kept, executor, workers, tell)
        except KeyboardInterrupt:
            raise Interrupted(f"Stopped. {what_is_kept(experiment, out)}.") from None


def what_is_kept(experiment: Experiment, out: Path) -> str:
    """What of a run that was stopped lies in its folder; the next run uses what was made from the same data and protocol."""
    stages = len(list(out.glob("jobs/*/*frozen.json")))
    told = [counted(stages, "finished training stage") + f" of {2 * len(experiment.architectures) * len(experiment.seeds)}"] * bool(stages)
    told += ["what is known of films that were read"] * (out / CACHE).exists()
    return (
        f"Kept in {out}: {' and '.join(told)}; the same command goes on from there"
        if told
        else "Nothing was finished; the same command begins again"
    )


def _run(
    experiment: Experiment,
    out: Path,
    folder: Path,
    time_left: Deadline,
    kept: Callable[[Path], None] | None,
    executor: "Executor | None",
    workers: Workers | None,
    tell: "Callable[[Job, EpochEnded], None] | None",
) -> Results | None:
    clock = Clock()
    announce(f"experiment {experiment.name} {experiment.hash()[:12]}, into {out}")
    announce(RESEARCH_ONLY)
    announce_replaced(folder, experiment)
    if experiment.weights and not experiment.pretrained:
        announce(f"not used: the ImageNet weights in {experiment.weights}, for the networks start from random ones")
    named = sources.parse_all(experiment.data, drawn_at=out / "phantoms")
    if experiment.external:
        from cxrkit.audit import external  # what it needs takes a second to import

        external.check(experiment.external, manifests.roots_of(named).values())
    sources.require(named)  # before half a gigabyte of weights is fetched
    if experiment.pretrained and not all_trained(experiment, out):
        with clock("weights"):
            from cxrkit.training import jobs

            jobs.require_weights(experiment, out / "jobs")
    with locked(out / ".lock"):  # processes that share the folder come here one after the other, and find what is there
        with clock("manifest"):
            manifest, locate = make_manifest(experiment, out, workers)
        announce(summary.text(manifest) + "\n")
        if experiment.match:
            announce(matching.sentence(manifest.records, experiment.match, experiment.age_caliper))
        else:
            announce(summary.as_merged(manifest, experiment))
        announce(told_of_seeds(len(experiment.seeds)))
        announce(told_of_sizes(manifest))
        refuse_leaks(manifest, experiment.allow_leakage, out / "manifest.csv")
        results = Results(folder)
        if environment.rank() == 0:
            results = Results.begin(folder, experiment, manifest)
            announce(marked(results.warnings))
        with clock("tree"):
            announce(f"tree: {tree.build(manifest, locate, out / 'tree')}")
        with clock("pixels"):
            films = pixels.load(manifest, locate, experiment.image_size, out / CACHE, workers, experiment.resize)

    server.begin()  # it loads what this process loads now, on another core
    with clock("training"):
        from cxrkit.training import jobs, loaders  # fastai takes seconds to import: bad input is reported before
        from cxrkit.training.executors import Processes

        executor = executor or Processes()
        machine = executor.machine(experiment, len(jobs.jobs_of(experiment)))
        to_train = loaders.films_for(experiment, manifest, films, out / "tree", machine.holder, machine.at_once.value)
        peaks = jobs.run(experiment, to_train, manifest.sha256, out / "jobs", machine, time_left, executor, kept, tell)
    if environment.rank() > 0:
        return None
    unfinished = [job.name for job in jobs.unfinished(experiment, out / "jobs")]
    failed = jobs.failures(experiment, out / "jobs")
    refuse_nothing(experiment, unfinished, failed, out)

    from cxrkit.audit import audit, earlier, reference, stability
    from cxrkit.evaluation.evaluate import evaluate
    from cxrkit.report import markdown, report

    with clock("results"):
        results.keep(jobs.collect(experiment, {record.image_id: record.label for record in manifest.used}, out / "jobs"))
        evaluate(results)
        reference.describe_training(films, manifest, results.folder, stability.spreads(results))
    chosen = Chosen(placement=to_train.placement, **machine.choices)
    results.finish(chosen, unfinished, failed, clock.seconds, peaks)
    if experiment.audit == "none" or not earlier.is_of(results):
        results.remove_audit()  # an audit that fails must not leave one of other predictions
    write_checksums(results.folder)

    def make_audit() -> None:
        asked, most = experiment.audit == "full", experiment.external_films
        audit.audit(results, audit.Options(external=experiment.external, home=str(out), asks=asked, external_films=most))

    def make_report() -> None:
        report.make(results, locate)
        say("\n" + markdown.run_log(results))

    if experiment.audit != "none":
        with clock("audit"):
            last_stage("audit", make_audit, results, time_left)
        results.finish(chosen, unfinished, failed, clock.seconds, peaks)
        write_checksums(results.folder)
    with clock("report"):
        last_stage("report", make_report, results, time_left)
    write_checksums(results.folder)
    answer(f"Manifest {manifest.sha256[:12]}. Results: {results.folder}; open {results.folder / report.PAGE}")
    return results


def announce_replaced(folder: Path, experiment: Experiment) -> None:
    """Say that a folder holds the results of a run with other options, which this one will replace."""
    if (folder / RUN).is_file():
        with suppress(BadInput):  # a run.json that cannot be read is told of elsewhere
            earlier = read_json(folder / RUN)
            if isinstance(earlier, dict) and earlier.get("experiment_sha256") != experiment.hash():
                announce(f"!!! {folder} holds the results of a run with other options, and they will be replaced: --out DIR keeps both.")


def all_trained(experiment: Experiment, out: Path) -> bool:
    """Whether every training's folder holds its last stage, so that no weights are needed unless the data changed."""
    wanted = [out / "jobs" / f"{name}-seed{seed}" / "unfrozen.json" for name in experiment.architectures for seed in experiment.seeds]
    return all(path.exists() for path in wanted)


def last_stage(name: str, make: Callable[[], None], results: Results, time_left: Deadline) -> None:
    """Make the audit or the report, unless its time is over; a failure is named in results.lacking, and costs only that."""
    try:
        if time_left() < -ROOM_SECONDS:
            raise Interrupted("the time was up")
        make()
    except Exception as error:  # whatever it is, hours of training must not be lost by it
        say(f"!!! THE {name.upper()} WAS NOT MADE, the results stand without it:\n{traceback.format_exc()}")
        results.lacking[name] = f"{type(error).__name__}: {error}"


def prove(device: Choice, precision: str, folder: Path) -> None:
    """Check the GPU in a minute, say it, and write gpu-check.json into a folder; what fails is said loudly, with the remedy.

    device: as of environment.choose_device(); precision: the experiment's. Raises CxrkitError where no way of training works.
    """
    from cxrkit.gpu_check import check, rows

    say("Checking the GPU: each loader, saved and loaded weights, memory that runs out")
    try:
        found = check.run(device, check.SHORT_MINUTES, True, precision)
    except (RuntimeError, OSError) as error:  # that it cannot be checked is no reason not to train
        say(f"!!! THE GPU COULD NOT BE CHECKED: {error}")
        return
    made = found["rows"]
    check.write(found, folder)
    say(rows.text(made))
    if check.cannot_train(made):
        raise CxrkitError("No network can be trained on this GPU as it is.", device, made[0].remedy or check.REMEDIES["steps"])
    for row in rows.failed(made):
        say(f"!!! GPU CHECK FAILED: {row.check} ({row.what}): {row.reason}\n!!! The run goes on. What to do: {row.remedy}")


def make_manifest(experiment: Experiment, out: Path, workers: Workers | None = None):
    """Build and write out/manifest.csv; return the Manifest, and the function from a record to its file."""
    wanted = sources.parse_all(experiment.data, drawn_at=out / "phantoms")
    manifest = manifests.build(wanted, experiment, out / CACHE, workers=workers)
    roots = manifests.roots_of(wanted)
    manifests.write(out / "manifest.csv", manifest, roots)
    return manifest, sources.locator(roots)


def refuse_leaks(manifest: Manifest, allowed: bool, where: Path) -> None:
    """Raise BadInput for patients or pictures in two splits, unless the experiment allows them."""
    if manifest.leaks and not allowed:
        first = "\n".join(f"  - {leak}" for leak in manifest.leaks[:5])
        raise BadInput(
            f"The split leaks: {len(manifest.leaks)} patients or pictures stand in two splits. The first:\n{first}",
            where,
            "use --duplicates remove or --split grouped; to train all the same, with every table marked: --allow-leakage",
        )


def refuse_nothing(experiment: Experiment, unfinished: list[str], failed: dict[str, str], out: Path) -> None:
    """Raise Interrupted where no training ended well, so that there is nothing to report."""
    if len(unfinished) < len(experiment.architectures) * len(experiment.seeds):
        return
    if failed:
        name, error = next(iter(failed.items()))
        raise Interrupted(
            f"No training succeeded; of {len(failed)} that failed, {name}: {error}",
            out / "jobs",
            "read failed.json there; the same command tries again",
        )
    raise Interrupted(
        "The time was up before any network was trained.", out, "run the same command again, with more time or a smaller experiment"
    )


def refuse_failures(results: Results) -> None:
    """Raise Interrupted when trainings of these results failed, so that whoever waits for the command's exit code learns it."""
    failed = results.info.failed
    if failed:
        raise Interrupted(
            f"{counted(len(failed), 'training')} failed: {', '.join(failed)}. The results are made from the others.",
            results.folder,
            "the same command tries them again",
        )
    for name, reason in results.lacking.items():
        raise Interrupted(
            f"The {name} was not made: {reason}. The results are whole without it.",
            results.folder,
            f"python -m cxrkit {name} on that folder, or on the one that python -m cxrkit pull fetched",
        )


def told_of_seeds(seeds: int) -> str:
    """What so many seeds of each network can decide, before any is trained.

    Drawn: four networks of 2 % error on 268 images, seeds that differ by 0.3 on the logit scale, 400 repetitions.
    """
    many = counted(seeds, "seed") + " of each network. "
    if seeds >= 10:
        return many + "In simulations with 268 images, ten seeds settled a difference of 3 points in error in 80 % of cases."
    return many + (
        "A single seed cannot rank networks. In simulations with 268 images, three settled a difference of 10 points in error in 31 % of cases, "
        "five one of 6 points in 74 %, and ten one of 3 points in 80 %."
    )


def told_of_sizes(manifest: Manifest) -> str:
    """How wide the intervals of these held-out patients will be, before anything is trained."""
    held = "test" if any(record.split == "test" for record in manifest.used) else "valid"
    told = []
    for label, rate in ((POSITIVE, "sensitivity"), (NEGATIVE, "specificity")):
        groups = [manifest.groups[record.image_id] for record in manifest.used if (record.split, record.label) == (held, label)]
        low, high = metrics.wilson(0.95, max(metrics.effective_n(groups), 1))
        films = f" ({len(groups)} films)" if len(groups) > len(set(groups)) else ""
        told.append(
            f"{len(set(groups)):,} {LABEL_WORDS[label]} patients{films}: the 95 % interval of a {rate} of 0.95 will be about {high - low:.2f} wide"
        )
    return f"{SPLIT_WORDS[held].capitalize()}: {'; '.join(told)}. How many patients a narrower one needs: python -m cxrkit plan"


def marked(warnings: list[StandingWarning]) -> str:
    """The standing warnings for a log, a line each."""
    return "\n".join("!!! " + warning.sentence for warning in warnings)


class Clock:
    """Seconds each stage took, by name; that it begins is said."""

    def __init__(self):
        self.seconds: dict[str, float] = {}

    def __call__(self, name: str) -> "Clock":
        self.running = name
        return self

    def __enter__(self):
        announce(f"stage: {STAGES[self.running]}")
        self.started = time.monotonic()

    def __exit__(self, *_):
        self.seconds[self.running] = round(time.monotonic() - self.started, 2)
