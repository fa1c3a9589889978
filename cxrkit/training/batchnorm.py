"""Batch norm's statistics: taken anew from the training films, and shared by processes that train one network together."""

from collections.abc import Iterable
from contextlib import contextmanager

import torch
from torch import distributed, nn
from torch.distributed.nn.functional import all_reduce
from torch.nn.modules.batchnorm import _BatchNorm


def layers(model: nn.Module) -> list[_BatchNorm]:
    """The batch-norm layers that keep running statistics."""
    return [module for module in model.modules() if isinstance(module, _BatchNorm) and module.track_running_stats]


@contextmanager
def precise(model: nn.Module, batches: Iterable[torch.Tensor]):
    """For the time of the block, statistics that are the mean over all these batches, computed by the weights as they are.

    Running statistics are an average over the last steps, of weights that have moved since: after a short training they say
    more of the past than of the network (Wu and Johnson 2021, https://arxiv.org/abs/2105.07576, section 3). As there, the whole
    model is in training mode meanwhile: with dropout at rest the losses of phantoms' networks were higher in 4 of 6 cases.
    The block is given a function that keeps them when it is called; otherwise the old ones come back.
    """
    found = layers(model)
    usual = [({name: value.clone() for name, value in layer.named_buffers(recurse=False)}, layer.momentum) for layer in found]
    kept = []
    try:
        _measure(model, found, batches)
        for layer, (_, momentum) in zip(found, usual):
            layer.momentum = momentum
        yield lambda: kept.append(True)
    finally:
        if not kept:
            for layer, (buffers, momentum) in zip(found, usual):
                layer.momentum = momentum
                for name, value in buffers.items():
                    getattr(layer, name).copy_(value)


@torch.no_grad()
def _measure(model, found, batches):
    model.train()
    for layer in found:
        layer.reset_running_stats()
    for number, batch in enumerate(batches, start=1):
        for layer in found:
            layer.momentum = 1 / number  # a plain mean; torch's word for it, None, has each layer wait for the device
        model(batch)
    model.eval()


def shared(model: nn.Module) -> nn.Module:
    """The model with batch norm over the whole batch, wherever its parts are computed: torch's SyncBatchNorm on GPUs, and the
    same here on processors, for which torch has none. Raises TypeError for a layer that cannot be shared."""
    found = [(name, layer) for name, layer in model.named_modules() if isinstance(layer, _BatchNorm)]
    for name, layer in found:
        if type(layer) not in (nn.BatchNorm1d, nn.BatchNorm2d, OverProcesses):  # one that does more would lose it
            raise TypeError(f"{name}, a {type(layer).__name__}, cannot be shared by processes")
    if next(model.parameters()).is_cuda:
        return nn.SyncBatchNorm.convert_sync_batchnorm(model)
    for _, layer in found:
        layer.__class__ = OverProcesses
    return model


@contextmanager
def over(group, model: nn.Module):
    """For the time of the block, shared batch norm over the processes of a group instead of all."""
    found = [layer for layer in layers(model) if isinstance(layer, (OverProcesses, nn.SyncBatchNorm))]
    usual = [layer.process_group for layer in found]
    for layer in found:
        layer.process_group = group
    try:
        yield
    finally:
        for layer, group_before in zip(found, usual):
            layer.process_group = group_before


class OverProcesses(_BatchNorm):
    """Batch norm over the batches of all processes of a group, of equal or unequal size; None is the group of all."""

    process_group = None

    def _check_input_dim(self, input):
        pass

    def forward(self, input):
        if not self.training or distributed.get_world_size(self.process_group) == 1:
            return super().forward(input)
        films, shape = input.to(torch.promote_types(input.dtype, torch.float32)), [1, -1, *[1] * (input.dim() - 2)]
        group = self.process_group or distributed.group.WORLD
        apart = [dimension for dimension in range(input.dim()) if dimension != 1]
        sums = all_reduce(torch.cat([films.sum(apart), films.new_full((1,), films.numel() / films.shape[1])]), group=group)
        count, mean = sums[-1].detach(), sums[:-1] / sums[-1].detach()
        centred = films - mean.view(shape)
        variance = all_reduce(centred.square().sum(apart), group=group) / count
        self._track(mean.detach(), variance.detach(), count)
        factor = torch.rsqrt(variance + self.eps) * self.weight
        return (centred * factor.view(shape) + self.bias.view(shape)).to(input.dtype)

    @torch.no_grad()
    def _track(self, mean, variance, count):
        self.num_batches_tracked += 1
        share = 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance * count / (count - 1), share)
