"""private-report.html: the page with every film of its gallery that is on this machine, whatever its licence; it is never sent."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from cxrkit.config import short_name
from cxrkit.data.images import open_grey, square
from cxrkit.data.records import Record
from cxrkit.errors import BadInput
from cxrkit.files import PRIVATE, write_text
from cxrkit.report import gallery, page, pictures
from cxrkit.results import Results

SIDE = 800
"""Pixels; the longer side of a film."""


def make(results: Results, locate: Callable[[Record], Path]) -> Path:
    """Write the page; return its path, which is in no list of checksums. Raises BadInput for a folder that is no whole run.

    locate: function from a Record to its file; a film whose file cannot be read is named with the reason, as in the other page.
    """
    shown = gallery.films(results)
    text = page.html(results, shown, page.drawings(results), hidden(results, shown, locate))
    write_text(results.folder / PRIVATE, text)
    return results.folder / PRIVATE


def hidden(results: Results, shown: list[gallery.Film], locate: Callable[[Record], Path]) -> pictures.Private:
    """The pictures of each film that can be read, and its attention map by each network whose weights are here."""
    films, squares, experiment = {}, {}, results.experiment
    for image_id in sorted({film.image_id for film in shown}):
        try:
            film = open_grey(locate(results.manifest.by_id[image_id]))
        except BadInput:
            continue
        squares[image_id] = square(film, experiment.image_size, experiment.resize)
        film.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        films[image_id] = pictures.jpeg(film)
    small = (pictures.SMALL, pictures.SMALL)
    seen = {image_id: Image.fromarray(each).resize(small, Image.Resampling.BILINEAR) for image_id, each in squares.items()}
    return pictures.Private(films, {image_id: pictures.jpeg(each) for image_id, each in seen.items()}, _maps(results, squares))


def _maps(results: Results, squares: Mapping[str, np.ndarray]) -> dict[str, dict[str, bytes]]:
    """{image_id: {network: its attention map}} by the first seed of each network; empty where torch or the weights are not here."""
    first = {network.architecture: network for network in reversed(results.networks_on_disk())}
    try:
        from cxrkit.audit import attention, heatmap, inquiry
    except ImportError:  # the base installation
        return {}
    found: dict[str, dict[str, bytes]] = {image_id: {} for image_id in squares}
    for architecture in results.architectures if squares else ():
        if architecture not in first:
            continue
        attended = attention.maps(inquiry.loaded(first[architecture], "cpu"), np.stack(list(squares.values())))
        for image_id, each in zip(squares, attended):
            if each.any():
                found[image_id][short_name(architecture)] = pictures.map_png(heatmap.OPACITY * each)
    return found
