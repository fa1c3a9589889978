"""The optimizer: fastai's Adam with decoupled weight decay, stepped by torch's AdamW in a few launches instead of a thousand.

fastai steps each weight on its own in Python: 996 launches a step for ResNet34, 2,777 for ResNet101. torch.optim.AdamW
(Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101) computes the same in one launch for many weights. fastai
stays in charge of groups, freezing, schedules and of which weights decay; tests hold both to equal numbers.
"""

import torch
from fastai.optimizer import Optimizer

FUSED_DEVICES = ("cpu", "cuda")
"""Devices for which torch fuses the whole step; elsewhere it batches the weights (foreach)."""


class FusedAdam(Optimizer):
    """A fastai Optimizer with the hyperparameters of fastai's Adam: lr, mom, sqr_mom, eps, wd; each may differ by group.

    params: lists of weights, a list a group, as a fastai splitter gives them. A weight whose state has `do_wd` False
    does not decay. torch.amp.GradScaler sets grad_scale and found_inf for the time of a step: gradients are then unscaled within the
    step, and a step whose gradients overflow changes nothing, without the device being waited for.
    """

    _step_supports_amp_scaling = True  # how GradScaler knows

    def __init__(self, params, lr, mom=0.9, sqr_mom=0.99, eps=1e-5, wd=0.01):
        super().__init__(params, [], lr=lr, mom=mom, sqr_mom=sqr_mom, eps=eps, wd=wd)
        self.skipped = 0  # steps whose gradients overflowed: a number on the device, so that nobody waits for it
        self._engine = None

    def _made(self):
        """torch's optimizer, and for each of its groups the number of fastai's group and whether it decays; made at the
        first step, for fastai says only after the optimizer was made which weights decay."""
        if self._engine is None:
            owners, groups = [], []
            for index, weights in enumerate(self.param_lists):
                for decays in (True, False):
                    chosen = [weight for weight in weights if self.state[weight].get("do_wd", True) is decays]
                    if chosen:
                        owners.append((index, decays))
                        groups.append({"params": chosen})
            fused = groups[0]["params"][0].device.type in FUSED_DEVICES
            self._engine = torch.optim.AdamW(groups, fused=fused or None, foreach=None if fused else True), owners
        return self._engine

    @torch.no_grad()
    def step(self, closure=None):
        if closure is not None:
            raise NotImplementedError("fastai optimizers do not support closure")
        engine, owners = self._made()
        for group, (index, decays) in zip(engine.param_groups, owners):
            hyper = self.hypers[index]
            group["lr"], group["eps"] = float(hyper["lr"]), hyper["eps"]
            group["betas"] = (float(hyper["mom"]), hyper["sqr_mom"])
            group["weight_decay"] = hyper["wd"] if decays else 0.0
        for name in ("grad_scale", "found_inf"):
            setattr(engine, name, getattr(self, name, None))
        if engine.found_inf is not None:
            self.skipped = self.skipped + engine.found_inf
        engine.step()

    def zero_grad(self):
        for weights in self.param_lists:
            for weight in weights:
                weight.grad = None

    def clear_state(self):
        super().clear_state()
        self._engine = None
