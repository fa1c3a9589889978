"""Image registration: lays one thumbnail over a crop of the other, and says how well they then agree.

Two films of different patients agree in their coarse anatomy and in nothing fine; a copy agrees in the fine
grain too, once it is laid exactly over its original. So the coarse part is taken away, the crop is found by
Gauss-Newton steps on the rest, and the agreement is measured block by block: a burnt-in label spoils a few
blocks, and their median not at all. Different films in one viewer's frame agree in the frame, so the worst blocks count as well.
A copy that was turned by a few degrees agrees at half size already, and is turned back; one that was made very small has no fine
grain left, and is judged at half size, more strictly.

Many pairs are laid over each other at once: on squares this small a step of one pair is mostly Python's own time.
Squares stand with their columns first once their rows are resampled, since numpy takes whole lines and no columns fast.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

SIDE = 128
VERSION = 4
"""Of the method, and of how candidates number their crops: agreements that another one found are not used."""

COARSE = 16
"""Pixels a side of the squares on which a crop is looked for first: steps find it from first guesses that are wrong by a tenth of the side."""

NEAR = 0.15
"""Correlation of the half-size details, as they lie after the first search, below which two thumbnails are given up."""
HOPELESS = 0.3
"""Correlation of the half-size details, after a few steps, below which two thumbnails are given up."""

WORST, SPREAD = 0.15, 0.45
"""The agreement of two films is at most SPREAD above that of this share of their blocks, the worst ones."""
CERTAIN = 0.75
"""Agreement from which on two films need no second look; the threshold of copies."""
HOPEFUL, TURNED_BACK = 0.36, 0.6
"""Correlation of the half-size details from which on a closer look is worth its time, and from which on a film counts as turned back."""
TURN, FURTHEST = 0.3, 4.0
"""Degrees: turns below the first are not worth trying, and beyond the second not tried."""
TURNS = 3
"""Steps in which the angle is found."""
FLAT, FLAT_ENERGY = 1e-6, 2.0
SMALL_COSTS = 0.2
"""An agreement at half size counts so much less."""

CONVERGED = 0.002
"""Gain of correlation in a step below which registration ends."""


Box = tuple[float, float, float, float]
"""Left, top, right and bottom edge of a crop, in shares of the side."""
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


class Details:
    """The fine grain of one thumbnail at full and half size, float32, each locally normalised to unit contrast."""

    def __init__(self, thumbnail: np.ndarray) -> None:
        """thumbnail: SIDE x SIDE grey bytes."""
        self.thumbnail = thumbnail
        self.half = _detail(_smaller(thumbnail, SIDE // 2), 1.5)
        self.coarse = _detail(_smaller(thumbnail, COARSE), 2.5)

    @cached_property
    def full(self) -> np.ndarray:
        """Made when it is asked for: most pairs are given up at half size."""
        return _detail(self.thumbnail.astype(np.float32), 2.0)


def _smaller(thumbnail: np.ndarray, side: int) -> np.ndarray:
    return thumbnail.astype(np.float32).reshape(side, SIDE // side, side, SIDE // side).mean((1, 3))


def _detail(pixels: np.ndarray, sigma: float) -> np.ndarray:
    fine = pixels - gaussian_filter(pixels, sigma)
    return fine / np.sqrt(gaussian_filter(fine * fine, 4 * sigma) + 4)


def agreement(wholes: Sequence[Details], parts: Sequence[Details], boxes: np.ndarray) -> np.ndarray:
    """How well each part agrees with a crop of its whole: the median correlation of their 8 x 8 blocks, -1 to 1, but at most
    SPREAD above that of the worst of them; after a second look, turned or at half size, where that is below CERTAIN.

    wholes, parts: n Details each. boxes: n first guesses of the crop, (left, top, right, bottom) in shares of the side.
    """
    correlation, boxes = _placed(wholes, parts, boxes)
    agreed = np.zeros(len(wholes))
    (hopeful,) = np.nonzero(correlation >= HOPEFUL)
    if len(hopeful):
        of = [wholes[i] for i in hopeful], [parts[i] for i in hopeful], boxes[hopeful]
        agreed[hopeful] = _agreement_at_full_size(*of)
    (unsure,) = np.nonzero((correlation >= HOPEFUL) & (agreed < CERTAIN))
    if len(unsure):
        of = [wholes[i] for i in unsure], [parts[i] for i in unsure], boxes[unsure]
        agreed[unsure] = np.maximum(agreed[unsure], _second_look(*of))
    return agreed


def laid_over(whole: Details, part: Details, box: Box) -> np.ndarray:
    """The thumbnail of a whole, cropped as it lies over its part, and turned where it agrees better then: SIDE x SIDE grey bytes.

    box: the first guess of the crop.
    """
    straight, found = _placed([whole], [part], np.array([box]))
    (turned,), _, correlation, boxes = _turned_back([whole], [part], found)
    thumbnail, found = (turned.thumbnail, boxes) if correlation[0] > straight[0] else (whole.thumbnail, found)
    return _Crops(found, SIDE).of(thumbnail[None].astype(np.float32))[0].T.round().astype(np.uint8)


def _placed(wholes: Sequence[Details], parts: Sequence[Details], boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How well the half-size details of n pairs correlate, and the crop boxes where they do, from first guesses: found on coarse squares,
    where each pair is not more alike as it is, such as under a label that the guess cuts off."""
    halves, theirs = [w.half for w in wholes], [p.half for p in parts]
    _, found = _register([w.coarse for w in wholes], [p.coarse for p in parts], boxes, steps=10, give_up=-1.0)
    correlation, boxes = _nearest([np.broadcast_to(WHOLE, found.shape), found], halves, theirs)
    (near,) = np.nonzero(correlation >= NEAR)
    if len(near):
        of = [halves[i] for i in near], [theirs[i] for i in near], boxes[near]
        correlation[near], boxes[near] = _register(*of, steps=8, give_up=HOPELESS)
    return correlation, boxes


