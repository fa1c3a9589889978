"""ImageNet weights: from an attached folder, from torch's own cache, or from PyTorch's host."""

import os
from pathlib import Path

import torch
from fastai.vision.learner import create_body, model_meta
from torchvision import models

from cxrkit.errors import BadInput, RemoteRefusal
from cxrkit.files import sha256_of
from cxrkit.training import networks


def source_of(architecture):
    """The torchvision weights of 2020, which the study used: their URL on PyTorch's host."""
    return models.get_model_weights(architecture).IMAGENET1K_V1.url


def imagenet(architecture, folder=""):
    """The state dict of an architecture trained on ImageNet-1k.

    folder: where the weight files were attached (looked for by file name, also one folder deeper);
    empty for torch's cache and then the network. The file name carries the start of its SHA-256,
    which is checked; only tensors are loaded. Raises BadInput or RemoteRefusal.
    """
    url = source_of(architecture)
    path = _attached(folder, url) if folder else _cached(url)
    expected = path.stem.rsplit("-", 1)[1]
    if not sha256_of(path).startswith(expected):
        raise BadInput("The weight file is damaged: its SHA-256 is not the one in its name.", path, "delete it and fetch it again")
    return torch.load(path, map_location="cpu", weights_only=True)


def _attached(folder, url):
    name = os.path.basename(url)
    for pattern in (name, f"*/{name}"):
        for path in sorted(Path(folder).glob(pattern)):
            return path
    raise BadInput(f"The weights folder holds no {name}.", folder, f"put the file of {url} there, or leave out --weights")


def _cached(url):
    path = Path(torch.hub.get_dir()) / "checkpoints" / os.path.basename(url)
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(url, str(path), hash_prefix=path.stem.rsplit("-", 1)[1], progress=False)
    except (OSError, RuntimeError) as error:
        path.unlink(missing_ok=True)
        raise RemoteRefusal(
            f"The ImageNet weights cannot be fetched: {str(error).splitlines()[0]}",
            url,
            "allow the network (on Kaggle: Settings, Internet on), or bring the files with --weights DIR, "
            "or start from random weights with --no-pretrained",
        ) from error
    return path


def with_body(model, state, architecture):
    """A network that has no weights yet, with a torchvision state dict in its body and fastai's freshly drawn head.

    model: of networks.blank(architecture); state: the whole torchvision network's, classifier and all.
    """
    with torch.device("meta"):
        whole = getattr(models, architecture)()
    whole.load_state_dict(state, assign=True)
    body = create_body(whole, pretrained=False, cut=model_meta[getattr(models, architecture)]["cut"])
    model[0].load_state_dict(body.state_dict(), assign=True)
    networks.draw(model[1].to_empty(device="cpu"))
    return model


def silence_residual_branches(model):
    """Let each residual block of a randomly started network begin as the identity, so that a deep one can learn.

    Goyal et al. 2017, section 5.1 (https://arxiv.org/abs/1706.02677): the last batch norm of a block starts at zero.
    """
    for module in model.modules():
        last = getattr(module, "bn3", getattr(module, "bn2", None))
        if last is not None and hasattr(module, "downsample"):
            torch.nn.init.zeros_(last.weight)


def check(architectures, folder=""):
    """Fetch and check the weights of all architectures, so that a run fails at its start and not in its middle."""
    for architecture in architectures:
        imagenet(architecture, folder)
