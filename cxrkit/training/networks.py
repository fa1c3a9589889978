"""The networks: any that fastai can cut from torchvision or timm; built, drawn, loaded from a results folder, asked about films.

torchvision's are asked for first; timm's, where that is installed, by their own names. timm's may have been trained on images
normalised in another way, which is then the network's first layer, so that all films reach all networks alike.
"""

import difflib
import functools
import warnings
from dataclasses import dataclass

import numpy as np
import torch
from fastai.vision.core import imagenet_stats
from fastai.vision.learner import TimmBody, add_head, create_vision_model, default_split, model_meta
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torchvision import models

from cxrkit.config import TESTED
from cxrkit.data.records import LABELS, POSITIVE
from cxrkit.errors import BadInput, WrongUse
from cxrkit.training import states

try:
    import timm
except ImportError:  # pip install timm
    timm = None

COVID = LABELS.index(POSITIVE)
"""The output of a network that means COVID-19."""
DRAWN = (nn.Conv2d, nn.Linear, _BatchNorm)
"""Layers that draw() knows how to begin."""
RESTORE = "restore the file from the run's output"


def in_torchvision(architecture):
    return architecture in models.list_models(module=models)


def require(architecture, image_size):
    """Raise WrongUse for a network that neither torchvision nor timm knows by that name, that fastai cannot cut, or cuts off behind
    its first layers, or whose body gives no map of films of that size, without which there is no Grad-CAM."""
    known = list(dict.fromkeys([*TESTED, *models.list_models(module=models), *(timm.list_models() if timm else ())]))
    if architecture not in known:
        near = difflib.get_close_matches(architecture, known, 3)
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        more = "" if timm else "; with timm installed also its own"
        raise WrongUse(f"There is no network {architecture!r}.", next=f"{hint}The tested ones are {', '.join(TESTED)}{more}")
    if not in_torchvision(architecture) and timm is None:
        raise WrongUse(f"The network {architecture} is timm's, which is not installed.", next="pip install timm")
    try:
        body, head = blank(architecture).eval()
        with torch.device("meta"):
            given = body(torch.empty(2, 3, image_size, image_size))
            head(given)
        if given.dim() != 4 or given.shape[2] != given.shape[3]:
            raise ValueError("its body gives no map of a film")
        if in_torchvision(architecture) and 2 * len(list(body.parameters())) < len(
            list(on_meta(getattr(models, architecture)).parameters())
        ):
            raise ValueError("its last pooling layer comes after its first layers, and the others would be lost")
    except Exception as error:  # whatever a network of hundreds answers to being cut
        reason = (
            "it has no pooling layer to cut at"
            if isinstance(error, StopIteration)
            else f"{str(error) or type(error).__name__}".splitlines()[0]
        )
        what = f"fastai cannot cut a body for films of {image_size} pixels from {architecture}: {reason}"
        raise WrongUse(what, next=f"use one of {', '.join(TESTED)}, or another image_size") from error


def blank(architecture):
    """A network without weights, on torch's meta device: the body of a torchvision or timm model and fastai's head with two
    outputs, as LABELS orders them. Making one draws nothing and takes a hundredth of a second."""
    return on_meta(lambda: _made(architecture))


def empty(architecture):
    """A network to put a state dict's weights into: a blank one, or a drawn one where a part of it is in no state dict."""
    model = blank(architecture)
    there = model.state_dict()
    return model if all(name in there for name, _ in model.named_buffers()) else _made(architecture)


def on_meta(make):
    """What a function makes, on torch's meta device."""
    try:
        with torch.device("meta"):
            return make()
    except (NotImplementedError, RuntimeError) as error:  # of a RegNet, which computes its widths with tensors
        if "meta" not in str(error):  # it would fail elsewhere too, but first compute on ever larger squares, for 20 s
            raise
        with torch.random.fork_rng(devices=[]):
            return make().to("meta")


def _made(architecture):
    if in_torchvision(architecture):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*pretrained|.*weight enum", UserWarning)  # fastai's wording, which torchvision calls old
            return create_vision_model(getattr(models, architecture), len(LABELS), pretrained=False)
    if timm is None:
        raise WrongUse(f"The network {architecture} is timm's, which is not installed.", next="pip install timm")
    whole = timm.create_model(architecture, pretrained=False, num_classes=0)
    body, stats = TimmBody(whole, False, None, 3), (whole.default_cfg["mean"], whole.default_cfg["std"])
    model = add_head(body, whole.num_features, len(LABELS), pool=body.needs_pool)
    if any(tuple(ours) != tuple(theirs) for ours, theirs in zip(imagenet_stats, stats)):
        model[0] = nn.Sequential(Renormalised(*stats), body)
    return model


class Renormalised(nn.Module):
    """From films normalised by ImageNet's mean and deviation to films normalised by others."""

    def __init__(self, mean, deviation):
        super().__init__()
        with torch.device("cpu"):
            (old_mean, old_deviation), (new_mean, new_deviation) = (
                [torch.tensor(values).view(1, 3, 1, 1) for values in stats] for stats in (imagenet_stats, (mean, deviation))
            )
        self.factor, self.shift = old_deviation / new_deviation, (old_mean - new_mean) / new_deviation

    def forward(self, x):
        if self.factor.device != x.device:  # no buffers, which a state dict would hold: sent once, not at each step
            self.factor, self.shift = self.factor.to(x.device), self.shift.to(x.device)
        return x * self.factor + self.shift


