"""fastai DataLoaders of the films: from the pixel cache, resident on the device, or file by file as fastai does."""

import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from fastai.data.core import Datasets, TfmdDL
from fastai.data.transforms import Categorize, IntToFloatTensor, Normalize, ToTensor
from fastai.torch_core import TensorCategory, TensorImage, TensorImageBW
from fastai.vision.augment import AffineCoordTfm, Flip, Resize, ResizeMethod, Zoom, affine_mat, mask_tensor
from fastai.vision.core import PILImage, PILImageBW, imagenet_stats
from fasttransform import Transform
from torch.nn.functional import grid_sample

from cxrkit import environment
from cxrkit.data.images import open_grey
from cxrkit.data.pixels import Pixels
from cxrkit.data.records import LABELS, SPLITS, Record
from cxrkit.data.tree import entries as tree_entries
from cxrkit.environment import Choice

MAX_ZOOM = 1.1
MAX_STRETCH = 1.1
SHARE_OF_FREE_MEMORY = 0.3
"""Of the device's free memory, what the films may take: the rest is the networks'."""


class ChestFilm(PILImage):
    """A film as fastai sees it: grey, on three equal channels, for the networks' weights want three."""

    @classmethod
    def create(cls, path, **_):
        return cls(open_grey(path).convert("RGB"))


class MiddleCrop(Resize):
    """fastai's Resize by cropping, in the middle for training films, too, for the pixel cache holds one square of each film."""

    def before_call(self, b, split_idx):
        self.pcts = (0.5, 0.5)


def stretch_matrix(x, max_stretch=MAX_STRETCH, p=0.5):
    """Affine matrices, batch x 3 x 3, that stretch a share p of the images along one axis by up to max_stretch."""
    stretched = mask_tensor(x.new_empty(x.size(0)).uniform_(1 / max_stretch, max_stretch), p=p, neutral=1.0)
    zero, one = x.new_zeros(x.size(0)), x.new_ones(x.size(0))
    return affine_mat(stretched, zero, zero, zero, one, zero)


def augmentations():
    """The study's augmentations as fastai batch transforms: horizontal flip, scaling, stretching."""
    flip, zoom, stretch = Flip(p=0.5), Zoom(max_zoom=MAX_ZOOM, p=0.5), AffineCoordTfm(aff_fs=stretch_matrix)
    return [flip.compose(zoom) or flip.compose(stretch) or flip]


class AxisAligned(AffineCoordTfm):
    """fastai's affine transform for matrices that neither turn nor shear: the same numbers, with a grid made of two lines.

    Films that are held out stay as they are, where fastai would resample them in place.
    """

    def encodes(self, x: TensorImage):
        if self.split_idx:
            return x
        mat, (height, width) = self.mat.as_subclass(torch.Tensor), x.shape[-2:]
        across = mat[:, 0, 0, None] * torch.linspace(-1, 1, width, device=x.device) + mat[:, 0, 2, None]
        along = mat[:, 1, 1, None] * torch.linspace(-1, 1, height, device=x.device) + mat[:, 1, 2, None]
        square = (len(x), height, width)
        grid = torch.stack((across[:, None].expand(square), along[:, :, None].expand(square)), -1)
        found = grid_sample(x.as_subclass(torch.Tensor), grid, mode="bilinear", padding_mode="reflection", align_corners=True)
        return found.as_subclass(type(x))


class Normalised(Normalize):
    """fastai's Normalize from grey to three channels in the network's own memory layout, in one pass over the memory."""

    layout = torch.contiguous_format

    def encodes(self, x: TensorImage):
        grey, factor = x.as_subclass(torch.Tensor), 1 / self.std
        found = torch.empty((len(grey), 3, *grey.shape[2:]), dtype=grey.dtype, device=grey.device, memory_format=self.layout)
        return torch.mul(grey, factor, out=found).sub_(self.mean * factor).as_subclass(type(x))


@dataclass(frozen=True)
class TrainingFilms:
    """The films of a training as a value that travels to another process.

    records: the used ones. pixels: their squares, None for the `files` loader. entries: the planned entries of the tree
    below `tree`, {relative path: Record}, empty for the resident one. placement: where films lie during training, with the
    reason. workers: processes that decode files.
    """

    records: tuple[Record, ...]
    placement: Choice
    pixels: Pixels | None = None
    tree: Path = Path()
    entries: Mapping[str, Record] = field(default_factory=dict)
    workers: int = 0

    def loaders(self, experiment, device, layout="contiguous"):
        """Fresh fastai DataLoaders on a device, whose batches have the memory layout that is named."""
        if self.pixels is None:
            settings = (experiment.image_size, experiment.batch_size, self.workers, device, experiment.resize)
            return from_files(self.tree, self.entries, *settings)
        store = Store(self.pixels, [record.image_id for record in self.records], device, self.placement)
        return resident(self.pixels, self.records, experiment.batch_size, device, store, layout)


