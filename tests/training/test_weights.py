"""ImageNet weights, from a folder and from a local server in place of PyTorch's host."""

import http.server
import threading

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
