"""ImageNet weights: from an attached folder, from torch's own cache, or from PyTorch's host."""

import os
import re
from pathlib import Path

import torch
from fastai.vision.learner import TimmBody, create_body, model_meta
from torchvision import models

from cxrkit.errors import BadInput, RemoteRefusal
from cxrkit.files import sha256_of
from cxrkit.progress import on_terminal, say
from cxrkit.training import networks, states

REMEDY = (
    "allow the network (on Kaggle: Settings, Internet on), or bring the files with --weights DIR, "
    "or start from random weights with --no-pretrained"
)
OLD_DENSENET_KEY = re.compile(r"(.*denselayer\d+\.(?:norm|relu|conv))\.((?:[12])\..*)")
"""torchvision's DenseNet files name a layer `norm.1` that its code names `norm1`."""


def source_of(architecture):
    """torchvision's first weights of an architecture, for the study's those it used in 2020: their URL on PyTorch's host."""
    published = {weights.name: weights.url for weights in models.get_model_weights(architecture)}
    return published.get("IMAGENET1K_V1") or next(iter(published.values()))  # the largest RegNets have others alone


def files_of(architecture):
    """Names of the file that holds an architecture's ImageNet weights; any one will do."""
    if networks.in_torchvision(architecture):
        return [os.path.basename(source_of(architecture))]
    return [f"{architecture}.safetensors", f"{architecture}.pth"]


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
    state = states.load(path, "delete it and fetch it again")
    return {OLD_DENSENET_KEY.sub(r"\1\2", key): value for key, value in state.items()}


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
    say(f"fetching ImageNet weights: {url}")
    try:
        torch.hub.download_url_to_file(url, str(path), hash_prefix=path.stem.rsplit("-", 1)[1], progress=on_terminal())
    except (OSError, RuntimeError) as error:
        path.unlink(missing_ok=True)
        raise RemoteRefusal(
            f"The ImageNet weights cannot be fetched: {str(error).splitlines()[0]}",
            url,
            REMEDY,
        ) from error
    return path


def with_body(architecture, folder=""):
    """A network with ImageNet weights in its body and fastai's freshly drawn head. Raises BadInput or RemoteRefusal."""
    model = networks.empty(architecture)
    networks.draw(model[1].to_empty(device="cpu"))
    if networks.in_torchvision(architecture):
        builder = getattr(models, architecture)
        whole = networks.on_meta(builder)
        whole.load_state_dict(imagenet(architecture, folder), assign=True)
        body = create_body(whole, pretrained=False, cut=model_meta.get(builder, {"cut": None})["cut"])
        model[0].load_state_dict(body.state_dict(), assign=True)
        return model
    body = next(module for module in model[0].modules() if isinstance(module, TimmBody))
    state = timm_imagenet(architecture, folder)
    try:
        missing, _ = body.model.load_state_dict(state, strict=False, assign=True)  # the classifier is not wanted
    except RuntimeError as error:
        raise BadInput(f"The weights are another network's than {architecture}'s.", folder or None, "fetch them again") from error
    if missing:
        raise BadInput(
            f"The weights of {architecture} lack {len(missing)} tensors, {missing[0]} first.", folder or None, "fetch them again"
        )
    return model


def timm_imagenet(architecture, folder=""):
    """The state dict that timm publishes for an architecture, or the one in folder/ARCHITECTURE.pth or .safetensors; tensors alone.

    timm names no checksum; the hub that it fetches from checks its own. Raises BadInput or RemoteRefusal.
    """
    if folder:
        found = [path for name in files_of(architecture) for path in sorted(Path(folder).glob(f"**/{name}"))]
        if not found:
            raise BadInput(
                f"The weights folder holds no {architecture}.safetensors and no {architecture}.pth.",
                folder,
                "put timm's weights there under that name, or leave out --weights",
            )
        return states.load(found[0], "fetch them again")
    try:
        return networks.timm.create_model(architecture, pretrained=True).state_dict()
    except (OSError, RuntimeError, ValueError) as error:  # of the hub's client, of torch's
        raise RemoteRefusal(f"timm's weights cannot be fetched: {str(error).splitlines()[0]}", architecture, REMEDY) from error


def travelling_name(architecture):
    """The name under which travelling() is found in a folder of weights."""
    return files_of(architecture)[0]


def travelling(architecture, folder=""):
    """The bytes of a file of that name with an architecture's ImageNet weights, for another machine. Raises as imagenet()."""
    if networks.in_torchvision(architecture):
        url = source_of(architecture)
        return (_attached(folder, url) if folder else _cached(url)).read_bytes()
    return states.written(timm_imagenet(architecture, folder), architecture)


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
        (imagenet if networks.in_torchvision(architecture) else timm_imagenet)(architecture, folder)
