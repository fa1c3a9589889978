"""The bare step trains in every number format, and what it dispatches is counted; the rounds take turns. Nothing is timed."""

import math

import pytest
import torch
from torch import nn

from cxrkit.bench import steps, values
from cxrkit.bench.rounds import interleaved
from cxrkit.environment import Choice
from cxrkit.errors import WrongUse
from cxrkit.training import networks, weights
from cxrkit.training.precision import Numerics


class Stub:
    """A timer that says what it was told to."""

    def __init__(self, *seconds):
        self.seconds, self.started = list(seconds), 0

    def start(self):
        self.started += 1

    def stop(self):
        return self.seconds.pop(0)


def numerics(number_format):
    return Numerics(*(Choice(value, "") for value in (number_format, "contiguous", False, False)))


def bare(number_format, films=None):
    torch.manual_seed(0)
    model = networks.build("resnet34")
    weights.silence_residual_branches(model)
    films = torch.randn(8, 3, 32, 32) if films is None else films
    return steps.BareStep("resnet34", model, films, torch.arange(len(films)) % 2, numerics(number_format))


@pytest.mark.parametrize("number_format", ["float32", "bfloat16", "float16"])
def test_the_bare_step_trains_in_every_number_format(number_format):
    torch.manual_seed(0)
    small = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2))
    films = torch.randn(8, 3, 32, 32)  # for a ResNet in float16 a processor takes seconds a step
    step = steps.BareStep("a small network", small, films, torch.arange(8) % 2, numerics(number_format))
    before = [weight.detach().clone() for weight in step.model.parameters()]
    step.settle()
    losses = [loss.item() for loss in step.run(6)]
    moved = max((new - old).abs().max().item() for new, old in zip(step.model.parameters(), before))
    assert all(map(math.isfinite, losses)) and losses[-1] < losses[0]
    assert 1e-3 < moved < 1e-2, "six to seven steps of at most 1e-3 each: gradients are unscaled before they are used"


def test_a_float16_step_whose_gradients_overflow_changes_nothing():
    step = bare("float16")
    before = [weight.detach().clone() for weight in step.model.parameters()]
    step.run(1)
    assert step.scaler.get_scale() == 2.0**15, "this network's gradients overflow at the first scale, 2 ** 16"
    assert all(torch.equal(new, old) for new, old in zip(step.model.parameters(), before))


def test_a_loss_that_is_not_finite_is_an_error_that_names_network_and_format():
    step = bare("bfloat16", torch.full((4, 3, 32, 32), math.inf))
    with pytest.raises(WrongUse, match=r"resnet34 in bfloat16: a loss is not finite"):
        step.seconds(2, Stub(1.0))


def test_a_step_is_a_share_of_its_block_which_waits_once():
    timer = Stub(6.0)
    assert bare("float32").seconds(3, timer) == 2.0 and timer.started == 1


def test_a_bare_step_waits_for_nothing_and_steps_its_weights_at_once():
    step = bare("float32")
    step.run(1)
    counts = step.counts(2)
    weights_of_it = len(list(step.model.parameters()))
    assert counts.waits == 0 and counts.launches < 3 * weights_of_it


def test_fetched_numbers_are_waits_and_views_no_launches():
    numbers = torch.arange(6.0)
    with steps.Dispatches("cpu") as counted:
        numbers.view(2, 3).t()
        torch.empty(3)
    assert (counted.launches, counted.waits) == (0, 0)
    with steps.Dispatches("cpu") as counted:
        (numbers + 1).sum().item()
    assert (counted.launches, counted.waits) == (3, 1)


def test_flops_of_a_step_are_three_times_those_of_its_forward_pass():
    step = bare("float32")
    with steps.FlopCounterMode(display=False) as counter, torch.no_grad():
        step.model(step.films)
    assert step.flops() == 3 * counter.get_total_flops() > 0


def test_a_matrix_product_counts_what_it_computes():
    product = steps.MatrixProduct(8, "cpu", numerics("float32"))
    assert product.flops == 1024 and product.seconds(4, Stub(2.0)) == 0.5


def test_rounds_take_turns_there_and_back():
    order = []
    subjects = [lambda name=name: order.append(name) or float(len(order)) for name in "abc"]
    assert interleaved(subjects, 2) == [[1.0, 6.0], [2.0, 5.0], [3.0, 4.0]]
    assert "".join(order) == "abccba"


def test_a_figure_is_the_median_with_its_spread_and_a_ratio_is_taken_within_rounds():
    assert values.measured([3.0, 1.0, 2.0], "s") == values.Measured(2.0, 1.0, 3.0, 3, "s")
    assert values.ratio([2.0, 20.0, 6.0], [1.0, 10.0, 2.0]) == values.Measured(2.0, 2.0, 3.0, 3, "ratio")
    assert values.rate(10, [2.0, 5.0], "films/s").low == 2.0
