"""Decoding: every mode, depth and rotation becomes the same grey, and damage is a reason and never another error."""

import io
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cxrkit.data import images
from cxrkit.errors import NoFilm, UnreadableImage

RAMP = np.tile(np.arange(64, dtype=np.uint8) * 4, (64, 1))


def saved(tmp_path, image, name="film.png", **options):
    image.save(tmp_path / name, **options)
    return tmp_path / name


def decoded(path):
    """As the film cache does it: the bytes are read once, and decoded."""
    return images.decode(path, images.read_film(path))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "CMYK"])
def test_every_mode_opens_as_the_same_grey(tmp_path, mode):
    suffix = "tif" if mode == "CMYK" else "png"
    grey = images.open_grey(saved(tmp_path, Image.fromarray(RAMP).convert(mode), f"film.{suffix}"))
    assert grey.mode == "L" and grey.size == (64, 64)
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
    assert (film.grey.size, film.width, film.height, film.format) == ((40, 64), 64, 40, "JPEG, EXIF 6 applied")


def test_what_a_file_says_in_comments_is_not_kept(tmp_path):
    path = saved(tmp_path, Image.fromarray(RAMP), "film.jpg", comment="Name of a person", dpi=(96, 96))
    saved(tmp_path, images.open_grey(path), "again.jpg")
    assert b"person" in path.read_bytes() and b"person" not in (tmp_path / "again.jpg").read_bytes()


@pytest.mark.parametrize(
    "mode, suffix, format", [("RGBA", "png", "PNG"), ("P", "gif", "GIF"), ("CMYK", "jpg", "JPEG"), ("RGB", "bmp", "BMP")]
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


def test_a_pipe_is_no_film_and_nobody_waits_for_it(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    for place in (tmp_path / "pipe.png", tmp_path):
        with pytest.raises(UnreadableImage, match="no readable file"):
            images.read_film(place)


def test_an_icon_is_no_film(tmp_path):
    with pytest.raises(UnreadableImage, match="8 x 8"):
        images.open_grey(saved(tmp_path, Image.new("L", (8, 8))))


def test_what_holds_several_pictures_is_no_film(tmp_path):
    frames = [Image.fromarray(RAMP), Image.fromarray(RAMP.T.copy())]
    for suffix in ("gif", "tif"):
        frames[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:])
        with pytest.raises(UnreadableImage, match="2 pictures"):
            images.open_grey(tmp_path / f"a.{suffix}")


@pytest.mark.parametrize("scale, offset", [(1 / 255, 0), (1.0, 0), (200.0, -9000.0), (1 / 255, -0.5), (1e-6, 3)])
def test_a_float_film_has_its_own_range_and_numbers_alone(tmp_path, scale, offset):
    floats = (RAMP * scale + offset).astype(np.float32)
    grey = np.asarray(images.open_grey(saved(tmp_path, Image.fromarray(floats), "a.tif"))).astype(int)
    if offset != 3:  # of which single precision keeps a part
        assert np.abs(grey - np.rint(RAMP / 252 * 255)).max() <= 1
    assert len(np.unique(grey)) > 32
    for wrong in (np.nan, np.inf, -np.inf):
        floats[3, 3] = wrong
        with pytest.raises(UnreadableImage, match="1 of its pixels are no numbers"):
            images.open_grey(saved(tmp_path, Image.fromarray(floats), "b.tif"))


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_white_is_zero_is_turned_over_whatever_the_depth(tmp_path, kind):
    film = Image.fromarray((252 - RAMP).astype(kind) * kind(1 if kind is np.uint8 else 16))
    path = saved(tmp_path, film, "film.tif")
    tagged = path.read_bytes().replace(b"\x06\x01\x03\x00\x01\x00\x00\x00\x01", b"\x06\x01\x03\x00\x01\x00\x00\x00\x00")
    assert tagged != path.read_bytes()
    path.write_bytes(tagged)
    grey = np.asarray(images.open_grey(path)).astype(int)
    assert grey[0, 0] < 5 and grey[0, -1] > 250 and (np.diff(grey[0]) > 0).all()


@pytest.mark.parametrize("signed", [np.int16, np.int32])
def test_values_below_nought_are_grey_levels(tmp_path, signed):
    Image.fromarray((RAMP.astype(signed) * 8 - 1000).astype(np.int32)).save(tmp_path / "film.tif")
    assert np.abs(np.asarray(images.open_grey(tmp_path / "film.tif")).astype(int) - np.rint(RAMP / 252 * 255)).max() <= 1


@pytest.mark.parametrize(
    "colour, alpha, same",
    [
        (RAMP, np.full_like(RAMP, 255), True),  # nothing is transparent
        (np.full_like(RAMP, 255), RAMP, True),  # white light on nothing
        (np.zeros_like(RAMP), 255 - RAMP, True),  # black ink on nothing
        (RAMP, np.where(RAMP > 100, 255, 0), False),  # what is cut away is black
    ],
)
@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_what_is_transparent_shows_its_background(tmp_path, colour, alpha, same, mode):
    film = Image.merge("LA", [Image.fromarray(colour), Image.fromarray(alpha.astype(np.uint8))]).convert(mode)
    grey = np.asarray(images.open_grey(saved(tmp_path, film))).astype(int)
    assert np.abs(grey - (RAMP if same else np.where(RAMP > 100, RAMP, 0))).max() <= 2


def test_sixteen_bits_a_colour_that_hold_twelve_are_said(tmp_path):
    """Pillow keeps the upper eight bits, so that such a film would be nearly black."""
    header, rest = png_of_sixteen_bits(RAMP.astype(np.uint16) * 16), png_of_sixteen_bits(RAMP.astype(np.uint16) * 257)
    (tmp_path / "dark.png").write_bytes(header)
    (tmp_path / "full.png").write_bytes(rest)
    with pytest.raises(UnreadableImage, match="16 bits a colour"):
        images.open_grey(tmp_path / "dark.png")
    assert (np.asarray(images.open_grey(tmp_path / "full.png")) == RAMP).all()


def png_of_sixteen_bits(values):
    """An RGB PNG of 16 bits a colour, which Pillow does not write."""
    import struct
    import zlib

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    height, width = values.shape
    rows = b"".join(b"\0" + np.repeat(row.astype(">u2"), 3).tobytes() for row in values)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "JPEG2000", "PPM"])
