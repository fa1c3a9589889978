"""Inference: the four networks outside of training, built, loaded from a results folder, and asked about films."""

import pickle

import numpy as np
import torch
from fastai.vision.core import imagenet_stats
from fastai.vision.learner import create_vision_model
from torchvision import models

from cxrkit.data.records import LABELS, POSITIVE
from cxrkit.errors import BadInput

COVID = LABELS.index(POSITIVE)
"""The output of a network that means COVID-19."""


def build(architecture):
    """A network with random weights: the body of a torchvision model and fastai's head with two outputs, as LABELS orders them."""
    return create_vision_model(getattr(models, architecture), len(LABELS), pretrained=False)


def load(path, architecture, device="cpu"):
    """The trained network that a state dict holds, in eval mode. Only tensors are read from the file.

    Raises BadInput for a file that is absent, or that holds no such network's weights.
    """
    model = build(architecture)
    try:
        model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except FileNotFoundError:
        raise BadInput("The trained network is not there.", path, "bring the run's models/ folder") from None
    except (RuntimeError, pickle.UnpicklingError, EOFError, OSError) as error:
        reason = str(error).splitlines()[0][:100]
        raise BadInput(f"The weights cannot be read: {reason}", path, "restore the file from the run's output") from error
    return model.eval().to(device)


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
