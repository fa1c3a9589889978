"""Pictures of the gallery in the page: each film, and its attention map by itself, so that the map can be taken off the film."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cxrkit.audit import heatmap
from cxrkit.data.records import LABEL_WORDS, POSITIVE
from cxrkit.report.gallery import Film
from cxrkit.results import Results

MOST_BYTES = 3_000_000
"""Of all pictures together; the page stays under 5 MB, and further films stand with their credit alone."""
SUFFIXES = (".png", ".jpg")
SMALL = 224
"""Pixels a side of the film under its map; in the page that travels, of every film that an audit chose."""
MAP_SIDE = 48
"""Pixels a side of a map: Grad-CAM's own has 4 to 14 cells, and a browser enlarges smoothly."""
LEVELS = 64
"""Steps of opacity in a map's palette."""


@dataclass(frozen=True)
class Private:
    """What a page that is not passed on shows besides. films: {image_id: JPEG}; small: {image_id: JPEG of the square that networks see};
    maps: {image_id: {network's short name: PNG}}, each a map by itself."""

    films: Mapping[str, bytes] = field(default_factory=dict)
    small: Mapping[str, bytes] = field(default_factory=dict)
    maps: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)


def rows(results: Results, shown: Sequence[Film], private: Private) -> list[dict[str, Any]]:
    """The gallery's films as dicts for the template, with `src`, `small` and `map` as data URIs while there is room.

    `error` is false positive, false negative or correct; `place`: of the film among the held-out ones, -1 where it is none of them.
    """
    held = next((held for name in results.architectures if (held := results.predictions(name)) is not None), None)
    places = {image_id: place for place, image_id in enumerate(held.image_ids)} if held else {}
    found, room, folder = [], MOST_BYTES, results.folder.resolve()
    for film in shown:
        alt = f"Chest film {film.image_id}, {film.label}"
        wrong = "" if film.called == film.label else "false negative" if film.label == LABEL_WORDS[POSITIVE] else "false positive"
        row = asdict(film) | {"src": "", "small": "", "map": "", "alt": alt, "error": wrong or "correct"}
        row["place"] = places.get(film.image_id, -1)
        path = (folder / film.picture).resolve()
        if film.image_id in private.films:
            row["src"] = jpeg_uri(private.films[film.image_id])
            if attended := private.maps.get(film.image_id, {}).get(film.network):
                row |= {"small": jpeg_uri(private.small[film.image_id]), "map": png_uri(attended)}
        elif film.picture and path.suffix in SUFFIXES and path.is_relative_to(folder) and path.is_file():
            try:
                whole, attended = parted(path) if film.pair else (jpeg(Image.open(path).convert("L")), b"")
            except (OSError, ValueError):
                row["why"] = "its picture in the results cannot be read"
            else:
                if (size := 2 * len(whole) + len(attended) if attended else len(whole)) <= room:
                    room -= size
                    row["src"] = jpeg_uri(whole)
                    row |= {"small": row["src"], "map": png_uri(attended)} if attended else {}
                else:
                    row["why"] = "the page has no room for more pictures"
        elif film.picture:
            row["why"] = "its picture is not in the results"
        row["alt"] += ", and beside it where the network looked" if row["map"] else ""
        found.append(row)
    return found


def further_maps(shown: Sequence[dict[str, Any]], private: Private) -> dict[int, dict[str, str]]:
    """{a film's place: {network: map}} of networks in whose part of the gallery the film does not stand."""
    hung = {(row["image_id"], row["network"]) for row in shown}
    places = {row["image_id"]: row["place"] for row in shown}
    found = {
        places[image_id]: {name: png_uri(png) for name, png in maps.items() if (image_id, name) not in hung}
        for image_id, maps in private.maps.items()
    }
    return {place: maps for place, maps in found.items() if maps}


def parted(path: Path) -> tuple[bytes, bytes]:
    """(JPEG of the film, PNG of the map) of a picture in which the film stands beside itself under its map, as heatmap.beside draws it.
    Raises OSError or ValueError for what is no picture; no map for one that is not twice as wide as high."""
    with Image.open(path) as pair:
        side = pair.height
        film, painted = pair.convert("L").crop((0, 0, side, side)), pair.convert("RGB").crop((side, 0, 2 * side, side))
        if pair.width != 2 * side:
            return jpeg(pair.convert("L")), b""
    colours = np.asarray(painted, float)
    return jpeg(film), map_png((colours[..., 0] - colours[..., 2]) / 255)


def map_png(opacity: np.ndarray) -> bytes:
    """A map as a PNG of MAP_SIDE pixels a side: amber, as opaque as each place of [side, side] from 0 to 1."""
    small = Image.fromarray(np.clip(opacity, 0, 1).astype(np.float32)).resize((MAP_SIDE, MAP_SIDE), Image.Resampling.BOX)
    picture = Image.fromarray(np.rint(np.asarray(small) * (LEVELS - 1)).astype(np.uint8), "P")
    picture.putpalette([int(part) for part in heatmap.AMBER] * LEVELS)
    opacities = bytes(round(255 * level / (LEVELS - 1)) for level in range(LEVELS))
    picture.save(png := io.BytesIO(), format="PNG", transparency=opacities, optimize=True)
    return png.getvalue()


def jpeg(film: Image.Image, quality: int = 85) -> bytes:
    film.save(written := io.BytesIO(), format="JPEG", quality=quality)
    return written.getvalue()


def jpeg_uri(picture: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"


def png_uri(picture: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"