def films_for(experiment, manifest, films, tree, device, trainings=1):
    """The TrainingFilms of a run, for the experiment's `loader`.

    manifest: a data.manifest.Manifest; films: its Pixels; tree: the tree's folder; device: "cpu" or "cuda"; trainings: how many
    hold films on one device at the same time.
    """
    if experiment.loader == "resident":
        return of_pixels(films, manifest.used, device, trainings)
    entries = tree_entries(manifest)
    workers = environment.choose_workers(experiment.workers, len(entries), device)
    placement = Choice("files", f"{workers.value} decoding processes: {workers.reason}")
    return TrainingFilms(tuple(manifest.used), placement, None, Path(tree), entries, workers.value)


def of_pixels(pixels, records, device, trainings=1):
    """The TrainingFilms of squares that are at hand. pixels: a data.pixels.Pixels; records: those of the manifest."""
    used = tuple(record for record in records if record.used)
    return TrainingFilms(used, placement(len(used) * pixels.size**2, device, trainings), pixels)


def from_files(tree, entries, image_size, batch_size, workers, device, resize="squish", pinned=False):
    """DataLoaders over train, valid and, where there is one, test, which decode each file anew at each use: fastai's ordinary way.

    tree: the tree's folder; entries: its planned entries, {relative path: Record}. Items are image ids.
    Images come as image_size x image_size, the film made a square as `resize` says, see images.square, in batches of
    batch_size (all of train where it is smaller); classes are numbered as in LABELS, COVID-19 first.
    pinned: whether batches come in page-locked memory, which goes to a GPU faster.
    """
    path_of = {record.image_id: tree / relative for relative, record in entries.items()}
    squared = MiddleCrop(image_size) if resize == "crop" else Resize(image_size, method=ResizeMethod.Squish)
    item = [squared, ToTensor]
    batch = [IntToFloatTensor, *augmentations(), Normalize.from_stats(*imagenet_stats)]
    return _make(
        entries.values(),
        [Lookup(path_of), ChestFilm.create],
        TfmdDL,
        batch_size,
        device,
        num_workers=workers,
        pin_memory=pinned,
        after_item=item,
        after_batch=batch,
    )


def resident(pixels, records, batch_size, device, store=None, layout="contiguous"):
    """The same DataLoaders, with the films as bytes on the device or in a file, augmented on the device a batch at a time.

    pixels: a cxrkit.data.pixels.Pixels; records: those of the manifest; store: a Store of the pixels, made here
    where it is not given; layout: of the batches, "contiguous" or "channels_last".
    Batches, their order and their augmentation are those of from_files on the same seeds; grey goes to three
    channels last, when it is normalised.
    """
    used = [record for record in records if record.used]
    store = store or Store(pixels, [record.image_id for record in used], device)
    normalised = Normalised.from_stats(*imagenet_stats)
    normalised.layout = torch.channels_last if layout == "channels_last" else torch.contiguous_format
    batch = [IntToFloatTensor, *(AxisAligned(aff_fs=tfm.aff_fs) for tfm in augmentations()), normalised]
    return _make(used, [Cached(store)], Resident, batch_size, device, num_workers=0, after_item=[ToTensor], after_batch=batch)


def _make(records, open_film, dl_type, batch_size, device, **options):
    of_split = [[record.image_id for record in records if record.split == split] for split in SPLITS if split]
    of_split = [sorted(ids) for ids in of_split if ids]
    ends = np.cumsum([0, *map(len, of_split)])
    label_of = {record.image_id: record.label for record in records}
    sets = Datasets(
        [image_id for ids in of_split for image_id in ids],
        [open_film, [Lookup(label_of), Categorize(vocab=list(LABELS), sort=False)]],
        splits=[range(start, end) for start, end in zip(ends, ends[1:])],
    )
    return sets.dataloaders(bs=min(batch_size, len(of_split[0])), dl_type=dl_type, device=torch.device(device), **options)


