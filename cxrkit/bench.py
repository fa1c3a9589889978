"""Benchmark of this machine: how fast it trains, and what it waits for; every figure from one run, on the user's own films.

The limit is a network's bare training step on one batch that never changes (the way timm's benchmark
measures it: https://github.com/huggingface/pytorch-image-models, benchmark.py); what the loaders and the
training loop reach is told as a share of it.
"""

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
from fastai.learner import Callback
from fastai.torch_core import set_seed

from cxrkit import environment
from cxrkit.config import Experiment, short_name
from cxrkit.data import images, pixels, sources, tree
from cxrkit.data import manifest as manifests
from cxrkit.evaluation import study
from cxrkit.progress import say, table
from cxrkit.training import loaders, recipe
from cxrkit.training.precision import Numerics

WORKERS = 2
"""Decoding processes of the `files` loader, as on the two processors that Kaggle gave in 2020."""
SECONDS = 8
"""Each measurement goes on for about so long."""
STAGES_OF = {"paper": 1, "rigorous": 10}
"""Seeds of the experiments whose duration is estimated."""


def run(experiment: Experiment, out: Path | str) -> dict:
    """Measure everything on the experiment's films and image size; return the content of bench.json.

    out: the folder for what is made on the way. Raises BadInput as a run on the same data would.
    """
    out = Path(out)
    wanted = sources.parse_all(experiment.data, drawn_at=out / "phantoms")
    manifest = manifests.build(wanted, experiment, out / "pixels")
    locate = sources.locator(manifests.roots_of(wanted))
    device = environment.choose_device().value
    how = Numerics.choose(experiment.precision, device)
    say(f"{len(manifest.used)} films at {experiment.image_size} px on {device}, batches of {experiment.batch_size}; {how}")
    content = {
        "conditions": _conditions(experiment, manifest.used, device, how),
        "cache": _cache(manifest.used, locate, experiment.image_size, out, experiment.resize),
    }
    films = pixels.load(manifest, locate, experiment.image_size, out / "pixels", resize=experiment.resize)
    tree.build(manifest, locate, out / "tree")
    resident = loaders.resident(films, manifest.used, experiment.batch_size, device)
    settings = (experiment.image_size, experiment.batch_size, WORKERS, device, experiment.resize)
    files = loaders.from_files(out / "tree", tree.entries(manifest), *settings)
    content["loaders"] = {name: _loader_speed(made, device) for name, made in (("files", files), ("resident", resident))}
    content["networks"] = [_network(architecture, experiment, resident, device, how) for architecture in experiment.architectures]
    content["estimates"] = _estimates(content["networks"], resident)
    content["peak_memory_bytes"] = environment.peak_memory_bytes()
    return content


def _conditions(experiment, used, device, how):
    gpu = {"gpu": torch.cuda.get_device_name(), "gpus": torch.cuda.device_count()} if device == "cuda" else {}
    chosen = {"precision": how.precision.value, "layout": how.layout.value, "threads": torch.get_num_threads()}
    size = {"image_size": experiment.image_size, "batch_size": experiment.batch_size, "films": len(used)}
    return size | {"device": device} | gpu | chosen | environment.describe()


def _cache(used, locate, size, out, resize):
    """Films a second: one loop over Pillow, the cache's first build, and the seconds of a start that finds it whole."""
    started = time.monotonic()
    for record in used:
        images.square(images.open_grey(locate(record)), size, resize)
    loop = time.monotonic() - started
    with tempfile.TemporaryDirectory(dir=out) as folder:
        build, again = (_seconds(lambda: pixels.load(used, locate, size, folder, resize=resize)) for _ in range(2))
    return {"films": len(used), "loop_per_second": len(used) / loop, "build_per_second": len(used) / build, "second_start_seconds": again}


def _seconds(function):
    started = time.monotonic()
    function()
    return time.monotonic() - started


def _wait_for(device):
    if device == "cuda":
        torch.cuda.synchronize()


def _repeat(step, device):
    """Seconds of one call of step(), on average over about SECONDS, after one that warms up."""
    step()
    _wait_for(device)
    count, started = 0, time.monotonic()
    while time.monotonic() - started < SECONDS or count < 2:
        step()
        _wait_for(device)
        count += 1
    return (time.monotonic() - started) / count


def _loader_speed(made, device):
    """Images a second that a training loader gives, ready for a network; whole epochs, for workers take time to start."""

    def epoch():
        for _ in made.train:
            pass

    return len(made.train) * made.train.bs / _repeat(epoch, device)


