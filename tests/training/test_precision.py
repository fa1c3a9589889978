"""Number formats and layouts: chosen by the device with a reason, and harmless to the result."""

import numpy as np
import pytest
import torch

from cxrkit.data import pixels
from cxrkit.environment import Choice
from cxrkit.errors import WrongUse
from cxrkit.files import read_json
from cxrkit.training import loaders, precision, recipe


@pytest.mark.parametrize(
    "capability, value", [((8, 0), "bfloat16"), ((9, 0), "bfloat16"), ((7, 5), "float16"), ((7, 0), "float16"), ((6, 0), "float32")]
)
def test_the_compute_capability_decides(monkeypatch, capability, value):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda *_: capability)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *_: True)
    chosen = precision.choose_precision("auto", "cuda")
    assert chosen.value == value and "{}.{}".format(*capability) in chosen.reason


def test_a_processor_computes_in_float32_unless_told_otherwise():
    assert precision.choose_precision("auto", "cpu").value == "float32"
    assert precision.choose_precision("bfloat16", "cpu") == Choice("bfloat16", "as the experiment says")
    with pytest.raises(WrongUse, match="float16"):
        precision.choose_precision("float16", "cpu")


def test_the_layout_is_on_the_model_when_it_is_trained():
    assert [type(callback).__name__ for callback in precision.callbacks(Choice("float32", ""), Choice("channels_last", ""), "cpu")] == [
        "ChannelsLast"
    ]
    assert [type(callback).__name__ for callback in precision.callbacks(Choice("float16", ""), Choice("contiguous", ""), "cuda")] == [
        "MixedPrecision"
    ]


def test_formats_and_loaders_differ_less_than_seeds(tmp_path, data, small):
    """The mean distance between the predictions of two runs: of one seed, whatever the format or loader, and of two seeds."""
    root, entries, records, locate = data
    films = pixels.load(records, locate, 32, tmp_path / "pixels")

    def p_covid(name, seed, number_format="float32", layout="channels_last", loader="resident"):
        if loader == "resident":
            made = loaders.resident(films, records, 32, "cpu")
        else:
            made = loaders.from_files(root, entries, 32, 32, 0, "cpu")
        callbacks = precision.callbacks(Choice(number_format, ""), Choice(layout, ""), "cpu")
        recipe.run(recipe.Job("resnet34", seed), made, small, tmp_path / name, callbacks=callbacks)
        return np.array([p for _, p in sorted(read_json(tmp_path / name / "frozen.json")["predictions"])])

    base = p_covid("base", 0)
    between_seeds = np.abs(base - p_covid("seed", 1)).mean()
    for name, how in (
        ("files", {"loader": "files"}),
        ("contiguous", {"layout": "contiguous"}),
        ("bfloat16", {"number_format": "bfloat16"}),
    ):
        assert np.abs(base - p_covid(name, 0, **how)).mean() < between_seeds, name
