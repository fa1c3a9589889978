"""Image registration: lays one thumbnail over a crop of the other, and says how well they then agree.

Two films of different patients agree in their coarse anatomy and in nothing fine; a copy agrees in the fine
grain too, once it is laid exactly over its original. So the coarse part is taken away, the crop is found by
Gauss-Newton steps on the rest, and the agreement is measured block by block: a burnt-in label spoils a few
blocks, and their median not at all.
"""

import numpy as np
from scipy.ndimage import gaussian_filter

SIDE = 128
BLOCK = 16
HOPELESS = 0.3
"""Correlation of the half-size details, after a few steps, below which two thumbnails are given up."""

CONVERGED = 0.002
"""Gain of correlation in a step below which registration ends."""


class Details:
    """The fine grain of one thumbnail at full and half size, each locally normalised to unit contrast."""

    def __init__(self, thumbnail: np.ndarray) -> None:
        """thumbnail: SIDE x SIDE grey bytes."""
        pixels = thumbnail.astype(np.float32)
        self.full = _with_slopes(_detail(pixels, 2.0))
        self.half = _with_slopes(_detail(pixels.reshape(SIDE // 2, 2, SIDE // 2, 2).mean((1, 3)), 1.5))


def _with_slopes(pixels):
    """A square of pixels, and its slopes down and across in change a side."""
    return (pixels, *(np.gradient(pixels, axis=axis).astype(np.float32) * len(pixels) for axis in (0, 1)))


def _detail(pixels, sigma):
    fine = pixels - gaussian_filter(pixels, sigma)
    return fine / np.sqrt(gaussian_filter(fine * fine, 4 * sigma) + 4)


def agreement(whole: Details, part: Details, box: tuple[float, float, float, float]) -> float:
    """How well `part` agrees with a crop of `whole`: the median correlation of their 8 x 8 blocks, -1 to 1.

    whole, part: Details. box: a first guess of the crop, (left, top, right, bottom) in shares of the side.
    """
    correlation, box = _register(whole.half, part.half, box, steps=8, give_up=HOPELESS)
    if correlation < HOPELESS:
        return 0.0
    _, box = _register(whole.full, part.full, box, steps=5, give_up=0.0)
    left, top, right, bottom = box
    laid_over = _sampler(top, bottom, SIDE) @ whole.full[0] @ _sampler(left, right, SIDE).T
    ours, theirs = (_centred_blocks(x) for x in (laid_over, part.full[0]))
    product = (ours * theirs).sum(1) / np.sqrt((ours**2).sum(1) * (theirs**2).sum(1) + 1e-6)
    return float(np.median(product))


def _centred_blocks(pixels):
    n = SIDE // BLOCK
    blocks = pixels.reshape(n, BLOCK, n, BLOCK).transpose(0, 2, 1, 3).reshape(n * n, -1)
    return blocks - blocks.mean(1, keepdims=True)


def _sampler(low, high, side):
    """The side x side matrix that resamples the share [low, high] of a signal to its whole length, linearly."""
    position = np.clip((low + (np.arange(side) + 0.5) / side * (high - low)) * side - 0.5, 0, side - 1.001)
    first = position.astype(int)
    matrix = np.zeros((side, side), np.float32)
    matrix[np.arange(side), first] = 1 - (position - first)
    matrix[np.arange(side), first + 1] = position - first
    return matrix


def _register(whole, part, box, steps, give_up):
    """The best correlation found and its crop box, by Gauss-Newton steps on the box's four sides.

    Forward-additive alignment for a scale and a shift in each direction (Baker and Matthews 2004,
    Int. J. Comput. Vis. 56:221, section 3.1), each step at most 3 % of the side.
    """
    (whole, slope_y, slope_x), part = whole, part[0]
    side = len(whole)
    share = ((np.arange(side) + 0.5) / side).astype(np.float32)
    target = (part - part.mean()) / (part.std() + 1e-6)
    box, best, best_box = np.array(box, np.float64), -1.0, box
    for step in range(steps):
        left, top, right, bottom = box
        rows, columns = _sampler(top, bottom, side), _sampler(left, right, side).T
        laid_over = rows @ whole @ columns
        spread = laid_over.std() + 1e-6
        laid_over = (laid_over - laid_over.mean()) / spread
        correlation = float((laid_over * target).mean())
        converged = correlation < best + CONVERGED
        if correlation > best:
            best, best_box = correlation, tuple(box)
        if converged or (step == 2 and best < give_up):
            break
        by_x, by_y = rows @ slope_x @ columns / spread, rows @ slope_y @ columns / spread
        jacobian = np.stack([by_x * (1 - share), by_y * (1 - share)[:, None], by_x * share, by_y * share[:, None]]).reshape(4, -1)
        normal = jacobian @ jacobian.T + 0.01 * side * side * np.eye(4)
        box = box + np.clip(np.linalg.solve(normal, jacobian @ (target - laid_over).ravel()), -0.03, 0.03)
        box = np.clip(box, (-0.05, -0.05, 0.6, 0.6), (0.4, 0.4, 1.05, 1.05))
    return best, best_box