def _network(architecture, experiment, made, device, how):
    """Images a second of the bare step and of the training loop, with all layers trained, and what the loop waited for."""
    learner = recipe.make_learner(
        recipe.Job(architecture, 0), made, replace(experiment, pretrained=False), tempfile.gettempdir(), how.callbacks(device)
    )
    learner.unfreeze()
    timed = Timed(device)
    learner.fit(1, experiment.learning_rate, cbs=timed)  # warms up, and leaves the optimizer
    bare = _bare_step(learner, made, device, how)
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    learner.fit(1, experiment.learning_rate, cbs=timed)
    images_a_step = made.train.bs
    found = {
        "architecture": architecture,
        "bare_per_second": images_a_step / bare,
        "loop_per_second": images_a_step * len(made.train) / timed.train_seconds,
        "loop_over_bare": timed.train_seconds / len(made.train) / bare,
        "waited_share": timed.waited / timed.train_seconds,
        "valid_per_second": len(made.valid.items) / timed.valid_seconds,
        "peak_gpu_bytes": torch.cuda.max_memory_allocated() if device == "cuda" else None,
    }
    say(f"{architecture}: {found['loop_per_second']:.1f} images/s of {found['bare_per_second']:.1f}")
    return found


def _bare_step(learner, made, device, how):
    """Seconds of forward, backward and optimizer on one batch that never changes, with the learner's own optimizer."""
    set_seed(0)
    x, y = (value.as_subclass(torch.Tensor) for value in made.train.one_batch())
    model, optimizer = learner.model.train(), learner.opt
    scaler = torch.amp.GradScaler(device, enabled=how.precision.value == "float16")
    cast = torch.autocast(device, getattr(torch, how.precision.value), enabled=how.precision.value != "float32")

    def step():
        with cast:
            loss = torch.nn.functional.cross_entropy(model(x).float(), y)
        scaler.scale(loss).backward()
        optimizer.step()
        optimizer.zero_grad()

    return _repeat(step, device)


class Timed(Callback):
    """Seconds of the training part of an epoch, of its wait for batches, and of its validation part."""

    order = 70

    def __init__(self, device):
        self.device = device

    def _now(self):
        _wait_for(self.device)
        return time.monotonic()

    def before_train(self):
        self.waited, self.started = 0, self._now()
        self.asked = self.started

    def before_batch(self):
        if self.training:
            self.waited += time.monotonic() - self.asked

    def after_batch(self):
        if self.training:
            self.asked = time.monotonic()

    def after_train(self):
        self.train_seconds = self._now() - self.started

    def before_validate(self):
        self.started = self._now()

    def after_validate(self):
        self.valid_seconds = self._now() - self.started


def _estimates(networks, made):
    """Seconds of the study's protocol (8 epochs of each network and its learning-rate finder) on these films at this size."""
    train, valid = len(made.train) * made.train.bs, len(made.valid.items)
    finder = 100 * made.train.bs
    one_seed = sum((8 * train + finder) / n["loop_per_second"] + 8 * valid / n["valid_per_second"] for n in networks)
    return {name: {"seeds": seeds, "networks": len(networks), "seconds": seeds * one_seed} for name, seeds in STAGES_OF.items()}


def name(content):
    """The file name that says what the figures were measured under."""
    at = content["conditions"]
    device = at.get("gpu", f"cpu{at['processors']}").lower().replace(" ", "-")
    return f"bench-{device}-{at['precision']}-{at['layout']}-{at['image_size']}px-bs{at['batch_size']}-torch{at['versions']['torch'].split('+')[0]}.json"


def text(content):
    """The figures as tables."""
    cache, speed, estimates = content["cache"], content["loaders"], content["estimates"]
    seconds = {name: "{}-{}".format(*between) for name, between in study.seconds_per_epoch().items()}
    rows = [
        [
            short_name(n["architecture"]),
            f"{n['bare_per_second']:.1f}",
            f"{n['loop_per_second']:.1f}",
            f"{n['loop_over_bare']:.3f}",
            f"{n['waited_share']:.1%}",
            "" if n["peak_gpu_bytes"] is None else f"{n['peak_gpu_bytes'] / 1e9:.2f}",
            seconds.get(n["architecture"], ""),
        ]
        for n in content["networks"]
    ]
    header = ["network", "step, images/s", "loop, images/s", "loop / step", "waited", "GPU GB", "study, s/epoch"]
    lines = [
        f"pixel cache: {cache['build_per_second']:.0f} films/s, {cache['build_per_second'] / cache['loop_per_second']:.2f} times a loop over Pillow; a second start: {cache['second_start_seconds']:.2f} s",
        f"loaders: files with {WORKERS} workers {speed['files']:.0f} images/s, resident {speed['resident']:.0f} images/s, {speed['resident'] / speed['files']:.1f} times as many",
        "",
        table(rows, header, right=header[1:]),
        "",
        *(
            f"{name} ({e['seeds']} x {e['networks']} networks, 8 epochs each) at this size: about {e['seconds'] / 60:.0f} minutes"
            for name, e in estimates.items()
        ),
    ]
    return "\n".join(lines)
