"""Films on their way to a network: decoded once into the cache, and given in batches, resident or file by file."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from cxrkit import environment
from cxrkit.bench.rounds import Timer, interleaved, timed
from cxrkit.bench.values import Cache, Loading, measured, rate, ratio
from cxrkit.config import Experiment
from cxrkit.data import images, pixels, tree
from cxrkit.data.cache import Locate
from cxrkit.data.manifest import Manifest
from cxrkit.data.pixels import Pixels
from cxrkit.data.records import Record
from cxrkit.training import loaders


@dataclass(frozen=True)
class Films:
    """The films that are measured with. locate: from a record to its file; folder: for what is made on the way."""

    manifest: Manifest
    locate: Locate
    folder: Path

    def pixels(self, experiment: Experiment) -> Pixels:
        """All used films as squares, from the cache."""
        return pixels.load(self.manifest, self.locate, experiment.image_size, self.folder / "pixels")

    def some(self, train: int, valid: int) -> list[Record]:
        """So many films to train on and to validate on where there are as many, evenly out of all, class after class: two or more
        hold both classes."""
        return [*_evenly(self._of("train"), train), *_evenly(self._of("valid"), valid)]

    def count(self, split: str) -> int:
        return len(self._of(split))

    def _of(self, split: str) -> list[Record]:
        return sorted((record for record in self.manifest.used if record.split == split), key=lambda record: record.label)


def _evenly(records: Sequence[Record], count: int) -> list[Record]:
    return [records[len(records) * index // count] for index in range(count)] if count < len(records) else list(records)


def cache(films: Films, experiment: Experiment, timer: Timer, rounds: int, count: int) -> Cache:
    """The cache's first build against a loop over Pillow, on `count` films, and a start that finds it whole."""
    used = _evenly(films.manifest.used, count)

    def loop() -> None:
        for record in used:
            images.square(images.open_grey(films.locate(record)), experiment.image_size)

    again = []

    def build() -> float:
        with tempfile.TemporaryDirectory(dir=films.folder) as folder:
            first, second = (timed(lambda: pixels.load(used, films.locate, experiment.image_size, folder), timer) for _ in range(2))
        again.append(second)
        return first

    looped, built = interleaved([lambda: timed(loop, timer), build], rounds)
    return Cache(len(used), rate(len(used), looped, "films/s"), rate(len(used), built, "films/s"), measured(again, "s"))


def loading(
    films: Films, squares: Pixels, experiment: Experiment, device: str, layout: str, timer: Timer, rounds: int, count: int
) -> Loading:
    """The kit's resident loader against fastai's, as a good user of fastai sets it up, over about `count` films an epoch."""
    used = Manifest(tuple(films.some(count, 0)))
    entries, root, workers = tree.entries(used), films.folder / "tree", environment.processors()
    tree.build(used, films.locate, root)
    settings = (experiment.image_size, experiment.batch_size, workers, device, experiment.resize)
    slow = loaders.from_files(root, entries, *settings, pinned=torch.device(device).type == "cuda")
    quick = loaders.of_pixels(squares, used.used, device).loaders(experiment, device, layout)
    given = len(slow.train) * slow.train.bs

    def epoch(loader: Any) -> float:
        def work() -> None:
            for _ in loader:
                pass

        return timed(work, timer)

    epoch(slow.train)
    from_files, resident = interleaved([lambda: epoch(slow.train), lambda: epoch(quick.train)], rounds)
    return Loading(
        given,
        workers,
        slow.train.pin_memory,
        rate(given, from_files, "films/s"),
        rate(given, resident, "films/s"),
        ratio(from_files, resident),
    )
