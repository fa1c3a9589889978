"""Occlusion test: does a network need the lungs? Its AUC with the centre of the film blacked out, or all but the centre.

Maguolo and Nanni 2021, Inf. Fusion 76:1 (arXiv 2004.12823): a protocol is fair when the score falls to chance once
the lungs are hidden. A network that was trained on whole films has never seen a black box, so a low score says
little; a high one says that the frame suffices. Trained anew on masked films, a network shows both.
"""

from typing import Literal

import numpy as np

from cxrkit.audit import inquiry, probes
from cxrkit.audit.films import Films, box
from cxrkit.progress import Meter
from cxrkit.results import Network
from cxrkit.schema import MaskRow

Mask = Literal["centre", "surround"]
MASKS: tuple[Mask, ...] = ("centre", "surround")
SIDES = (0.2, 0.4, 0.6, 0.8, 0.9)
"""Side of the central box, in shares of the picture's side."""


def masked(images: np.ndarray, mask: Mask, side: float) -> np.ndarray:
    """A copy of grey squares, uint8 [n, size, size], with black in the central box ("centre") or all around it ("surround")."""
    low, high = box(images.shape[-1], side)
    if mask == "centre":
        hidden = np.array(images)
        hidden[:, low:high, low:high] = 0
        return hidden
    alone = np.zeros_like(images)
    alone[:, low:high, low:high] = images[:, low:high, low:high]
    return alone


def black_share(size: int, mask: Mask, side: float) -> float:
    """The share of the picture that is blacked out."""
    low, high = box(size, side)
    share = (high - low) ** 2 / size**2
    return share if mask == "centre" else 1 - share


def curve(network: Network, model, held: Films, device: str) -> list[MaskRow]:
    """The rows of one trained network on the held-out films, one a mask and side, from the whole picture on."""
    with Meter(f"masks on {network.name}", len(held.images) * (1 + len(MASKS) * len(SIDES))) as meter:
        whole = inquiry.p_covid(model, held.images, device, meter)
        rows = []
        for mask in MASKS:
            rows.append(row(network, mask, 0.0 if mask == "centre" else 1.0, whole, held, retrained=False))
            for side in sorted(SIDES, reverse=mask == "surround"):
                seen = inquiry.p_covid(model, masked(held.images, mask, side), device, meter)
                rows.append(row(network, mask, side, seen, held, retrained=False))
    return rows


def row(network: Network, mask: Mask, side: float, p_covid: np.ndarray, held: Films, retrained: bool) -> MaskRow:
    """A row from the network's probabilities for masked held-out films."""
    whole = side == (0.0 if mask == "centre" else 1.0)
    share = 0.0 if whole else black_share(held.images.shape[-1], mask, side)
    area = probes.area(held.is_covid, p_covid, held.groups)
    return MaskRow(network.architecture, network.seed, mask, side, round(share, 4), area, retrained)
