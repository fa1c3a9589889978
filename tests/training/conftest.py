"""A third of the drawn phantoms as a tree and as squares, for tests that train."""

import pytest

from cxrkit import config
from cxrkit.data import manifest as manifests
from cxrkit.data import pixels, sources, tree
from cxrkit.data.manifest import Manifest
from cxrkit.training import loaders


@pytest.fixture(scope="session")
def small():
    return config.load(
        "dry-run", {"architectures": ["resnet34"], "image_size": 32, "epochs": 1, "lr_find_iterations": 20, "batch_size": 32}
    )


@pytest.fixture(scope="session")
def data(tmp_path_factory, phantoms):
    """The tree's folder, its entries, the records of a third of the phantoms, and the function that finds their files."""
    wanted = sources.parse_all([str(phantoms)], drawn_at="unused")
    whole = manifests.build(wanted, config.load("paper"))
    manifest = Manifest([record for index, record in enumerate(whole.records) if record.used and index % 3 == 0])
    locate = sources.locator(manifests.roots_of(wanted))
    root = tmp_path_factory.mktemp("tree") / "tree"
    tree.build(manifest, locate, root)
    return root, tree.entries(manifest), manifest.records, locate


@pytest.fixture(scope="session")
def squares(data, tmp_path_factory):
    """Their Pixels, 32 a side."""
    _, _, records, locate = data
    return pixels.load(records, locate, 32, tmp_path_factory.mktemp("pixels"))


@pytest.fixture(scope="session")
def training_films(data, squares):
    return loaders.of_pixels(squares, data[2], "cpu")
