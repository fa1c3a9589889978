"""The range of values that a film of more than 8 bits uses, whatever its format: its own, without a few that lie far outside."""

import numpy as np

FEW, FAR = 0.001, 1 / 8
"""A share of FEW of the pixels that have FAR and more of the range to themselves are a marker that was burnt in, or dead pixels."""


def own_range(values: np.ndarray) -> tuple[float, float]:
    """(lowest, highest) of finite values; what lies beyond is to be clipped. 12 bits stored as 16, with a marker at 65,535, keep their own."""
    low, high = float(values.min()), float(values.max())
    few = FEW * values.size
    while low < high:
        top, bottom = low + FAR * (high - low), high - FAR * (high - low)
        if np.count_nonzero(values > top) < few:
            high = float(values[values <= top].max())
        elif np.count_nonzero(values < bottom) < few:
            low = float(values[values >= bottom].min())
        else:
            break
    return low, high
