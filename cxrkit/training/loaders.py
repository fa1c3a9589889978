"""fastai DataLoaders of the films: from the pixel cache, resident on the device, or file by file as fastai does."""

from functools import cached_property

import numpy as np
import torch
from fastai.data.core import Datasets, TfmdDL
from fastai.data.transforms import Categorize, IntToFloatTensor, Normalize, ToTensor
from fastai.torch_core import TensorCategory, TensorImage, TensorImageBW
from fastai.vision.augment import AffineCoordTfm, Flip, Resize, ResizeMethod, Zoom, affine_mat, mask_tensor
from fastai.vision.core import PILImage, PILImageBW, imagenet_stats
from fastcore.basics import chunked
from fasttransform import Transform
from torch.nn.functional import grid_sample

from cxrkit import environment
from cxrkit.data.images import open_grey
from cxrkit.data.records import LABELS, SPLITS
from cxrkit.data.tree import entries as tree_entries
from cxrkit.environment import Choice
from cxrkit.progress import announce

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
    """fastai's Normalize from grey to three channels, in one pass over the memory instead of two."""

    def encodes(self, x: TensorImage):
        factor = 1 / self.std
        return (x.as_subclass(torch.Tensor) * factor).sub_(self.mean * factor).as_subclass(type(x))


def maker(experiment, manifest, films, tree, device):
    """(make, placement): a function without arguments to fresh DataLoaders, and where the films are meanwhile, as a Choice.

    Which loaders: as the experiment's `loader` says. manifest: a data.manifest.Manifest; films: its Pixels; tree: the tree's folder.
    """
    if experiment.loader == "resident":
        store = Store(films, [record.image_id for record in manifest.used], device)
        announce(f"films during training: {store.place}")
        return lambda: resident(films, manifest.used, experiment.batch_size, device, store), store.place
    entries = tree_entries(manifest)
    workers = environment.choose_workers(experiment.workers, len(entries), device)
    announce(f"decoding processes: {workers}")
    placement = Choice("files", f"{workers.value} decoding processes: {workers.reason}")
    settings = (experiment.image_size, experiment.batch_size, workers.value, device, experiment.resize)
    return lambda: from_files(tree, entries, *settings), placement


def from_files(tree, entries, image_size, batch_size, workers, device, resize="squish"):
    """DataLoaders over train, valid and, where there is one, test, which decode each file anew at each use: fastai's ordinary way.

    tree: the tree's folder; entries: its planned entries, {relative path: Record}. Items are image ids.
    Images come as image_size x image_size, the film made a square as `resize` says, see images.square, in batches of
    batch_size (all of train where it is smaller); classes are numbered as in LABELS, COVID-19 first.
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
        after_item=item,
        after_batch=batch,
    )


def resident(pixels, records, batch_size, device, store=None):
    """The same DataLoaders, with the films as bytes on the device, augmented there a batch at a time.

    pixels: a cxrkit.data.pixels.Pixels; records: those of the manifest; store: a Store of the pixels, made here
    where it is not given.
    Batches, their order and their augmentation are those of from_files on the same seeds; grey goes to three
    channels last, when it is normalised.
    """
    used = [record for record in records if record.used]
    store = store or Store(pixels, [record.image_id for record in used], device)
    batch = [IntToFloatTensor, *(AxisAligned(aff_fs=tfm.aff_fs) for tfm in augmentations()), Normalised.from_stats(*imagenet_stats)]
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


def placement(size, device):
    """Where `size` bytes of films lie during training, as a Choice: "device", "host" or "file"."""
    if torch.device(device).type == "cuda":
        free = torch.cuda.mem_get_info(device)[0]
        if size <= SHARE_OF_FREE_MEMORY * free:
            return Choice("device", f"{size / 1e6:.0f} MB of films, {free / 1e9:.1f} GB free on the GPU")
    free = environment.free_memory_bytes()
    if free is None or size <= SHARE_OF_FREE_MEMORY * free:
        return Choice("host", f"{size / 1e6:.0f} MB of films" + (f", {free / 1e9:.1f} GB of memory free" if free else ""))
    return Choice(
        "file", f"{size / 1e6:.0f} MB of films are too much for {free / 1e9:.1f} GB of free memory: they stream from the cache file"
    )


class Store:
    """The bytes of the films where training takes them from."""

    def __init__(self, pixels, image_ids, device, place=None):
        """place: a Choice as of placement(), which decides where it is not given."""
        self.device = torch.device(device)
        self.place = place or placement(len(image_ids) * pixels.size**2, device)
        self.size = pixels.size
        if self.place.value == "file":
            self.images, self.rows = pixels.images, pixels.rows
            return
        self.rows = {image_id: row for row, image_id in enumerate(image_ids)}
        images = torch.from_numpy(pixels.of(image_ids))
        self.images = images.to(self.device) if self.place.value == "device" else images

    def take(self, image_ids):
        """The films as grey bytes on the device, uint8 [n, 1, size, size]."""
        rows = [self.rows[image_id] for image_id in image_ids]
        if self.place.value == "file":
            found = torch.from_numpy(self.images[rows])
        elif self.place.value == "device":
            found = self.images[torch.tensor(rows, device=self.device)]
        else:  # page-locked memory goes to a GPU while that computes
            found = torch.empty((len(rows), self.size, self.size), dtype=torch.uint8, pin_memory=self.device.type == "cuda")
            torch.index_select(self.images, 0, torch.tensor(rows), out=found)
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
        return PILImageBW.create(self.store.take([image_id])[0, 0].cpu().numpy())


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

    def create_batches(self, samps):
        films = self.dataset.tls[0]
        store, items = films.tfms[0].store, films.items
        rank, processes = self.shard
        for batch in chunked(samps, self.bs, self.drop_last):
            batch = batch[rank::processes]
            images = TensorImageBW(store.take([items[index] for index in batch]))
            yield (images,) if self.labels is None else (images, TensorCategory(self.labels[batch]))
