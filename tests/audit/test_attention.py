import functools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from torch import nn

from cxrkit import state_files
from cxrkit.audit import attention, heatmap
from cxrkit.data.manifest import Manifest
from cxrkit.data.pixels import Pixels
from cxrkit.data.records import LABELS, NEGATIVE, POSITIVE
from cxrkit.training import networks, states
from tests.evaluation import runs

with_timm = pytest.mark.skipif(networks.timm is None, reason="timm is not installed (tests/requirements-weights.txt)")
SIZE = 64
COVID, NORMAL = LABELS.index(POSITIVE), LABELS.index(NEGATIVE)


def network_of_brightness():
    """A network in a fastai learner's two parts that calls COVID-19 what has a bright patch anywhere."""
    body = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU(), nn.AvgPool2d(8))
    with torch.no_grad():
        body[0].weight[:] = 0
        body[0].weight[0, 0], body[0].weight[1, 0] = 1, -1  # one channel is bright, the other dark
        body[0].bias[:] = torch.tensor([-1.5, -1.5])
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 2))
    with torch.no_grad():
        head[2].weight[:] = torch.tensor([[4.0, -1.0], [-4.0, 1.0]])
        head[2].bias[:] = 0
    return nn.Sequential(body, head).eval()


def film_with_patch(row, column, grey=120):
    film = np.full((SIZE, SIZE), grey, np.uint8)
    film[row : row + 16, column : column + 16] = 255
    return film


@pytest.mark.parametrize("row, column", [(0, 0), (0, 48), (24, 24), (48, 8)])
def test_the_map_lies_on_the_patch_that_alone_decides(row, column):
    model, film = network_of_brightness(), film_with_patch(row, column)
    assert networks.p_covid(model, film[None])[0] > 0.5
    found = attention.maps(model, film[None])
    assert found.shape == (1, SIZE, SIZE) and found.dtype == np.float32
    reach = np.zeros((SIZE, SIZE), bool)
    reach[max(0, row - 8) : row + 24, max(0, column - 8) : column + 24] = True
    assert found[0][reach].sum() > 0.99 * found.sum()
    assert found[0, row + 8, column + 8] > 0.9


def test_the_map_follows_the_class_that_is_asked_for():
    model, film = network_of_brightness(), film_with_patch(24, 24)
    film[:16, :16] = 0
    films = np.stack([film, film])
    bright, dark = attention.maps(model, films, [COVID, NORMAL])
    assert bright[32, 32] > 0.9 and bright[:12, :12].max() == 0
    assert dark[6, 6] > 0.9 and dark[28:36, 28:36].max() == 0


def test_where_nothing_speaks_for_a_class_the_map_is_empty_and_not_broken():
    found = attention.maps(network_of_brightness(), np.full((1, SIZE, SIZE), 120, np.uint8))
    assert not found.any() and np.isnan(attention.energy_in_box(found)).all()


def test_batches_change_nothing():
    films = np.random.default_rng(0).integers(0, 256, (5, SIZE, SIZE), dtype=np.uint8)
    films[:, 8:24, 8:24] = 255
    model = network_of_brightness()
    assert np.allclose(attention.maps(model, films, batch_size=2), attention.maps(model, films), atol=1e-6)
    assert attention.maps(model, films[:0]).shape == (0, SIZE, SIZE)


@functools.cache
def untrained(architecture):
    return attention.randomised(architecture, seed=3)


def by_the_book(model, image, layer, wanted):
    """Grad-CAM with hooks and a whole backward pass, as the paper writes it."""
    kept = {}
    hook = layer.register_forward_hook(lambda module, inputs, output: (output.retain_grad(), kept.update(output=output))[0])
    outputs = model(networks.normalised(image[None]).requires_grad_())[0]
    hook.remove()
    (outputs[wanted] - outputs[1 - wanted]).backward()
    features, gradient = kept["output"][0], kept["output"].grad[0]
    cells = torch.relu((gradient.mean((1, 2))[:, None, None] * features).sum(0)).detach().numpy()
    return cells / cells.max() if cells.any() else cells


