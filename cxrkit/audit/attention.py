"""Saliency: Grad-CAM maps, how much of them lies on the chest, and a gallery of films to look at.

A number first, pictures second: maps of networks that learnt nothing look convincing too. So each row also tells
the maps of the same network with random weights (the sanity check of Adebayo et al. 2018, arXiv 1810.03292). Where
the two agree, a map shows the picture and the architecture, and nothing that was learnt. Arun et al. 2021, Radiol.
Artif. Intell. 3:e200267, found that no such method passes every test on chest films.
"""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

import numpy as np
import torch
from fastai.vision.learner import TimmBody
from scipy.stats import rankdata
from torch import nn
from torch.nn.functional import interpolate

from cxrkit.audit import heatmap, inquiry
from cxrkit.audit.films import LUNGS, box
from cxrkit.data.licences import may_redistribute
from cxrkit.data.pixels import Pixels
from cxrkit.data.records import Record
from cxrkit.evaluation import bootstrap
from cxrkit.evaluation.metrics import Figure
from cxrkit.evaluation.predictions import Predictions
from cxrkit.progress import Meter
from cxrkit.results import Network, Results
from cxrkit.schema import Attention, AttentionRow, GalleryEntry
from cxrkit.training import networks

SMALLEST_MAP = 4
"""Cells a side. The deepest layer that still has so many is read: the last one of films of 128 pixels and more."""
CELLS_COMPARED = 16
"""A side; the raster on which maps of two networks are compared."""
FOLDER = "figures/attention"
Kind = Literal["error", "top loss", "hit"]
"""Why a film stands in the gallery."""
MOST_ERRORS, TOP_LOSSES, HITS = 12, 4, 4
"""Films in the gallery for each architecture."""


def maps(
    model: torch.nn.Module,
    images: np.ndarray,
    classes=None,
    device: str = "cpu",
    batch_size: int = 32,
    advance: Callable[[int], None] = lambda count: None,
) -> np.ndarray:
    """Grad-CAM maps of grey squares, uint8 [n, size, size]: float32 [n, size, size], from 0 to 1 at each map's peak.

    Selvaraju et al. 2017, ICCV, section 3 (arXiv 1610.02391): the channels of a late layer, weighted by the mean
    gradient of a class's score, summed, negative parts dropped, enlarged bilinearly. The score is the class's output
    less the other's, for nothing else decides.

    model: a fastai vision model in eval mode, model[0] its body, model[1] its head. classes: n indices into records.LABELS;
    the class that the model calls where they are not given; advance: is told how many films more are done. A map is zero
    all over where nothing speaks for the class.
    """
    attended = np.zeros(np.shape(images), np.float32)
    for start in range(0, len(images), batch_size):
        part = slice(start, start + batch_size)
        wanted = None if classes is None else torch.as_tensor(np.asarray(classes)[part], device=device)
        attended[part] = _maps_of_batch(model, images[part], wanted, device).cpu().numpy()
        advance(len(images[part]))
    return attended


def _maps_of_batch(model, images, classes, device):
    features, outputs = _late_features(model, networks.normalised(images, device))
    outputs = outputs.float()
    classes = outputs.argmax(1) if classes is None else classes
    chosen = outputs.gather(1, classes[:, None])[:, 0]
    gradient = torch.autograd.grad((2 * chosen - outputs.sum(1)).sum(), features)[0]
    return weighted(features.detach(), gradient, images.shape[-2:])


