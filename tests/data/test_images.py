import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cxrkit.data import images
from cxrkit.data.records import Record
from cxrkit.errors import BadInput, UnreadableImage

RAMP = np.tile(np.arange(64, dtype=np.uint8) * 4, (64, 1))


def saved(tmp_path, image, name="film.png", **options):
    image.save(tmp_path / name, **options)
    return tmp_path / name


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
        images.facts(tmp_path / name)


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_a_truncated_film_is_unreadable(tmp_path, format):
    noise = np.random.default_rng(0).integers(0, 255, (128, 128), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, format)
    (tmp_path / "cut").write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    with pytest.raises(UnreadableImage):
        images.facts(tmp_path / "cut")


def test_an_icon_is_no_film(tmp_path):
    with pytest.raises(UnreadableImage, match="8 x 8"):
        images.open_grey(saved(tmp_path, Image.new("L", (8, 8))))


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
        assert images.facts(path)[0]["bytes"] > 0
    except UnreadableImage as error:
        assert str(path) not in error.what


def test_the_hash_survives_reencoding_and_resizing(tmp_path):
    film = Image.fromarray(np.random.default_rng(1).integers(0, 255, (8, 8), dtype=np.uint8)).resize((300, 300), Image.Resampling.BICUBIC)
    first = images.perceptual_hash(film)
    film.resize((200, 200)).save(tmp_path / "a.jpg", quality=60)
    second = images.perceptual_hash(images.open_grey(tmp_path / "a.jpg"))
    assert (int(first, 16) ^ int(second, 16)).bit_count() <= 6


def test_unreadable_files_are_excluded_and_the_others_go_on(tmp_path):
    saved(tmp_path, Image.fromarray(RAMP), "good.png")
    (tmp_path / "bad.png").write_bytes(b"no image")
    records = [Record(f"x/{name}", f"x/{name}", "x", "normal") for name in ("good.png", "bad.png", "gone.png")]
    (good, bad, gone), thumbnails = images.add_facts(records, lambda record: tmp_path / record.path[2:])
    assert (good.used, good.width, good.mode, len(good.sha256)) == (True, 64, "L", 64)
    assert set(thumbnails) == {"x/good.png"}
    assert "known format" in bad.excluded and "no readable file" in gone.excluded


def test_nothing_readable_at_all_is_an_error(tmp_path):
    with pytest.raises(BadInput, match="None of the 1 images"):
        images.add_facts([Record("x/a", "x/a", "x")], lambda record: tmp_path / "a")


def test_a_film_that_is_known_is_not_decoded_again(tmp_path, monkeypatch):
    for name, shift in (("a", 0), ("b", 40), ("c", 80)):
        saved(tmp_path, Image.fromarray(RAMP + np.uint8(shift)), f"{name}.png")
    records = [Record(f"x/{name}", f"x/{name}.png", "x") for name in "abc"]

    def look(chosen):
        return images.add_facts(chosen, lambda record: tmp_path / record.path[2:], tmp_path / "kept")

    plain = images.add_facts(records, lambda record: tmp_path / record.path[2:])
    look(records[:2])
    opened = []
    monkeypatch.setattr(
        images, "open_grey", lambda path, content=None, known=images.open_grey: opened.append(path.name) or known(path, content)
    )
    found, thumbnails = look(records)
    assert opened == ["c.png"] and found == plain[0]
    assert all((thumbnails[name] == plain[1][name]).all() for name in thumbnails)
    (tmp_path / "kept" / "thumbnails.npy").write_bytes(b"cut")
    assert look(records)[0] == found and opened == ["c.png", "a.png", "b.png", "c.png"]