@pytest.mark.parametrize(
    "architecture, size, layer",
    [
        ("resnet34", 128, lambda body: body[-1]),
        ("vgg16_bn", 128, lambda body: body[0][-1]),
        ("resnet34", 64, lambda body: body[-2]),
        ("vgg16_bn", 32, lambda body: body[0][-12]),
        ("densenet121", 128, lambda body: body[0].norm5),
        ("densenet121", 64, lambda body: body[0].transition3.conv),
        ("convnext_tiny", 128, lambda body: body[0][7][-1]),
        ("convnext_tiny", 64, lambda body: body[0][6][0]),
        ("efficientnet_b0", 128, lambda body: body[0][-1]),
        ("efficientnet_b0", 64, lambda body: body[0][5]),
        pytest.param("efficientnet_lite0", 128, lambda body: body.model.bn2, marks=with_timm),
        pytest.param("efficientnet_lite0", 64, lambda body: body.model.blocks[4], marks=with_timm),
        pytest.param("tf_mobilenetv3_small_minimal_100", 64, lambda body: body[1].model.blocks[3], marks=with_timm),
        ("swin_t", 128, lambda body: body[2]),
    ],
)
def test_maps_are_those_of_the_book(architecture, size, layer):
    model = untrained(architecture)
    image = np.random.default_rng(1).integers(0, 256, (size, size), dtype=np.uint8)
    both = {wanted: by_the_book(model, image, layer(model[0]), wanted) for wanted in (COVID, NORMAL)}
    assert any(expected.any() for expected in both.values())
    for wanted, expected in both.items():
        assert min(expected.shape) == attention.SMALLEST_MAP
        found = attention.maps(model, image[None], [wanted])[0]
        if not expected.any():
            assert not found.any()
            continue
        step = size // len(expected)
        centres = found.reshape(len(expected), step, -1, step)[:, step // 2 - 1 : step // 2 + 1, :, step // 2 - 1 : step // 2 + 1].mean(
            (1, 3)
        )
        assert np.corrcoef(centres.ravel(), expected.ravel())[0, 1] > 0.98
        assert np.unravel_index(centres.argmax(), expected.shape) == np.unravel_index(expected.argmax(), expected.shape)


def test_a_model_is_left_as_it_was():
    model = attention.randomised("resnet34")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    attention.maps(model, np.random.default_rng(0).integers(0, 256, (2, 64, 64), dtype=np.uint8))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())
    assert torch.is_grad_enabled()


def test_random_weights_are_repeatable_and_leave_other_random_numbers_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first = attention.randomised("resnet34", seed=1)
    assert torch.rand(1) == expected
    again, other = attention.randomised("resnet34", seed=1), attention.randomised("resnet34", seed=2)
    assert torch.equal(first[0][0].weight, again[0][0].weight) and not torch.equal(first[0][0].weight, other[0][0].weight)


def test_energy_of_an_even_map_is_the_boxs_area():
    assert attention.energy_in_box(np.ones((1, 224, 224), np.float32))[0] == pytest.approx(attention.box_area(224))
    corner = np.zeros((1, 224, 224), np.float32)
    corner[0, :10, :10] = 1
    assert attention.energy_in_box(corner)[0] == 0


@settings(max_examples=50, deadline=None)
@given(arrays(np.float32, (2, 32, 32), elements=st.floats(0, 1, width=32)))
def test_energy_and_correlation_keep_their_limits(found):
    energy = attention.energy_in_box(found)
    assert ((energy >= 0) & (energy <= 1 + 1e-9) | np.isnan(energy)).all()
    itself, turned = attention.rank_correlation(found, found), attention.rank_correlation(found, 1 - found)
    assert np.isclose(itself[~np.isnan(itself)], 1).all() and (np.abs(turned[~np.isnan(turned)]) <= 1 + 1e-9).all()


def test_pick_shows_errors_first_and_counts_those_it_has_no_place_for():
    is_covid = np.array([True] * 20 + [False] * 20)
    p_covid = np.where(is_covid, np.linspace(0.01, 0.4, 40), np.linspace(0.1, 0.45, 40))  # all COVID-19 films are missed
    picked, left_out = attention.pick(is_covid, p_covid, 0.5)
    kinds = [kind for _, kind in picked]
    assert kinds == ["error"] * attention.MOST_ERRORS + ["top loss"] * attention.TOP_LOSSES + ["hit"] * attention.HITS
    assert left_out == 20 - attention.MOST_ERRORS
    assert picked[0] == (0, "error") and picked[attention.MOST_ERRORS] == (39, "top loss")
    assert len({index for index, _ in picked}) == len(picked)
    assert attention.pick(is_covid, p_covid, 0.5)[0] == picked
    assert attention.pick(is_covid, is_covid.astype(float), 0.5)[1] == 0


