"""How a film becomes a square: one geometry, fastai's, and whatever shows a network a film uses the run's own."""

import numpy as np
import pytest
from fastai.torch_core import set_seed
from fastai.vision.augment import Resize
from fastai.vision.core import PILImageBW
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cxrkit import config, pipeline, predict
from cxrkit.audit import audit
from cxrkit.data import cache, images, pixels
from cxrkit.data.records import Record
from cxrkit.results import Results
from cxrkit.training import loaders
from tests.conftest import SHORT

SIZE = 48


def ramp(width, height):
    """A smooth film, brighter to the right and to the foot, so that a shifted crop is another picture."""
    across, down = np.linspace(0, 120, width), np.linspace(0, 120, height)
    return Image.fromarray((across[None] + down[:, None]).astype(np.uint8))


@pytest.fixture
def wide_films(tmp_path):
    """(records, locate, paths): films twice as wide as high, whose outer quarters are white and whose middle is a ramp."""
    paths, records = [], []
    for number in range(24):
        grey = np.full((60, 120), 255, np.uint8)
        grey[:, 30:90] = np.asarray(ramp(60, 60)) // 2 + number
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(grey).save(paths[-1])
        label, split = ("covid", "normal")[number % 2], "train" if number < 16 else "valid"
        records.append(Record(f"a/{number}", f"a/{number}", "a", label=label, split=split))

    def locate(record):
        return tmp_path / f"{record.path[2:]}.png"

    return cache.add_facts(records, locate)[0], locate, paths


@given(st.integers(32, 400), st.integers(32, 400), st.sampled_from([32, 48, 224]))
def test_a_crop_is_fastais_of_held_out_films_to_a_pixel(width, height, size):
    film = ramp(width, height)
    theirs = np.asarray(Resize(size)(PILImageBW(film), split_idx=1)).astype(int)
    ours = images.square(film, size, "crop").astype(int)
    a_pixel = 2 + 240 / min(width, height)  # the ramp's step, where rounding makes fastai's box a pixel smaller
    assert theirs.shape == ours.shape == (size, size) and np.abs(theirs - ours).max() <= a_pixel


@pytest.mark.parametrize("width, height", [(40, 400), (400, 40), (61, 60)])
def test_the_middle_of_the_long_side_is_what_is_seen(width, height):
    film = np.zeros((height, width), np.uint8)
    side = min(width, height)
    top, left = (height - side) // 2, (width - side) // 2
    film[top : top + side, left : left + side] = 200
    assert (images.square(Image.fromarray(film), SIZE, "crop") == 200).all()
    assert abs((width - side - left) - left) <= 1 and abs((height - side - top) - top) <= 1
    if width != 61:
        assert not (images.square(Image.fromarray(film), SIZE, "squish") == 200).all()


def test_the_cache_keeps_both_kinds_apart_and_old_squares_valid(wide_films, tmp_path, monkeypatch):
    records, locate, _ = wide_films
    folder, decoded, real = tmp_path / "cache", [], images.decode
    monkeypatch.setattr(images, "decode", lambda *given: decoded.append(given) or real(*given))
    squished = np.array(pixels.load(records, locate, SIZE, folder).of(["a/3"]))
    assert (folder / f"grey-{SIZE}-v{cache.VERSION}.u8").exists()
    cropped = np.array(pixels.load(records, locate, SIZE, folder, resize="crop").of(["a/3"]))
    assert len(decoded) == 2 * len(records) and squished.max() == 255 and cropped.max() < 200
    assert (pixels.load(records, locate, SIZE, folder).of(["a/3"]) == squished).all()
    assert (pixels.load(records, locate, SIZE, folder, resize="crop").of(["a/3"]) == cropped).all()
    assert len(decoded) == 2 * len(records)


def test_the_manifest_makes_the_squares_that_the_run_then_finds(wide_films, tmp_path, monkeypatch):
    records, locate, _ = wide_films
    cache.add_facts(records, locate, tmp_path / "cache", SIZE, resize="crop")
    monkeypatch.setattr(images, "decode", None)
    assert pixels.load(records, locate, SIZE, tmp_path / "cache", resize="crop").of(["a/3"]).max() < 200


def test_both_loaders_give_the_same_crops(wide_films, tmp_path):
    records, locate, _ = wide_films
    films = pixels.load(records, locate, SIZE, tmp_path / "cache", resize="crop")
    entries = {locate(record).name: record for record in records}
    given_files = loaders.from_files(tmp_path, entries, SIZE, 8, 0, "cpu", "crop")
    resident = loaders.resident(films, records, 8, "cpu")
    for made in (given_files, resident):
        made.train.rng.seed(3)
    for split in (0, 1):
        batches = []
        for made in (given_files, resident):
            set_seed(3)
            batches.append([x.cpu().numpy() for x, _ in made.loaders[split]])
        assert len(batches[0]) == len(batches[1]) > 0
        assert all(np.allclose(mine, theirs, atol=1e-4) for mine, theirs in zip(*batches))


def test_whatever_shows_a_network_a_film_makes_its_square_as_the_run_does(tmp_path, monkeypatch, few):
    """Manifest, training, audit with external films, and predict, in one run that crops."""
    seen, real = [], images.square
    monkeypatch.setattr(images, "square", lambda grey, size, resize="squish": seen.append(resize) or real(grey, size, resize))
    experiment = config.load("dry-run", SHORT | {"data": [str(few)], "resize": "crop", "audit": "none"})
    results = pipeline.run(experiment, tmp_path / "run")
    assert set(seen) == {"crop"}
    elsewhere = tmp_path / "elsewhere"
    for label, level in (("covid", 90), ("normal", 120)):
        (elsewhere / label).mkdir(parents=True)
        for number in range(4):
            film = np.random.default_rng(level + number).integers(level - 60, level + 60, (64, 96)).astype(np.uint8)
            Image.fromarray(film).save(elsewhere / label / f"{number}.png")
    seen.clear()
    (tmp_path / "run" / "pixels" / f"grey-32-crop-v{cache.VERSION}.jsonl").unlink()  # so that the audit makes them anew
    audit.audit(Results.open(results.folder), audit.Options(home=str(tmp_path / "run"), external=(f"elsewhere={elsewhere}",)))
    answers = predict.predict(tmp_path / "run", [elsewhere / "covid" / "0.png"], tmp_path / "maps")
    assert seen and set(seen) == {"crop"}
    assert len(answers.films) == 1 and Image.open(answers.films[0].attention).width == 2 * predict.PANEL
