"""Both loaders give the same batches; the resident one is a whole fastai DataLoaders, wherever its bytes lie."""

import threading
import time

import numpy as np
import pytest
import torch
from fastai.torch_core import set_seed
from fastai.vision.core import imagenet_stats

from cxrkit.data.pixels import Pixels
from cxrkit.environment import Choice
from cxrkit.training import loaders


def batches(made, seed=5):
    set_seed(seed)
    made.train.rng.seed(seed)
    return [(x.cpu().numpy(), y.tolist()) for x, y in made.train], [(x.cpu().numpy(), y.tolist()) for x, y in made.valid]


@pytest.fixture(scope="module")
def from_files(data):
    root, entries, _, _ = data
    return batches(loaders.from_files(root, entries, 32, 16, 0, "cpu"))


@pytest.mark.parametrize("place", ["host", "device", "file"])
def test_both_loaders_give_the_same_batches(data, squares, from_files, place):
    _, _, records, _ = data
    store = loaders.Store(squares, [record.image_id for record in records], "cpu", Choice(place, "the test says so"))
    resident = batches(loaders.resident(squares, records, 16, "cpu", store))
    for mine, theirs in zip(resident, from_files):
        assert [y for _, y in mine] == [y for _, y in theirs]
        assert all(np.allclose(x, z, atol=1e-4) for (x, _), (z, _) in zip(mine, theirs))


@pytest.mark.parametrize("layout", ["contiguous", "channels_last"])
def test_the_films_of_a_task_give_these_batches_in_either_layout(small, training_films, from_files, layout):
    experiment = small.__class__(**{**vars(small), "batch_size": 16})
    made = training_films.loaders(experiment, "cpu", layout)
    for mine, theirs in zip(batches(made), from_files):
        assert [y for _, y in mine] == [y for _, y in theirs]
        assert all(np.allclose(x, z, atol=1e-4) for (x, _), (z, _) in zip(mine, theirs))
    wanted = torch.channels_last if layout == "channels_last" else torch.contiguous_format
    for loader in made.loaders:
        films = loader.one_batch()[0]
        assert films.shape[1:] == (3, 32, 32) and films.is_contiguous(memory_format=wanted)


def test_the_films_of_a_task_are_files_where_there_are_no_squares(small, data, from_files):
    root, entries, records, _ = data
    films = loaders.TrainingFilms(tuple(records), Choice(0, "the test says so"), None, root, entries)
    made = films.loaders(small.__class__(**{**vars(small), "batch_size": 16}), "cpu")
    assert [y for _, y in batches(made)[0]] == [y for _, y in from_files[0]]


def test_films_that_are_not_used_are_not_trained_on(data, squares):
    _, _, records, _ = data
    fewer = [record.but(excluded="the test says so") if index == 0 else record for index, record in enumerate(records)]
    assert [record.used for record in fewer].count(False) == 1
    assert loaders.of_pixels(squares, fewer, "cpu").records == tuple(records[1:])


def test_held_out_films_are_never_augmented_and_come_in_the_order_of_their_items(data, squares):
    _, _, records, _ = data
    made = loaders.resident(squares, records, 16, "cpu")
    wanted = (squares.of(made.valid.items)[:, None] / 255 - np.reshape(imagenet_stats[0], (1, 3, 1, 1))) / np.reshape(
        imagenet_stats[1], (1, 3, 1, 1)
    )
    assert np.allclose(np.concatenate([x for x, _ in batches(made)[1]]), wanted, atol=1e-4)


