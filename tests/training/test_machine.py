"""How many trainings run at the same time, where, and with how many threads: each with its reason."""

from dataclasses import replace

import pytest
import torch

from cxrkit import environment
from cxrkit.environment import Choice
from cxrkit.training import networks, work
from cxrkit.training.executors import Task
from cxrkit.training.machine import FOR_ITSELF, MOST_ON_A_GPU, USABLE, Machine
from cxrkit.training.stages import Job
from tests.training.executor import NO_FILMS

GB = 10**9


@pytest.fixture
def here(monkeypatch):
    """A function that makes this machine another one; memory: free bytes, of each GPU or of the host."""

    def put(processors=8, gpus=0, memory=1000 * GB, processes_here=1, processes=None, rank=0, broken=()):
        monkeypatch.setattr(environment, "processors", lambda: processors)
        monkeypatch.setattr(environment, "processes_here", lambda: processes_here)
        monkeypatch.setattr(environment, "processes", lambda: processes or processes_here)
        monkeypatch.setattr(environment, "free_memory_bytes", lambda: memory)
        monkeypatch.setattr(environment, "computes", lambda device: Choice(device not in broken, ""))
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda *_: (memory, 2 * memory))
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda *_: (7, 5))
        monkeypatch.setenv("LOCAL_RANK", str(rank))

    return put


def choose(experiment, device="cpu", jobs=100):
    return Machine.choose(experiment, Choice(device, "the test says so"), jobs)


def need(experiment, kind):
    return FOR_ITSELF[kind] + max(
        networks.training_bytes(name, experiment.image_size, experiment.batch_size) for name in experiment.architectures
    )


def test_processors_are_shared_among_trainings(here, small):
    here(processors=8)
    machine = choose(small)
    assert (machine.at_once.value, machine.threads.value, machine.slots) == (8, 1, ["cpu"] * 8)
    assert "the processors" in machine.at_once.reason


def test_fewer_trainings_have_more_threads_each(here, small):
    here(processors=8)
    machine = choose(small, jobs=3)
    assert (machine.at_once.value, machine.threads.value) == (3, 2)
    assert "the number of trainings" in machine.at_once.reason


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_memory_limits_them_by_the_largest_network(here, small, device):
    experiment = replace(small, architectures=("resnet34", "vgg19_bn"), image_size=224)
    here(processors=64, gpus=1, memory=int(3.5 * need(experiment, device) / USABLE))
    machine = choose(experiment, device)
    assert machine.at_once.value == 3 and "memory" in machine.at_once.reason and "GB free" in machine.at_once.reason
    here(processors=64, gpus=1, memory=GB // 10)
    assert choose(experiment, device).at_once.value == 1, "one is tried, whatever is free"


def test_a_system_that_says_nothing_of_its_memory(here, small):
    here(processors=2, memory=None)
    assert choose(small).at_once == Choice(2, "as many as the processors allow")


def test_a_gpu_takes_no_more_than_gain(here, small):
    here(processors=64, gpus=1)
    machine = choose(small, "cuda")
    assert machine.slots == ["cuda:0"] * MOST_ON_A_GPU and "gain" in machine.at_once.reason
    assert machine.threads.value == 64 // MOST_ON_A_GPU


def test_several_gpus_take_trainings_in_turn(here, small):
    here(processors=4, gpus=2)
    machine = choose(small, "cuda")
    assert machine.devices == ("cuda:0", "cuda:1")
    assert (machine.at_once.value, machine.threads.value) == (2, 1)
    assert machine.slots == ["cuda:0", "cuda:1", "cuda:0", "cuda:1"]
    assert choose(small, "cuda", jobs=2).slots == ["cuda:0", "cuda:1"]


def test_a_gpu_that_does_not_compute_is_left_out(here, small):
    here(processors=4, gpus=3, broken=("cuda:1",))
    assert choose(small, "cuda").devices == ("cuda:0", "cuda:2")


def test_the_experiment_has_the_last_word(here, small):
    here(processors=2, gpus=2, memory=GB // 10)
    machine = choose(replace(small, jobs_at_once=5), "cuda")
    assert machine.at_once == Choice(5, "as the experiment says")
    assert len(machine.slots) == 10 and machine.threads.value == 1


def test_processes_that_torchrun_started_share_processors_memory_and_gpus(here, small):
    experiment = replace(small, image_size=224)
    here(processors=8, processes_here=2, memory=int(6.5 * need(experiment, "cpu") / USABLE))
    machine = choose(experiment)
    assert (machine.at_once.value, machine.threads.value) == (3, 1)
    here(processors=8, processes_here=2)
    assert (choose(small).at_once.value, choose(small).threads.value) == (4, 1)
    here(processors=8, processes_here=2, processes=4, gpus=2, rank=1)
    assert choose(small, "cuda").slots == ["cuda:1"] * 4
    here(processors=64, processes_here=4, gpus=2, rank=3, memory=int(6.5 * need(experiment, "cuda") / USABLE))
    assert choose(experiment, "cuda").slots == ["cuda:1"] * 3, "two processes on each GPU"


def test_trainings_that_all_processes_share_run_one_after_the_other(here, small):
    here(processors=8, processes_here=2)
    machine = choose(replace(small, parallel="data", jobs_at_once=4))
    assert (machine.at_once.value, machine.threads.value) == (1, 4)


def test_each_choice_has_a_reason(here, small):
    here(processors=2)
    machine = choose(small)
    assert set(machine.choices) == {"device", "devices", "precision", "layout", "tf32", "autotuning", "at_once", "threads"}
    assert all(choice.reason for choice in machine.choices.values())
    assert all(str(choice.value) in str(machine) for choice in machine.choices.values())


@pytest.mark.parametrize("name", ["resnet34", "densenet121"])
@pytest.mark.parametrize("fitting", [2, 7, 63])
def test_the_batch_that_fits_is_the_largest_that_does(name, fitting):
    step = [networks.training_bytes(name, 64, batch) for batch in (fitting, fitting + 1)]
    assert networks.batch_that_fits(name, 64, 64, (step[0] + step[1]) // 2) == fitting
    assert networks.batch_that_fits(name, 64, fitting + 1, 1000 * GB) == fitting
    assert networks.batch_that_fits(name, 64, 64, networks.training_bytes(name, 64, 2) - 1) is None


@pytest.mark.parametrize(
    "memory, words",
    [(1000 * GB, "--batch-size 32, which needs about half"), (3 * GB, "would fit into the 3.0 GB"), (0.1 * GB, "--image-size")],
)
def test_out_of_memory_is_told_with_what_would_fit(here, small, memory, words, monkeypatch):
    here(memory=memory)
    monkeypatch.setattr(environment, "peak_memory_bytes", lambda: 0)
    experiment = replace(small, image_size=224, batch_size=64)
    task = Task(Job("resnet34", 0), experiment, NO_FILMS, choose(experiment).numerics, "cpu", 1)
    said = work.explained(torch.OutOfMemoryError("CUDA out of memory."), task)
    assert words in said and "--jobs-at-once 1" in said
    assert "memory" not in work.explained(ValueError("something else"), task)
