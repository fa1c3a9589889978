import numpy as np
import pytest
import torch
from torch import nn

from cxrkit.data.pixels import Pixels
from cxrkit.data.records import LABELS, NEGATIVE, POSITIVE, Record
from cxrkit.errors import BadInput
from cxrkit.training import loaders, networks

SIZE = 32


class Saying(nn.Module):
    """A network whose outputs are the same for every film."""

    def __init__(self, outputs):
        super().__init__()
        self.outputs = torch.tensor(outputs)

    def forward(self, x):
        return self.outputs.expand(len(x), -1)


@pytest.mark.parametrize("label", LABELS)
def test_the_output_that_means_covid_is_that_of_its_label(label):
    """Written out from the labels themselves, so that it does not repeat what the code takes it to be."""
    outputs = [0.0, 0.0]
    outputs[LABELS.index(label)] = np.log(9.0)
    p_covid = networks.p_covid(Saying(outputs), np.zeros((3, SIZE, SIZE), np.uint8))
    assert p_covid == pytest.approx([0.9 if label == POSITIVE else 0.1] * 3)


def test_a_network_trained_on_bright_covid_films_calls_bright_films_covid():
    """From labels to training and back: what the loaders number as COVID-19 is what p_covid is the probability of."""
    random, records, films = np.random.default_rng(0), [], []
    for split, count in (("train", 32), ("valid", 8)):
        for number in range(count):
            label = (POSITIVE, NEGATIVE)[number % 2]
            records.append(Record(f"drawn/{split}{number:02}", "", "drawn", label, split=split))
            films.append(random.normal(190 if label == POSITIVE else 60, 8, (SIZE, SIZE)).astype(np.uint8))
    squares = Pixels(np.stack(films), {record.image_id: row for row, record in enumerate(records)})
    torch.manual_seed(0)
    model = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2))
    optimiser = torch.optim.Adam(model.parameters(), 0.05)
    batches = loaders.resident(squares, records, 8, "cpu").train
    for _ in range(10):
        for films_of_batch, categories in batches:
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(films_of_batch.as_subclass(torch.Tensor)), categories.as_subclass(torch.Tensor)).backward()
            optimiser.step()
    held = [record for record in records if record.split == "valid"]
    p_covid = networks.p_covid(model.eval(), squares.of([record.image_id for record in held]))
    assert [POSITIVE if p > 0.5 else NEGATIVE for p in p_covid] == [record.label for record in held]


def test_features_are_what_the_last_layer_turns_into_the_answer():
    model = networks.build("resnet34").eval()
    images = np.random.default_rng(0).integers(0, 256, (5, SIZE, SIZE), dtype=np.uint8)
    seen = networks.features(model, images, "cpu", batch_size=2)
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    p_covid = torch.softmax(last(torch.tensor(seen, dtype=torch.float32)), 1)[:, LABELS.index(POSITIVE)].detach().numpy()
    assert seen.shape == (5, last.in_features) and seen.dtype == np.float64
    assert p_covid == pytest.approx(networks.p_covid(model, images), abs=1e-5)
    assert not last._forward_pre_hooks


def test_a_network_that_is_absent_or_damaged_is_bad_input(tmp_path):
    (tmp_path / "torn.pt").write_bytes(b"PK\x03\x04 no weights")
    for name, words in (("absent.pt", "not there"), ("torn.pt", "cannot be read")):
        with pytest.raises(BadInput, match=words):
            networks.load(tmp_path / name, "resnet34", "cpu")