def test_a_film_is_known_by_its_content(tmp_path, format):
    Image.fromarray(RAMP).save(tmp_path / "IM-0001", format)
    assert images.is_film(tmp_path / "IM-0001")
    assert np.abs(np.asarray(decoded(tmp_path / "IM-0001").grey).astype(int) - RAMP).max() <= 12
    (tmp_path / "notes").write_text("BMI of the patients\n1,2,3")
    assert not images.is_film(tmp_path / "notes")


def test_heic_is_said_with_the_remedy_where_pillow_does_not_read_it(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / "film.heic").write_bytes(bytes(3) + b"\x18ftypheic" + bytes(40))
    with pytest.raises(UnreadableImage, match="HEIC.*pip install pillow-heif"):
        decoded(tmp_path / "film.heic")


@pytest.mark.parametrize("marker", [65535, 0])
def test_a_marker_far_outside_does_not_darken_a_deep_film(tmp_path, marker):
    """Regression: 12 bits stored as 16, with a marker burnt in at 65,535, kept 16 grey levels."""
    wide = np.tile(RAMP, (4, 4)).astype(float)
    for dtype, scale in ((np.uint16, 16), (np.float32, 1 / 255)):
        deep = (wide * scale + (30000 if marker == 0 and dtype is np.uint16 else 0)).astype(dtype)
        deep[:4, :4] = marker if dtype is np.uint16 else 1e6
        grey = np.asarray(images.open_grey(saved(tmp_path, Image.fromarray(deep), "film.tif"))).astype(int)
        assert np.abs(grey - np.rint(wide / 252 * 255))[4:].max() <= 1 and grey[0, 0] == (255 if marker or dtype is np.float32 else 0)


def test_a_page_of_print_is_no_film(tmp_path):
    from PIL import ImageDraw

    page = Image.new("L", (300, 300), 255)
    ImageDraw.Draw(page).text((10, 10), "no image available")
    with pytest.raises(NoFilm, match="no content"):
        images.decode(saved(tmp_path, page))


@pytest.mark.parametrize(
    "picture, words",
    [
        (np.zeros((64, 64)), "1 grey level in all"),
        (np.eye(64) * 255, "2 grey levels"),
        (np.tile(np.arange(7) * 36, (64, 10)), "7 grey levels"),
        (np.tile(np.arange(64), (400, 1)), "a strip of 64 x 400"),
        (RAMP[:33, :33], "only 33 x 33"),
    ],
)
@pytest.mark.parametrize("mode", ["L", "RGB", "1", "I;16"])
def test_a_picture_without_content_is_no_film_in_any_mode(tmp_path, picture, words, mode):
    film = Image.fromarray(picture.astype(np.uint8 if mode != "I;16" else np.uint16))
    words = "2 grey levels" if mode == "1" and "33" not in words and "1 grey" not in words else words
    with pytest.raises(NoFilm, match=f"not a film: .*{words}"):
        images.decode(saved(tmp_path, film if mode in ("L", "I;16") else film.convert(mode)))


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
