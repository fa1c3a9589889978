"""Batch norm's statistics: taken anew, kept or given back, and what they are worth after a short training."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from cxrkit.training import batchnorm, recipe
from cxrkit.training.stages import Job
from tests.training.executor import machine
from tests.training.trainings import drawn_films


def network(dropout=0.0):
    torch.manual_seed(0)
    return nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(dropout), nn.Linear(4, 3), nn.BatchNorm1d(3, momentum=0.3), nn.Linear(3, 2))


def batches():
    generator = torch.Generator().manual_seed(1)
    return [3 * torch.randn(size, 4, generator=generator) + number for number, size in enumerate((5, 9, 6))]


def state(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def test_precise_statistics_are_the_mean_over_batches():
    """Computed by hand: each batch goes through the layers with its own mean and variance."""
    model = network()
    model(7 + torch.randn(20, 4))  # statistics of something else
    first, last, linear = [], [], [value.detach().numpy() for value in (model[2].weight, model[2].bias)]
    for batch in batches():
        films = batch.numpy().astype(np.float64)
        first.append((films.mean(0), films.var(0, ddof=1)))
        inner = (films - films.mean(0)) / np.sqrt(films.var(0) + model[0].eps) @ linear[0].T + linear[1]
        last.append((inner.mean(0), inner.var(0, ddof=1)))
    with batchnorm.precise(model, batches()):
        for layer, wanted in ((model[0], first), (model[3], last)):
            assert np.allclose(layer.running_mean, np.mean([mean for mean, _ in wanted], 0), atol=1e-5)
            assert np.allclose(layer.running_var, np.mean([variance for _, variance in wanted], 0), rtol=1e-5)
        assert not any(module.training for module in model.modules())


def test_they_are_those_of_the_network_as_it_is_trained():
    """With its dropout at work, as in the paper."""
    seen = []
    for dropout in (0.0, 0.5):
        model = network(dropout)
        with batchnorm.precise(model, batches()):
            seen.append([layer.running_mean.clone() for layer in batchnorm.layers(model)])
            assert not any(module.training for module in model.modules())
    assert torch.equal(seen[0][0], seen[1][0]) and not torch.equal(seen[0][1], seen[1][1])


def test_they_are_gone_after_the_block_unless_they_are_kept():
    model = network()
    model(7 + torch.randn(20, 4))
    before = state(model)
    with batchnorm.precise(model, batches()):
        inside = state(model)
    assert all(torch.equal(value, before[name]) for name, value in state(model).items())
    with batchnorm.precise(model, batches()) as keep:
        keep()
    after = state(model)
    assert all(torch.equal(value, inside[name]) for name, value in after.items())
    assert not torch.equal(after["0.running_mean"], before["0.running_mean"])
    assert [model[0].momentum, model[3].momentum] == [0.1, 0.3]


def test_weights_that_were_not_kept_come_back_after_a_failure_too():
    def failing():
        yield batches()[0]
        raise RuntimeError("out of memory")

    model = network()
    before = state(model)
    with pytest.raises(RuntimeError), batchnorm.precise(model, failing()):
        pass
    with pytest.raises(RuntimeError), batchnorm.precise(model, batches()):
        raise RuntimeError
    assert all(torch.equal(value, before[name]) for name, value in state(model).items())
    assert [model[0].momentum, model[3].momentum] == [0.1, 0.3]


def test_a_network_without_batch_norm_stays_as_it_is():
    model = nn.Linear(4, 2)
    before = state(model)
    with batchnorm.precise(model, batches()) as keep:
        keep()
    assert all(torch.equal(value, before[name]) for name, value in state(model).items())


def test_a_layer_that_cannot_be_shared_is_refused_by_its_name():
    with pytest.raises(TypeError, match="0.1, a BatchNorm3d"):
        batchnorm.shared(nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm3d(2))))
    shared = batchnorm.shared(nn.Sequential(nn.BatchNorm2d(2), nn.Sequential(nn.BatchNorm1d(2))))
    assert [type(layer) for layer in batchnorm.layers(shared)] == [batchnorm.OverProcesses] * 2


@pytest.fixture(scope="module")
def erratic(small):
    """The unfrozen stage of a training of four steps, by which the running statistics moved a third of the way; with and without."""
    experiment = replace(small, batch_size=8, learning_rate=0.01)
    numerics, made = machine(experiment).numerics, {}
    for wanted in (True, False):
        loaders = drawn_films().loaders(experiment, "cpu")
        of = replace(experiment, precise_batch_norm=wanted)
        made[wanted] = list(recipe.train(Job("resnet18", 0), loaders, of, numerics))[-1]
    return made


def test_after_a_short_training_the_network_is_better_than_its_running_statistics_say(erratic):
    for stage in erratic.values():
        running, precise = stage.statistics
        assert (running.kind, precise.kind) == ("running", "precise")
        assert precise.valid_loss < running.valid_loss and precise.error_rate <= running.error_rate


def test_predictions_are_made_with_the_statistics_that_are_wanted(erratic):
    """The labels of drawn films alternate, COVID-19 first."""
    for wanted, stage in erratic.items():
        covid = [int(image_id[-2:]) % 2 == 0 for image_id, _ in stage.predictions]
        p_covid = np.array([p for _, p in stage.predictions], np.float64)
        loss = -np.log(np.where(covid, p_covid, 1 - p_covid)).mean()
        assert loss == pytest.approx(stage.statistics[wanted].valid_loss, rel=1e-2)
