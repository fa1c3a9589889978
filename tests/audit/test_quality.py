import json
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter, ImageOps

from cxrkit.audit import quality, reference
from cxrkit.audit.quality import Range
from cxrkit.data.manifest import Manifest
from cxrkit.data.pixels import Pixels
from cxrkit.data.readers import phantom
from cxrkit.data.records import Record

SIZE, SIDE = 64, 192


def drawn(n, seed):
    random = np.random.default_rng(seed)
    return [phantom.draw_film(phantom.Anatomy(random), number % 2 == 0, random, SIDE) for number in range(n)]


def squares(films):
    return np.stack([np.asarray(film.resize((SIZE, SIZE), Image.Resampling.BILINEAR)) for film in films])


def middle(film, share):
    cut = round((1 - share) / 2 * film.width)
    return film.crop((cut, cut, film.width - cut, film.height - cut))


LOST = {
    "blurred by a twentieth": lambda film: film.filter(ImageFilter.GaussianBlur(film.width / 20)),
    "blurred by a fiftieth": lambda film: film.filter(ImageFilter.GaussianBlur(film.width / 50)),
    "middle 40 %": lambda film: middle(film, 0.4),
    "middle 60 %": lambda film: middle(film, 0.6),
    "black all round": lambda film: ImageOps.expand(film, film.width // 5, 0),
    "white all round": lambda film: ImageOps.expand(film, film.width // 5, 255),
    "a quarter of the square's pixels": lambda film: film.resize((SIZE // 4, SIZE // 4), Image.Resampling.BOX),
}


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    """A results folder whose training films are 120 phantoms, and their Reference."""
    folder, images = tmp_path_factory.mktemp("described"), squares(drawn(120, 0))
    records = [Record(f"d/{n}", "", "d", ("covid", "normal")[n % 2], patient=f"d:{n}", split="train") for n in range(120)]
    reference.describe_training(Pixels(images, {r.image_id: row for row, r in enumerate(records)}), Manifest(tuple(records)), folder)
    return folder, reference.load(folder)[0]


def doubts(known, films):
    return [known.quality.doubts(image) for image in squares(films)]


def test_whole_films_lack_nothing(described):
    assert sum(not found for found in doubts(described[1], drawn(60, 1))) >= 54


@pytest.mark.parametrize("lost", LOST)
def test_each_loss_of_information_is_a_reason(described, lost):
    """Regression: these lay near enough to the training films, and passed."""
    found = doubts(described[1], [LOST[lost](film) for film in drawn(30, 2)])
    word = {"blurred": "less sharp", "a quarter": "less sharp", "middle": "less of the chest"}
    wanted = next((words for start, words in word.items() if lost.startswith(start)), "padded")
    assert sum(any(wanted in sentence for sentence in each) for each in found) >= 27, found


def test_what_is_sharper_than_the_training_films_is_another_reason(described):
    noise = [
        np.clip(image + np.random.default_rng(0).normal(0, 60, image.shape), 0, 255).astype(np.uint8) for image in squares(drawn(9, 3))
    ]
    assert all(any("noisier" in sentence for sentence in described[1].quality.doubts(image)) for image in noise)


def test_exposure_and_contrast_are_no_loss():
    films = squares(drawn(6, 4))
    assert np.allclose(quality.sharpness(films), quality.sharpness(np.rint(films * 0.6 + 20).astype(np.uint8)), atol=0.06)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=60), st.floats(0.5, 0.999))
def test_a_range_holds_the_share_that_it_accepts(values, accepted):
    """Of a whole number of films, one at each end may lie beyond."""
    known = Range.of("covid", np.array(values), accepted)
    within = sum(known.low <= value <= known.high for value in values)
    assert within >= np.floor(accepted * len(values)) - 1 and known.n == len(values)


def test_a_class_is_held_against_its_own_films():
    ranges = [Range("covid", 9, 0.0, 1.0), Range("normal", 9, 3.0, 4.0)]
    assert [quality._beyond(value, ranges, "below", "above") for value in (-1, 0.5, 1.4, 2.6, 3.5, 5)] == [
        ["below"],
        [],
        ["above"],
        ["below"],
        [],
        ["above"],
    ]


def test_a_description_of_another_version_is_not_read_and_says_so(described, tmp_path):
    """Regression: the version stood in the file, and nobody read it."""
    shutil.copy(described[0] / reference.FILE, tmp_path)
    content = json.loads((tmp_path / reference.FILE).read_text())
    (tmp_path / reference.FILE).write_text(json.dumps(content | {"version": 1}))
    found, why = reference.load(tmp_path)
    assert found is None and "version 1" in why and "run the experiment again" in why
