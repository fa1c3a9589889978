"""A picture of the gallery is taken apart again: the film, and the map by itself."""

import io

import numpy as np
import pytest
from PIL import Image

from cxrkit.audit import heatmap
from cxrkit.report import pictures
from tests.report import folders


def test_the_film_and_the_map_are_what_the_audit_painted(tmp_path):
    film, attended = folders.draw_pair(tmp_path / "pair.png", 96)
    whole, alone = (Image.open(io.BytesIO(each)) for each in pictures.parted(tmp_path / "pair.png"))
    assert whole.size == (96, 96) and np.abs(np.asarray(whole, float) - film).mean() < 6
    rgba = np.asarray(alone.convert("RGBA"), float)
    wanted = heatmap.OPACITY * attended.reshape(48, 2, 48, 2).mean((1, 3))
    assert alone.size == (48, 48) and np.abs(rgba[..., 3] / 255 - wanted).mean() < 0.03
    assert (rgba[..., :3] == heatmap.AMBER).all()


def test_what_is_no_pair_has_no_map_and_what_is_no_picture_is_refused(tmp_path):
    folders.draw_film(tmp_path / "film.png")
    assert pictures.parted(tmp_path / "film.png")[1] == b""
    (tmp_path / "no.png").write_bytes(b"no picture")
    with pytest.raises(OSError):
        pictures.parted(tmp_path / "no.png")
