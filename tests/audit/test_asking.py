import numpy as np
import pytest

from cxrkit.audit import asking
from cxrkit.errors import BadInput
from cxrkit.evaluation import predictions
from cxrkit.training import networks
from tests.evaluation import runs


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return predictions.read(runs.write_run(tmp_path_factory.mktemp("run"), seeds=(1, 2), error_rates=(0.02, 0.02)))


def test_all_seeds_on_a_gpu_and_one_of_each_network_on_processors(run):
    assert [asking.name_of(network) for network in asking.of_run(run, "cuda")] == [
        "resnet34-seed1",
        "resnet34-seed2",
        "resnet101-seed1",
        "resnet101-seed2",
    ]
    assert [asking.name_of(network) for network in asking.of_run(run, "cpu")] == ["resnet34-seed1", "resnet101-seed1"]
    assert [asking.name_of(network) for network in asking.of_run(run, "cpu", ["resnet101-seed2"])] == ["resnet101-seed2"]
    with pytest.raises(BadInput, match="vgg16_bn-seed0"):
        asking.of_run(run, "cpu", ["vgg16_bn-seed0"])


def test_features_are_what_the_last_layer_turns_into_the_answer():
    import torch

    model = networks.build("resnet34").eval()
    images = np.random.default_rng(0).integers(0, 256, (5, 32, 32), dtype=np.uint8)
    found = asking.features(model, images, "cpu", batch_size=2)
    last = [module for module in model.modules() if isinstance(module, torch.nn.Linear)][-1]
    p_covid = torch.softmax(last(torch.tensor(found, dtype=torch.float32)), 1)[:, networks.COVID].detach().numpy()
    assert found.shape == (5, last.in_features)
    assert p_covid == pytest.approx(networks.p_covid(model, images), abs=1e-5)
    assert not last._forward_pre_hooks


def test_a_network_that_is_absent_or_damaged_is_bad_input(tmp_path):
    (tmp_path / "torn.pt").write_bytes(b"PK\x03\x04 no weights")
    for name, words in (("absent.pt", "not there"), ("torn.pt", "cannot be read")):
        with pytest.raises(BadInput, match=words):
            asking.load(asking.Network("resnet34", 0, tmp_path / name), "cpu")
