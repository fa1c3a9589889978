"""gpu-check: what is asked of a machine, in which order, and what each answer means."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch
from torch import distributed

from cxrkit import config, environment
from cxrkit.columns import FROZEN, UNFROZEN
from cxrkit.environment import Choice
from cxrkit.files import write_json
from cxrkit.gpu_check import scene, trainings
from cxrkit.gpu_check.asking import UNHEARD, Heard, ask
from cxrkit.gpu_check.rows import FAILED, Figure, Row, broken, failed, impossible, judged
from cxrkit.gpu_check.scene import LAYOUTS, LOADERS, Repeatable
from cxrkit.gpu_check.steps import Compared, Comparison, Given, compared
from cxrkit.gpu_check.trainings import Gradients, Left, Named, Probabilities, Statistics
from cxrkit.progress import Meter
from cxrkit.training.distributed import Meeting
from cxrkit.training.executors import Task
from cxrkit.training.precision import Numerics
from cxrkit.training.stages import Past

MINUTES = {"cpu": 20.0, "cuda": 5.0}
"""After so long nothing more is begun or waited for. About three are expected of a machine with a GPU."""
SHORT_MINUTES = 2.0
STEPS_MOST = {"float32": (2e-3, 0.02), "float32 with TF32": (0.05, 0.12), "float16": (0.05, 0.12), "bfloat16": (0.2, 0.5)}
"""The largest difference of losses, and of outputs in shares of their spread, that passes. On a processor float32 in another layout,
which sums in another order, differed by up to 1.1e-4 and .0027 over four networks and three seeds; bfloat16, which keeps 8 bits, by
.07 and .20; float16, which keeps 11 bits as TF32 does, by .002 and .015 for ResNet34. A network that computes something else differs by 1
and more: the loss itself falls by .6 to 1.2."""
PIXELS_MOST = 1e-5
"""Of normalised pixels, which are one product and one difference; those that are augmented are weighed with four neighbours."""
AUGMENTED_MOST = 2e-3
SAME_MOST = 1e-3
"""Of a probability, between trainings that should give the same: 0 on a processor, and on a GPU where each operation has a kernel
that repeats itself."""
PREDICTED_MOST = 1e-3
"""Of a probability, between a GPU in full float32 and the processor, by the same weights."""
NORMED_MOST = 1e-3
GRADIENTS_MOST = 1e-3
"""Of shared gradients, in shares of their norm: sums in another order differ by 1e-5; batch norm over half a batch by .6 and more."""

FILE = "gpu-check.json"
SMALL = "resnet34"
SKIPPED = "steps that overflowed"
REMEDIES = {
    "loader": "use another one: --loader files, or --loader resident",
    "steps": "try --precision float32; what fails there too cannot be trained on this device: choose another, or --cpu",
    "save, load, resume": "do not go on from a stopped training here: give each run a new --out",
    "saved weights": "let predictions be made on processors from models/, and do not trust the tables of this machine",
    "precise batch norm": "use --no-precise-batch-norm",
    "out of memory, then the next": "use --jobs-at-once 1 and a smaller --batch-size, and look at failed.json",
    "two at once": "use --jobs-at-once 1",
    "all GPUs at once": "show a run one GPU: CUDA_VISIBLE_DEVICES=0",
    "one network on all GPUs": "use --parallel jobs",
}


@dataclass(frozen=True)
class Plan:
    """What is asked. device: "cpu" or "cuda"; devices: torch's names; networks; formats: as of scene.formats, those that are asked;
    layouts; at_once: processes at a time, each of `threads`; end: as of time.monotonic()."""

    device: str
    devices: list[str]
    networks: tuple[str, ...]
    formats: dict[str, tuple[str, bool] | str]
    layouts: tuple[str, ...]
    short: bool
    at_once: int
    threads: int
    end: float
    chosen: Numerics = field(repr=False)


def run(device: Choice, minutes: float, short: bool = False, precision: str = "auto") -> dict:
    """Check this machine; the content of gpu-check.json, whose "rows" are Row values.

    device: as of environment.choose_device(); precision: the experiment's, of which `short` asks alone. Raises WrongUse for a number
    format that the device cannot train in.
    """
    started = time.monotonic()
    plan = planned(device.value, started + 60 * minutes, short, precision)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder, Meter("gpu-check", None, "processes") as meter:
        films = scene.draw(Path(folder), scene.SIDE[plan.device])
        rows += guarded("steps", of_steps(plan, films, meter.advance))
        rows += guarded("save, load, resume", of_trainings(plan, films, meter.advance))
    return {"conditions": conditions(plan, device), "rows": rows, "seconds": time.monotonic() - started}


def guarded(check: str, rows: Iterator[Row]) -> Iterator[Row]:
    """The rows; where making them raises, a row that says so in place of the rest."""
    try:
        yield from rows
    except Exception as error:  # one broken check does not end the others
        yield broken(check, SMALL, f"{type(error).__name__}: {error}", REMEDIES[check])


def planned(kind: str, end: float, short: bool, precision: str) -> Plan:
    devices = ["cpu"] if kind == "cpu" else [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    chosen = Numerics.choose(precision, devices[0], scene.SIDE[kind])
    formats = scene.formats(devices[0])
    if short:
        formats = {"chosen": (chosen.precision.value, chosen.tf32.value)}
    processors = environment.processors()
    at_once = min(2 * len(devices), processors) if kind == "cuda" else processors
    networks = (SMALL,) if short else config.ARCHITECTURES
    layouts = (chosen.layout.value,) if short else LAYOUTS
    return Plan(kind, devices, networks, formats, layouts, short, at_once, max(1, processors // at_once), end, chosen)


def conditions(plan: Plan, device: Choice) -> dict:
    gpus = [torch.cuda.get_device_name(name) for name in plan.devices] if plan.device == "cuda" else []
    size = {"image_size": scene.SIDE[plan.device], "batch_size": scene.BATCH, "steps": scene.STEPS}
    return {"device": asdict(device), "gpus": gpus, "short": plan.short, "chosen": asdict(plan.chosen)} | size | environment.describe()


def of_steps(plan, films, done) -> Iterator[Row]:
    """Each loader, and each network by each loader in each number format and layout."""
    asked = [(name, value) for name, value in plan.formats.items() if not isinstance(value, str)]
    ways = [(name, layout, scene.numerics(value[0], layout, value[1], plan.device)) for name, value in asked for layout in plan.layouts]
    waiting = {}
    for network in plan.networks:
        for number, loader in enumerate(LOADERS):
            waiting[Named(network, number, loader)] = list(ways)
            for name, reason in plan.formats.items():
                if isinstance(reason, str):
                    yield impossible("steps", f"{network}, {loader}, {name}", reason)
    first = True
    while waiting:
        tasks = [
            Comparison(
                job,
                scene.experiment(job.architecture, plan.device),
                films[job.label],
                plan.chosen,
                plan.devices[index % len(plan.devices)],
                plan.threads,
                variants=tuple(numerics for _, _, numerics in ways),
                given=first,
            )
            for index, (job, ways) in enumerate(waiting.items())
        ]
        left = {}
        for heard in ask(tasks, plan.at_once, plan.end, compared, done):
            job, ways = heard.task.job, waiting[heard.task.job]
            yield from _loader_row(heard, plan)
            told = heard.of(Compared)
            for (name, layout, _), result in zip(ways, told):
                yield of_one(job, name, layout, result, plan)
            if heard.error is not None and len(told) < len(ways):
                name, layout, _ = ways[len(told)]
                yield broken("steps", _way(job, name, layout), heard.error, REMEDIES["steps"])
                if ways[len(told) + 1 :]:  # a process that broke is no reason to ask no further
                    left[job] = ways[len(told) + 1 :]
        waiting, first = left, False


def _way(job, name, layout):
    return f"{job.architecture}, {job.label}, {name}, {layout}"


def _loader_row(heard, plan):
    if not heard.task.given:
        return
    what = f"{heard.task.job.label}, {heard.task.job.architecture}"
    for given in heard.of(Given)[:1]:
        figures = {"pixels": Figure(given.pixels, PIXELS_MOST), "augmented": Figure(given.augmented, AUGMENTED_MOST)}
        yield judged("loader", what, figures | {"wrong labels": Figure(given.labels, 0)}, REMEDIES["loader"])
    if not heard.of(Given):
        yield broken("loader", what, heard.error or "it gave nothing", REMEDIES["loader"])


def of_one(job: Named, name: str, layout: str, result: Compared, plan: Plan) -> Row:
    """The Row of one variant. name: of STEPS_MOST, or "chosen" for the format that a run chooses."""
    format_name = name if name in STEPS_MOST else plan.chosen.precision.value
    rounded = name == "chosen" and format_name == "float32" and plan.chosen.tf32.value
    loss, outputs = STEPS_MOST["float32 with TF32" if rounded else format_name]
    figures = {"loss": Figure(result.loss, loss), "outputs": Figure(result.outputs, outputs)}
    none_left = "each step's gradients overflowed" if result.skipped == scene.STEPS else ""
    facts = {SKIPPED: result.skipped} if result.skipped else {}
    shown = plan.chosen.precision.value if name == "chosen" else name
    return judged("steps", _way(job, shown, layout), figures, REMEDIES["steps"], facts, none_left)


def of_trainings(plan, films, done) -> Iterator[Row]:
    """Whole trainings of the smallest network, in the number format of a run, beside one that ran alone."""
    task = usual_task(plan, films)
    [alone] = ask([task], 1, plan.end, done=done)
    if alone.error is not None or UNFROZEN not in alone.stages():
        yield broken("save, load, resume", SMALL, alone.error or "it ended before its last stage", REMEDIES["steps"])
        for name in ("saved weights", "out of memory, then the next", "two at once"):
            yield impossible(name, SMALL, "the training alone failed")
        return
    yield from guarded("saved weights", _saved(plan, task, alone, done))
    yield from guarded("out of memory, then the next", of_memory(plan, task, alone, done))
    if not plan.short:
        yield from guarded("precise batch norm", _normed(plan, task, done))
        yield from guarded("two at once", _together(plan, task, alone, done))
        yield from guarded("one network on all GPUs", _shared(plan, task, done))


def usual_task(plan: Plan, films) -> Task:
    """The training that all others are compared with, in the number format of a run."""
    usual = plan.chosen
    numerics = Repeatable(usual.precision, usual.layout, usual.tf32, Choice(False, "so that numbers repeat"))
    job, experiment = Named(SMALL, 0, "alone"), scene.experiment(SMALL, plan.device)
    return Task(job, experiment, films[LOADERS[0]], numerics, plan.devices[0], plan.threads)


def _named(task, label, **changes):
    return replace(task, job=Named(task.job.architecture, task.job.seed, label), **changes)


def _same(check, what, heard, alone, plan):
    """The Row of a training that should have given what the one alone gave."""
    if heard.error is not None:
        return broken(check, what, heard.error, REMEDIES[check])
    expected = alone.stages()[UNFROZEN]
    figures = {"probability": Figure(_apart(heard.stages()[UNFROZEN].predictions, expected.predictions), SAME_MOST)}
    if (finder := heard.finder()) is not None:
        figures["finder's rate, ratio less 1"] = Figure(abs(finder.chosen / alone.finder().chosen - 1), SAME_MOST)
    skipped = sum(stage.skipped_steps for stage in heard.stages().values())
    return judged(check, what, figures, REMEDIES[check], {"seconds": round(heard.seconds, 1)} | ({SKIPPED: skipped} if skipped else {}))


def _apart(predictions, others):
    beside = dict(others)
    return max(abs(p - beside[image_id]) for image_id, p in dict(predictions).items())


def _saved(plan, task, alone: Heard, done):
    frozen = alone.stages()[FROZEN].weights
    resumed = [
        _named(task, "after its first stage", past=Past(frozen)),
        _named(task, "after its finder", past=Past(frozen, alone.finder())),
    ]
    for heard in ask(resumed[: 1 if plan.short else 2], plan.at_once, plan.end, done=done):
        yield _same("save, load, resume", f"{SMALL}, {heard.task.job.label}", heard, alone, plan)
    last = alone.stages()[UNFROZEN]
    [heard] = ask([_named(task, "asked", device="cpu", past=Past(last.weights))], 1, plan.end, trainings.asked, done)
    what = f"{SMALL}, of {plan.devices[0]} on the processor"
    if heard.error is not None:
        yield broken("saved weights", what, heard.error, REMEDIES["saved weights"])
        return
    apart = _apart(last.predictions, heard.of(Probabilities)[0].of.items())
    yield judged("saved weights", what, {"probability": Figure(apart, PREDICTED_MOST)}, REMEDIES["saved weights"])


def of_memory(plan, task, alone, done):
    """A training in which memory runs out, and the next one in its place."""
    check = "out of memory, then the next"
    for where in ("forward",) if plan.short else ("forward", "backward"):
        what = f"{SMALL}, in the {where} pass"
        [heard] = ask([_named(task, f"memory ends {where}")], 1, plan.end, trainings.failing(where), done)
        left = heard.of(Left)
        if heard.error is None or "--batch-size" not in heard.error or not left:
            yield broken(check, what, f"the planted error was not told as one of memory: {heard.error}", REMEDIES[check])
            continue
        [after] = ask([_named(task, f"after {where}")], 1, plan.end, done=done)
        row = _same(check, what, after, alone, plan)
        yield replace(row, facts=row.facts | {"autocast left": left[0].autocast})


def _normed(plan, task, done):
    check = "precise batch norm"
    [heard] = ask([_named(task, check)], 1, plan.end, trainings.normed, done)
    for told in heard.of(Statistics):
        fault = "" if told.restored else "the statistics from before did not come back"
        yield judged(check, SMALL, {"statistics": Figure(told.apart, _statistics_most(plan))}, REMEDIES[check], fault=fault)
    if not heard.of(Statistics):
        yield broken(check, SMALL, heard.error or "it told nothing", REMEDIES[check])


def _statistics_most(plan):
    return 10 * NORMED_MOST if plan.chosen.tf32.value else NORMED_MOST


def _together(plan, task, alone, done):
    """Trainings at the same time: two on one device, and one on each."""
    two = [_named(task, f"one of two: {number}") for number in (1, 2)]
    for heard in ask(two, 2, plan.end, done=done):
        row = _same("two at once", f"{SMALL}, {heard.task.job.label}", heard, alone, plan)
        yield replace(row, facts=row.facts | {"seconds alone": round(alone.seconds, 1)})
    if len(plan.devices) == 1:
        yield impossible("all GPUs at once", SMALL, f"there is one device, {plan.devices[0]}")
        return
    for heard in ask([_named(task, name, device=name) for name in plan.devices], len(plan.devices), plan.end, done=done):
        yield _same("all GPUs at once", f"{SMALL}, {heard.task.job.label}", heard, alone, plan)


def _shared(plan, task, done):
    """The gradients of one batch that the processes of a team share: one on each GPU, or two on the processor."""
    check = "one network on all GPUs"
    devices = plan.devices if plan.device == "cuda" else ["cpu", "cpu"]
    if len(devices) == 1:
        yield impossible(check, SMALL, "there is one GPU")
        return
    size = max(number for number in range(1, len(devices) + 1) if scene.BATCH % number == 0)
    store = distributed.TCPStore("127.0.0.1", 0, size, is_master=True, wait_for_workers=False)
    plain = scene.numerics("float32", "contiguous", False, plan.device)
    numerics = Repeatable(plain.precision, plain.layout, plain.tf32, plain.autotuning)
    tasks = [
        _named(task, f"process {rank}", device=device, numerics=numerics, meeting=Meeting("127.0.0.1", store.port, "gradients", rank, size))
        for rank, device in enumerate(devices[:size])
    ]
    for heard in ask(tasks, size, plan.end, trainings.shared, done):
        what = f"{SMALL}, {heard.task.job.label} of {size} on {heard.task.device}"
        for told in heard.of(Gradients):
            yield judged(check, what, {"gradients": Figure(told.apart, GRADIENTS_MOST)}, REMEDIES[check])
        if not heard.of(Gradients):
            yield broken(check, what, heard.error or "it told nothing", REMEDIES[check])


def cannot_train(rows: list[Row]) -> bool:
    """Whether every way of training was tried and failed; one that no time was left for was not tried."""
    made = [row for row in rows if row.check == "steps"]
    return bool(made) and all(row.state == FAILED and not row.reason.startswith(UNHEARD) for row in made)


def write(found: dict, folder: Path) -> Path:
    """Write what run() found as gpu-check.json into a folder; return the file."""
    path = folder / FILE
    write_json(path, found | {"rows": [asdict(row) for row in found["rows"]]})
    return path


def sentence(rows: list[Row]) -> str:
    return f"{len(failed(rows))} of {len(rows)} checks failed."
