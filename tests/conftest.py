"""What several tests share: the real films where they are, drawn phantoms, and one small finished run."""

import os
from collections import Counter
from pathlib import Path

if "PYTEST_XDIST_WORKER" in os.environ:  # a thread for each of the processes that share the cores; torch reads this when it is imported
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

from cxrkit import config, pipeline
from cxrkit.data import copies, sources
from cxrkit.data import manifest as manifests
from cxrkit.data.agreements import Agreements
from cxrkit.data.readers import coronahack, phantom
from cxrkit.files import write_text

settings.register_profile("kit", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kit")  # no property fails because the machine is busy, or because Hypothesis makes its tables on the first run

FILMS = Path(__file__).resolve().parents[2] / "shared" / "data"

LONGEST = [
    "kaggle_io/test_round_trip",
    "kaggle_io/test_resume",
    "training/test_together",
    "training/test_devices",
    "training/test_gpu_check",
    "audit/test_audit",
    "data/test_manifest",
    "kernel/test_run",
    "training/test_recipe",
    "audit/test_retraining",
    "test_readme",
    "demo/test_server",
    "cluster/test_ray",
    "kaggle_io/test_checkpoints",
    "training/test_any_network",
    "data/test_copies",
    "report/test_page",
    "report/test_browser",
    "test_predict",
    "training/test_executors",
    "test_other_networks",
    "demo/test_browser",
    "training/test_precision",
    "training/test_protocol_keys",
]
"""Files of tests that take long, the longest first: they begin first, so that none is left to one worker while the other has ended."""

SMALL = {"architectures": ["resnet34"], "image_size": 32, "epochs": 1, "lr_find_iterations": 20, "batch_size": 32}
SHORT = {**SMALL, "architectures": ["resnet18"], "batch_size": 16}
"""For whole runs on `few`, of which only the road counts."""


def pytest_configure(config):
    config.option.loadscopereorder = False  # xdist's own order, by the number of a file's tests, begins the longest last


def pytest_collection_modifyitems(items):
    """The files of LONGEST in their order, then those with most tests; without several workers the order is pytest's."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        tests = Counter(item.path for item in items)
        place = {Path(__file__).parent / f"{name}.py": number for number, name in enumerate(LONGEST)}
        items.sort(key=lambda item: (place.get(item.path, len(place)), -tests[item.path]))


@pytest.fixture(scope="session", autouse=True)
def notes(tmp_path_factory):
    """The collection's notes of its pace lie in a folder of the tests' own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("scrapers.web.pace.home", lambda folder=tmp_path_factory.mktemp("pace"): folder)
        yield


@pytest.fixture(scope="session")
def films():
    """The folder of real films; the test is skipped where it is absent."""
    if not (FILMS / "coronahack").is_dir():
        pytest.skip("the real films are not on this machine (expected in ../shared/data)")
    return FILMS


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """A function from a name and a function that fills a folder to that folder, filled once for all workers; not to be changed."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(name, fill):
        folder, whole = shared / name, shared / f"{name}.whole"
        with FileLock(shared / f"{name}.lock"):
            if not whole.exists():
                fill(folder)
                whole.touch()
        return folder

    return made


@pytest.fixture(scope="session")
def phantoms(once):
    """A folder of drawn phantoms in CoronaHack's layout; not to be changed.

    What the copy search finds of them is known from here on to every search in this process that meets the same two films: the search
    takes ten seconds, and many tests begin with it. Of other films nothing is known, and a folder's own list still comes first.
    """
    folder = once("phantoms", phantom.read)
    found = once("compared", lambda kept: manifests.build(sources.parse_all([str(folder)], drawn_at=""), config.load("paper"), kept, False))
    known = Agreements(found)

    class Known(Agreements):
        def of(self, keys):
            here = super().of(keys)
            return np.where(np.isnan(here), known.of(keys), here)

        def keep(self, keys, agreements):
            self.of = super().of  # what its folder lacks is written there, wherever it is known from
            super().keep(keys, agreements)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copies, "Agreements", Known)
        yield folder


@pytest.fixture(scope="session")
def few(phantoms, tmp_path_factory):
    """A folder of 72 of the drawn phantoms, a third of each kind, so that a whole run on them is short; not to be changed."""
    folder = tmp_path_factory.mktemp("few")
    for path in phantoms.iterdir():
        (folder / path.name).symlink_to(path)
    (folder / coronahack.METADATA).unlink()
    head, *rows = (phantoms / coronahack.METADATA).read_text().splitlines()
    taken = [row for kind in ("COVID-19", "Normal,TRAIN", "Normal,TEST") for row in [row for row in rows if kind in row][:24]]
    write_text(folder / coronahack.METADATA, "\n".join([head, *taken]) + "\n")
    return folder


@pytest.fixture(scope="session")
def finished_run(once, phantoms):
    """The out folder of a finished dry run of one network; not to be changed."""
    return once("run", lambda out: pipeline.run(config.load("dry-run", SMALL), out))
