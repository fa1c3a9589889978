"""Number formats and layouts: chosen by the device with a reason, and harmless to the result."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from cxrkit.environment import Choice
from cxrkit.errors import WrongUse
from cxrkit.training import precision, recipe
from cxrkit.training.loaders import TrainingFilms
from cxrkit.training.precision import Numerics
from cxrkit.training.stages import Job


@pytest.mark.parametrize(
    "capability, value", [((8, 0), "bfloat16"), ((9, 0), "bfloat16"), ((7, 5), "float16"), ((7, 0), "float16"), ((6, 0), "float32")]
)
def test_the_compute_capability_decides(monkeypatch, capability, value):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda *_: capability)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *_: True)
    numerics = Numerics.choose("auto", "cuda", 224)
    assert numerics.precision.value == value and "{}.{}".format(*capability) in numerics.precision.reason
    assert (numerics.layout.value, numerics.autotuning.value, numerics.tf32.value) == ("channels_last", True, capability >= (8, 0))


def test_a_processor_computes_in_float32_unless_told_otherwise():
    assert Numerics.choose("auto", "cpu", 224).precision.value == "float32"
    assert Numerics.choose("bfloat16", "cpu", 224).precision == Choice("bfloat16", "as the experiment says")
    with pytest.raises(WrongUse, match="float16"):
        Numerics.choose("float16", "cpu", 224)


@pytest.mark.parametrize("size, layout", [(32, "contiguous"), (63, "contiguous"), (64, "channels_last"), (224, "channels_last")])
def test_a_processor_reads_small_images_as_they_are(size, layout):
    assert Numerics.choose("auto", "cpu", size).layout.value == layout


@pytest.mark.parametrize(
    "number_format, layout, names",
    [
        ("float32", "channels_last", ["ChannelsLast"]),
        ("float32", "contiguous", []),
        ("bfloat16", "contiguous", ["Cast"]),
        ("float16", "channels_last", ["ChannelsLast", "Cast", "Scaled"]),
    ],
)
def test_what_is_chosen_is_on_the_model_when_it_is_trained(number_format, layout, names):
    numerics = replace(Numerics.choose("auto", "cpu", 32), precision=Choice(number_format, ""), layout=Choice(layout, ""))
    assert [type(callback).__name__ for callback in numerics.callbacks("cpu")] == names


@pytest.fixture
def backends():
    """torch's switches, set back when the test ends."""
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    usual = cudnn.allow_tf32, cudnn.benchmark, cudnn.deterministic, matmul.allow_tf32
    yield cudnn, matmul
    cudnn.allow_tf32, cudnn.benchmark, cudnn.deterministic, matmul.allow_tf32 = usual


def test_a_choice_is_set_and_predictions_are_made_without_rounding(backends):
    cudnn, matmul = backends
    numerics = replace(Numerics.choose("auto", "cpu", 32), tf32=Choice(True, ""), autotuning=Choice(True, ""))
    numerics.apply()
    assert (cudnn.allow_tf32, matmul.allow_tf32, cudnn.benchmark) == (True, True, True)
    with pytest.raises(RuntimeError), precision.full_float32():
        assert (cudnn.allow_tf32, matmul.allow_tf32) == (False, False)
        raise RuntimeError
    assert (cudnn.allow_tf32, matmul.allow_tf32) == (True, True)


def test_formats_and_loaders_differ_less_than_seeds(data, training_films, small):
    """The mean distance between the predictions of two trainings: of one seed, whatever the format or loader, and of two seeds."""
    root, entries, records, _ = data
    files = TrainingFilms(tuple(records), Choice(0, "the test says so"), None, root, entries)

    def p_covid(seed, number_format="float32", layout="channels_last", films=training_films):
        numerics = replace(Numerics.choose("auto", "cpu", 32), precision=Choice(number_format, ""), layout=Choice(layout, ""))
        frozen = next(recipe.train(Job("resnet18", seed), films.loaders(small, "cpu", layout), small, numerics))
        return np.array([p for _, p in sorted(frozen.predictions)])

    base = p_covid(0)
    between_seeds = np.abs(base - p_covid(1)).mean()
    for how in ({"films": files}, {"layout": "contiguous"}, {"number_format": "bfloat16"}):
        assert np.abs(base - p_covid(0, **how)).mean() < between_seeds, how
