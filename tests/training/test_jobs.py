"""Jobs on disk: kept for what they were made of, none lost by another's failure or by the loss of its process, one run a folder."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cxrkit import environment
from cxrkit.columns import FROZEN, UNFROZEN
from cxrkit.environment import Choice, Deadline
from cxrkit.errors import BadInput, DiskFull, Interrupted, RemoteRefusal, WrongUse, run_command
from cxrkit.files import read_json, write_json
from cxrkit.training import job_folder, jobs
from cxrkit.training.executors import Lost
from cxrkit.training.job_folder import JobFolder
from cxrkit.training.stages import Job
from tests.training.executor import FINDER, NO_FILMS, InProcess, finish, machine, stage

ROOT = Path(__file__).resolve().parents[2]


def run(experiment, folder, train=finish, manifest="manifest", time_left=Deadline(), at_once=1, devices=("cpu",)):
    """Run the jobs in this process; return the executor."""
    executor = InProcess(train)
    jobs.run(experiment, NO_FILMS, manifest, folder, machine(experiment, devices, at_once), time_left, executor)
    return executor


def fail(task):
    raise RuntimeError("no such luck")
    yield


def test_a_failing_job_is_reported_and_does_not_take_the_others_along(tmp_path, small, capsys):
    experiment = replace(small, seeds=(0, 1, 2))
    run(experiment, tmp_path, lambda task: fail(task) if task.job.seed == 1 else finish(task))
    assert jobs.unfinished(experiment, tmp_path) == [Job("resnet34", 1)]
    assert jobs.failures(experiment, tmp_path) == {"resnet34-seed1": "RuntimeError: no such luck"}
    assert "!!! resnet34-seed1 failed: RuntimeError: no such luck" in capsys.readouterr().out
    assert "Traceback" in read_json(tmp_path / "resnet34-seed1" / job_folder.FAILED)["traceback"]
    assert run(experiment, tmp_path).jobs == ["resnet34-seed1"]
    assert jobs.unfinished(experiment, tmp_path) == [] and jobs.failures(experiment, tmp_path) == {}


def test_a_job_is_kept_for_the_same_protocol_data_and_number_format_alone(tmp_path, small):
    """Begun anew where one of them changed; not where only the list of jobs, a name, the threshold or the speed did."""
    assert run(small, tmp_path).jobs == ["resnet34-seed0"]
    other = replace(small, seeds=(0, 1), name="another", threshold=0.3, allow_leakage=True, jobs_at_once=3)
    assert run(other, tmp_path).jobs == ["resnet34-seed1"]
    longer, shorter_numbers = replace(small, epochs=2), replace(small, epochs=2, precision="bfloat16")
    for changed in ({"experiment": longer}, {"experiment": shorter_numbers}, {"experiment": shorter_numbers, "manifest": "another"}):
        assert run(folder=tmp_path, **changed).jobs == ["resnet34-seed0"]
    assert run(shorter_numbers, tmp_path, manifest="another").jobs == []


@pytest.mark.parametrize("change", [{"layout": Choice("channels_last", "")}, {"tf32": Choice(True, "")}, {"device": Choice("cuda", "")}])
def test_what_changes_numbers_is_in_a_jobs_key(small, change):
    usual = machine(small)
    numerics = replace(usual.numerics, **{name: value for name, value in change.items() if name != "device"})
    other = replace(usual, numerics=numerics, device=change.get("device", usual.device))
    assert jobs.key_of(small, "manifest", other) != jobs.key_of(small, "manifest", usual)
    faster = replace(usual, at_once=Choice(4, ""), threads=Choice(8, ""))
    assert jobs.key_of(small, "manifest", faster) == jobs.key_of(small, "manifest", usual)


@pytest.mark.parametrize(
    "error, raised",
    [
        (Interrupted("stop"), Interrupted),
        (RemoteRefusal("no weights"), RemoteRefusal),
        (WrongUse("no"), WrongUse),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
def test_a_refusal_or_the_user_stops_all_jobs(tmp_path, small, error, raised):
    def train(task):
        raise error
        yield

    executor = InProcess(train)
    experiment = replace(small, seeds=(0, 1, 2))
    with pytest.raises(raised):
        jobs.run(experiment, NO_FILMS, "manifest", tmp_path, machine(small, at_once=2), executor=executor)
    assert executor.jobs == ["resnet34-seed0", "resnet34-seed1"] and executor.running == []
    assert jobs.failures(experiment, tmp_path) == {}
    assert run(experiment, tmp_path).most == 1, "the locks were given back"


def test_a_refusal_on_two_gpus_is_tried_once_and_ends_with_the_reason_and_the_remedy(tmp_path, small, capsys):
    def train(task):
        raise BadInput("The weights are torn.", "resnet34.pth", "fetch them again")
        yield

    experiment, executor = replace(small, seeds=(0, 1, 2, 3)), InProcess(train)
    both = machine(small, ("cuda:0", "cuda:1"))
    assert run_command(lambda: jobs.run(experiment, NO_FILMS, "manifest", tmp_path, both, executor=executor)) == 3
    assert executor.jobs == ["resnet34-seed0", "resnet34-seed1"], "the two that had begun, each once"
    told = capsys.readouterr().err
    assert told.startswith("error: The weights are torn.") and told.rstrip().endswith("next:  fetch them again") and "Traceback" not in told


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), RuntimeError("PytorchStreamWriter failed writing file")], ids=["OSError", "torch"]
)
def test_a_full_disk_stops_all_jobs(tmp_path, small, monkeypatch, error):
    def full(*_):
        raise error

    monkeypatch.setattr(JobFolder, "keep", full)
    experiment, executor = replace(small, seeds=(0, 1)), InProcess()
    with pytest.raises(DiskFull):
        jobs.run(experiment, NO_FILMS, "manifest", tmp_path, machine(small), executor=executor)
    assert executor.jobs == ["resnet34-seed0"] and jobs.failures(experiment, tmp_path) == {}


def test_what_was_finished_is_kept_and_given_to_the_next_training(tmp_path, small):
    """A failure after the frozen stage, then one after the finder, then none: nothing is made twice."""
    pasts = []

    def stumble(task):
        pasts.append((task.past.frozen_weights, task.past.finder))
        made = [stage(FROZEN, b"frozen weights"), FINDER, stage()][len(pasts) - 1]
        yield made
        if made.__class__.__name__ == "Finder" or made.name == FROZEN:
            raise RuntimeError("stumbled")

    for _ in range(3):
        run(small, tmp_path, stumble)
    assert pasts == [(None, None), (b"frozen weights", None), (b"frozen weights", FINDER)]
    assert jobs.unfinished(small, tmp_path) == []


def test_the_longest_training_of_a_seed_is_begun_first(tmp_path, small):
    experiment = replace(small, architectures=("resnet34", "vgg16_bn", "resnet101", "vgg19_bn"), seeds=(4, 2), image_size=224)
    order = ["vgg19_bn", "resnet101", "vgg16_bn", "resnet34"]
    assert run(experiment, tmp_path).jobs == [f"{name}-seed{seed}" for seed in (4, 2) for name in order]


def test_devices_take_the_jobs_in_turn_and_each_is_given_back(tmp_path, small):
    executor = run(replace(small, seeds=(0, 1, 2, 3, 4)), tmp_path, at_once=2, devices=("cuda:0", "cuda:1"))
    assert executor.most == 4
    assert [task.device for task in executor.started] == ["cuda:0", "cuda:1", "cuda:0", "cuda:1", "cuda:0"]


def test_a_task_says_what_the_machine_chose(tmp_path, small):
    executor, chosen = InProcess(), replace(machine(small), threads=Choice(3, ""))
    jobs.run(small, NO_FILMS, "manifest", tmp_path, chosen, Deadline.at(4e9), executor)
    task = executor.started[0]
    assert (task.threads, task.numerics, task.end, task.experiment) == (3, chosen.numerics, 4e9, small)


def test_no_job_is_begun_when_the_time_is_up(tmp_path, small, capsys):
    assert run(small, tmp_path, time_left=Deadline(0)).jobs == []
    assert "resnet34-seed0: not begun, the time is up" in capsys.readouterr().out


def test_a_training_that_ends_early_for_the_time_is_no_failure(tmp_path, small, capsys):
    run(small, tmp_path, lambda task: iter([stage(FROZEN)]))
    assert "resnet34-seed0: stopped before its last stage, the time is up" in capsys.readouterr().out
    assert jobs.failures(small, tmp_path) == {} and JobFolder(tmp_path / "resnet34-seed0").done(FROZEN)
    assert jobs.unfinished(small, tmp_path) == [Job("resnet34", 0)]


def test_a_broken_file_of_a_finished_training_says_where_it_is(tmp_path, small):
    run(small, tmp_path)
    for name in (f"{UNFROZEN}.json", job_folder.FINDER):
        content = (tmp_path / "resnet34-seed0" / name).read_text()
        (tmp_path / "resnet34-seed0" / name).write_text("{}")
        with pytest.raises(BadInput, match=name):
            jobs.collect(small, {}, tmp_path)
        (tmp_path / "resnet34-seed0" / name).write_text(content)
    assert jobs.collect(small, {}, tmp_path).models.keys() == {"resnet34-seed0.safetensors"}


HOLDER = """
import pathlib, sys
from cxrkit.files import locked
with locked(pathlib.Path(sys.argv[1]) / ".lock"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_lock_keeps_two_runs_out_of_one_folder(tmp_path, small):
    """The other run is a process of its own; where it is killed, its lock is gone with it."""
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout.readline() == "held\n"
    executor = InProcess()
    with pytest.raises(WrongUse, match="Another run trains in this folder") as caught:
        jobs.run(small, NO_FILMS, "manifest", tmp_path, machine(small), executor=executor)
    assert caught.value.where == tmp_path and executor.started == []
    other.kill()
    other.wait()
    assert run(small, tmp_path).jobs == ["resnet34-seed0"]


def test_torchrun_shares_no_trainings_out(tmp_path, small, monkeypatch):
    monkeypatch.setattr(environment, "processes", lambda: 2)
    with pytest.raises(WrongUse, match="not shared out") as caught:
        run(small, tmp_path)
    assert "--cluster" in caught.value.next and "--parallel data" in caught.value.next and list(tmp_path.iterdir()) == []


class Losing(InProcess):
    """Loses the process of a training after as many told values as it is told, once for each number."""

    def __init__(self, after):
        super().__init__()
        self.after = list(after)

    def events(self, timeout):
        told, lost = list(super().events(timeout)), False
        for job, each in told:
            if self.after and not lost and self.after[0] == 0:
                self.after.pop(0)
                lost = True
                yield job, Lost("the node died")
            if lost:
                return
            if self.after:
                self.after[0] -= 1
            yield job, each


def test_a_training_whose_process_is_lost_goes_on_after_its_last_finished_stage(tmp_path, small, capsys):
    """Lost before anything, then after the frozen stage, then after the finder: each is made once."""
    executor = Losing([0, 1, 1])
    jobs.run(small, NO_FILMS, "manifest", tmp_path, machine(small), executor=executor)
    pasts = [(task.past.frozen_weights, task.past.finder) for task in executor.started]
    assert pasts == [(None, None), (None, None), (b"weights", None), (b"weights", FINDER)]
    assert jobs.unfinished(small, tmp_path) == [] and jobs.failures(small, tmp_path) == {}
    assert capsys.readouterr().out.count("its process was lost (the node died)") == 3


def test_a_training_that_loses_its_process_again_and_again_in_one_stage_has_failed(tmp_path, small):
    """Not begun for ever; the other goes on, and the next run tries again."""
    experiment, executor = replace(small, seeds=(0, 1)), Losing([1, 0, 0])
    jobs.run(experiment, NO_FILMS, "manifest", tmp_path, machine(small), executor=executor)
    assert executor.jobs == ["resnet34-seed0"] * 3 + ["resnet34-seed1"]
    failed = jobs.failures(experiment, tmp_path)
    assert failed.keys() == {"resnet34-seed0"} and "lost 3 times in one stage (the node died)" in failed["resnet34-seed0"]
    assert run(experiment, tmp_path).jobs == ["resnet34-seed0"]


def test_a_training_that_is_lost_when_the_time_is_up_is_no_failure(tmp_path, small, capsys):
    left = iter([60.0])
    executor = Losing([1])
    jobs.run(small, NO_FILMS, "manifest", tmp_path, machine(small), TimeLeft(lambda: next(left, -1.0)), executor)
    assert len(executor.started) == 1 and jobs.failures(small, tmp_path) == {}
    assert "stopped before its last stage, the time is up" in capsys.readouterr().out


class TimeLeft(Deadline):
    def __init__(self, left):
        super().__init__()
        self.left = left

    def __call__(self):
        return self.left()


def test_a_cluster_is_given_all_trainings_at_once(tmp_path, small):
    experiment, executor = replace(small, seeds=(0, 1, 2, 3, 4)), InProcess()
    jobs.run(experiment, NO_FILMS, "manifest", tmp_path, replace(machine(small), nodes=2), executor=executor)
    assert executor.most == 5


def test_a_job_that_failed_under_another_protocol_is_begun_anew(tmp_path, small):
    run(small, tmp_path, fail)
    assert run(replace(small, epochs=2), tmp_path).jobs == ["resnet34-seed0"]
    assert jobs.failures(small, tmp_path) == {}


def test_a_failure_that_an_older_version_wrote_down_is_one_too(tmp_path, small):
    run(small, tmp_path, fail)
    write_json(tmp_path / "resnet34-seed0" / job_folder.FAILED, {"error": "old", "traceback": ""})
    assert jobs.failures(small, tmp_path) == {"resnet34-seed0": "old"}
    assert run(small, tmp_path).jobs == ["resnet34-seed0"]


def test_how_many_networks_are_done_counts_none_of_another_protocol(tmp_path, small, capsys, monkeypatch):
    monkeypatch.setattr("cxrkit.progress.WORTH_SAYING_SECONDS", -1.0)
    experiment = replace(small, seeds=(0, 1, 2))
    run(experiment, tmp_path)
    assert "3 of 3 networks done" in capsys.readouterr().out
    run(replace(experiment, epochs=2), tmp_path)
    assert "3 of 3 networks done" in capsys.readouterr().out
    run(replace(experiment, seeds=(0, 1, 2, 3), epochs=2), tmp_path)
    assert "4 of 4 networks done" in capsys.readouterr().out
