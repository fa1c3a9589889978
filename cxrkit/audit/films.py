"""The used films of a manifest as arrays: ground truth, patients, sources, splits and pictures; and the geometry of a film."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image

from cxrkit.data.manifest import Manifest
from cxrkit.data.records import POSITIVE, Record, untold_sources

LUNGS = 0.8
"""The side, in shares of the film's, of the central box that holds both lungs on nearly every film."""


@dataclass(frozen=True)
class Films:
    """The used films of a manifest, sorted by image_id.

    records: n Records; groups: n whole numbers, one a patient with all copies; images: uint8 [n, size, size], or
    None where the films are not on this machine.
    """

    records: tuple[Record, ...]
    groups: np.ndarray
    images: np.ndarray | None = None

    @classmethod
    def of(cls, manifest: Manifest, images: np.ndarray | None = None) -> "Films":
        """images: the squares of the used films in the order of their image_id."""
        group_of = manifest.groups
        groups = np.unique([group_of[record.image_id] for record in manifest.used], return_inverse=True)[1]
        return cls(manifest.used, groups, images)

    def take(self, chosen: np.ndarray) -> "Films":
        """The films that n booleans choose."""
        chosen = np.asarray(chosen, bool)
        records = tuple(record for record, wanted in zip(self.records, chosen) if wanted)
        return Films(records, self.groups[chosen], None if self.images is None else self.images[chosen])

    @property
    def image_ids(self) -> list[str]:
        return [record.image_id for record in self.records]

    @cached_property
    def is_covid(self) -> np.ndarray:
        """The ground truth, n booleans."""
        return np.array([record.label == POSITIVE for record in self.records], bool)

    @cached_property
    def sources(self) -> np.ndarray:
        return np.array([record.source for record in self.records])

    @cached_property
    def is_told(self) -> np.ndarray:
        """n booleans: whether a film's source is known, see records.untold_sources."""
        return ~np.isin(self.sources, sorted(untold_sources(self.records)))

    @cached_property
    def splits(self) -> np.ndarray:
        return np.array([record.split for record in self.records])

    @property
    def held_out(self) -> str:
        """The split that scores are reported on: test where there is one, else valid; empty where there is neither."""
        return next((split for split in ("test", "valid") if (self.splits == split).any()), "")

    @cached_property
    def judged(self) -> "Films":
        """The held-out films."""
        return self.take(self.splits == self.held_out)


def box(size: int, side: float) -> tuple[int, int]:
    """First and last pixel (excluded) of the central box on either axis; side 0 has none."""
    half = round(size * side / 2)
    return size // 2 - half, size // 2 + half


def resized(image: np.ndarray, side: int) -> np.ndarray:
    """A grey square or rectangle, uint8, as side x side pixels."""
    return np.asarray(Image.fromarray(np.ascontiguousarray(image)).resize((side, side), Image.Resampling.BILINEAR))


def thumbnails(images: np.ndarray, side: int) -> np.ndarray:
    """n x side**2: the mean grey of each cell, 0 to 1. images: uint8 [n, size, size]."""
    small = [np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BOX)) for image in images]
    return np.stack(small).reshape(len(images), -1) / 255
