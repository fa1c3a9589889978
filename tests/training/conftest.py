"""A third of the drawn phantoms as a tree, for tests that train."""

import pytest

from cxrkit import config
from cxrkit.data import manifest, sources, tree


@pytest.fixture(scope="session")
def small():
    return config.load(
        "dry-run", {"architectures": ["resnet34"], "image_size": 32, "epochs": 1, "lr_find_iterations": 20, "batch_size": 32}
    )


@pytest.fixture(scope="session")
def data(tmp_path_factory, phantoms):
    """The tree's folder, its entries, the records of a third of the phantoms, and the function that finds their files."""
    found = sources.parse_all([str(phantoms)], drawn_at="unused")
    records = [record for index, record in enumerate(manifest.build(found)) if record.used and index % 3 == 0]
    locate = sources.locator(manifest.roots_of(found))
    root = tmp_path_factory.mktemp("tree") / "tree"
    tree.build(records, locate, root)
    return root, tree.entries(records), records, locate
