"""A few drawn phantoms as squares, for trainings that are watched."""

import pytest

from cxrkit import config
from cxrkit.data import manifest as manifests
from cxrkit.data import pixels, sources
from cxrkit.training import loaders


@pytest.fixture(scope="session")
def small():
    return config.load("dry-run", {"architectures": ["resnet34"], "image_size": 32, "batch_size": 8})


@pytest.fixture(scope="session")
def squares(tmp_path_factory, phantoms, small):
    """The TrainingFilms of a third of the phantoms."""
    folder = tmp_path_factory.mktemp("pixels")
    wanted = sources.parse_all([str(phantoms)], drawn_at="unused")
    manifest = manifests.build(wanted, small, folder)
    records = manifest.used[::3]
    films = pixels.load(records, sources.locator(manifests.roots_of(wanted)), small.image_size, folder)
    return loaders.of_pixels(films, records, "cpu")
