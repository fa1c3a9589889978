"""The bench as a whole: films found, everything measured at each image size, estimates drawn from it (bench.json)."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from cxrkit import environment
from cxrkit.bench import loading
from cxrkit.bench.loading import Films
from cxrkit.bench.processes import Executor
from cxrkit.bench.rounds import FULL, DeviceTimer, Effort, Timer
from cxrkit.bench.size import Size
from cxrkit.bench.values import VERSION, Bench, Conditions
from cxrkit.config import Experiment
from cxrkit.data import manifest as manifests
from cxrkit.data import sources
from cxrkit.environment import Choice
from cxrkit.progress import say
from cxrkit.results import DRAWN
from cxrkit.schema import Bundle
from cxrkit.training.executors import Processes


def run(
    experiment: Experiment,
    sizes: Sequence[int],
    out: Path,
    effort: Effort = FULL,
    timer: Timer | None = None,
    executor: Executor | None = None,
) -> Bench:
    """Measure everything on the experiment's films at these image sizes.

    out: the folder for what is made on the way. timer, executor: a test's. Raises BadInput as a run on the same data would, and
    WrongUse where a network trains nothing in the number format.
    """
    wanted = sources.parse_all(experiment.data, drawn_at=out / "phantoms")
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    manifest = manifests.build(wanted, experiment, out / "pixels")
    films = Films(manifest, sources.locator(manifests.roots_of(wanted)), out)
    device = environment.choose_device()
    experiment = replace(experiment, parallel="jobs", batch_size=min(experiment.batch_size, effort.batch))
    conditions = _conditions(films, device, busy, effort)
    say(f"{conditions.used} films on {device}, batches of {experiment.batch_size}, at {' and '.join(map(str, sizes))} px")
    timer, executor = timer or DeviceTimer(device.value), executor or Processes()
    decoding = loading.cache(films, replace(experiment, image_size=sizes[0]), timer, effort.rounds, effort.films)
    benches = [Size(replace(experiment, image_size=size), films, device, effort, timer, executor) for size in sizes]
    server = benches[0].trainings.start_seconds(experiment.architectures[0])
    return Bench(VERSION, conditions, decoding, server, [each.measure() for each in benches], environment.peak_memory_bytes())


def _conditions(films: Films, device: Choice, busy: float | None, effort: Effort) -> Conditions:
    cuda, used = device.value == "cuda", films.manifest.used
    return Conditions(
        device=device,
        gpu=torch.cuda.get_device_name() if cuda else "",
        gpus=torch.cuda.device_count() if cuda else 0,
        threads=torch.get_num_threads(),
        busy=busy,
        films="phantom" if all(record.collected == DRAWN for record in used) else "films",
        used=len(used),
        train=films.count("train"),
        valid=films.count("valid"),
        quick=effort.quick,
        bundle=Bundle(**environment.bundle_identity()),
        **environment.describe(),
    )
