"""The whole road with Kaggle's own command: pushed from a folder, run there alone, results back by both ways."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cxrkit.files import read_json, write_json, write_text
from cxrkit.kaggle_io import bundle, metadata, publish
from tests.kaggle_io.conftest import SECRETS, run
from tests.standins.kaggle import CORONAHACK
from tests.standins.kaggle_machine import Machine

REF = "alice/cxrkit-chest-films"
TINY = {"architectures": ["resnet18"], "batch_size": 16, "image_size": 32, "epochs": 1, "lr_find_iterations": 20, "pretrained": False}
KEY = {"KAGGLE_USERNAME": "alice", "KAGGLE_KEY": "alice-key-0000"}


def pushed(server, variables, project, settings):
    """Push the bundle of these settings with the unmodified command and wait for its end; return (kernel, log)."""
    write_json(project / metadata.NAME, metadata.named(metadata.DEFAULTS, "alice"))
    write_text(project / bundle.SCRIPT, bundle.generate(settings))
    command = Path(sys.executable).with_name("kaggle")
    done = subprocess.run([command, "kernels", "push", "-p", "."], env=variables | KEY, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0 and "successfully pushed" in done.stdout
    server.machine.join()
    kernel = server.kernels[REF]
    return kernel, done.stdout + done.stderr + "".join(entry["data"] for entry in kernel.log)


def test_from_push_to_verified_results(server, variables, few, tmp_path):
    server.processing, server.secrets = 0, KEY
    server.machine = Machine(tmp_path / "machines", {CORONAHACK: few})
    settings = bundle.Settings("paper", TINY, gpu=False, results="cxrkit-chest-films-results")
    kernel, log = pushed(server, variables, tmp_path / "project", settings)
    assert kernel.statuses == ["COMPLETE"], log
    assert "DRAWN PHANTOMS" in log
    assert "results sent with the attached secrets KAGGLE_USERNAME and KAGGLE_KEY" in log

    code, told = run(["cxrkit", "pull", REF, "--out", str(tmp_path / "out")], variables | KEY)
    assert code == 0 and "whole and verified" in told, told
    (folder,) = (tmp_path / "out").iterdir()
    listed = publish.verify(folder / "results")
    about = read_json(folder / "results" / "run.json")
    assert about["films"] == "phantom" and about["place"] == "kaggle"
    assert about["bundle"]["source_sha256"] == bundle.identity(kernel.pushes[0]["text"])[0]

    assert "DRAWN PHANTOMS" in opened(folder / "results" / "report.html")

    (version,) = server.datasets[REF + "-results"].versions
    assert version.pop("checksums.json") == (folder / "results" / "checksums.json").read_bytes()
    assert version == {name: (folder / "results" / name).read_bytes() for name in listed}

    home = tmp_path / "machines" / "run1"
    assert [path.name for path in (home / "kaggle" / "src").iterdir()] == ["script.py"]
    assert not list((home / "elsewhere").iterdir())
    assert len(kernel.files) < 500
    (home / "kaggle" / "src").chmod(0o755)
    (home / "token").unlink()
    shutil.rmtree(home / "kaggle" / "input")
    assert_no_credential(told + log, tmp_path)


def opened(page):
    """What a browser shows of a page: its elements after its script ran; the file's text where there is no Chromium."""
    chromium = shutil.which("chromium")
    if not chromium:
        return page.read_text("utf-8")
    command = [
        chromium,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={page.parent.parent / 'browser'}",
        "--dump-dom",
        page.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    shutil.rmtree(page.parent.parent / "browser", ignore_errors=True)
    assert '<h2 id="h-verdict"' in done.stdout, done.stderr[-500:]
    return done.stdout


@pytest.mark.parametrize(
    "layout, settings, reason",
    [
        ("flat", bundle.Settings("paper", TINY, hours=0.0, gpu=False), "time was up before any network"),
        ("flat", bundle.Settings("paper", TINY), "No GPU works here"),
        ("datasets", bundle.Settings("rigorous", TINY | {"data": ["coronahack=/nowhere"]}, gpu=False), "no such data folder"),
    ],
    ids=["out of time", "no GPU", "no data"],
)
def test_a_run_that_fails_says_why(server, variables, few, tmp_path, layout, settings, reason):
    if settings.gpu:
        import torch

        if torch.cuda.is_available():
            pytest.skip("this machine has a GPU")
    server.machine = Machine(tmp_path / "machines", {CORONAHACK: few}, layout)
    kernel, log = pushed(server, variables, tmp_path / "project", settings)
    assert kernel.statuses == ["ERROR"] and reason in log and "Traceback" not in log, log
    code, told = run(["cxrkit", "status"], variables | KEY)
    assert code == 4 and "exited with code" in told
    code, told = run(["cxrkit", "pull", REF, "--out", str(tmp_path / "out")], variables | KEY)
    assert code == 3 and "no whole results" in told and not list((tmp_path / "out").iterdir())


def assert_no_credential(printed, folder):
    """None of the credentials that the stand-in knows is in what was printed or in any file that a run left."""
    assert not [secret for secret in SECRETS if secret in printed]
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            assert not [secret for secret in SECRETS if secret.encode() in content], path