def placement(size, device, trainings=1):
    """Where `size` bytes of films lie during training, as a Choice: "device", "host" or "file"; device: "nodes" for a cluster's.

    On the host all trainings of a machine read one file through the system's page cache, so the films fill memory once;
    "file" says that they are too large for it, so that they stream. trainings: how many copies a GPU has to hold.
    """
    megabytes = f"{size / 1e6:.0f} MB of films"
    if device == "nodes":
        return Choice("host", f"{megabytes}, which go to each node once")
    if torch.device(device).type == "cuda":
        free = torch.cuda.mem_get_info(device)[0]
        if size * trainings <= SHARE_OF_FREE_MEMORY * free:
            return Choice("device", f"{megabytes} for each of {trainings}, {free / 1e9:.1f} GB free on the GPU")
    free = environment.free_memory_bytes()
    if free is None or size <= SHARE_OF_FREE_MEMORY * free:
        return Choice("host", f"{megabytes}, shared by all trainings" + (f", {free / 1e9:.1f} GB of memory free" if free else ""))
    return Choice("file", f"{megabytes} are much for {free / 1e9:.1f} GB of free memory: they stream from the cache file")


class Store:
    """The bytes of the films where training takes them from."""

    def __init__(self, pixels, image_ids, device, place=None):
        """place: a Choice as of placement(), which decides where it is not given."""
        self.device = torch.device(device)
        self.place = place or placement(len(image_ids) * pixels.size**2, device)
        if self.place.value == "device":
            self.images = torch.from_numpy(pixels.of(image_ids)).to(self.device)
            self.rows = {image_id: row for row, image_id in enumerate(image_ids)}
        else:
            self.images, self.rows = pixels.images, pixels.rows

    def rows_of(self, image_ids):
        """Where these films lie in the store, int64 [n], on the device of the store's images."""
        rows = torch.tensor([self.rows[image_id] for image_id in image_ids])
        return rows.to(self.device) if self.place.value == "device" else rows

    def take(self, rows):
        """The films of these rows as grey bytes on the device, uint8 [n, 1, size, size]."""
        if self.place.value == "device":
            return self.images[rows][:, None]
        found = torch.from_numpy(self.images[rows.numpy()])
        if self.device.type == "cuda":  # page-locked memory goes to a GPU while that computes
            found = found.pin_memory()
        return found.to(self.device, non_blocking=True)[:, None]


class Lookup(Transform):
    """From an image id to what a table says of it."""

    def __init__(self, table):
        self.table = table

    def encodes(self, image_id: str):
        return self.table[image_id]


class Cached(Transform):
    """From an image id to its film in a Store, one at a time, for whatever asks a data set and not a loader."""

    def __init__(self, store):
        self.store = store

    def encodes(self, image_id: str):
        return PILImageBW.create(self.store.take(self.store.rows_of([image_id]))[0, 0].cpu().numpy())


class Resident(TfmdDL):
    """A TfmdDL that takes whole batches out of the Store of its data set.

    shard: (rank, processes), where several processes share each batch.
    """

    shard = (0, 1)

    @cached_property
    def labels(self):
        """The categories of all films, or None for a loader of films alone (fastai's test_dl)."""
        if len(self.dataset.tls) == 1:
            return None
        return torch.tensor([int(category) for category in self.dataset.tls[1]], device=self.device)

    @cached_property
    def rows(self):
        """Where the films lie in the store, in the order of the data set."""
        films = self.dataset.tls[0]
        return films.tfms[0].store.rows_of(films.items)

    def create_batches(self, samps):
        """The batches of an epoch, whose order goes to the device once. What the device does not hold is read ahead."""
        store = self.dataset.tls[0].tfms[0].store
        order = torch.tensor(list(samps))
        rows = self.rows[order.to(self.rows.device)]
        labels = None if self.labels is None else self.labels[order.to(self.device)]
        rank, processes = self.shard
        end = len(order) - len(order) % self.bs if self.drop_last else len(order)

        def batches():
            for start in range(0, end, self.bs):
                part = slice(start + rank, min(start + self.bs, end), processes)
                images = TensorImageBW(store.take(rows[part]))
                yield (images,) if labels is None else (images, TensorCategory(labels[part]))

        place = store.place.value
        return ahead(batches()) if place == "file" or (place == "host" and self.device.type == "cuda") else batches()


def ahead(items, depth=2):
    """Yield the items, which a thread makes while the last one is in use; `depth` of them wait at the most."""
    waiting, end, stopped = queue.Queue(depth), object(), threading.Event()

    def put(item):
        while not stopped.is_set():
            try:
                return waiting.put(item, timeout=0.1)
            except queue.Full:
                continue

    def make():
        try:
            for item in items:
                if stopped.is_set():
                    return
                put((item, None))
            put((end, None))
        except BaseException as error:  # is raised where the items are used
            put((end, error))

    threading.Thread(target=make, daemon=True).start()
    try:
        while True:
            item, error = waiting.get()
            if error is not None:
                raise error
            if item is end:
                return
            yield item
    finally:
        stopped.set()
