"""What several tests share: the real films where they are, drawn phantoms, and one small finished run."""

import os
from pathlib import Path

if "PYTEST_XDIST_WORKER" in os.environ:  # a thread for each of the processes that share the cores; torch reads this when it is imported
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import HealthCheck, settings

from cxrkit import config, pipeline
from cxrkit.data.readers import coronahack, phantom
from cxrkit.files import write_text

settings.register_profile("kit", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kit")  # no property fails because the machine is busy, or because Hypothesis makes its tables on the first run

FILMS = Path(__file__).resolve().parents[2] / "shared" / "data"

SMALL = {"architectures": ["resnet34"], "image_size": 32, "epochs": 1, "lr_find_iterations": 20, "batch_size": 32}
SHORT = {**SMALL, "architectures": ["resnet18"], "batch_size": 16}
"""For whole runs on `few`, of which only the road counts."""


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
def phantoms(tmp_path_factory):
    """A folder of drawn phantoms in CoronaHack's layout; not to be changed."""
    root = tmp_path_factory.mktemp("phantoms")
    phantom.read(root)
    return root


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
def finished_run(tmp_path_factory):
    """The out folder of a finished dry run of one network; not to be changed."""
    out = tmp_path_factory.mktemp("run")
    pipeline.run(config.load("dry-run", SMALL), out)
    return out
