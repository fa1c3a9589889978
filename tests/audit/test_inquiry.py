"""Networks asked side by side say what they say alone, each with its share of the processors, and say how far they are."""

import functools
import threading

import numpy as np
import pytest
import torch

from cxrkit import state_files
from cxrkit.audit import attention, context, inquiry
from cxrkit.errors import BadInput
from cxrkit.progress import Meter
from cxrkit.training import networks, states


@pytest.fixture(autouse=True)
def four_threads():
    """torch has four threads during a test, as on a machine of four processors."""
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


@functools.cache
def untrained():
    return attention.randomised("resnet34", seed=3)


def films(count):
    return np.random.default_rng(0).integers(0, 256, (count, 32, 32), dtype=np.uint8)


def test_subjects_are_dealt_with_at_once_each_with_its_share_of_the_processors():
    together = threading.Barrier(2, timeout=60)

    def asked(name):
        together.wait()  # with one at a time nobody would come through
        return name, torch.get_num_threads()

    assert list(inquiry.side_by_side(asked, ["a", "b"], "cpu")) == [("a", 2), ("b", 2)]
    assert torch.get_num_threads() == 4


def test_more_subjects_than_threads_come_back_in_their_order():
    assert [name for name, _ in inquiry.side_by_side(lambda n: (n, torch.get_num_threads()), range(9), "cpu")] == list(range(9))


@pytest.mark.parametrize("device, threads", [("cuda", 4), ("cpu", 1)])
def test_on_a_gpu_or_one_thread_they_come_one_after_the_other(device, threads):
    torch.set_num_threads(threads)
    seen = list(inquiry.side_by_side(lambda _: (threading.current_thread(), torch.get_num_threads()), range(3), device))
    assert seen == [(threading.current_thread(), threads)] * 3


def test_an_error_passes_and_leaves_the_threads_as_they_were():
    alive = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        list(inquiry.side_by_side(lambda n: 1 / n, [1, 0, 2], "cpu"))
    assert torch.get_num_threads() == 4 and threading.active_count() == alive


@pytest.mark.parametrize("ask", ["p_covid", "features"])
def test_answers_are_those_of_all_films_at_once_and_each_is_counted(ask, monkeypatch):
    monkeypatch.setattr(inquiry, "BATCH", 4)
    images, meter = films(10), Meter("asked", 10)
    found = getattr(inquiry, ask)(untrained(), images, "cpu", meter)
    assert np.allclose(found, getattr(networks, ask)(untrained(), images), atol=1e-5) and meter.done == 10
    assert len(inquiry.p_covid(untrained(), images[:0], "cpu", meter)) == 0


def test_what_networks_say_does_not_depend_on_who_is_asked_beside_them():
    torch.set_num_threads(2)  # two at once have one each
    models = [attention.randomised("resnet34", seed=seed) for seed in range(2)]

    def asked(model):
        return inquiry.p_covid(model, films(20), "cpu", Meter("asked", 20)), attention.maps(model, films(3))

    together = list(inquiry.side_by_side(asked, models, "cpu"))
    torch.set_num_threads(1)
    for (p_covid, maps), (p_alone, maps_alone) in zip(together, map(asked, models)):
        assert np.array_equal(p_covid, p_alone) and np.array_equal(maps, maps_alone)


def test_random_weights_drawn_side_by_side_are_those_drawn_alone(tmp_path):
    """Networks that are loaded meanwhile draw from the same random numbers."""
    path = state_files.write(tmp_path, "resnet34-seed0", states.written(untrained().state_dict(), "resnet34"))
    network = inquiry.Network("resnet34", 0, path)

    def made(seed):
        inquiry.loaded(network, "cpu")
        return attention.randomised("resnet34", seed=seed)[0][0].weight

    together = list(inquiry.side_by_side(made, range(4), "cpu"))
    assert all(torch.equal(weight, attention.randomised("resnet34", seed=seed)[0][0].weight) for seed, weight in enumerate(together))


def test_a_part_that_fails_for_one_subject_is_done_for_the_others():
    def rows(films, context, name):
        if name == "b":
            raise BadInput("the weights are torn", "b.pt")
        return [name]

    part = context.Part("masking", "masks on {0}", rows, lambda _: [("a",), ("b",), ("c",)], inquiry.side_by_side)
    not_done = []
    assert context.carried_out([part], None, None, not_done) == {"masking": ["a", "c"]}
    assert [(row.part, row.reason) for row in not_done] == [("masks on b", "the weights are torn b.pt")]
