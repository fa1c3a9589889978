"""The experiment's keys that say how one trains reach the optimizer and its schedule."""

from dataclasses import replace

import numpy as np
import pytest
from fastai.learner import Callback
from torch import nn
from torchvision import models

from cxrkit import config
from cxrkit.training import learner, networks, recipe, states, weights
from cxrkit.training.stages import Finder, Job, Past
from tests.training.executor import machine
from tests.training.trainings import drawn_films

FOUND = Finder(0.004, "the test says so", [1e-3], [1.0])


class Spy(Callback):
    """Keeps each step's hyperparameters, [step][group], and what decays."""

    order = 70

    def __init__(self):
        self.steps, self.decay = [], {}

    def after_batch(self):
        if self.training:
            self.steps.append([dict(hypers) for hypers in self.opt.hypers])
            self.decay = {id(weight): group["weight_decay"] for group in self.opt._engine[0].param_groups for weight in group["params"]}


@pytest.fixture
def spied(small, monkeypatch):
    """A function that trains one stage in 8 steps by the keys given, and returns the Spy and the model."""
    begun = models.resnet18(num_classes=1000).state_dict()
    monkeypatch.setattr(weights, "imagenet", lambda *_: begun)

    def train(stage, **keys):
        spy, made = Spy(), []
        make = learner.make

        def with_spy(*given):
            made.append(make(*given))
            made[0].add_cb(spy)
            return made[0]

        with monkeypatch.context() as patched:
            patched.setattr(learner, "make", with_spy)
            experiment = replace(small, **{"batch_size": 4, **keys})
            numerics = machine(experiment).numerics
            loaders = drawn_films().loaders(experiment, "cpu")
            past = Past(frozen_weights(), FOUND) if stage == "unfrozen" else Past()
            next(recipe.train(Job("resnet18", 0), loaders, experiment, numerics, past))
        return spy, made[0].model

    return train


def frozen_weights():
    return states.written(networks.build("resnet18").state_dict(), "resnet18")


def ratios(spy, name="lr"):
    """Of each group to the last, the same in all steps."""
    values = np.array([[group[name] for group in step] for step in spy.steps], float)
    shares = values / values[:, -1:]
    assert np.allclose(shares, shares[0])
    return shares[0]


def peak(spy):
    return max(step[-1]["lr"] for step in spy.steps)


@pytest.mark.parametrize("frozen_rates, share", [("tenth", 0.1), ("one", 1.0)])
@pytest.mark.parametrize("pretrained", [True, False])
def test_frozen_rates(spied, frozen_rates, share, pretrained):
    spy, _ = spied("frozen", frozen_rates=frozen_rates, learning_rate=0.002, pretrained=pretrained)
    assert ratios(spy) == pytest.approx([share, share, 1.0])
    assert peak(spy) == pytest.approx(0.002, rel=0.02)


@pytest.mark.parametrize(
    "unfrozen_rates, pretrained, shares",
    [("one", True, [1, 1, 1]), ("graded", True, [0.01, 0.1, 1]), ("graded", False, [1, 1, 1]), ("one", False, [1, 1, 1])],
)
def test_unfrozen_rates_are_graded_where_the_weights_are_imagenets(spied, unfrozen_rates, pretrained, shares):
    spy, _ = spied("unfrozen", unfrozen_rates=unfrozen_rates, pretrained=pretrained)
    assert ratios(spy) == pytest.approx(shares)
    assert peak(spy) == pytest.approx(FOUND.chosen, rel=0.02)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_the_rate_rises_in_the_warm_up_share_of_the_steps(spied, share):
    spy, _ = spied("frozen", batch_size=2, warmup_share=share, pretrained=False)
    rates, momenta = ([step[-1][name] for step in spy.steps] for name in ("lr", "mom"))
    assert len(rates) == 16 and abs(int(np.argmax(rates)) - 16 * share) <= 1
    assert int(np.argmin(momenta)) == int(np.argmax(rates)), "momentum is least where the rate is largest"


@pytest.mark.parametrize("epsilon", [1e-8, 1e-5])
def test_adams_epsilon(spied, epsilon):
    spy, _ = spied("frozen", epsilon=epsilon, pretrained=False)
    assert {group["eps"] for step in spy.steps for group in step} == {epsilon}
    assert {(group["sqr_mom"], group["wd"]) for step in spy.steps for group in step} == {(0.99, 0.01)}


@pytest.mark.parametrize("everywhere", [True, False])
def test_decay_reaches_batch_norm_and_biases_only_where_it_is_wanted(spied, everywhere):
    spy, model = spied("unfrozen", decay_everywhere=everywhere, pretrained=False)
    norms = [layer for layer in model.modules() if isinstance(layer, nn.modules.batchnorm._BatchNorm)]
    usual = [layer for layer in model.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]
    assert {spy.decay[id(weight)] for layer in norms for weight in layer.parameters()} == {0.01 if everywhere else 0.0}
    assert {spy.decay[id(layer.weight)] for layer in usual} == {0.01}


def test_paper_has_the_keys_of_fastai_1():
    paper = config.load("paper")
    assert (paper.learning_rate, paper.frozen_rates, paper.unfrozen_rates) == (3e-3, "tenth", "one")
    assert (paper.warmup_share, paper.epsilon, paper.decay_everywhere, paper.precise_batch_norm) == (0.3, 1e-8, True, False)
    assert (paper.resize, paper.exclude_views) == ("crop", ())
