"""ImageNet weights, from a folder and from a local server in place of PyTorch's host."""

import http.server
import re
import threading

import numpy as np
import pytest
import torch
from torchvision import models

from cxrkit.errors import BadInput, RemoteRefusal
from cxrkit.files import sha256_of
from cxrkit.training import networks, weights


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a weight file of the right form for resnet34; its weights are random."""
    torch.manual_seed(5)
    folder = tmp_path_factory.mktemp("weights")
    torch.save(models.resnet34().state_dict(), folder / "new")
    (folder / "new").rename(folder / f"resnet34-{sha256_of(folder / 'new')[:8]}.pth")
    return folder


@pytest.fixture
def host(folder, monkeypatch, tmp_path):
    """A server on 127.0.0.1 with the folder's files, as the host that torch fetches from."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    name = next(folder.glob("*.pth")).name
    monkeypatch.setattr(weights, "source_of", lambda architecture: f"http://127.0.0.1:{server.server_port}/{name}")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    yield server
    server.shutdown()
    server.server_close()


def test_the_weights_of_the_studys_year_are_named():
    assert all("download.pytorch.org" in weights.source_of(name) for name in ("resnet34", "resnet101", "vgg16_bn", "vgg19_bn"))


def test_they_come_from_an_attached_folder_also_one_deeper(folder, host):
    assert weights.imagenet("resnet34", folder.parent).keys() == weights.imagenet("resnet34", folder).keys()


def test_they_are_fetched_once_and_then_cached(host):
    first = weights.imagenet("resnet34")
    host.shutdown()
    again = weights.imagenet("resnet34")
    assert all(torch.equal(first[key], again[key]) for key in first)


def test_without_the_host_the_message_says_what_to_do(host):
    host.shutdown()
    host.server_close()
    with pytest.raises(RemoteRefusal) as caught:
        weights.imagenet("resnet34")
    assert "--no-pretrained" in str(caught.value) and "--weights" in str(caught.value)


def test_a_folder_without_the_file_and_a_damaged_file_are_bad_input(tmp_path, folder, host):
    with pytest.raises(BadInput, match="holds no resnet34"):
        weights.imagenet("resnet34", tmp_path / "empty")
    whole = next(folder.glob("*.pth"))
    (tmp_path / whole.name).write_bytes(whole.read_bytes()[:-1])
    with pytest.raises(BadInput, match="damaged"):
        weights.imagenet("resnet34", tmp_path)


def test_the_body_gets_them_and_a_random_start_begins_with_silent_branches(folder, host):
    state = weights.imagenet("resnet34", folder)
    model = weights.with_body("resnet34", folder)
    assert torch.equal(model[0][0].weight, state["conv1.weight"])
    assert torch.equal(model[0][7][2].conv2.weight, state["layer4.2.conv2.weight"])
    weights.silence_residual_branches(model)
    silent = [module for module in model.modules() if getattr(module, "weight", None) is not None and not module.weight.any()]
    assert len(silent) == 3 + 4 + 6 + 3


OLD_NAMES = {"densenet121": (r"(denselayer\d+)\.(norm|conv)(\d)", r"\1.\2.\3")}
"""How the keys of a published file differ from the names in torchvision's code: `denselayer1.norm.1` for `denselayer1.norm1`."""


@pytest.mark.parametrize(
    "name, published",
    [
        ("densenet121", "densenet121-a639ec97.pth"),
        ("convnext_tiny", "convnext_tiny-983f1562.pth"),
        ("efficientnet_b0", "efficientnet_b0_rwightman-7f5810bc.pth"),
    ],
)
def test_other_networks_take_torchvisions_files_into_their_bodies(name, published, tmp_path, monkeypatch):
    assert weights.files_of(name) == [published]
    torch.manual_seed(5)
    whole = getattr(models, name)().eval()
    renamed = OLD_NAMES.get(name, ("", ""))
    torch.save({re.sub(*renamed, key): value for key, value in whole.state_dict().items()}, tmp_path / "new")
    file = f"{published.rpartition('-')[0]}-{sha256_of(tmp_path / 'new')[:8]}.pth"
    (tmp_path / "new").rename(tmp_path / file)
    monkeypatch.setattr(weights, "source_of", lambda architecture: f"http://127.0.0.1/{file}")
    weights.check([name], tmp_path)
    body, films = weights.with_body(name, tmp_path)[0].eval(), torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(body(films), whole.features(films))


def test_the_largest_regnets_which_have_no_weights_of_that_name_have_others():
    assert weights.source_of("regnet_y_128gf").endswith(".pth")


@pytest.fixture
def published(tmp_path):
    """A folder with a file of the right form for a small timm network that wants other statistics; the network as well."""
    timm = pytest.importorskip("timm", reason="timm is not installed (tests/requirements-weights.txt)")
    torch.manual_seed(5)
    whole = timm.create_model(INCEPTION_STATISTICS).eval()
    torch.save(whole.state_dict(), tmp_path / f"{INCEPTION_STATISTICS}.pth")
    return tmp_path, whole


INCEPTION_STATISTICS = "tf_mobilenetv3_small_minimal_100"


def test_a_timm_network_sees_films_normalised_as_it_wants_them(published):
    folder, whole = published
    assert whole.default_cfg["mean"] == whole.default_cfg["std"] == (0.5, 0.5, 0.5)
    weights.check([INCEPTION_STATISTICS], folder)
    model = weights.with_body(INCEPTION_STATISTICS, folder).eval()
    grey = np.random.default_rng(0).integers(0, 256, (2, 64, 64), dtype=np.uint8)
    own = torch.as_tensor(grey)[:, None].expand(-1, 3, -1, -1) / 255 * 2 - 1
    with torch.no_grad():
        assert torch.allclose(model[0](networks.normalised(grey)), whole.forward_features(own), rtol=1e-3, atol=1e-5)


def test_a_timm_file_that_is_torn_lacks_weights_or_is_anothers_is_bad_input(published):
    folder, whole = published
    path = folder / f"{INCEPTION_STATISTICS}.pth"
    state = whole.state_dict()
    first = next(iter(state))
    for spoilt, words in (
        ({**state, first: state[first][:1]}, "another network's"),
        ({key: value for key, value in state.items() if key != first}, f"lack 1 tensors, {first} first"),
    ):
        torch.save(spoilt, path)
        with pytest.raises(BadInput, match=words):
            weights.with_body(INCEPTION_STATISTICS, folder)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BadInput, match="cannot be read"):
        weights.check([INCEPTION_STATISTICS], folder)
    path.rename(path.with_suffix(".safetensors"))
    with pytest.raises(BadInput, match="cannot be read"):
        weights.check([INCEPTION_STATISTICS], folder)
    with pytest.raises(BadInput, match="holds no efficientnet_lite0.safetensors"):
        weights.check(["efficientnet_lite0"], folder)
