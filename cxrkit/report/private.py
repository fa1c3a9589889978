"""private-report.html: the page with every film of its gallery that is on this machine, whatever its licence; it is never sent."""

import io
from collections.abc import Callable
from pathlib import Path

from cxrkit.data.images import open_grey
from cxrkit.data.records import Record
from cxrkit.errors import BadInput
from cxrkit.files import PRIVATE, write_text
from cxrkit.report import gallery, page
from cxrkit.results import Results

SIDE = 400
"""Pixels; the longer side of a film."""


def make(results: Results, locate: Callable[[Record], Path]) -> Path:
    """Write the page; return its path, which is in no list of checksums. Raises BadInput for a folder that is no whole run.

    locate: function from a Record to its file; a film whose file cannot be read is named with the reason, as in the other page.
    """
    shown = gallery.films(results)
    text = page.html(results, shown, page.drawings(results), pictures(results, shown, locate))
    write_text(results.folder / PRIVATE, text)
    return results.folder / PRIVATE


def pictures(results: Results, shown: list[gallery.Film], locate: Callable[[Record], Path]) -> dict[str, bytes]:
    """{image_id: JPEG} of each film that can be read."""
    found = {}
    for image_id in sorted({film.image_id for film in shown}):
        try:
            film = open_grey(locate(results.manifest.by_id[image_id]))
        except BadInput:
            continue
        film.thumbnail((SIDE, SIDE))
        film.save(jpeg := io.BytesIO(), format="JPEG", quality=85)
        found[image_id] = jpeg.getvalue()
    return found
