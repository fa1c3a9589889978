"""A stand-in for Kaggle, the real client signed in to it, and the real commands pointed at it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cxrkit.files import write_json, write_text
from cxrkit.kaggle_io import client
from tests.standins.kaggle import Kaggle
from tests.standins.kaggle_machine import reach

ROOT = Path(__file__).resolve().parents[2]
SECRETS = ("alice-key-0000", "alice-token-1111", "secrets-token-2222", "output-key-3333", "key-4444", "proxy-token-5555")
"""Every credential and signed address that the stand-in knows, or the part of it that is always there."""


@pytest.fixture
def server():
    with Kaggle() as server:
        yield server


@pytest.fixture
def isolated(monkeypatch, tmp_path):
    """No credentials of the person who runs the tests, in this process."""
    for name in [name for name in os.environ if name.startswith("KAGGLE_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def kaggle(server, isolated, monkeypatch, pauses):
    """The real client, signed in as alice with her key; it notes its pauses in `pauses` instead of sleeping."""
    point_at(server, monkeypatch)
    monkeypatch.setenv("KAGGLE_USERNAME", "alice")
    monkeypatch.setenv("KAGGLE_KEY", "alice-key-0000")
    return client.connect(sleep=pauses.append, jitter=lambda: 0.5)


def point_at(server, monkeypatch):
    """Lead the client of this process to the stand-in, through its table of endpoints."""
    import kagglesdk.kaggle_env as environment

    for name in list(environment._env_to_endpoint):
        monkeypatch.setitem(environment._env_to_endpoint, name, server.url)


@pytest.fixture
def variables(server, tmp_path):
    """The environment of a command that reaches the stand-in, and nothing of this machine's user; add credentials."""
    for name in ("command-home", "command-tmp"):
        (tmp_path / name).mkdir()
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "HOME": str(tmp_path / "command-home"),
        "TMPDIR": str(tmp_path / "command-tmp"),
        **reach(server),
    }


def run(arguments, variables, cwd=None):
    """Run `python -m ...`; return (exit code, all it printed)."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments], env=variables, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def results(tmp_path):
    """A small results folder, whole, as a run of the bundle would leave it."""
    return make_results(tmp_path / "finished", "20260101-000000", "a" * 64)


def make_results(folder, run_id, source_sha256):
    from cxrkit.files import write_checksums

    write_text(folder / "metrics.json", '{"scores": []}\n')
    write_text(folder / "figures" / "roc.png", "not really a picture")
    write_text(folder / "models" / "resnet34-seed0.safetensors", "w" * 5000)
    write_json(
        folder / "run.json",
        {
            "experiment": {"name": "paper"},
            "experiment_sha256": "b" * 64,
            "manifest_sha256": "c" * 64,
            "bundle": {"source_sha256": source_sha256, "run_id": run_id},
            "unfinished": [],
        },
    )
    write_checksums(folder)
    return folder
