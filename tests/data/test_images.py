"""Decoding: every mode, depth and rotation becomes the same grey, and damage is a reason and never another error."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cxrkit.data import images
from cxrkit.errors import UnreadableImage

RAMP = np.tile(np.arange(64, dtype=np.uint8) * 4, (64, 1))


def saved(tmp_path, image, name="film.png", **options):
    image.save(tmp_path / name, **options)
    return tmp_path / name


def decoded(path):
    """As the film cache does it: the bytes are read once, and decoded."""
    return images.decode(path, images.read_film(path))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "CMYK", "1"])
def test_every_mode_opens_as_the_same_grey(tmp_path, mode):
    suffix = "tif" if mode == "CMYK" else "png"
    grey = images.open_grey(saved(tmp_path, Image.fromarray(RAMP).convert(mode), f"film.{suffix}"))
    assert grey.mode == "L" and grey.size == (64, 64)
    if mode != "1":
        assert np.abs(np.asarray(grey).astype(int) - RAMP).max() <= 2


@pytest.mark.parametrize("depth", [8, 10, 12, 14, 16])
def test_deep_films_are_scaled_by_their_depth(tmp_path, depth):
    deep = (RAMP.astype(np.float64) / 252 * (2**depth - 1)).astype(np.uint16)
    grey = np.asarray(images.open_grey(saved(tmp_path, Image.fromarray(deep)))).astype(int)
    assert np.abs(grey - np.rint(RAMP / 252 * 255)).max() <= 1


def test_exif_rotation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(tmp_path, Image.fromarray(RAMP[:40]), "film.jpg", exif=exif)
    assert images.open_grey(path).size == (40, 64)
    film = decoded(path)
    assert (film.grey.size, film.width, film.height, film.format) == ((40, 64), 64, 40, "JPEG")


@pytest.mark.parametrize(
    "mode, suffix, format", [("RGBA", "png", "PNG"), ("P", "gif", "GIF"), ("CMYK", "jpg", "JPEG"), ("1", "bmp", "BMP")]
)
def test_the_facts_are_the_headers_before_any_conversion(tmp_path, mode, suffix, format):
    path = saved(tmp_path, Image.fromarray(RAMP[:40]).convert(mode), f"film.{suffix}")
    with Image.open(path) as untouched:
        header = untouched.width, untouched.height, untouched.mode, untouched.format
    film = decoded(path)
    assert (film.width, film.height, film.mode, film.format) == header == (64, 40, mode, format)


@pytest.mark.parametrize(
    "name, content, reason",
    [
        ("a.jpeg", b"<html>404 not found</html>", "no image of a known format"),
        ("b.jpeg", b"", "empty"),
        ("c.jpeg", None, "no readable file"),
    ],
)
def test_what_is_no_image_is_said(tmp_path, name, content, reason):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableImage, match=reason):
        decoded(tmp_path / name)


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_a_truncated_film_is_unreadable(tmp_path, format):
    noise = np.random.default_rng(0).integers(0, 255, (128, 128), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, format)
    (tmp_path / "cut").write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    with pytest.raises(UnreadableImage):
        decoded(tmp_path / "cut")


def test_an_icon_is_no_film(tmp_path):
    with pytest.raises(UnreadableImage, match="8 x 8"):
        images.open_grey(saved(tmp_path, Image.new("L", (8, 8))))


def test_what_holds_several_pictures_is_no_film(tmp_path):
    frames = [Image.fromarray(RAMP), Image.fromarray(RAMP.T.copy())]
    for suffix in ("gif", "tif"):
        frames[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:])
        with pytest.raises(UnreadableImage, match="2 pictures"):
            images.open_grey(tmp_path / f"a.{suffix}")


@pytest.mark.parametrize("scale", [1 / 255, 1.0, 200.0])
def test_a_float_film_has_its_own_range_and_numbers_alone(tmp_path, scale):
    floats = RAMP.astype(np.float32) * np.float32(scale)
    assert len(np.unique(np.asarray(images.open_grey(saved(tmp_path, Image.fromarray(floats), "a.tif"))))) >= 64
    for wrong in (np.nan, np.inf):
        floats[3, 3] = wrong
        with pytest.raises(UnreadableImage, match="1 of its pixels are no numbers"):
            images.open_grey(saved(tmp_path, Image.fromarray(floats), "b.tif"))


@pytest.mark.parametrize(
    "picture, words",
    [
        (np.zeros((64, 64)), "1 grey level in all"),
        (np.eye(64) * 255, "2 grey levels"),
        (np.tile(np.arange(64), (400, 1)), "shape: 64 x 400"),
    ],
)
def test_a_picture_without_content_is_no_film(picture, words):
    with pytest.raises(UnreadableImage, match=words):
        images.refuse_empty(Image.fromarray(picture.astype(np.uint8)))
    images.refuse_empty(Image.fromarray(RAMP))


@settings(max_examples=60, deadline=None)
@given(
    cut=st.integers(0, 1500),
    position=st.integers(0, 1500),
    value=st.integers(0, 255),
    format=st.sampled_from(["JPEG", "PNG", "GIF", "BMP", "TIFF"]),
)
def test_damage_never_raises_anything_else(tmp_path_factory, cut, position, value, format):
    buffer = io.BytesIO()
    Image.fromarray(RAMP).save(buffer, format)
    data = bytearray(buffer.getvalue())
    data[position % len(data)] = value
    path = tmp_path_factory.mktemp("damaged") / "film"
    path.write_bytes(bytes(data[: max(1, len(data) - cut % len(data))]))
    try:
        assert decoded(path).grey.mode == "L"
    except UnreadableImage as error:
        assert str(path) not in error.what
