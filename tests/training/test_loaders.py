"""Both loaders give the same batches; the resident one is a whole fastai DataLoaders, wherever its bytes lie."""

import numpy as np
import pytest
from fastai.torch_core import set_seed
from fastai.vision.core import imagenet_stats

from cxrkit.data import pixels
from cxrkit.environment import Choice
from cxrkit.training import loaders


@pytest.fixture(scope="module")
def squares(data, tmp_path_factory):
    _, _, records, locate = data
    return pixels.load(records, locate, 32, tmp_path_factory.mktemp("pixels"))


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
