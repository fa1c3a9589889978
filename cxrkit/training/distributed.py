"""Data-parallel training (DDP): the processes of a world train one network together, each on its share of every batch.

torch's DistributedDataParallel does the work (Li et al. 2020, https://arxiv.org/abs/2006.15704). fastai's own
`distrib_ctx` needs the package accelerate, which neither fastai nor torch brings along.
"""

import os
from datetime import timedelta

import torch
from fastai.learner import Callback
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from cxrkit import environment
from cxrkit.errors import WrongUse

PATIENCE = timedelta(minutes=30)
"""How long a process waits for the others: the learning-rate finder of the slowest network on a processor."""


class Team:
    """The processes of one training. A team of one needs nobody."""

    def __init__(self, rank=0, size=1):
        self.rank, self.size = rank, size

    @classmethod
    def join(cls, device):
        """The team that torchrun started this process for. Raises WrongUse where it did not."""
        if environment.processes() < 2:
            raise WrongUse("--parallel data needs several processes.", next="start them: torchrun --nproc-per-node=2 kernel/run.py ...")
        if not distributed.is_initialized():
            store, rank, size = next(distributed.rendezvous("env://"))
            attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")  # else processes started again would call on the dead ones
            backend = "cpu:gloo,cuda:nccl" if device == "cuda" else "gloo"
            distributed.init_process_group(
                backend, store=distributed.PrefixStore(attempt, store), rank=rank, world_size=size, timeout=PATIENCE
            )
        return cls(environment.rank(), environment.processes())

    @property
    def leads(self):
        """Whether this process writes what all have made."""
        return self.rank == 0

    def agree(self, value):
        """What the leader's value is; all processes must ask, and wait for each other here."""
        if self.size == 1:
            return value
        said = [value]
        distributed.broadcast_object_list(said, device=torch.device("cpu"))
        return said[0]

    def callbacks(self, loader):
        """The fastai callbacks that share the batches of this training loader."""
        return [Together(self, loader)] if self.size > 1 else []


class Together(Callback):
    """Wraps the model for the time of a fit, and gives each process its share of a batch."""

    order = 11  # after MixedPrecision (10), and before the Recorder (50)

    def __init__(self, team, loader):
        self.team, self.loader = team, loader

    def before_fit(self):
        on_gpu = next(self.model.parameters()).is_cuda
        self.learn.model = DistributedDataParallel(self.model, device_ids=[torch.cuda.current_device()] if on_gpu else None)
        self.loader.shard = (self.team.rank, self.team.size)

    def after_fit(self):
        self.learn.model = self.model.module
        self.loader.shard = (0, 1)
