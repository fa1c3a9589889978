"""Data-parallel training (DDP): the processes of a world train one network together, each on its share of every batch.

torch's DistributedDataParallel does the work (Li et al. 2020, https://arxiv.org/abs/2006.15704). fastai's own
`distrib_ctx` needs the package accelerate, which neither fastai nor torch brings along.

Two kinds of process take part. Under torchrun each rank runs the pipeline and is a Member, which speaks with the others
through torchrun's store alone, so that it never waits for one that failed. Each starts a process for a training, and
those are a Team, bound by a process group that ends with them.
"""

import os
import pickle
from dataclasses import dataclass
from datetime import timedelta

import torch
from fastai.learner import Callback
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from cxrkit import environment
from cxrkit.errors import WrongUse
from cxrkit.training import batchnorm

PATIENCE = timedelta(minutes=30)
"""How long a process waits for the others: the learning-rate finder of the slowest network on a processor."""
SOON = timedelta(seconds=10)
"""How long it is waited for what another process says of its failure: it listens to its training once a second."""


@dataclass(frozen=True)
class Meeting:
    """Where the processes of one training meet: the store's address, and the name of the training's own part of it."""

    host: str
    port: int
    name: str
    rank: int
    size: int


class Member:
    """A process that torchrun started, among the others. Raises WrongUse where torchrun started none."""

    def __init__(self):
        if environment.processes() < 2:
            raise WrongUse("--parallel data needs several processes.", next="start them: torchrun --nproc-per-node=2 kernel/run.py ...")
        store, self.rank, self.size = next(distributed.rendezvous("env://"))
        self.attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")  # else processes started again would hear the dead ones
        self.store = distributed.PrefixStore(self.attempt, store)
        self.store.set_timeout(PATIENCE)
        self.told = 0

    @property
    def leads(self):
        """Whether this process writes what all have made."""
        return self.rank == 0

    def agree(self, value):
        """What the leader's value is; all members must ask, as often and in the same order."""
        self.told += 1
        key = f"agreed-{self.told}"
        if self.leads:
            self.store.set(key, pickle.dumps(value))
        return pickle.loads(self.store.get(key))

    def meeting(self, name):
        """Where the processes of the training of that name meet, each started by one member."""
        host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
        return Meeting(host, port, f"{self.attempt}-{name}", self.rank, self.size)

    def give_up(self, name, reason):
        """Tell the others that the training of that name has failed here, and why; the reason is empty where it was another's."""
        self.store.set(f"reason-{name}-{self.rank}", reason)
        self.store.set(f"failed-{name}", "yes")

    def given_up(self, name):
        """Whether the training of that name failed in some process."""
        return self.store.check([f"failed-{name}"])

    def reasons(self, name):
        """Why the training of that name failed, in the words of all processes that say so soon."""
        found = []
        for rank in range(self.size):
            key = f"reason-{name}-{rank}"
            try:
                self.store.wait([key], SOON)
            except RuntimeError:  # it ended well there
                continue
            if reason := self.store.get(key).decode():
                found.append(f"in process {rank}: {reason}")
        return "; ".join(found)


class Team:
    """The processes of one training. A team of one needs nobody."""

    def __init__(self, rank=0, size=1):
        self.rank, self.size = rank, size
        self._of_leader = distributed.new_group([0]) if size > 1 else None

    @classmethod
    def join(cls, meeting, device):
        """The team of a Meeting, or of this process alone where there is none."""
        if meeting is None:
            return cls()
        store = distributed.TCPStore(meeting.host, meeting.port, meeting.size, is_master=False, timeout=PATIENCE)
        backend = "cpu:gloo,cuda:nccl" if torch.device(device).type == "cuda" else "gloo"
        distributed.init_process_group(
            backend, store=distributed.PrefixStore(meeting.name, store), rank=meeting.rank, world_size=meeting.size, timeout=PATIENCE
        )
        return cls(meeting.rank, meeting.size)

    @property
    def leads(self):
        """Whether this process makes what is the same for all."""
        return self.rank == 0

    def agree(self, value):
        """What the leader's value is; all processes must ask, and wait for each other here."""
        if self.size == 1:
            return value
        said = [value]
        distributed.broadcast_object_list(said, device=torch.device("cpu"))
        return said[0]

    def share(self, model):
        """Make the model's batch norm that of the whole batch. Raises WrongUse for a model of which that cannot be done."""
        if self.size > 1:
            try:
                batchnorm.shared(model)
            except TypeError as error:
                raise WrongUse(
                    f"The network cannot be trained by several processes together: {error}.", next="use --parallel jobs"
                ) from error

    def by_leader(self, model):
        """A context in which the leader computes alone, as one process would; its batch norm waits for nobody."""
        return batchnorm.over(self._of_leader, model)

    def callbacks(self, loader):
        """The fastai callbacks that share the batches of this training loader."""
        return [Together(self, loader)] if self.size > 1 else []


class Together(Callback):
    """Wraps the model for the time of a fit, and gives each process its share of a batch."""

    order = 11  # before Cast (12) and the Recorder (50)

    def __init__(self, team, loader):
        self.team, self.loader = team, loader

    def before_fit(self):
        on_gpu = next(self.model.parameters()).is_cuda
        self.learn.model = DistributedDataParallel(self.model, device_ids=[torch.cuda.current_device()] if on_gpu else None)
        self.loader.shard = (self.team.rank, self.team.size)

    def after_fit(self):
        self.learn.model = self.model.module
        self.loader.shard = (0, 1)
