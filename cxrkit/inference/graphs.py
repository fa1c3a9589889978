"""Graphs: a trained network, and the gradient that its attention map needs, as ONNX.

torch's exporter by tracing (dynamo=False) is taken: it needs the package `onnx` alone, the newer one onnxscript besides, and
in eval mode no network here branches on what it sees, which is all that a trace would lose. Weights stay float32.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from fastai.vision.core import imagenet_stats
from torch import nn
from torch._decomp import core_aten_decompositions
from torch.fx import GraphModule, Interpreter
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.functional import batch_norm, conv_transpose2d

from cxrkit.audit import attention
from cxrkit.inference.exported import FEATURES, FILMS, LATE, MAP, P_COVID
from cxrkit.training import networks

OPSET = 17
"""The first with all that the tested networks and timm's need (layer normalisation: 17; scatter with a sum, for the maps: 16),
and no later: any onnxruntime since 1.13, of 2022, runs it."""
aten = torch.ops.aten


class _Asked(nn.Module):
    """films, uint8 [n, size, size] -> p_covid [n]; features [n, k], the last layer's input; late [n, channels, side, side]."""

    def __init__(self, model: nn.Module, late: nn.Module):
        super().__init__()
        self.model = model
        self._parts = [part for part in model.modules() if isinstance(part, nn.Linear)][-1:], [late]
        self.mean, self.deviation = (torch.tensor(values).view(1, 3, 1, 1) for values in imagenet_stats)

    def forward(self, films: torch.Tensor) -> tuple[torch.Tensor, ...]:
        seen: dict[str, torch.Tensor] = {}
        (last,), (late,) = self._parts
        with _hooks(
            last.register_forward_pre_hook(lambda _, inputs: seen.update({FEATURES: inputs[0]})),
            late.register_forward_hook(lambda _, __, given: seen.update({LATE: given})),
        ):
            outputs = self.model((films[:, None].float() / 255 - self.mean) / self.deviation)
        return networks.probability(outputs), seen[FEATURES], seen[LATE]


class _Mapped(nn.Module):
    """late, [1, channels, side, side] -> the Grad-CAM map of the class that the network calls, [1, size, size]."""

    def __init__(self, gradient: GraphModule, size: int):
        super().__init__()
        self.gradient, self.size = gradient, size

    def forward(self, late: torch.Tensor) -> torch.Tensor:
        return attention.weighted(late, _Exportable(self.gradient).run(late), (self.size, self.size))


@contextmanager
def _hooks(*handles: Any) -> Iterator[None]:
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def write_network(model: nn.Module, size: int, path: Path) -> None:
    """The network in eval mode, for any number of films of size x size, as an ONNX file."""
    films = torch.zeros(2, size, size, dtype=torch.uint8)
    asked = _Asked(model, attention.late_part(model, networks.normalised(films.numpy())))
    _write(asked, films, path, [FILMS], [P_COVID, FEATURES, LATE], {name: {0: "n"} for name in (FILMS, P_COVID, FEATURES, LATE)})


def write_map(model: nn.Module, size: int, path: Path) -> None:
    """What makes one film's attention map of its `late`, as an ONNX file: the rest of the network forward, and back again.

    Raises whatever torch raises for a network whose backward pass has an operator that ONNX lacks.
    """
    x = networks.normalised(torch.zeros(1, size, size, dtype=torch.uint8).numpy())
    part, sign = attention.late_part(model, x), torch.tensor([[1.0 if place == networks.COVID else -1.0 for place in range(2)]])
    late: list[torch.Tensor] = []
    with torch.no_grad(), _hooks(part.register_forward_hook(lambda _, __, given: late.append(given))):
        model(x)

    def gradient(given: torch.Tensor) -> torch.Tensor:
        leaf = given.detach().requires_grad_()
        with torch.enable_grad(), _hooks(part.register_forward_hook(lambda *_: leaf)):  # what lies before is no part of the record
            margin = (model(x) * sign).sum()
        (found,) = torch.autograd.grad(margin, leaf)
        return torch.where(margin > 0, found, -found)

    apart = {op: parts for op, parts in core_aten_decompositions().items() if "_backward" in op.name() and op not in REPLACED}
    recorded = make_fx(gradient, apart)(late[0])
    recorded.graph.eliminate_dead_code()
    recorded.recompile()
    _write(_Mapped(recorded, size), late[0], path, [LATE], [MAP], {})


