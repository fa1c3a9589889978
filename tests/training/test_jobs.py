"""Jobs on disk: shared by processes, taken over from dead ones, and none lost by another's failure."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cxrkit.columns import LAST_STAGE
from cxrkit.errors import DiskFull, Interrupted, WrongUse
from cxrkit.files import read_json
from cxrkit.training import jobs, recipe
from cxrkit.training.precision import Numerics

ROOT = Path(__file__).resolve().parents[2]
ON_PROCESSORS = Numerics.choose("auto", "cpu")
SMALL = ["--architectures", "resnet34", "--epochs", "1", "--lr-find-iterations", "20", "--batch-size", "32", "--image-size", "32"]


def finish(job, folder):
    (folder / f"{LAST_STAGE}.json").write_text("{}")


@pytest.fixture
def stub(monkeypatch):
    """Replace training by a function of (job, folder)."""

    def put(train):
        monkeypatch.setattr(recipe, "run", lambda job, loaders, experiment, folder, *_: train(job, folder))

    return put


def run(experiment, folder, since=None):
    jobs.run(experiment, lambda: None, "manifest", folder, "cpu")


def test_a_failing_job_is_reported_and_does_not_take_the_others_along(tmp_path, small, stub, capsys):
    experiment = replace(small, seeds=(0, 1, 2))

    def train(job, folder):
        if job.seed == 1:
            raise RuntimeError("CUDA out of memory")
        finish(job, folder)

    stub(train)
    run(experiment, tmp_path)
    assert jobs.unfinished(experiment, tmp_path) == ["resnet34-seed1"]
    assert jobs.failures(experiment, tmp_path) == {"resnet34-seed1": "RuntimeError: CUDA out of memory"}
    assert "!!! resnet34-seed1 failed: RuntimeError: CUDA out of memory" in capsys.readouterr().out
    assert "Traceback" in read_json(tmp_path / "resnet34-seed1" / jobs.FAILED)["traceback"]
    stub(finish)
    run(experiment, tmp_path)
    assert jobs.unfinished(experiment, tmp_path) == [] and jobs.failures(experiment, tmp_path) == {}


def test_a_job_is_kept_for_the_same_protocol_data_and_number_format_alone(tmp_path, small, stub):
    """Begun anew where one of them changed; not where only the list of jobs, a name or the threshold did."""
    trained = []

    def train(job, folder):
        trained.append(job.seed)
        finish(job, folder)

    stub(train)
    run(small, tmp_path)
    run(replace(small, seeds=(0, 1), name="another", threshold=0.3, allow_leakage=True), tmp_path)
    assert trained == [0, 1]
    run(replace(small, epochs=2), tmp_path)
    run(replace(small, epochs=2, precision="bfloat16"), tmp_path)
    jobs.run(replace(small, epochs=2, precision="bfloat16"), lambda: None, "another manifest", tmp_path, "cpu")
    assert trained == [0, 1, 0, 0, 0]


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        RuntimeError("PytorchStreamWriter failed writing file"),
        Interrupted("stop"),
        KeyboardInterrupt(),
    ],
)
def test_a_full_disk_or_the_user_stops_all_jobs(tmp_path, small, stub, error):
    seen = []

    def train(job, folder):
        seen.append(job)
        raise error

    stub(train)
    with pytest.raises((DiskFull, Interrupted, KeyboardInterrupt)):
        run(replace(small, seeds=(0, 1)), tmp_path)
    assert len(seen) == 1 and jobs.failures(small, tmp_path) == {}


def test_a_job_that_another_process_holds_is_waited_for_and_not_repeated(tmp_path, small, stub):
    """The other process, a real one, holds seed 0, ends it and lets go while this one trains seed 1."""
    code = """
import pathlib, sys
from cxrkit.files import locked
folder = pathlib.Path(sys.argv[1])
with locked(folder / ".resnet34-seed0.lock"):
    print("held", flush=True)
    sys.stdin.readline()
    (folder / "resnet34-seed0").mkdir(exist_ok=True)
    (folder / "resnet34-seed0" / "job.json").write_text(sys.argv[2])
    (folder / "resnet34-seed0" / "unfrozen.json").write_text("{}")
"""
    experiment = replace(small, seeds=(0, 1))
    key = json.dumps({"key": jobs.key_of(experiment, "manifest", ON_PROCESSORS)})
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path), key], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout.readline() == "held\n"
    trained = []

    def train(job, folder):
        trained.append(job.seed)
        finish(job, folder)
        other.stdin.write("\n")
        other.stdin.close()

    stub(train)
    run(experiment, tmp_path)
    assert other.wait(timeout=30) == 0
    assert trained == [1] and jobs.unfinished(experiment, tmp_path) == []


def torchrun(tmp_path, *options, restarts=0):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", f"--max-restarts={restarts}"]
    command += [str(ROOT / "kernel" / "run.py"), "--out", str(tmp_path / "out"), *SMALL, *options]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_torchrun_shares_the_jobs_and_goes_on_after_a_process_is_killed(tmp_path):
    """Two processes, three seeds; the first that says its learning rate is killed, and torchrun starts both again."""
    process = torchrun(tmp_path, "--seeds", "0", "1", "2", restarts=1)
    lines, killed = [], False
    for line in process.stdout:
        lines.append(line)
        if "learning rate" in line and not killed:
            killed = True
            name = line.split("]")[1].split(":")[0].strip()
            os.kill(holder_of(tmp_path / "out" / "jobs" / f".{name}.lock"), signal.SIGKILL)
    text = "".join(lines)
    assert process.wait(timeout=60) == 0, text
    assert killed and len(list((tmp_path / "out" / "jobs").glob("*/unfrozen.json"))) == 3
    assert "[0] " in text and "[1] resnet34" in text
    run = read_json(tmp_path / "out" / "results" / "run.json")
    assert run["unfinished"] == [] and run["failed"] == {}
    assert text.count(f"{name} frozen epoch") == 1


def holder_of(lock):
    """The process that has this lock file open."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if any(os.path.samefile(entry, lock) for entry in (folder / "fd").iterdir()):
                    return int(folder.name)
            except OSError:
                continue
    raise AssertionError(f"nobody holds {lock}")


def test_two_processes_train_one_network_together(tmp_path):
    """Over gloo; one is killed in the middle, both start again, and what the frozen stage left is not repeated."""
    process = torchrun(tmp_path, "--parallel", "data", restarts=1)
    lines, killed = [], False
    for line in process.stdout:
        lines.append(line)
        if "learning rate" in line and not killed:
            killed = True
            os.kill(child_of(process.pid), signal.SIGKILL)
    text = "".join(lines)
    assert process.wait(timeout=60) == 0, text
    assert killed and text.count("resnet34-seed0 frozen epoch 1/1") == 1 and "resnet34-seed0 unfrozen epoch 1/1" in text
    assert len(read_json(tmp_path / "out" / "jobs" / "resnet34-seed0" / "unfrozen.json")["predictions"]) > 60


def child_of(parent):
    """The last process that `parent` started."""
    return max(int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split())


def test_training_together_needs_several_processes(tmp_path, small):
    with pytest.raises(WrongUse, match="several processes"):
        jobs.run(replace(small, parallel="data"), lambda: None, "manifest", tmp_path, "cpu")
