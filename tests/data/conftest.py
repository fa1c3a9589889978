"""The real films, read and compared once for all tests that want them."""

import pytest

from cxrkit import config
from cxrkit.data import manifest, sources


@pytest.fixture(scope="session")
def known(films, once):
    """A cache folder in which the real films of CoronaHack and ieee8023 are known already; it may grow."""
    found = sources.parse_all([f"coronahack={films / 'coronahack'}", f"ieee8023={films / 'ieee8023'}"], "unused")
    return once("real-films", lambda kept: manifest.build(found, config.Experiment(), kept, squares=False))