HOSTILE = "../../escape <script>"


@pytest.fixture
def small_run(tmp_path):
    """The Results of one untrained network on drawn squares, some of whose films may not be shown; and their Pixels."""
    free, bound = {"licence": "CC0-1.0", "credit": HOSTILE}, {"licence": "CC BY-NC-SA 4.0", "credit": "a site"}
    records = runs.records({"train": (2, 2), "valid": (12, 12)}, images_a_patient=2)
    manifest = Manifest(tuple(record.but(**(free if record.label == NEGATIVE else bound)) for record in records))
    results = runs.write_run(tmp_path / "results", seeds=(0,), error_rates=(0.1,), manifest=manifest, image_size=64)
    weigh(results, seed=9)
    images = np.random.default_rng(0).integers(0, 256, (len(records), 64, 64), dtype=np.uint8)
    return results, Pixels(images, {record.image_id: row for row, record in enumerate(manifest.records)})


def weigh(results, **seed):
    """Give the run's one network the weights of a randomised one."""
    path = results.networks()[0].path
    path.parent.mkdir(exist_ok=True)
    state_files.write(path.parent, path.stem, states.written(attention.randomised("resnet34", **seed).state_dict(), "resnet34"))


def test_the_audit_of_a_run(small_run):
    results, films = small_run
    folder = results.folder
    stale, foreign = (folder / attention.FOLDER / name for name in ("resnet34-hit-99.png", "mine.png"))
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"")
    foreign.write_bytes(b"a person's")
    seen = attention.audit(results, films, results.networks(), "cpu", 0.5)
    (row,) = seen.rows
    assert (row.architecture, row.seed, row.split) == ("resnet34", 0, "valid")
    assert row.energy_in_box.n + row.empty == 24
    assert row.energy_in_box.low < row.energy_in_box.value < row.energy_in_box.high
    assert row.energy_in_box.method == "bootstrap 95 % over patients"
    assert row.box_area == attention.box_area(64) and -1 <= row.randomised_correlation <= 1

    assert any(entry.file for entry in seen.gallery) and HOSTILE in {entry.credit for entry in seen.gallery}
    pictures = {path.name for path in (folder / attention.FOLDER).iterdir()} - {foreign.name}
    shown = [entry for entry in seen.gallery if entry.file]
    hidden = [entry for entry in seen.gallery if not entry.file]
    assert {entry.file.rpartition("/")[2] for entry in shown} == pictures and not stale.exists() and foreign.exists()
    assert {entry.label for entry in shown} == {"normal"} and {entry.label for entry in hidden} == {"covid"}
    assert all("CC BY-NC-SA" in entry.why_no_picture and entry.credit for entry in hidden)
    for name in pictures:
        with Image.open(folder / attention.FOLDER / name) as picture:
            assert picture.size == (2 * heatmap.THUMBNAIL, heatmap.THUMBNAIL) and not picture.info.get("exif")


def test_a_network_that_learnt_nothing_looks_as_a_random_one(small_run):
    """The sanity check itself: with the randomised network's own weights the correlation is 1."""
    results, films = small_run
    weigh(results)
    (row,) = attention.audit(results, films, results.networks(), "cpu", 0.5).rows
    assert row.randomised_correlation == pytest.approx(1)
    assert row.randomised_energy == pytest.approx(row.energy_in_box.value)


def test_where_every_map_is_empty_the_energy_is_not_known(small_run, monkeypatch):
    results, films = small_run
    monkeypatch.setattr(attention, "maps", lambda model, images, **_: np.zeros(images.shape, np.float32))
    (row,) = attention.audit(results, films, results.networks(), "cpu", 0.5).rows
    assert not row.energy_in_box.known and row.empty == 24
    assert row.randomised_energy is None and row.randomised_correlation is None
