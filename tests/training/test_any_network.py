"""Every tested network, and others, by fastai's cut: built, split, frozen, trained, written and read again, looked into, weighed."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from fastai.torch_core import set_seed
from torch import nn

from cxrkit import config
from cxrkit.config import TESTED
from cxrkit.errors import WrongUse, run_command
from cxrkit.training import batchnorm, learner, networks, recipe, states
from cxrkit.training.batchnorm import OverProcesses
from cxrkit.training.distributed import Team
from cxrkit.training.stages import Job
from tests.kernel.entry import kernel_run
from tests.training.executor import machine
from tests.training.trainings import drawn_films

ROOT = Path(__file__).resolve().parents[2]
TIMMS = {"efficientnet_lite0", "resnetblur50", "tf_mobilenetv3_small_minimal_100"}
NORMS = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm)
SIZE = 64


def needing_timm(names):
    absent = pytest.mark.skipif(networks.timm is None, reason="timm is not installed (tests/requirements-weights.txt)")
    return [pytest.param(name, marks=absent) if name in TIMMS else name for name in names]


LIKE_ANOTHER = ("resnet101", "resnet50", "vgg19_bn")
"""Of the same blocks as another one, only more of them."""
every_network = pytest.mark.parametrize("name", needing_timm(TESTED))


def squares(count=4, size=SIZE):
    return np.random.default_rng(0).integers(0, 256, (count, size, size), dtype=np.uint8)


@every_network
def test_its_groups_are_all_its_weights_the_first_layers_first_and_the_head_last(name):
    model = networks.blank(name)
    groups = networks.splitter(name)(model)
    assert [id(weight) for group in groups for weight in group] == [id(weight) for weight in model.parameters()]
    assert len(groups) > 1 and len(groups[-1]) == len(list(model[1].parameters()))


@pytest.mark.parametrize("name", needing_timm([name for name in TESTED if name not in LIKE_ANOTHER]))
def test_while_it_is_frozen_its_body_keeps_its_weights_but_for_the_norms_and_then_all_of_it_is_trained(name, small, tmp_path):
    experiment = replace(small, batch_size=8, learning_rate=0.01)
    set_seed(0)  # the loaders draw their order's seed when they are made
    learn = learner.make(Job(name, 0), drawn_films().loaders(experiment, "cpu"), experiment, machine(experiment).numerics, 0)
    norms = {weight for module in learn.model.modules() if isinstance(module, NORMS) for weight in module.parameters(recurse=False)}
    in_body = set(learn.model[0].parameters())
    for stage in ("frozen", "unfrozen"):
        getattr(learn, {"frozen": "freeze", "unfrozen": "unfreeze"}[stage])()
        before = {key: weight.detach().clone() for key, weight in learn.model.named_parameters()}
        learn.fit_one_cycle(1, lr_max=experiment.learning_rate)
        for key, weight in learn.model.named_parameters():
            kept, moved = stage == "frozen" and weight in in_body and weight not in norms, not torch.equal(weight, before[key])
            assert weight.isfinite().all() and weight.requires_grad != kept
            slight = weight in norms and name == "convnext_tiny"  # its blocks begin a millionth strong, and their norms do not decay
            assert moved != kept or slight, (stage, key)
    torch.save(learn.model.state_dict(), tmp_path / "trained.pt")
    again = networks.load(tmp_path / "trained.pt", name)
    assert np.array_equal(networks.p_covid(again, squares()), networks.p_covid(learn.model.eval(), squares()))


@every_network
def test_its_memory_is_what_a_step_keeps_for_the_backward_pass(name):
    """Counted anew on real films: each tensor that autograd keeps, once, and sixteen bytes a weight."""
    torch.manual_seed(0)
    model, kept = networks.build(name).train(), {}
    own = {each.data_ptr() for each in (*model.parameters(), *model.buffers())}
    with torch.autograd.graph.saved_tensors_hooks(
        lambda tensor: kept.setdefault(tensor.untyped_storage().data_ptr(), tensor), lambda kept: kept
    ):
        model(torch.randn(2, 3, SIZE, SIZE))
    films = sum(tensor.untyped_storage().nbytes() for place, tensor in kept.items() if place not in own)
    weights = sum(weight.numel() for weight in model.parameters())
    assert networks.training_bytes(name, SIZE, 2) == pytest.approx(16 * weights + films, rel=0.02)


def test_the_recipe_trains_a_network_whose_body_has_no_batch_norm(small):
    """Precise statistics are then those of the head alone."""
    experiment = replace(small, batch_size=8)
    loaders = drawn_films().loaders(experiment, "cpu")
    *_, stage = recipe.train(Job("convnext_tiny", 0), loaders, experiment, machine(experiment).numerics)
    assert [each.kind for each in stage.statistics] == ["running", "precise"]
    assert all(np.isfinite(each.valid_loss) for each in stage.statistics) and len(stage.predictions) == 8
    state = states.read(stage.weights)
    assert [key for key in state if "running_mean" in key] and all(key.startswith("1.") for key in state if "running_" in key)


@pytest.mark.parametrize("name", needing_timm(["resnetblur50", "regnet_y_400mf", "swin_t", "tf_mobilenetv3_small_minimal_100"]))
def test_networks_whose_layers_are_of_other_kinds_are_built_and_read_again(name, tmp_path):
    """A filter or an index that is in no state dict; widths that are computed as tensors; layers with names of their own."""
    networks.require(name, SIZE)
    torch.manual_seed(0)
    model = networks.build(name).eval()
    assert not any(each.is_meta for each in (*model.parameters(), *model.buffers()))
    torch.save(model.state_dict(), tmp_path / "trained.pt")
    expected = networks.p_covid(model, squares())
    assert np.isfinite(expected).all()
    assert np.array_equal(networks.p_covid(networks.load(tmp_path / "trained.pt", name), squares()), expected)


def test_a_blur_of_a_random_network_is_a_blur():
    pytest.importorskip("timm", reason="timm is not installed (tests/requirements-weights.txt)")
    filters = [value for name, value in networks.build("resnetblur50").named_buffers() if name.endswith("filt")]
    assert filters and all(torch.allclose(each.sum((2, 3)), torch.ones(())) for each in filters)


def test_to_weigh_a_network_draws_no_random_number():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    networks.step_memory.__wrapped__("regnet_y_400mf", SIZE, 2)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize(
    "name, size, reason",
    [
        ("vit_b_16", 224, "no pooling layer"),
        ("inception_v3", 224, "from inception_v3"),
        ("shufflenet_v2_x1_0", 224, "the others would be lost"),
        ("alexnet", 32, "32 pixels"),
    ],
)
def test_a_network_that_cannot_be_used_is_refused_before_anything_is_read(name, size, reason, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    command = [
        "--local",
        "--experiment",
        "paper",
        "--data",
        "no-such-folder",
        "--architectures",
        "resnet34",
        name,
        "--image-size",
        str(size),
    ]
    assert run_command(lambda: kernel_run().main(command)) == 2
    said = capsys.readouterr().err
    assert name in said and reason in said and "densenet121" in said
    assert not list(tmp_path.iterdir())


def test_what_fails_for_no_lack_of_values_is_not_made_a_second_time_with_values():
    """inception_v3 would compute on squares of up to 2,048 pixels before it fails in the same way."""
    made = []

    def make():
        made.append(torch.empty(0).device.type)
        raise RuntimeError("Expected 4D input")

    with pytest.raises(RuntimeError, match="4D"):
        networks.on_meta(make)
    assert made == ["meta"]


def test_a_network_without_a_map_is_refused():
    pytest.importorskip("timm", reason="timm is not installed (tests/requirements-weights.txt)")
    with pytest.raises(WrongUse, match="gives no map"):
        networks.require("xcit_nano_12_p16_224", 224)


@pytest.mark.parametrize("name", ["efficientnet_lite0", "resnetblur50"])
def test_without_timm_its_networks_are_refused_with_the_remedy(name, monkeypatch):
    monkeypatch.setattr(networks, "timm", None)
    with pytest.raises(WrongUse) as caught:
        config.load("paper", {"architectures": [name]})
    assert name in str(caught.value) and "timm" in str(caught.value)
    assert name != "efficientnet_lite0" or "pip install timm" in str(caught.value)


def test_torchvisions_tested_networks_are_named_without_loading_torch_and_timms_run_is_read_without_timm():
    code = (
        "import sys; from cxrkit import config;"
        "names = [name for name in config.TESTED if name not in config.OF_TIMM];"
        "config.load('paper', {'architectures': names}); config.Experiment(architectures=('efficientnet_lite0',));"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_processes_do_not_share_a_network_whose_batch_norm_does_more():
    pytest.importorskip("timm", reason="timm is not installed (tests/requirements-weights.txt)")
    team = Team()
    team.size = 2
    with pytest.raises(WrongUse, match="BatchNormAct2d, cannot be shared by processes") as caught:
        team.share(networks.blank("efficientnet_lite0"))
    assert "--parallel jobs" in str(caught.value)
    for name in config.TESTED.keys() - config.OF_TIMM:
        assert all(isinstance(layer, OverProcesses) for layer in batchnorm.layers(batchnorm.shared(networks.blank(name))))