def splitter(architecture):
    """fastai's function from a network of this architecture to its groups of weights, first layers first."""
    builder = getattr(models, architecture) if in_torchvision(architecture) else None
    return model_meta.get(builder, {"split": default_split})["split"]


def build(architecture):
    """The same network with random weights, from torch's generator."""
    model = blank(architecture)
    if not all(_begins_as_drawn(module) for module in model.modules()):
        return _made(architecture)  # its own library knows how it begins
    return draw(model.to_empty(device="cpu"))


def _begins_as_drawn(module):
    """Whether draw() makes all that a module itself holds: another one has scales, filters or indices of its own."""
    own = [name for name, _ in (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False))]
    return not own or isinstance(module, _BatchNorm) or isinstance(module, DRAWN) and {"weight", "bias"}.issuperset(own)


def draw(model):
    """Begin each layer as torchvision's ResNets and VGGs and fastai's heads do: normal weights by their fan, no bias (He et al.
    2015, https://arxiv.org/abs/1502.01852, section 2.2). torchvision itself draws 100 million weights of a VGG's classifier
    that fastai then cuts off."""
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.reset_parameters()
            if isinstance(module, nn.BatchNorm1d):
                nn.init.constant_(module.bias, 1e-3)  # of fastai's heads alone
        elif isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(module.weight, mode="fan_out" if isinstance(module, nn.Conv2d) else "fan_in", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return model


@dataclass(frozen=True)
class StepMemory:
    """What a training step in float32 holds, in bytes: weights, as they are, and all that the backward pass needs again of the
    forward one."""

    weights: int
    activations: int


@functools.cache
def step_memory(architecture, image_size, batch_size) -> StepMemory:
    """Counted on the meta device, where nothing is computed. What the layers give is no measure: an EfficientNet's step keeps more."""
    model, held = blank(architecture), {}
    own = {each.untyped_storage()._cdata for each in (*model.parameters(), *model.buffers())}

    def keep(tensor):
        storage = tensor.untyped_storage()
        held[storage._cdata] = storage  # once, however many layers want it
        return tensor

    with torch.device("meta"), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model(torch.empty(batch_size, 3, image_size, image_size))
    weights = sum(4 * weight.numel() for weight in model.parameters())
    return StepMemory(weights, sum(storage.nbytes() for key, storage in held.items() if key not in own))


def training_bytes(architecture, image_size, batch_size) -> int:
    """About how many bytes a training step in float32 holds: its memory, with gradients and Adam's two averages of each weight."""
    memory = step_memory(architecture, image_size, batch_size)
    return 4 * memory.weights + memory.activations


def batch_that_fits(architecture, image_size, batch_size, free_bytes):
    """The largest batch below `batch_size` that a training step has room for in so many bytes, by training_bytes; None below two films."""
    one, two = (training_bytes(architecture, image_size, batch) for batch in (2, 4))  # the weights, and as much again for each film
    a_film = (two - one) / 2
    fits = min(batch_size - 1, int((free_bytes - one + 2 * a_film) / a_film))
    return fits if fits >= 2 else None


def load(path, architecture, device="cpu"):
    """The trained network that a state dict holds, in eval mode. Only tensors are read from the file.

    Raises BadInput for a file that is absent, or that holds no such network's weights.
    """
    state = states.load(path, RESTORE, "bring the run's models/ folder", architecture)
    model = empty(architecture)
    try:
        model.load_state_dict(state, assign=True)
    except RuntimeError as error:
        raise BadInput(f"The weights cannot be read: {str(error).splitlines()[0][:100]}", path, RESTORE) from error
    return model.float().eval().to(device)


def normalised(images, device="cpu"):
    """Grey squares, uint8 [n, size, size], as the networks see them: float32 [n, 3, size, size] with ImageNet's mean and deviation."""
    grey = torch.as_tensor(np.ascontiguousarray(images)).to(device)[:, None].float().div_(255)
    mean, deviation = (torch.tensor(values, device=device).view(1, 3, 1, 1) for values in imagenet_stats)
    return (grey - mean) / deviation


@torch.no_grad()
def p_covid(model, images, device="cpu", batch_size=64):
    """The probability of COVID-19 for grey squares, uint8 [n, size, size], as float64 [n]; the network must be in eval mode."""
    parts = [probability(model(normalised(images[start : start + batch_size], device))) for start in range(0, len(images), batch_size)]
    return torch.cat(parts).double().cpu().numpy() if parts else np.zeros(0)


def probability(outputs):
    """The probability of COVID-19 from a network's outputs, [n, 2] to float32 [n]: the one softmax of the kit."""
    return torch.softmax(outputs.float(), 1)[:, COVID]


def features(model, images, device="cpu", batch_size=64):
    """What the network's last layer sees of grey squares, uint8 [n, size, size]: float64 [n, k]."""
    last = [module for module in model.modules() if isinstance(module, torch.nn.Linear)][-1]
    seen = []
    hook = last.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].float().cpu().numpy()))
    try:
        p_covid(model, images, device, batch_size)
    finally:
        hook.remove()
    return np.concatenate(seen).astype(float)
