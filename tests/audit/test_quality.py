import json
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter, ImageOps

from cxrkit.audit import quality, reference
from cxrkit.audit.quality import FRAMING, SHARPNESS, Range
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
    """What is said of sharpness and framing."""
    return [[said for said in known.doubts(image, None, None) if said in SHARPNESS + FRAMING] for image in squares(films)]


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
    assert all(SHARPNESS[1] in described[1].doubts(image, None, None) for image in noise)


def test_exposure_and_contrast_are_no_loss():
    films = squares(drawn(6, 4))
    assert np.allclose(quality.sharpness(films), quality.sharpness(np.rint(films * 0.6 + 20).astype(np.uint8)), atol=0.06)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=60), st.floats(0.5, 0.999), st.floats(1, 3))
def test_a_range_holds_the_share_that_it_accepts_and_a_wider_one_more(values, accepted, factor):
    """Of a whole number of films, one at each end may lie beyond."""
    values = np.array(values)
    known = Range.of("covid", values, accepted)
    within = (known.low <= values) & (values <= known.high)
    assert within.sum() >= np.floor(accepted * len(values)) - 1 and known.n == len(values)
    wider = known.wider(factor)
    assert wider.low <= known.low + 1e-9 and wider.high >= known.high - 1e-9
    assert np.allclose(wider.place(values) * factor, known.place(values), rtol=1e-6, atol=1e-6) or known.high - known.low < 1e-6


def test_a_place_in_a_range_is_counted_from_its_middle():
    assert Range("covid", 9, 1.0, 3.0).place(np.array([2, 1, 3, 5, 0])).tolist() == [0, -1, 1, 3, -2]


def test_a_description_of_another_version_is_not_read_and_says_so(described, tmp_path):
    """Regression: the version stood in the file, and nobody read it."""
    shutil.copy(described[0] / reference.FILE, tmp_path)
    content = json.loads((tmp_path / reference.FILE).read_text())
    (tmp_path / reference.FILE).write_text(json.dumps(content | {"version": 2}))
    found, why = reference.load(tmp_path)
    assert found is None and "version 2" in why and "run the experiment again" in why
