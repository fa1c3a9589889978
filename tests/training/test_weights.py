"""ImageNet weights, from a folder and from a local server in place of PyTorch's host."""

import http.server
import threading

import pytest
import torch
from torchvision import models

from cxrkit.errors import BadInput, RemoteRefusal
from cxrkit.files import sha256_of
from cxrkit.training import weights


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
    from fastai.vision.learner import create_vision_model

    state = weights.imagenet("resnet34", folder)
    learner = type("Learner", (), {"model": create_vision_model(models.resnet34, 2, pretrained=False)})
    weights.load_body(learner, "resnet34", state)
    assert torch.equal(learner.model[0][0].weight, state["conv1.weight"])
    assert torch.equal(learner.model[0][7][2].conv2.weight, state["layer4.2.conv2.weight"])
    weights.silence_residual_branches(learner.model)
    silent = [module for module in learner.model.modules() if getattr(module, "weight", None) is not None and not module.weight.any()]
    assert len(silent) == 3 + 4 + 6 + 3
