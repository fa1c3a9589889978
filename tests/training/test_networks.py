import numpy as np
import pytest
import torch
from fastai.vision.learner import create_vision_model
from torch import nn
from torchvision import models

from cxrkit import state_files
from cxrkit.data.pixels import Pixels
from cxrkit.data.records import LABELS, NEGATIVE, POSITIVE, Record
from cxrkit.errors import BadInput
from cxrkit.training import loaders, networks, states

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


@pytest.mark.parametrize("architecture", ["resnet34", "resnet101", "vgg16_bn"])
def test_a_network_is_drawn_as_torchvision_and_fastai_draw_it(architecture):
    """Layer by layer: what they begin with one value has it, and what they draw has their mean and deviation, to six standard errors."""
    torch.manual_seed(1)
    mine = networks.build(architecture)
    torch.manual_seed(2)
    theirs = create_vision_model(getattr(models, architecture), len(LABELS), pretrained=False)
    assert list(mine.state_dict()) == list(theirs.state_dict())
    for (name, value), wanted in zip(mine.state_dict().items(), theirs.state_dict().values()):
        assert (value.shape, value.dtype) == (wanted.shape, wanted.dtype)
        if not wanted.is_floating_point() or wanted.std() == 0 or torch.equal(wanted, wanted.flatten()[0].expand(wanted.shape)):
            assert torch.equal(value, wanted), name
        else:
            error = wanted.std() / value.numel() ** 0.5
            assert abs(value.mean() - wanted.mean()) < 6 * 2**0.5 * error, name
            assert abs(value.std() - wanted.std()) < 6 * error, name
    assert not any(value.is_meta for value in [*mine.parameters(), *mine.buffers()])
    assert all(weight.requires_grad for weight in mine.parameters())


def test_a_draw_is_that_of_its_seed():
    drawn = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        drawn.append(networks.build("resnet34").state_dict())
    first = next(iter(drawn[0]))
    assert all(torch.equal(value, drawn[1][name]) for name, value in drawn[0].items())
    assert not torch.equal(drawn[0][first], drawn[2][first])


def test_a_network_with_a_layer_that_cannot_be_drawn_is_drawn_by_its_library():
    """GroupNorm, which none of the four has."""
    model = networks.build("convnext_tiny")
    assert not any(value.is_meta for value in model.parameters()) and model[0][0][0][0].weight.std() > 0


@pytest.mark.skipif(networks.timm is None, reason="timm is not installed (tests/requirements-weights.txt)")
def test_a_network_with_tensors_that_no_file_holds_has_them_all_the_same(tmp_path):
    """The filters of timm's ResNet with blur pooling are buffers, and its state dict leaves them out."""
    model = networks.build("resnetblur50")
    filters = [value for name, value in model.named_buffers() if name.endswith("filt")]
    assert len(filters) == 4 and all(torch.allclose(value.sum((2, 3)), torch.ones(1)) for value in filters)
    path = state_files.write(tmp_path, "blur", states.written(model.state_dict(), "resnetblur50"))
    images = np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE), dtype=np.uint8)
    loaded = networks.load(path, "resnetblur50")
    assert np.array_equal(networks.p_covid(loaded, images), networks.p_covid(model.eval(), images))


def test_what_a_step_needs_grows_with_the_batch_and_the_image():
    small, more, larger = (networks.training_bytes("resnet34", *given) for given in ((32, 8), (32, 16), (64, 8)))
    weights = 16 * sum(value.numel() for value in networks.blank("resnet34").parameters())
    assert weights < small < more < larger and (more - weights) == pytest.approx(2 * (small - weights), rel=0.02)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A network, and the file of its weights."""
    torch.manual_seed(0)
    model, path = networks.build("resnet34").eval(), tmp_path_factory.mktemp("saved") / "whole.pt"
    torch.save(model.state_dict(), path)
    return model, path


def test_a_saved_network_answers_as_before(saved):
    model, path = saved
    images = np.random.default_rng(0).integers(0, 256, (4, SIZE, SIZE), dtype=np.uint8)
    loaded = networks.load(path, "resnet34", "cpu")
    assert np.array_equal(networks.p_covid(loaded, images), networks.p_covid(model, images))
    assert not loaded.training and all(weight.requires_grad for weight in loaded.parameters())


def test_a_file_in_another_number_format_is_read_as_float32(saved, tmp_path):
    model, _ = saved
    torch.save({name: value.double() if value.is_floating_point() else value for name, value in model.state_dict().items()}, tmp_path / "d")
    images = np.zeros((2, SIZE, SIZE), np.uint8)
    assert np.array_equal(networks.p_covid(networks.load(tmp_path / "d", "resnet34"), images), networks.p_covid(model, images))


class Code:
    """What a file must not be able to run."""

    def __reduce__(self):
        return print, ("run from a file of weights",)


def new(state, architecture="resnet34"):
    return states.written(state, architecture)


BROKEN = {
    "absent": (lambda path, whole: None, "not there"),
    "a folder": (lambda path, whole: path.mkdir(), "cannot be read"),
    "empty": (lambda path, whole: path.write_bytes(b""), "cannot be read"),
    "no archive": (lambda path, whole: path.write_bytes(b"PK\x03\x04 no weights"), "cannot be read"),
    "text": (lambda path, whole: path.write_text("version https://git-lfs.github.com/spec/v1\n"), "cannot be read"),
    "cut short": (lambda path, whole: path.write_bytes(whole.read_bytes()[:100_000]), "cannot be read"),
    "a list": (lambda path, whole: torch.save([1, 2], path), "cannot be read"),
    "a number": (lambda path, whole: torch.save(3, path), "cannot be read"),
    "numbers": (lambda path, whole: torch.save(dict.fromkeys(torch.load(whole), 1), path), "cannot be read"),
    "another network": (lambda path, whole: torch.save(networks.build("vgg16_bn").state_dict(), path), "cannot be read"),
    "lacking a layer": (lambda path, whole: torch.save(dict(list(torch.load(whole).items())[1:]), path), "cannot be read"),
    "new: cut short": (lambda path, whole: path.write_bytes(new(torch.load(whole))[:100_000]), "cannot be read"),
    "new: another network": (lambda path, whole: path.write_bytes(new(networks.build("vgg16_bn").state_dict(), "vgg16_bn")), "of vgg16_bn"),
    "new: lacking a layer": (lambda path, whole: path.write_bytes(new(dict(list(torch.load(whole).items())[1:]))), "cannot be read"),
    "code": (lambda path, whole: torch.save({"a": Code()}, path), "cannot be read"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_network_that_is_absent_or_damaged_is_bad_input(tmp_path, saved, how, capsys):
    make, words = BROKEN[how]
    make(tmp_path / "broken.pt", saved[1])
    with pytest.raises(BadInput, match=words) as caught:
        networks.load(tmp_path / "broken.pt", "resnet34", "cpu")
    assert caught.value.where == tmp_path / "broken.pt" and caught.value.next
    assert "run from a file" not in capsys.readouterr().out
