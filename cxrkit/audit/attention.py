"""Where a network looks: Grad-CAM maps, how much of them lies on the chest, and a gallery of films to look at.

A number first, pictures second: maps of networks that learnt nothing look convincing too. So each row also tells
the maps of the same network with random weights (the sanity check of Adebayo et al. 2018, arXiv 1810.03292). Where
the two agree, a map shows the picture and the architecture, and nothing that was learnt. Arun et al. 2021, Radiol.
Artif. Intell. 3:e200267, found that no such method passes every test on chest films.
"""

import re

import numpy as np

from cxrkit.audit import asking, masking
from cxrkit.data.licences import may_redistribute
from cxrkit.evaluation import bootstrap, predictions
from cxrkit.files import replacing
from cxrkit.progress import track

SMALLEST_MAP = 4
"""Cells a side. The deepest layer that still has so many is read: the last one of films of 128 pixels and more."""
CELLS_COMPARED = 16
"""A side; the raster on which maps of two networks are compared."""
FOLDER = "figures/attention"
THUMBNAIL = 144
"""Pixels a side of the film and of its map in a picture of the gallery."""
AMBER = np.array([255, 176, 0], np.float32)
"""The map's colour: told from grey by everyone."""

MOST_ERRORS, TOP_LOSSES, HITS = 12, 4, 4
"""Films in the gallery for each architecture."""


def maps(model, images, classes=None, device="cpu", batch_size=32):
    """Grad-CAM maps of grey squares, uint8 [n, size, size]: float32 [n, size, size], from 0 to 1 at each map's peak.

    Selvaraju et al. 2017, ICCV, section 3 (arXiv 1610.02391): the channels of a late layer, weighted by the mean
    gradient of a class's score, summed, negative parts dropped, enlarged bilinearly. The score is the class's output
    less the other's, for nothing else decides.

    model: a fastai vision model in eval mode, model[0] its body, model[1] its head. classes: n indices into records.LABELS;
    the class that the model calls where they are not given. A map is zero all over where nothing speaks for the class.
    """
    import torch

    found = np.zeros(np.shape(images), np.float32)
    for start in range(0, len(images), batch_size):
        part = slice(start, start + batch_size)
        wanted = None if classes is None else torch.as_tensor(np.asarray(classes)[part], device=device)
        found[part] = _maps_of_batch(model, images[part], wanted, device).cpu().numpy()
    return found


def _maps_of_batch(model, images, classes, device):
    import torch
    from torch.nn.functional import interpolate

    from cxrkit.training import networks

    features, rest = _late_features(model, networks.normalised(images, device))
    with torch.enable_grad():
        features = features.detach().requires_grad_()
        outputs = model[1](rest(features)).float()
        classes = outputs.argmax(1) if classes is None else classes
        chosen = outputs.gather(1, classes[:, None])[:, 0]
        gradient = torch.autograd.grad((2 * chosen - outputs.sum(1)).sum(), features)[0]
    weights = gradient.mean((2, 3), keepdim=True)
    cells = (weights * features.detach()).sum(1, keepdim=True).clamp(min=0)
    found = interpolate(cells, images.shape[-2:], mode="bilinear", align_corners=False)[:, 0]
    return found / found.amax((1, 2), keepdim=True).clamp(min=torch.finfo(found.dtype).tiny)


def _late_features(model, x):
    """What the deepest layer with a map large enough gives for a batch, and the rest of the body as a function."""
    import torch

    body = list(model[0])
    while len(body) == 1:  # VGG's layers stand one level deeper than a ResNet's
        body = list(body[0])
    features, after = x, 0
    with torch.no_grad():
        for number, layer in enumerate(body, start=1):
            x = layer(x)
            if min(x.shape[-2:]) >= SMALLEST_MAP:
                features, after = x, number
    return features, torch.nn.Sequential(*body[after:])


def randomised(architecture, device="cpu", seed=0):
    """The same network with random weights, without a change to anybody's random numbers."""
    import torch

    from cxrkit.training import networks

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return networks.build(architecture).eval().to(device)


def energy_in_box(found, side=masking.LUNGS):
    """For each of n maps, the share of its sum inside the central box; NaN where a map is zero all over.

    side: of the box, in shares of the picture's; see masking.box, which hides or keeps the same one.
    """
    low, high = masking.box(found.shape[-1], side)
    total, inside = found.sum((1, 2), dtype=float), found[:, low:high, low:high].sum((1, 2), dtype=float)
    return np.divide(inside, total, out=np.full(len(found), np.nan), where=total > 0)


def box_area(size, side=masking.LUNGS):
    """The central chest box's share of the area of a film of size x size pixels, 0 to 1; side: its side's share of the film's."""
    low, high = masking.box(size, side)
    return (high - low) ** 2 / size**2