def weighted(features: torch.Tensor, gradient: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    """Maps, [n, *size], of a layer's features and the gradient of a score in them, both [n, channels, side, side]."""
    weights = gradient.mean((2, 3), keepdim=True)
    cells = (weights * features).sum(1, keepdim=True).clamp(min=0)
    enlarged = interpolate(cells, tuple(size), mode="bilinear", align_corners=False)[:, 0]
    return enlarged / enlarged.amax((1, 2), keepdim=True).clamp(min=torch.finfo(enlarged.dtype).tiny)


@torch.no_grad()
def _late_features(model, x):
    """What the deepest part of the body with a map large enough gives for a batch, and the model's outputs, which can be derived
    by it; nothing is kept of what comes before."""
    features = []

    def derive_from_here(_, __, given):
        torch.set_grad_enabled(True)
        features.append(given.detach().requires_grad_())
        return features[0]

    hook = late_part(model, x[:1]).register_forward_hook(derive_from_here)
    try:
        outputs = model(x)
        return features[0], outputs
    finally:
        hook.remove()


def late_part(model, x):
    """The deepest part of the body whose map, [n, channels, side, side], is large enough for a batch like x; the first where none is."""
    seen = []

    def see(part, _, given):
        if given.dim() == 4 and given.shape[2] == given.shape[3]:  # a transformer's parts may give tokens, or channels last
            seen.append((part, given.shape[3]))

    hooks = [part.register_forward_hook(see) for part in _parts(model[0])]
    try:
        model(x)
    finally:
        for hook in hooks:
            hook.remove()
    return [part for part, side in seen if side >= SMALLEST_MAP or part is seen[0][0]][-1]


def _parts(body):
    """A body's parts, as large as they come: what only holds others in a row is opened, for a stage may begin with a large map."""
    for part in body.children():
        if isinstance(part, (nn.Sequential, TimmBody)) or isinstance(body, TimmBody):
            yield from _parts(part)
        elif not isinstance(part, networks.Renormalised):
            yield part


def randomised(architecture: str, device: str = "cpu", seed: int = 0) -> torch.nn.Module:
    """The same network with random weights, without a change to anybody's random numbers."""
    with inquiry.DRAWING, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return networks.build(architecture).eval().to(device)


def energy_in_box(attended: np.ndarray, side: float = LUNGS) -> np.ndarray:
    """For each of n maps, the share of its sum inside the central box; NaN where a map is zero all over.

    side: of the box, in shares of the picture's; see films.box, which hides or keeps the same one.
    """
    low, high = box(attended.shape[-1], side)
    total, in_box = attended.sum((1, 2), dtype=float), attended[:, low:high, low:high].sum((1, 2), dtype=float)
    return np.divide(in_box, total, out=np.full(len(attended), np.nan), where=total > 0)


def box_area(size: int, side: float = LUNGS) -> float:
    """The central chest box's share of the area of a film of size x size pixels, 0 to 1; side: its side's share of the film's."""
    low, high = box(size, side)
    return (high - low) ** 2 / size**2


def rank_correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Spearman's correlation of n pairs of maps on a coarse raster; NaN where a map is the same all over."""
    step = max(1, first.shape[-1] // CELLS_COMPARED)
    a, b = (rankdata(each[:, step // 2 :: step, step // 2 :: step].reshape(len(each), -1), axis=1) for each in (first, second))
    a, b = (ranks - ranks.mean(1, keepdims=True) for ranks in (a, b))
    size = np.sqrt((a**2).sum(1) * (b**2).sum(1))
    return np.divide((a * b).sum(1), size, out=np.full(len(a), np.nan), where=size > 0)


def audit(results: Results, pixels: Pixels, chosen: Sequence[Network], device: str, threshold: float) -> Attention:
    """Write the gallery's pictures into results/figures/attention, and return what the maps say.

    pixels: with the held-out films; chosen: networks of the run, the first of each architecture makes the gallery.
    Each map is of the class that its network calls; maps that were zero all over are counted and left out.
    """
    folder = results.folder / FOLDER
    for old in folder.glob("*-*-[0-9][0-9].png"):
        old.unlink()
    of_architecture: dict[str, list[Network]] = {}
    for network in chosen:
        of_architecture.setdefault(network.architecture, []).append(network)
    with Meter("attention", len(results.required(chosen[0].architecture).image_ids) * (len(chosen) + len(of_architecture))) as meter:
        look = partial(_of_architecture, results, pixels, device=device, threshold=threshold, advance=meter.advance)
        found = list(inquiry.side_by_side(look, list(of_architecture.values()), device))
    return Attention(
        rows=[row for rows, *_ in found for row in rows],
        gallery=[entry for _, gallery, _ in found for entry in gallery],
        left_out={architecture: errors for architecture, (*_, errors) in zip(of_architecture, found)},
    )


def _of_architecture(
    results: Results, pixels: Pixels, chosen: Sequence[Network], device: str, threshold: float, advance: Callable[[int], None]
) -> tuple[list[AttentionRow], list[GalleryEntry], int]:
    """The rows of one architecture's networks, the gallery of the first one, and how many of its errors found no place there."""
    first = chosen[0]
    held = results.required(first.architecture)
    images = pixels.of(held.image_ids)
    learnt_nothing = maps(randomised(first.architecture, device), images, device=device, advance=advance)
    rows: list[AttentionRow] = []
    gallery: list[GalleryEntry] = []
    p_covid = held.p_covid[held.seeds.index(first.seed)]
    picked, left_out = pick(held.is_covid, p_covid, threshold)
    for network in chosen:
        attended = maps(inquiry.loaded(network, device), images, device=device, advance=advance)
        rows.append(_row(network, results.held_out, held, attended, learnt_nothing))
        if network is first:
            gallery = _hung(results, network, held.image_ids, p_covid, picked, images, attended)
    return rows, gallery, left_out


def _hung(results: Results, network: Network, image_ids, p_covid, picked, images, attended) -> list[GalleryEntry]:
    """The picked films as entries of the gallery; their pictures are written where they may be shown."""
    entries = []
    for number, (index, kind) in enumerate(picked, start=1):
        record = results.manifest.by_id[image_ids[index]]
        name = f"{_slug(network.architecture)}-{_slug(kind)}-{number:02d}.png"
        entry = _entry(record, network, kind, float(p_covid[index]), name)
        if entry.file:
            heatmap.save(results.folder / entry.file, heatmap.beside(images[index], attended[index]))
        entries.append(entry)
    return entries


def _entry(record: Record, network: Network, kind: Kind, p_covid: float, name: str) -> GalleryEntry:
    """A film of the gallery; its picture is shown where its licence lets it be passed on."""
    shown = may_redistribute(record.licence)
    return GalleryEntry(
        image_id=record.image_id,
        architecture=network.architecture,
        seed=network.seed,
        kind=kind,
        p_covid=p_covid,
        label=record.label,
        file=f"{FOLDER}/{name}" if shown else "",
        credit=record.credit,
        case_url=record.case_url,
        why_no_picture="" if shown else f"its licence does not let it be passed on: {record.licence or 'unknown'}",
    )


def _row(network: Network, split: str, held: Predictions, attended, random) -> AttentionRow:
    share = energy_in_box(attended)
    known = ~np.isnan(share)
    return AttentionRow(
        architecture=network.architecture,
        seed=network.seed,
        split=split,
        energy_in_box=_mean_figure(share[known], held.is_covid[known], held.groups[known]),
        box_area=box_area(attended.shape[-1]),
        randomised_energy=_mean(energy_in_box(random)),
        randomised_correlation=_mean(rank_correlation(attended, random)),
        empty=int((~known).sum()),
    )


def _mean(values) -> float | None:
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else None


def _mean_figure(values, is_covid, groups) -> Figure:
    """The mean, with the middle 95 % of it when patients are drawn anew."""
    if not len(values):
        return Figure.unknown(0, "none: every map is empty")
    weights = bootstrap.patient_weights(is_covid, groups).weights
    return Figure.of(values.mean(), *bootstrap.middle(weights @ values / weights.sum(1)), len(values), "bootstrap 95 % over patients")


def pick(is_covid: np.ndarray, p_covid: np.ndarray, threshold: float, seed: int = 0) -> tuple[list[tuple[int, Kind]], int]:
    """Films worth a look, as [(index, kind)], and how many errors found no place.

    First the errors, the largest loss first; then the hits with the greatest loss, and some at random.
    """
    loss = -np.log(np.clip(np.where(is_covid, p_covid, 1 - p_covid), 1e-12, 1))
    by_loss = np.argsort(-loss, kind="stable")
    wrong = (p_covid >= threshold) != is_covid
    errors, hits = by_loss[wrong[by_loss]], by_loss[~wrong[by_loss]]
    ordinary = np.sort(np.random.default_rng(seed).permutation(hits[TOP_LOSSES:])[:HITS])
    kinds = (("error", errors[:MOST_ERRORS]), ("top loss", hits[:TOP_LOSSES]), ("hit", ordinary))
    return [(int(index), kind) for kind, chosen in kinds for index in chosen], max(0, len(errors) - MOST_ERRORS)


def _slug(text):
    return re.sub(r"[^a-z0-9_]+", "-", text.lower())
