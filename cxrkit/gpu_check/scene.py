"""What is trained in a check: a few drawn phantoms, a short experiment, and the number formats and layouts that a device has."""

from pathlib import Path

import numpy as np
import torch

from cxrkit.config import Experiment
from cxrkit.data.pixels import Pixels
from cxrkit.data.readers.phantom import Anatomy, draw_film
from cxrkit.data.records import LABELS, Record
from cxrkit.environment import Choice
from cxrkit.training.loaders import TrainingFilms
from cxrkit.training.precision import Numerics

LOADERS = ("resident on the device", "resident on the host", "files")
LAYOUTS = ("channels_last", "contiguous")
STEPS = 3
"""Batches of an epoch; a network is compared over so many steps."""
EPOCHS = 3
"""Of each stage of a whole training: float16's scale begins so high that the first four or five steps overflow and change nothing."""
HELD_OUT = 2
"""Batches that are asked about."""
SIDE = {"cpu": 32, "cuda": 64}
"""Pixels. At 64 the last layers of the networks see 2 x 2 points, and the processor makes a step of VGG19 in about three seconds."""
BATCH = 16
EPSILON = 1e-2
"""Adam's: above most gradients, so that a weight's step follows its gradient. With fastai's 1e-5 it follows the gradient's sign,
which rounding turns where a gradient is next to nothing: a device that computes rightly then ends a tenth of the outputs' spread away."""
WHY = "as is checked"


def experiment(architecture: str, kind: str) -> Experiment:
    """Random weights, a few steps in each stage, the shortest finder. kind: "cpu" or "cuda"."""
    return Experiment(
        name="gpu-check",
        architectures=(architecture,),
        image_size=SIDE[kind],
        batch_size=BATCH,
        epochs=EPOCHS,
        lr_find_iterations=20,
        pretrained=False,
        epsilon=EPSILON,
    )


FILE_SIDE = 64
"""Pixels; a smaller file is no film (data/images.py)."""


def draw(folder: Path, size: int) -> dict[str, TrainingFilms]:
    """The films of each of LOADERS, drawn once: STEPS batches to train on and HELD_OUT to ask about, both classes alike.

    folder: where the tree of the `files` loader is made.
    """
    random = np.random.default_rng(0)
    records, squares, entries = [], [], {}
    for split, batches in (("train", STEPS), ("valid", HELD_OUT)):
        for number in range(batches * BATCH):
            label = LABELS[number % len(LABELS)]
            film = draw_film(Anatomy(random), label == LABELS[0], random, size)
            record = Record(f"drawn/{split}-{number:03}", "", "drawn", label, split=split)
            relative = f"{split}/{label}/{number:03}.png"
            (folder / relative).parent.mkdir(parents=True, exist_ok=True)
            film.resize((max(size, FILE_SIDE),) * 2).save(folder / relative)
            records.append(record)
            squares.append(np.asarray(film, np.uint8))
            entries[relative] = record
    pixels = Pixels(np.stack(squares), {record.image_id: row for row, record in enumerate(records)})
    used = tuple(records)
    return {
        LOADERS[0]: TrainingFilms(used, Choice("device", WHY), pixels),
        LOADERS[1]: TrainingFilms(used, Choice("host", WHY), pixels),
        LOADERS[2]: TrainingFilms(used, Choice(0, WHY), None, folder, entries),
    }


def formats(device: str) -> dict[str, tuple[str, bool] | str]:
    """{name: (number format, whether TF32 is used)} of those that are checked; for one that a device is not asked for, the reason.

    device: "cpu", or torch's name of a GPU.
    """
    if torch.device(device).type == "cpu":
        return {
            "float32": ("float32", False),
            "float32 with TF32": "a processor has no TF32",
            "float16": "the kit does not train in float16 on a processor",
            "bfloat16": ("bfloat16", False),
        }
    capability = torch.cuda.get_device_capability(device)
    named = "compute capability {}.{}".format(*capability)
    ampere, volta = capability >= (8, 0), capability >= (7, 0)
    return {
        "float32": ("float32", False),
        "float32 with TF32": ("float32", True) if ampere else f"{named} has no TF32",
        "float16": ("float16", ampere) if volta else f"{named} gains nothing from float16",
        "bfloat16": ("bfloat16", ampere) if ampere else f"{named} has no units for bfloat16",
    }


def numerics(precision: str, layout: str, tf32: bool, device: str) -> Numerics:
    """Numbers as a check asks for them, with cuDNN's autotuning where a run has it."""
    return Numerics(*(Choice(value, WHY) for value in (precision, layout, tf32, torch.device(device).type == "cuda")))


class Repeatable(Numerics):
    """The same numbers at each computation, where the device has kernels for that: so that two trainings can be compared."""

    def apply(self) -> None:
        super().apply()
        torch.backends.cudnn.benchmark = False
        torch.use_deterministic_algorithms(True, warn_only=True)