def rank_correlation(first, second):
    """Spearman's correlation of n pairs of maps on a coarse raster; NaN where a map is the same all over."""
    from scipy.stats import rankdata

    step = max(1, first.shape[-1] // CELLS_COMPARED)
    a, b = (rankdata(found[:, step // 2 :: step, step // 2 :: step].reshape(len(found), -1), axis=1) for found in (first, second))
    a, b = (ranks - ranks.mean(1, keepdims=True) for ranks in (a, b))
    size = np.sqrt((a**2).sum(1) * (b**2).sum(1))
    return np.divide((a * b).sum(1), size, out=np.full(len(a), np.nan), where=size > 0)


def audit(run, pixels, records, results, networks, device="cpu", threshold=0.5):
    """Write the gallery's pictures into results/figures/attention, and return {rows, gallery, left_out}.

    run: a predictions.Run; pixels: a Pixels object with its held-out films; records: all of the manifest;
    networks: asking.Networks of the run, the first of each architecture makes the gallery.

    A row is a network: energy_in_box, the mean share of a map inside the central box, with its interval over
    patients and the box's area; the same of the randomised network, and the mean rank correlation of the two maps,
    each of the class that its network calls; n films, and `empty`, how many maps were zero all over and are left out.
    left_out: how many errors of an architecture the gallery has no place for.
    """
    folder = results / FOLDER
    for old in folder.glob("*.png"):
        old.unlink()
    by_id = {record.image_id: record for record in records}
    rows, gallery, left_out, learnt_nothing = [], [], {}, {}
    for network in track(networks, "attention"):
        held = predictions.scores(run.table, network.architecture, run.held)
        images = pixels.of(held.image_ids)
        found = maps(asking.load(network, device), images, device=device)
        if network.architecture not in learnt_nothing:  # the networks come architecture by architecture: one set of maps is kept
            learnt_nothing = {network.architecture: maps(randomised(network.architecture, device), images, device=device)}
        rows.append(_row(network, run.held, held, found, learnt_nothing[network.architecture]))
        if network.architecture in left_out:
            continue
        p_covid = held.p_covid[held.seeds.index(network.seed)]
        picked, left_out[network.architecture] = pick(held.is_covid, p_covid, threshold)
        for number, (index, kind) in enumerate(picked, start=1):
            about = {"architecture": network.architecture, "seed": network.seed, "kind": kind, "p_covid": float(p_covid[index])}
            name = f"{_slug(network.architecture)}-{_slug(kind)}-{number:02d}.png"
            gallery.append(_entry(by_id[held.image_ids[index]], about, images[index], found[index], folder, name))
    return {"rows": rows, "gallery": gallery, "left_out": left_out}


def _row(network, split, held, found, random):
    share = energy_in_box(found)
    known = ~np.isnan(share)
    return {
        "architecture": network.architecture,
        "seed": network.seed,
        "split": split,
        "energy_in_box": _mean(share),
        "interval": _interval(share[known], held.is_covid[known], held.groups[known]),
        "box_area": box_area(found.shape[-1]),
        "randomised_energy": _mean(energy_in_box(random)),
        "randomised_correlation": _mean(rank_correlation(found, random)),
        "n": int(known.sum()),
        "empty": int((~known).sum()),
    }


def _mean(values):
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else None


def _interval(values, is_covid, groups):
    """The middle 95 % of the mean when patients are drawn anew."""
    if not len(values):
        return [None, None]
    weights = bootstrap.patient_weights(is_covid, groups)
    return bootstrap.middle(weights @ values / weights.sum(1))


def pick(is_covid, p_covid, threshold=0.5, seed=0):
    """Films worth a look, as [(index, kind)], and how many errors found no place.

    First the errors, dearest first; then the hits with the greatest loss, and some at random.
    """
    loss = -np.log(np.clip(np.where(is_covid, p_covid, 1 - p_covid), 1e-12, 1))
    dearest = np.argsort(-loss, kind="stable")
    wrong = (p_covid >= threshold) != is_covid
    errors, hits = dearest[wrong[dearest]], dearest[~wrong[dearest]]
    ordinary = np.sort(np.random.default_rng(seed).permutation(hits[TOP_LOSSES:])[:HITS])
    kinds = (("error", errors[:MOST_ERRORS]), ("top loss", hits[:TOP_LOSSES]), ("hit", ordinary))
    return [(int(index), kind) for kind, chosen in kinds for index in chosen], max(0, len(errors) - MOST_ERRORS)


def _entry(record, about, image, found, folder, name):
    """A film of the gallery; its picture is written where its licence lets it be passed on."""
    entry = {"image_id": record.image_id, **about, "label": record.label, "file": "", "credit": record.credit, "case_url": record.case_url}
    if not may_redistribute(record.licence):
        return entry | {"why_no_picture": f"its licence does not let it be passed on: {record.licence or 'unknown'}"}
    save(folder / name, beside(image, found))
    return entry | {"file": f"{FOLDER}/{name}", "why_no_picture": ""}


def _slug(text):
    return re.sub(r"[^a-z0-9_]+", "-", text.lower())


def overlay(image, found):
    """A grey square, uint8 [size, size], under a map from 0 to 1 of the same size: uint8 [size, size, 3]."""
    opacity = 0.65 * found[..., None]
    return np.rint(image[..., None] * (1 - opacity) + AMBER * opacity).astype(np.uint8)


def beside(image, found, side=THUMBNAIL):
    """The film, and beside it the film under its map, as a PIL image."""
    from PIL import Image

    pair = np.hstack([np.repeat(image[..., None], 3, -1), overlay(image, found)])
    return Image.fromarray(pair).resize((2 * side, side), Image.Resampling.BILINEAR)


def save(path, picture):
    """Write a PIL image as a small PNG of 256 colours, without any metadata."""
    from PIL import Image

    with replacing(path) as temporary:
        picture.quantize(256, Image.Quantize.MAXCOVERAGE).save(temporary, format="PNG", optimize=True)
