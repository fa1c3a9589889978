"""ImageNet weights, from a folder and from a local server in place of PyTorch's host."""

import http.server
import re
import threading

import numpy as np
import pytest
import torch
from fastai.vision.learner import create_vision_model, model_meta
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


@pytest.fixture(scope="module", params=["resnet34", "vgg16_bn"])
def as_fastai(request):
    """The architecture, a whole torchvision network's state dict, and what fastai makes of it with its own loading."""
    torch.manual_seed(5)
    whole = getattr(models, request.param)().state_dict()
    for name in whole:
        if "running" in name:
            whole[name] += torch.rand(whole[name].shape)

    def arch(pretrained):
        model = getattr(models, request.param)()
        model.load_state_dict(whole)
        return model

    cut = model_meta[getattr(models, request.param)]["cut"]
    return request.param, whole, create_vision_model(arch, 2, pretrained=True, cut=cut)


def test_the_body_is_the_one_that_fastai_would_load(as_fastai, monkeypatch):
    architecture, whole, theirs = as_fastai
    monkeypatch.setattr(weights, "imagenet", lambda *_: whole)
    torch.manual_seed(1)
    mine = weights.with_body(architecture)
    assert list(mine.state_dict()) == list(theirs.state_dict())
    for (name, value), wanted in zip(mine[0].state_dict().items(), theirs[0].state_dict().values()):
        assert torch.equal(value, wanted), name
    assert all(value.device.type == "cpu" for value in mine.state_dict().values())
    assert all(weight.requires_grad for weight in mine.parameters())
    images = torch.randn(2, 3, 64, 64)
    mine[1].load_state_dict(theirs[1].state_dict())
    assert torch.equal(mine.eval()(images), theirs.eval()(images))


def test_the_head_is_drawn_anew_by_torchs_generator(as_fastai, monkeypatch):
    architecture, whole, theirs = as_fastai
    monkeypatch.setattr(weights, "imagenet", lambda *_: whole)
    heads = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        heads.append(weights.with_body(architecture)[1].state_dict())
    last = list(heads[0])[-1]
    assert torch.equal(heads[0][last], heads[1][last]) and not torch.equal(heads[0][last], heads[2][last])
    drawn = {name for name, value in heads[0].items() if value.is_floating_point() and value.std() > 1e-6}
    assert drawn == {name for name, value in theirs[1].state_dict().items() if value.is_floating_point() and value.std() > 1e-6}
    assert all(torch.equal(value, heads[0][name]) for name, value in theirs[1].state_dict().items() if name not in drawn)


def test_training_does_not_change_the_file_of_weights(folder, host):
    before = weights.imagenet("resnet34", folder)["conv1.weight"]
    model = weights.with_body("resnet34", folder)
    assert torch.equal(model[0][0].weight, before)
    with torch.no_grad():
        model[0][0].weight.zero_()
    assert torch.equal(weights.imagenet("resnet34", folder)["conv1.weight"], before)


def test_weights_of_another_network_are_no_body(folder, monkeypatch):
    other = torch.load(next(folder.glob("*.pth")), weights_only=True)
    monkeypatch.setattr(weights, "imagenet", lambda *_: other)
    with pytest.raises(RuntimeError, match="size mismatch|Unexpected|Missing"):
        weights.with_body("resnet101")


def test_a_random_start_begins_with_silent_branches():
    model = networks.build("resnet34")
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
