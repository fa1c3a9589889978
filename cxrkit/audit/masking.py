"""Does a network need the lungs? Its area under the ROC curve with the centre of the film blacked out, or all but the centre.

Maguolo and Nanni 2021, Inf. Fusion 76:1 (arXiv 2004.12823): a protocol is fair when the score falls to chance once
the lungs are hidden. A network that was trained on whole films has never seen a black box, so a low score says
little; a high one says that the frame suffices. Trained anew on masked films, a network shows both.
"""

import numpy as np

from cxrkit.audit import probes
from cxrkit.data.pixels import Pixels

MASKS = ("centre", "surround")
SIDES = (0.2, 0.4, 0.6, 0.8, 0.9)
"""Side of the central box, in shares of the picture's side."""
LUNGS = 0.8
"""The side whose box holds both lungs on nearly every film; the verdict reads the curve there."""
RETRAINED_SIDES = (0.4, 0.6, LUNGS)


def box(size, side):
    """First and last pixel (excluded) of the central box on either axis; side 0 has none."""
    half = round(size * side / 2)
    return size // 2 - half, size // 2 + half


def masked(images, mask, side):
    """A copy of grey squares, uint8 [n, size, size], with black in the central box ("centre") or all around it ("surround")."""
    low, high = box(images.shape[-1], side)
    if mask == "centre":
        found = np.array(images)
        found[:, low:high, low:high] = 0
        return found
    found = np.zeros_like(images)
    found[:, low:high, low:high] = images[:, low:high, low:high]
    return found


def black_share(size, mask, side):
    """The share of the picture that is blacked out."""
    low, high = box(size, side)
    share = (high - low) ** 2 / size**2
    return share if mask == "centre" else 1 - share


def curve(network, model, held, device):
    """The rows of one trained network on the held-out probes.Films, one a mask and side, from the whole picture on."""
    from cxrkit.training import networks

    whole = networks.p_covid(model, held.images, device)
    rows = []
    for mask in MASKS:
        rows.append(_row(network, mask, 0.0, whole, held, False, side=0.0 if mask == "centre" else 1.0))
        for side in sorted(SIDES, reverse=mask == "surround"):
            seen = networks.p_covid(model, masked(held.images, mask, side), device)
            rows.append(_row(network, mask, black_share(held.images.shape[-1], mask, side), seen, held, False, side))
    return rows


def retrained(network, experiment, records, pixels, held, folder, device):
    """The rows of one network trained anew on masked films, and scored on held-out films under the same mask."""
    from cxrkit.audit import retraining

    rows = []
    for mask in MASKS:
        for side in RETRAINED_SIDES:
            altered = Pixels(masked(pixels.images, mask, side), pixels.rows)
            found = retraining.predictions(
                experiment, network.architecture, network.seed, records, altered, f"{mask}-{round(100 * side)}", folder, device
            )
            seen = np.array([found[image_id] for image_id in held.image_ids])
            rows.append(_row(network, mask, black_share(pixels.size, mask, side), seen, held, True, side))
    return rows


def _row(network, mask, share, p_covid, held, trained_anew, side):
    about = {"architecture": network.architecture, "seed": network.seed, "mask": mask, "side": side, "share": round(share, 4)}
    return about | probes.area(held.is_covid, p_covid, held.groups) | {"retrained": trained_anew}
