import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrkit.audit import masking


@given(size=st.integers(32, 256), side=st.sampled_from(masking.SIDES))
def test_the_two_masks_are_each_others_complement_and_the_share_is_what_is_black(size, side):
    images = np.full((2, size, size), 200, np.uint8)
    centre, surround = (masking.masked(images, mask, side) for mask in masking.MASKS)
    assert (centre.astype(int) + surround == images).all()
    for mask, found in zip(masking.MASKS, (centre, surround)):
        assert (found == 0).mean() == pytest.approx(masking.black_share(size, mask, side))
    assert (images == 200).all()


def test_no_box_leaves_the_film_whole():
    images = np.random.default_rng(0).integers(1, 256, (1, 64, 64), dtype=np.uint8)
    assert (masking.masked(images, "centre", 0) == images).all() and masking.black_share(64, "centre", 0) == 0
    assert (masking.masked(images, "surround", 1) == images).all() and masking.black_share(64, "surround", 1) == 0
