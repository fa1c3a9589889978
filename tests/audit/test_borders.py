"""Films that were put on a larger canvas are told by the canvas, whatever is in the middle."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from cxrkit.audit import borders, reference
from cxrkit.audit.borders import Borders
from cxrkit.audit.films import Films
from cxrkit.data.manifest import Manifest
from cxrkit.data.pixels import Pixels
from cxrkit.data.readers import phantom
from cxrkit.data.records import Record

SIZE = 96
STRICT = Borders(0.05, 0.1)


def film(seed=0, size=SIZE):
    random = np.random.default_rng(seed)
    return phantom.draw_film(phantom.Anatomy(random), True, random, size)


def as_seen(picture, size=SIZE):
    return np.asarray(picture.convert("L").resize((size, size), Image.Resampling.BOX))


def on_canvas(picture, left, top, right, bottom, grey=0):
    """With so many shares of its side added."""
    return ImageOps.expand(picture, tuple(round(share * picture.width) for share in (left, top, right, bottom)), grey)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 5), st.lists(st.floats(0.1, 0.3), min_size=4, max_size=4), st.integers(0, 255))
def test_each_border_is_as_wide_as_what_was_added(seed, shares, grey):
    left, top, right, bottom = shares
    seen = as_seen(on_canvas(film(seed), left, top, right, bottom, grey))
    found = borders.widths(seen[None])[:, 0]
    wanted = np.array([top / (1 + top + bottom), bottom / (1 + top + bottom), left / (1 + left + right), right / (1 + left + right)])
    assert (found >= wanted - 2 / borders.SEEN).all()  # of the film's own edge some lines may be even, too
    assert STRICT.doubts(seen) and "on all four sides" in STRICT.doubts(seen)[0]


@pytest.mark.parametrize("size", [32, 64, 100, 224])
def test_a_film_as_it_is_has_none(size):
    for seed in range(5):
        assert STRICT.doubts(as_seen(film(seed, 224), size)) == []


@pytest.mark.parametrize("shares", [(0.2, 0, 0.2, 0), (0, 0.2, 0, 0.2)], ids=["beside it", "above and below"])
def test_a_film_between_two_strips_is_told_so(shares):
    [said] = STRICT.doubts(as_seen(on_canvas(film(), *shares)))
    assert "12 % wide on two opposite sides; up to 10 % is known from the training films" in said


def test_a_strip_on_one_side_is_no_canvas():
    assert STRICT.doubts(as_seen(on_canvas(film(), 0.3, 0, 0, 0))) == []


def test_noise_and_writing_in_the_border_hide_it_not():
    picture = on_canvas(film(1, 448), 0.2, 0.2, 0.2, 0.2, 60)
    ImageDraw.Draw(picture).text((20, 10), "R   PORTABLE", fill=255, font_size=30)
    noisy = np.clip(np.asarray(picture) + np.random.default_rng(0).normal(0, 8, picture.size[::-1]), 0, 255).astype(np.uint8)
    assert STRICT.doubts(as_seen(Image.fromarray(noisy), 224))


def test_a_picture_of_one_grey_is_all_border():
    assert (borders.widths(np.full((2, SIZE, SIZE), 90, np.uint8)) == 1).all()


def test_borders_that_the_training_films_have_are_accepted():
    wide = np.stack([as_seen(on_canvas(film(seed), *[0.1 + seed % 3 / 20] * 4)) for seed in range(12)])
    known = Borders.of(borders.widths(wide))
    assert known.all_round > 0.1 and not any(known.doubts(square) for square in wide)
    assert known.doubts(as_seen(on_canvas(film(20), *[0.5] * 4)))


def test_a_run_writes_and_reads_its_limits(tmp_path):
    squares = np.stack([as_seen(film(seed), 64) for seed in range(60)])
    records = [Record(f"d/{n}", "", "d", ("covid", "normal")[n % 2], patient=f"d:{n}", split="train") for n in range(60)]
    reference.describe_training(Pixels(squares, {r.image_id: row for row, r in enumerate(records)}), Manifest(tuple(records)), tmp_path)
    known, _ = reference.load(tmp_path)
    assert json.loads((tmp_path / reference.FILE).read_text())["borders"] == {"all_round": known.borders.all_round, "opposite": 0.1}
    padded = as_seen(on_canvas(film(99), 0.2, 0.2, 0.2, 0.2), 64)
    assert any("in an even border" in said for said in known.doubts(padded, None, None))


def test_the_share_of_a_set_that_is_outside_counts_patients(tmp_path):
    squares = np.stack([as_seen(film(seed), 64) for seed in range(60)])
    records = [Record(f"d/{n}", "", "d", ("covid", "normal")[n % 2], patient=f"d:{n}", split="train") for n in range(60)]
    reference.describe_training(Pixels(squares, {r.image_id: row for row, r in enumerate(records)}), Manifest(tuple(records)), tmp_path)
    padded = np.stack([as_seen(on_canvas(film(seed), 0.2, 0.2, 0.2, 0.2), 64) for seed in range(20)])
    few = [record.but(patient=f"d:{number % 5}") for number, record in enumerate(records[:20])]
    share = reference.load(tmp_path)[0].share_outside(Films.of(Manifest(tuple(few)), padded))
    assert (share.value, share.n) == (1, 20) and share.low < 0.6, "of five patients, not of twenty"
