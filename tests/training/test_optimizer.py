"""The optimizer in a few launches computes what fastai's does."""

from copy import deepcopy

import fastai.callback.schedule  # noqa: F401  gives a Learner its fit_one_cycle
import pytest
import torch
from fastai.callback.progress import ProgressCallback
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.learner import Learner
from fastai.optimizer import Adam
from fastai.torch_core import params
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cxrkit.training.optimizer import FusedAdam

CLOSE = 1e-6
RATES = st.floats(1e-5, 1e-1)
MOMENTA = st.floats(0.5, 0.99)


def both(shapes=((4, 3), (3,), (2, 5), (6,)), **hypers):
    """fastai's Adam and the fused one, each over two groups of the same weights."""
    generator, made = torch.Generator().manual_seed(0), []
    weights = [torch.randn(shape, generator=generator) for shape in shapes]
    for kind in (Adam, FusedAdam):
        own = [nn.Parameter(weight.clone()) for weight in weights]
        made.append(kind([own[:2], own[2:]], **hypers))
    return made


def step(optimizers, number):
    """One step of each with the same gradients, small ones and large ones."""
    for optimizer in optimizers:
        generator = torch.Generator().manual_seed(number)
        for group in optimizer.param_lists:
            for weight in group:
                weight.grad = torch.randn(weight.shape, generator=generator) * 10.0 ** (number % 5 - 3)
        optimizer.step()
        optimizer.zero_grad()


def distance(optimizers):
    first, second = ([weight.detach() for group in optimizer.param_lists for weight in group] for optimizer in optimizers)
    return max((one - other).abs().max().item() for one, other in zip(first, second))


@settings(deadline=None, max_examples=25)
@given(
    schedule=st.lists(st.tuples(RATES, RATES, MOMENTA), min_size=12, max_size=20),
    sqr_mom=st.floats(0.9, 0.999),
    eps=st.floats(1e-8, 1e-3),
    wd=st.floats(0, 0.3),
    without_decay=st.sets(st.integers(0, 3)),
)
def test_it_equals_fastais_adam_whatever_the_schedule(schedule, sqr_mom, eps, wd, without_decay):
    optimizers = both(lr=1e-3, sqr_mom=sqr_mom, eps=eps, wd=wd)
    for optimizer in optimizers:
        for index, weight in enumerate([*optimizer.param_lists[0], *optimizer.param_lists[1]]):
            if index in without_decay:
                optimizer.state[weight]["do_wd"] = False
    for number, (body, head, momentum) in enumerate(schedule):
        for optimizer in optimizers:
            optimizer.set_hyper("lr", [body, head])
            optimizer.set_hyper("mom", momentum)
        step(optimizers, number)
    assert distance(optimizers) < CLOSE


def test_decay_may_differ_by_group_and_change():
    optimizers = both(lr=1e-2)
    for number in range(12):
        for optimizer in optimizers:
            optimizer.set_hyper("wd", [0.3, 0.0] if number < 6 else [0.0, 0.1])
        step(optimizers, number)
    assert distance(optimizers) < CLOSE


def test_weights_that_have_no_gradient_stay_and_learn_later():
    """As those of a frozen group do, whose averages begin when it is unfrozen."""
    optimizers = both(lr=1e-2, wd=0.1)
    before = [weight.detach().clone() for weight in optimizers[1].param_lists[0]]
    for number in range(16):
        for optimizer in optimizers:
            generator = torch.Generator().manual_seed(number)
            for index, group in enumerate(optimizer.param_lists):
                for weight in group:
                    gradient = torch.randn(weight.shape, generator=generator)
                    weight.requires_grad_(index > 0 or number >= 8)
                    weight.grad = gradient if weight.requires_grad else None
            optimizer.step()
        if number == 7:
            assert all(torch.equal(weight, old) for weight, old in zip(optimizers[1].param_lists[0], before))
    assert distance(optimizers) < CLOSE
    assert not any(torch.equal(weight, old) for weight, old in zip(optimizers[1].param_lists[0], before))


def test_forgetting_the_averages_begins_anew():
    optimizers = both(lr=1e-2)
    for number in range(14):
        if number == 7:
            for optimizer in optimizers:
                optimizer.clear_state()
        step(optimizers, number)
    assert distance(optimizers) < CLOSE


class Rows:
    """Eight batches of the same rows in the same order."""

    def __init__(self):
        generator = torch.Generator().manual_seed(3)
        self.x, self.y = torch.randn(32, 6, generator=generator), torch.randint(0, 2, (32,), generator=generator)

    def __len__(self):
        return 32

    def __getitem__(self, row):
        return self.x[row], self.y[row]


@pytest.mark.parametrize("wd_bn_bias", [False, True])
@pytest.mark.parametrize("rate", [0.01, slice(1e-4, 0.01)], ids=["one rate", "graded"])
def test_a_whole_fastai_training_ends_with_the_same_weights(wd_bn_bias, rate):
    """Frozen for an epoch of eight steps, then unfrozen for two, by fastai's one-cycle schedules of rate and momentum.

    Without a bias before the batch norm: its gradient is rounding alone, of which Adam makes steps.
    """
    torch.manual_seed(0)
    begun = nn.Sequential(nn.Sequential(nn.Linear(6, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU()), nn.Sequential(nn.Linear(8, 2)))
    ended = []
    for kind in (Adam, FusedAdam):
        loaders = DataLoaders(*(DataLoader(Rows(), bs=4, num_workers=0) for _ in range(2)))
        learner = Learner(
            loaders,
            deepcopy(begun),
            nn.CrossEntropyLoss(),
            kind,
            splitter=lambda model: [params(part) for part in model],
            wd=0.2,
            wd_bn_bias=wd_bn_bias,
        )
        learner.remove_cb(ProgressCallback)
        learner.logger = lambda *_: None
        learner.freeze()
        learner.fit_one_cycle(1, 0.01)
        learner.unfreeze()
        learner.fit_one_cycle(2, rate)
        ended.append(torch.cat([weight.detach().flatten() for weight in learner.model.parameters()]))
    assert (ended[0] - ended[1]).abs().max() < CLOSE
    assert (ended[0] - torch.cat([weight.detach().flatten() for weight in begun.parameters()])).abs().max() > 0.01


def test_decay_of_batch_norm_and_biases_is_as_the_learner_says():
    """What decays, seen where there is no gradient but zero: the weight shrinks, or stays."""
    for decays in (True, False):
        weight = nn.Parameter(torch.ones(3))
        optimizer = FusedAdam([[weight]], lr=0.1, wd=0.5)
        optimizer.state[weight]["do_wd"] = decays
        weight.grad = torch.zeros(3)
        optimizer.step()
        assert weight.detach().tolist() == pytest.approx([0.95 if decays else 1.0] * 3)