def _write(model: nn.Module, given: torch.Tensor, path: Path, inputs: list[str], outputs: list[str], axes: dict) -> None:
    unheard = patch.object(torch._C, "_jit_onnx_log", lambda *_: None, create=True)  # the whole graph of an operator that it lacks
    with torch.no_grad(), warnings.catch_warnings(), unheard:
        warnings.simplefilter("ignore")  # that the exporter is the older one, and that shapes are constants, which is meant
        torch.onnx.export(
            model.eval(),
            (given,),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            input_names=inputs,
            output_names=outputs,
            dynamic_axes=axes,
        )


class _Exportable(Interpreter):
    """A recorded pass, with what ONNX has in place of the operators that it lacks."""

    def call_function(self, target: Any, args: tuple, kwargs: dict) -> Any:
        replaced = REPLACED.get(target)
        return replaced(*args, **kwargs) if replaced else super().call_function(target, args, kwargs)


def _convolution_backward(gradient, given, weight, _, stride, padding, dilation, transposed, __, groups, wanted):
    if transposed or any(wanted[1:]):
        raise NotImplementedError("only the gradient of a convolution's input is wanted here")
    sides = zip(given.shape[2:], gradient.shape[2:], weight.shape[2:], stride, padding, dilation)
    left = [int(side) - ((int(out) - 1) * s - 2 * p + d * (int(k) - 1) + 1) for side, out, k, s, p, d in sides]
    return (conv_transpose2d(gradient, weight, None, stride, padding, left, groups, dilation), None, None)


def _pool_backward(gradient, given, *rest):
    """Each gradient goes where its maximum was; `rest` ends with the places."""
    return torch.zeros_like(given).flatten(2).scatter_add(2, rest[-1].flatten(2), gradient.flatten(2)).view(given.shape)


def _average_backward(gradient, given, kernel, stride, padding, _, counts_padding, divisor):
    """Each gradient is shared out over the cells of its window, the rows and the columns of a square one after the other."""
    spread = []
    for side, cells, *window in zip(given.shape[2:], gradient.shape[2:], *map(_pair, (kernel, stride or kernel, padding))):
        k, s, p = map(int, window)
        rows = []
        for begin in (place * s - p for place in range(int(cells))):
            inside = [float(begin <= place < begin + k) for place in range(int(side))]
            count = 1.0 if divisor else min(begin + k, int(side) + p) - begin if counts_padding else sum(inside)
            rows.append([each / count for each in inside])
        spread.append(torch.tensor(rows))
    return spread[0].T @ gradient @ spread[1] / (divisor or 1)


def _pair(values):
    return values if len(values) == 2 else [*values, *values]


def _norm(given, weight, bias, mean, variance, _, momentum, eps):
    return (batch_norm(given, mean, variance, weight, bias, False, momentum, eps), None, None)


def _norm_backward(gradient, given, weight, _, variance, __, ___, ____, eps, wanted):
    scale = (weight * torch.rsqrt(variance + eps)).view(1, -1, *[1] * (given.dim() - 2))
    return gradient * scale, None, None


REPLACED: dict[Any, Callable[..., Any]] = {
    aten.convolution_backward.default: _convolution_backward,
    aten.max_pool2d_with_indices_backward.default: _pool_backward,
    aten.adaptive_max_pool2d_backward.default: _pool_backward,
    aten.avg_pool2d_backward.default: _average_backward,
    aten.bitwise_and.Tensor: torch.logical_and,  # of masks; ONNX has that of integers since opset 18
    aten.threshold_backward.default: lambda gradient, given, threshold: gradient * (given > threshold).to(gradient.dtype),
    aten.native_batch_norm.default: _norm,
    aten.native_batch_norm_backward.default: _norm_backward,
    aten.detach.default: lambda given: given,
}
