"""The tree as fastai DataLoaders."""

from fastai.data.block import CategoryBlock, DataBlock
from fastai.data.transforms import Normalize
from fastai.vision.augment import AffineCoordTfm, Flip, Resize, ResizeMethod, Zoom, affine_mat, mask_tensor
from fastai.vision.core import PILImage, imagenet_stats
from fastai.vision.data import ImageBlock

from cxrkit.data.images import open_grey
from cxrkit.data.records import LABELS

MAX_ZOOM = 1.1
MAX_STRETCH = 1.1


class ChestFilm(PILImage):
    """A film as fastai sees it: grey, on three equal channels, for the networks' weights want three."""

    @classmethod
    def create(cls, path, **_):
        return cls(open_grey(path).convert("RGB"))


def stretch_matrix(x, max_stretch=MAX_STRETCH, p=0.5):
    """Affine matrices, batch x 3 x 3, that stretch a share p of the images along one axis by up to max_stretch."""
    stretched = mask_tensor(x.new_empty(x.size(0)).uniform_(1 / max_stretch, max_stretch), p=p, neutral=1.0)
    zero, one = x.new_zeros(x.size(0)), x.new_ones(x.size(0))
    return affine_mat(stretched, zero, zero, zero, one, zero)


def augmentations():
    """The study's augmentations as fastai batch transforms: horizontal flip, scaling, stretching."""
    flip, zoom, stretch = Flip(p=0.5), Zoom(max_zoom=MAX_ZOOM, p=0.5), AffineCoordTfm(aff_fs=stretch_matrix)
    return [flip.compose(zoom) or flip.compose(stretch) or flip]


def make(tree, entries, image_size, batch_size, workers, device):
    """DataLoaders over train and valid, which decode each file anew at each use.

    tree: the tree's folder; entries: its planned entries, {relative path: Record}.
    Images come as image_size x image_size, the whole film squeezed into the square, in batches of
    batch_size (all of train where it is smaller); classes are numbered as in LABELS, COVID-19 first.
    """
    files = [tree / relative for relative, record in entries.items() if record.split in ("train", "valid")]
    trained_on = sum(path.parent.parent.name == "train" for path in files)
    block = DataBlock(
        blocks=(ImageBlock(ChestFilm), CategoryBlock(vocab=list(LABELS), sort=False)),
        get_y=lambda path: path.parent.name,
        splitter=_split_by_folder,
        item_tfms=Resize(image_size, method=ResizeMethod.Squish),
        batch_tfms=[*augmentations(), Normalize.from_stats(*imagenet_stats)],
    )
    return block.dataloaders(files, bs=min(batch_size, trained_on), num_workers=workers, device=device)


def _split_by_folder(paths):
    indices = {"train": [], "valid": []}
    for index, path in enumerate(paths):
        indices[path.parent.parent.name].append(index)
    return indices["train"], indices["valid"]
