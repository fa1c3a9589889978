"""What the demo's page is told: of the run, once, and of each film that was dropped on it."""

import base64
import functools
import io
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cxrkit import __version__, predict
from cxrkit.audit import heatmap
from cxrkit.config import short_name
from cxrkit.data import images
from cxrkit.demo import decoding
from cxrkit.predict import OpenedRun, Query

VIEW = 1024
"""Pixels; the longest side of the film as the page shows it."""
KEPT_NETWORKS = 12
"""So many networks stay loaded; a run with more reads the others anew for each film."""
MOST_HELD_OUT = 400
"""Held-out films of a class on the page's scale; of more, as many evenly chosen by rank."""


@dataclass(frozen=True)
class HeldOut:
    """The run's held-out films of one class on the page's scale. n: of them; p_covid: ascending, of MOST_HELD_OUT at most."""

    label: str
    n: int
    p_covid: list[float]


@dataclass(frozen=True)
class RunFacts:
    """What the page says before any film. networks: {architecture: the name that people read}; headline, verdict:
    the audit's conclusion, and its paragraph, an empty text where there was no audit; held_out: empty where its predictions are not here."""

    version: str
    experiment: str
    manifest_sha256: str
    networks: dict[str, str]
    seeds: int
    threshold: float
    checked: bool
    why_not_checked: str
    headline: str
    verdict: str
    warnings: list[str]
    held_out: list[HeldOut]


@dataclass(frozen=True)
class Standing:
    """Where a film stands among held-out ones of a class: how many of them have a lower probability, uncalibrated."""

    label: str
    below: int
    n: int


@dataclass(frozen=True)
class FilmFacts:
    """What the page is told of a film. answer: an Answer as plain values; picture, maps: PNG as data: addresses, the maps with
    their transparency; width, height: of the film as it came."""

    answer: dict[str, Any]
    standing: list[Standing]
    width: int
    height: int
    picture: str
    maps: dict[str, str]


class Demo:
    """A finished run that answers about uploads, one after the other. Keeps nothing of a film."""

    def __init__(self, run: OpenedRun):
        self.run = run
        self._asking = threading.Lock()
        self._held_out = {group.label: np.array(group.p_covid) for group in run.facts.held_out}
        self._load = functools.lru_cache(maxsize=KEPT_NETWORKS)(run.engine.load)

    @functools.cached_property
    def facts(self) -> RunFacts:
        """What the page says before any film."""
        facts = self.run.facts
        return RunFacts(
            version=__version__,
            experiment=facts.experiment,
            manifest_sha256=facts.manifest_sha256,
            networks={network.architecture: short_name(network.architecture) for network in self.run.trained},
            seeds=len({network.seed for network in self.run.trained}),
            threshold=facts.threshold,
            checked=self.run.reference is not None,
            why_not_checked=self.run.lacking,
            headline=facts.headline,
            verdict=facts.verdict,
            warnings=facts.warnings,
            held_out=[HeldOut(label, len(p), _some(p)) for label, p in self._held_out.items()],
        )

    def film(self, content: bytes) -> FilmFacts:
        """What the networks say of an upload. Raises UnreadableImage; waits while another film is asked about."""
        facts = self.run.facts
        with self._asking:  # the decoder, too: several of them at once may need more memory than there is
            film = decoding.decode(content)
            query = predict.query_of(
                Path("upload"), film.grey, film.colour, film.doubts, facts.image_size, self.run.reference, facts.resize
            )
            predict.ask(self.run, [query], with_maps=True, load=self._load, tell=_silent)
        answer = self.run.answer(query)
        raw = answer.ensemble.raw
        return FilmFacts(
            answer=asdict(answer),
            standing=[Standing(label, int(np.searchsorted(p, raw)), len(p)) for label, p in self._held_out.items()],
            width=film.grey.width,
            height=film.grey.height,
            picture=_png(_shrunk(images.seen(film.grey, facts.resize))),
            maps={short_name(name): _png(_amber(attended)) for name, attended in maps_of(query).items()},
        )


def _silent(text: object) -> None:
    """Nothing is said of a film but to the page."""


def maps_of(query: Query) -> dict[str, np.ndarray]:
    """The attention maps that show something, by architecture."""
    return {name: attended for name, attended in query.maps.items() if attended.any()}


def _some(p_covid: np.ndarray) -> list[float]:
    places = np.linspace(0, len(p_covid) - 1, min(len(p_covid), MOST_HELD_OUT)).round().astype(int)
    return [round(float(p), 4) for p in p_covid[places]]


def _shrunk(grey: Image.Image) -> Image.Image:
    small = grey.copy()
    small.thumbnail((VIEW, VIEW), Image.Resampling.LANCZOS)
    return small


def _amber(attended: np.ndarray) -> Image.Image:
    """A map, uint8 [size, size], as amber that is the less transparent the more a place speaks for the answer."""
    colour = np.broadcast_to(heatmap.AMBER.astype(np.uint8), (*attended.shape, 3))
    return Image.fromarray(np.dstack([colour, (attended * 0.6).astype(np.uint8)]), "RGBA")


def _png(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
