"""The four networks outside of training: built, loaded from a results folder, and asked."""

import numpy as np
import torch
from fastai.vision.core import imagenet_stats
from fastai.vision.learner import create_vision_model
from torchvision import models

from cxrkit.data.records import LABELS, POSITIVE

COVID = LABELS.index(POSITIVE)
"""The output of a network that means COVID-19."""


def build(architecture):
    """A network with random weights: the body of a torchvision model and fastai's head with two outputs, as LABELS orders them."""
    return create_vision_model(getattr(models, architecture), len(LABELS), pretrained=False)


def load(path, architecture, device="cpu"):
    """The trained network that a state dict holds, ready to be asked. Only tensors are read from the file."""
    model = build(architecture)
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return model.eval().to(device)


def normalised(images, device="cpu"):
    """Grey squares, uint8 [n, size, size], as the networks see them: float32 [n, 3, size, size] with ImageNet's mean and deviation."""
    grey = torch.as_tensor(np.ascontiguousarray(images)).to(device)[:, None].float().div_(255)
    mean, deviation = (torch.tensor(values, device=device).view(1, 3, 1, 1) for values in imagenet_stats)
    return (grey - mean) / deviation


@torch.no_grad()
def p_covid(model, images, device="cpu", batch_size=64):
    """The probability of COVID-19 for grey squares, uint8 [n, size, size], as float64 [n]; the network must be in eval mode."""
    found = [
        torch.softmax(model(normalised(images[start : start + batch_size], device)).float(), 1)[:, COVID]
        for start in range(0, len(images), batch_size)
    ]
    return torch.cat(found).double().cpu().numpy() if found else np.zeros(0)