def _nearest(guesses: Sequence[np.ndarray], wholes: Sequence[np.ndarray], parts: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Of several boxes for each of n pairs of squares, how well they correlate as they lie, and the box where they do so most."""
    whole, target = np.stack(wholes), np.stack(parts).transpose(0, 2, 1)
    found = np.stack([_correlation(_Crops(boxes, len(whole[0])).of(whole), target) for boxes in guesses])
    return found.max(0), np.stack(guesses)[found.argmax(0), np.arange(len(whole))]


def _correlation(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Of n pairs of squares."""
    ours, theirs = (each - each.mean((1, 2), keepdims=True) for each in (ours, theirs))
    return np.einsum("pcr,pcr->p", ours, theirs) / (_norm(ours) * _norm(theirs) + 1e-6)[:, 0, 0]


def _agreement_at_full_size(wholes: Sequence[Details], parts: Sequence[Details], boxes: np.ndarray) -> np.ndarray:
    full, theirs = [w.full for w in wholes], [p.full for p in parts]
    _, found = _register(full, theirs, boxes, steps=5, give_up=0.0)
    return _agreement_of_blocks(_Crops(found, SIDE).of(np.stack(full)), np.stack(theirs).transpose(0, 2, 1))


def _second_look(wholes: Sequence[Details], parts: Sequence[Details], boxes: np.ndarray) -> np.ndarray:
    """The agreement of pairs that do not agree as they lie: of the whole turned to the part, or, less SMALL_COSTS, at half size."""
    halves = np.stack([w.half for w in wholes])
    laid_over, theirs = _Crops(boxes, SIDE // 2).of(halves), np.stack([p.half for p in parts]).transpose(0, 2, 1)
    agreed = _agreement_of_blocks(laid_over, theirs) - SMALL_COSTS
    turned, turns, correlation, boxes = _turned_back(wholes, parts, boxes)
    (some,) = np.nonzero((np.abs(turns) >= TURN) & (correlation >= TURNED_BACK))
    if len(some):
        of = [turned[i] for i in some], [parts[i] for i in some], boxes[some]
        agreed[some] = np.maximum(agreed[some], _agreement_at_full_size(*of))
    return agreed


def _turned_back(
    wholes: Sequence[Details], parts: Sequence[Details], boxes: np.ndarray
) -> tuple[list[Details], np.ndarray, np.ndarray, np.ndarray]:
    """n wholes turned to their parts, by how many degrees, how well they then correlate at half size, and their crop boxes."""
    theirs = np.stack([p.half for p in parts]).transpose(0, 2, 1)
    turns = np.zeros(len(wholes))
    turned = list(wholes)
    for _ in range(TURNS):
        turns = np.clip(turns + _turns([w.half for w in turned], theirs, boxes), -FURTHEST, FURTHEST)
        turned = [w if abs(turn) < TURN else Details(_turned(w.thumbnail, turn)) for w, turn in zip(wholes, turns)]
        correlation, boxes = _register([w.half for w in turned], [p.half for p in parts], boxes, steps=4, give_up=0.0)
    return turned, turns, correlation, boxes


def _turned(thumbnail: np.ndarray, degrees: float) -> np.ndarray:
    return np.asarray(Image.fromarray(thumbnail).rotate(degrees, Image.Resampling.BILINEAR))


def _turns(halves: Sequence[np.ndarray], theirs: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """By how many degrees each of n squares has to be turned about its middle, one Gauss-Newton step. theirs: n x column x row."""
    side = len(halves[0])
    whole, crops = np.stack(halves), _Crops(boxes, side)
    slope_y, slope_x = (crops.of(np.gradient(whole, axis=axis) * np.float32(side)) for axis in (1, 2))
    laid_over = crops.of(whole)
    laid_over -= laid_over.mean((1, 2), keepdims=True)
    target = theirs - theirs.mean((1, 2), keepdims=True)
    spread, norm = _norm(laid_over), _norm(target)
    share = (np.arange(side) + 0.5) / side
    left, top, right, bottom = boxes.T[:, :, None]
    x, y = (low + share * (high - low) - 0.5 for low, high in ((left, right), (top, bottom)))
    slope = slope_y * x[:, :, None] - slope_x * y[:, None, :]
    missing = target / (norm + 1e-6) * spread - laid_over
    return np.degrees(np.einsum("pcr,pcr->p", slope, missing) / (np.einsum("pcr,pcr->p", slope, slope) + 1e-6))


def _agreement_of_blocks(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Of n squares laid over each other, n x column x row. Blocks that are flat in both say nothing."""
    ours, theirs = blocks(ours), blocks(theirs)
    energies = (ours**2).sum(2), (theirs**2).sum(2)
    product = (ours * theirs).sum(2) / np.sqrt(energies[0] * energies[1] + FLAT)
    said = np.maximum(*energies) > FLAT_ENERGY
    product = np.where(said | ~said.any(1, keepdims=True), product, np.nan)
    worst, median = np.nanquantile(product, [WORST, 0.5], axis=1)
    return np.minimum(median, worst + SPREAD)


def blocks(pixels: np.ndarray) -> np.ndarray:
    """n x 64 x pixels: the 8 x 8 blocks of n squares, each less its mean."""
    n = 8
    side = pixels.shape[1] // n
    blocks = pixels.reshape(-1, n, side, n, side).transpose(0, 1, 3, 2, 4).reshape(len(pixels), n * n, -1)
    return blocks - blocks.mean(2, keepdims=True)


class _Crops:
    """Where n crops lie in their squares of `side` pixels: what resamples them to the whole square, linearly."""

    def __init__(self, boxes: np.ndarray, side: int) -> None:
        self.side = side
        left, top, right, bottom = boxes.T[:, :, None]
        self.rows, self.columns = self._lines(top, bottom), self._lines(left, right)

    def _lines(self, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """n x side: the line before each position, counted through all squares, and the share of the line after it."""
        position = np.clip((low + (np.arange(self.side) + 0.5) / self.side * (high - low)) * self.side - 0.5, 0, self.side - 1.001)
        before = position.astype(int)
        return before + self.side * np.arange(len(position))[:, None], (position - before).astype(np.float32)

    def of(self, squares: np.ndarray) -> np.ndarray:
        """The crops of n squares, n x column x row."""
        by_row = _between(squares, *self.rows)
        return _between(np.ascontiguousarray(by_row.transpose(0, 2, 1)), *self.columns)


def _between(squares: np.ndarray, before: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Lines of n squares, each between two neighbours."""
    lines = squares.reshape(-1, squares.shape[2])
    first, second = lines.take(before, 0), lines.take(before + 1, 0)
    second -= first
    second *= share[:, :, None]
    second += first
    return second


def _register(
    wholes: Sequence[np.ndarray], parts: Sequence[np.ndarray], boxes: np.ndarray, steps: int, give_up: float
) -> tuple[np.ndarray, np.ndarray]:
    """The best correlation found for each of n pairs of squares, and its crop box, by Gauss-Newton steps on the box's four sides.

    Forward-additive alignment for a scale and a shift in each direction (Baker and Matthews 2004,
    Int. J. Comput. Vis. 56:221, section 3.1), each step at most 3 % of the side.
    """
    side = len(wholes[0])
    whole, target = np.stack(wholes), np.stack(parts).transpose(0, 2, 1)  # (pair, row, column), (pair, column, row)
    target = target - target.mean((1, 2), keepdims=True)
    target /= _norm(target) / side + 1e-6
    slope_y, slope_x = (np.gradient(whole, axis=axis) * np.float32(side) for axis in (1, 2))
    boxes = np.array(boxes, np.float64)
    best, best_boxes, going = np.full(len(boxes), -1.0), boxes.copy(), np.arange(len(boxes))
    for step in range(steps):
        crops = _Crops(boxes, side)
        laid_over = crops.of(whole)
        laid_over -= laid_over.mean((1, 2), keepdims=True)
        spread = _norm(laid_over) / side + 1e-6
        laid_over /= spread
        correlation = np.einsum("pcr,pcr->p", laid_over, target) / side**2
        goes_on = correlation >= best[going] + CONVERGED
        better = correlation > best[going]
        best[going[better]], best_boxes[going[better]] = correlation[better], boxes[better]
        if step == 2:
            goes_on &= best[going] >= give_up
        if step == steps - 1 or not goes_on.any():
            break
        if not goes_on.all():
            kept = (going, boxes, whole, slope_y, slope_x, target, laid_over, spread)
            going, boxes, whole, slope_y, slope_x, target, laid_over, spread = (each[goes_on] for each in kept)
            crops = _Crops(boxes, side)
        change = _change(crops.of(slope_x), crops.of(slope_y), target - laid_over, spread)
        boxes = np.clip(boxes + np.clip(change, -0.03, 0.03), (-0.05, -0.05, 0.6, 0.6), (0.4, 0.4, 1.05, 1.05))
    return best, best_boxes


def _norm(squares: np.ndarray) -> np.ndarray:
    """n x 1 x 1: the root of the sum of squares."""
    return np.sqrt(np.einsum("pcr,pcr->p", squares, squares))[:, None, None]


def _change(slope_x: np.ndarray, slope_y: np.ndarray, missing: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """n x 4: by how much each side of a box has to move, the least squares solution, a little drawn to no move.

    slope_x, slope_y, missing: n x column x row. A pixel moves with the left side by its distance from the right one, and so on:
    the four derivatives are the two slopes, each times two weights, and are never written out.
    """
    side = slope_x.shape[1]
    share = ((np.arange(side) + 0.5) / side).astype(np.float32)
    weight = np.stack([1 - share, share])  # of the side before and the side behind
    both = weight[:, None] * weight
    normal, right = np.empty((len(missing), 4, 4)), np.empty((len(missing), 4))
    x, y = slice(0, None, 2), slice(1, None, 2)  # left and right, top and bottom
    normal[:, x, x] = np.einsum("pc,ijc->pij", np.einsum("pcr,pcr->pc", slope_x, slope_x), both)
    normal[:, y, y] = np.einsum("pr,ijr->pij", np.einsum("pcr,pcr->pr", slope_y, slope_y), both)
    normal[:, x, y] = weight @ (slope_x * slope_y) @ weight.T
    normal[:, y, x] = normal[:, x, y].transpose(0, 2, 1)
    right[:, x] = np.einsum("pcr,pcr->pc", slope_x, missing) @ weight.T
    right[:, y] = np.einsum("pcr,pcr->pr", slope_y, missing) @ weight.T
    normal = normal / spread**2 + 0.01 * side * side * np.eye(4)
    return np.linalg.solve(normal, (right / spread[:, 0])[:, :, None])[:, :, 0]