def test_a_test_split_is_a_third_loader(data, squares):
    _, _, records, _ = data
    held = [record for record in records if record.split == "valid"]
    moved = [record.but(split="test") if record in held[::2] else record for record in records]
    made = loaders.resident(squares, moved, 16, "cpu")
    assert [len(loader.items) for loader in made.loaders] == [len(records) - len(held), len(held) // 2, len(held) - len(held) // 2]
    assert all(loader.dataset.split_idx == index for index, loader in enumerate(made.loaders))


def test_processes_of_a_team_share_each_batch(data, squares):
    _, _, records, _ = data
    whole = loaders.resident(squares, records, 16, "cpu")
    parts = []
    for shard in ((0, 2), (1, 2)):
        part = loaders.resident(squares, records, 16, "cpu")
        part.train.shard = shard
        parts.append(batches(part)[0])
    for (_, labels), (_, first), (_, second) in zip(batches(whole)[0], *parts):
        assert labels[::2] == first and labels[1::2] == second


def test_what_fastai_shows_and_interprets_works_on_the_resident_loader(data, squares, tmp_path):
    import matplotlib.pyplot as plt
    from fastai.interpret import ClassificationInterpretation
    from fastai.vision.learner import vision_learner
    from torchvision.models import resnet18

    _, _, records, _ = data
    made = loaders.resident(squares, records, 16, "cpu")
    made.show_batch(max_n=2)
    plt.close("all")
    learner = vision_learner(made, resnet18, pretrained=False, normalize=False, path=tmp_path)
    learner.remove_cbs(learner.cbs[2:])
    seen = ClassificationInterpretation.from_learner(learner)
    assert seen.confusion_matrix().sum() == len(made.valid.items)
    assert made.test_dl(made.valid.items[:3]).one_batch()[0].shape == (3, 3, 32, 32)


def test_where_the_bytes_go_has_a_reason(monkeypatch):
    monkeypatch.setattr(loaders.environment, "free_memory_bytes", lambda: 10e9)
    assert loaders.placement(100e6, "cpu").value == "host"
    too_much = loaders.placement(9e9, "cpu")
    assert too_much.value == "file" and "stream" in too_much.reason


def of_seven(fail_at=None, made=None):
    for number in range(7):
        if number == fail_at:
            raise ValueError("no such luck")
        if made is not None:
            made.append(number)
        yield number


def readers():
    """Threads beside those that were there."""
    return set(threading.enumerate())


def is_over(before):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if readers() <= before:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("depth", [1, 2, 10])
def test_reading_ahead_yields_the_same_in_the_same_order(depth):
    before = readers()
    assert list(loaders.ahead(of_seven(), depth)) == list(range(7))
    assert list(loaders.ahead(iter(()), depth)) == []
    assert is_over(before)


def test_an_error_of_what_is_read_ahead_comes_in_its_turn():
    before, found = readers(), []
    with pytest.raises(ValueError, match="no such luck"):
        for number in loaders.ahead(of_seven(fail_at=4), depth=10):
            found.append(number)
    assert found == [0, 1, 2, 3] and is_over(before)


def test_reading_ahead_ends_when_nobody_reads_on_and_runs_no_further_than_it_should():
    before, made = readers(), []
    items = loaders.ahead(of_seven(made=made), depth=2)
    assert next(items) == 0
    items.close()
    assert is_over(before) and len(made) <= 1 + 2 + 1


def test_a_training_that_fails_in_the_middle_of_a_stream_leaves_no_reader(data, squares):
    _, _, records, _ = data
    store = loaders.Store(squares, [record.image_id for record in records], "cpu", Choice("file", "the test says so"))
    before = readers()
    for _ in loaders.resident(squares, records, 8, "cpu", store).train:
        break
    assert is_over(before)


def test_a_stream_tells_of_a_film_that_cannot_be_read(data, squares):
    _, _, records, _ = data

    class Broken:
        def __getitem__(self, rows):
            raise OSError(5, "Input/output error")

    store = loaders.Store(squares, [record.image_id for record in records], "cpu", Choice("file", "the test says so"))
    store.images = Broken()
    with pytest.raises(OSError, match="Input/output"):
        list(loaders.resident(Pixels(squares.images, squares.rows), records, 8, "cpu", store).train)


def test_films_of_several_trainings_have_to_fit_a_gpu_together(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda *_: (10e9, 16e9))
    monkeypatch.setattr(loaders.environment, "free_memory_bytes", lambda: 10e9)
    assert loaders.placement(1e9, "cuda", 3).value == "device"
    assert loaders.placement(1e9, "cuda", 4).value == "host"
    assert loaders.placement(4e9, "cuda", 1).value == "file"
