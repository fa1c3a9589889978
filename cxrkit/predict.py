"""Inference on other films: what a finished run's networks say of them, from its results folder or an exported folder alone."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cxrkit import __version__, panels
from cxrkit.answers import Answer, Answers, OfNetwork, PossibleClasses, Probability, Unreadable, set_words, sets_told, temperature_note
from cxrkit.audit import heatmap, stability
from cxrkit.audit import reference as references
from cxrkit.audit.reference import Reference
from cxrkit.data import dicom, images
from cxrkit.data.records import NEGATIVE, POSITIVE
from cxrkit.errors import BadInput, UnreadableImage
from cxrkit.evaluation.calibration import tempered
from cxrkit.evaluation.conformal import PredictionSets
from cxrkit.files import read_json, refuse_unwritable, write_json
from cxrkit.inference import exported
from cxrkit.inference.engine import Engine, Respondent
from cxrkit.inference.facts import Facts, Key, Temperature
from cxrkit.progress import Meter, mention, track
from cxrkit.results import Network, Results
from cxrkit.schema import VERSION

PANEL = 256
"""Pixels; the height of each picture in an attention map."""
PICTURES = ".cxrkit-pictures.json"
"""The list of the pictures that were written into a folder, so that no other is ever written over."""


@dataclass
class Query:
    """A film to ask about.

    square: uint8 [size, size] as the networks see it; panel: what they see of the film, in its own proportions, PANEL
    pixels high, as a PIL image; doubts: why it is out of distribution; sha256: of the file; p_covid: {(architecture, seed): probability};
    changed: {(architecture, seed): its probabilities under each of stability.CHANGES}; maps: {architecture: attention map, uint8 [size, size]}.
    """

    path: Path
    square: np.ndarray
    panel: Image.Image
    doubts: list[str]
    sha256: str = ""
    p_covid: dict[Key, float] = field(default_factory=dict)
    changed: dict[Key, np.ndarray] = field(default_factory=dict)
    maps: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class OpenedRun:
    """A finished run, or an exported folder of one, opened to be asked about films. lacking: why there is no reference, empty where
    there is one."""

    facts: Facts
    trained: list[Network]
    reference: Reference | None
    lacking: str
    engine: Engine

    def answer(self, query: Query) -> Answer:
        """What the run says of a film that its networks were asked about."""
        return _answer(query, self.facts, self.reference)


def open_run(run: Path | str, device: str = "", scaled: bool = False) -> OpenedRun:
    """A run by its results folder, or the folder around it: run.json, metrics.json and models/ are read, and reference.json and
    audits.json where they are there; or by an exported folder, which needs no torch.

    scaled: whether the held-out films' probabilities are wanted, too. Raises BadInput for a folder that is neither."""
    if exported.is_exported(run):
        return _open_exported(Path(run))
    results = Results.open(run)
    trained = results.networks_on_disk()
    facts = Facts.of(results, trained, scaled)
    if not trained:
        raise BadInput("The run's networks are not here.", results.folder / "models", "bring models/ of the run's output")
    from cxrkit.inference.by_torch import TorchEngine

    return OpenedRun(facts, trained, *references.load(results.folder), TorchEngine(device))


def _open_exported(folder: Path) -> OpenedRun:
    from cxrkit.inference.by_onnx import OnnxEngine

    export = exported.read(folder)
    reference, lacking = references.load(folder) if export.reference else (None, export.lacking)
    *standing, audit = export.facts.warnings
    facts = replace(export.facts, warnings=[*standing, *export.unmapped, audit])
    return OpenedRun(facts, export.trained(folder), reference, lacking, OnnxEngine(folder, export))


def predict(run: Path | str, paths: list[Path], out: Path | None = None, device: str = "") -> Answers:
    """Ask a run's networks about films.

    run, device: see open_run. paths: files and folders. out: a folder for attention maps.
    Files that cannot be read are listed with the reason. Raises BadInput for a folder that is no finished run
    or whose pictures would take the names of somebody's files; WrongUse without pydicom where a film is DICOM; Unwritable for an `out` that cannot be made or written to, DiskFull.
    """
    if out:
        refuse_unwritable(Path(out) / PICTURES)
    named = [file for path in paths for file in files(path)]
    dicom.require_reader(named)
    opened = open_run(run, device)
    facts = opened.facts
    queries, unreadable = _open_all(named, facts, opened.reference)
    if out:
        _claim(Path(out), [_name(query, number) for number, query in enumerate(queries, start=1)])
    if queries:
        ask(opened, queries, with_maps=out is not None)
    return Answers(
        warnings=facts.warnings,
        experiment=facts.experiment,
        manifest_sha256=facts.manifest_sha256,
        films=[_drawn(query, opened.answer(query), number, out) for number, query in enumerate(queries, start=1)],
        unreadable=unreadable,
        out_of_distribution_checked=opened.reference is not None,
        why_not_checked=opened.lacking,
        sets=sets_told(facts.sets, facts.split),
        threshold=facts.threshold,
        version=__version__,
        schema=VERSION,
        engine=opened.engine.told,
    )


def _drawn(query: Query, answer: Answer, number: int, out: Path | None) -> Answer:
    """The answer with the path of its picture, where pictures are wanted."""
    if not out:
        return answer
    path = Path(out) / _name(query, number)
    heatmap.save(path, panels.picture(query.panel, query.maps, answer))
    return replace(answer, attention=str(path))


def _name(query: Query, number: int) -> str:
    """The name of a film's picture."""
    return f"{number:03d}-{re.sub(r'[^A-Za-z0-9_-]+', '-', query.path.stem)[:40]}.png"


def ask(
    opened: OpenedRun,
    queries: list[Query],
    with_maps: bool,
    load: Callable[[Network], Respondent] | None = None,
    tell: Callable[[object], None] = mention,
) -> None:
    """Give the queries each network's probability, and where they are wanted the maps of the first network of each architecture.

    load: makes a network ready, the engine where it is not given; tell: is told of the progress where it takes long.
    """
    trained, load = opened.trained, load or opened.engine.load
    squares = np.array([query.square for query in queries])
    mapped = list({network.architecture: network for network in reversed(trained)}.values()) if with_maps else []
    with Meter("asking networks", len(squares) * (len(trained) * (1 + len(stability.CHANGES)) + len(mapped)), tell=tell) as meter:

        def asked(network: Network) -> tuple[np.ndarray, np.ndarray | None]:
            model = load(network)
            p_covid = stability.asked(partial(model.p_covid, advance=meter.advance), squares)
            return p_covid, model.maps(squares, meter.advance) if network in mapped else None

        for network, (p_covid, maps) in zip(trained, opened.engine.each(asked, trained)):
            key = network.architecture, network.seed
            for query, p in zip(queries, p_covid.T):
                query.p_covid[key], query.changed[key] = float(p[0]), p[1:]
            for query, attended in zip(queries, maps if maps is not None else ()):
                query.maps[network.architecture] = np.rint(attended * 255).astype(np.uint8)


def _claim(folder: Path, names: list[str]) -> None:
    """Note which pictures the kit writes. Raises BadInput where one of these names is a file that it did not write."""
    known = read_json(folder / PICTURES, "The list of pictures", "name a new folder with --out") if (folder / PICTURES).exists() else []
    foreign = [name for name in names if (folder / name).exists() and name not in known]
    if foreign:
        what = f"Here lie {len(foreign)} files that this kit did not write, under the names of its pictures: {', '.join(foreign[:3])}."
        raise BadInput(what, folder, "name another folder with --out; nothing was changed")
    write_json(folder / PICTURES, sorted({*known, *names}))


def _open_all(paths: list[Path], facts: Facts, reference: Reference | None) -> tuple[list[Query], list[Unreadable]]:
    queries, unreadable = [], []
    for path in track(paths, "reading films", tell=mention):
        try:
            queries.append(open_film(path, facts.image_size, reference, facts.resize))
        except UnreadableImage as error:
            unreadable.append(Unreadable(str(path), f"{error.what} ({error.next})" if error.next else str(error.what)))
        except OSError as error:
            unreadable.append(Unreadable(str(path), error.strerror or str(error)))
    return queries, unreadable


def files(path: Path) -> list[Path]:
    """A file, or the files of a folder and of those in it."""
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]


def open_film(path: Path, size: int, reference: Reference | None = None, resize: str = "squish") -> Query:
    """A file as a Query of squares size x size, made as the run made its own. Raises UnreadableImage, OSError."""
    content = images.read_film(path)
    film = images.decode(path, content)
    query = query_of(path, film.grey, images.colour_of(film, content), list(film.doubts), size, reference, resize)
    query.sha256 = hashlib.sha256(content).hexdigest()  # of the bytes that were decoded, whatever the file holds by now
    return query


def query_of(path: Path, grey: Image.Image, colour: float, doubts: list[str], size: int, reference: Reference | None, resize: str) -> Query:
    """A decoded film, a PIL image of mode L, as a Query. colour: the share of its pixels that are coloured; doubts: of its header."""
    square, seen = images.square(grey, size, resize), images.seen(grey, resize)
    width = min(4 * PANEL, max(PANEL // 4, round(PANEL * seen.width / seen.height)))
    if reference is not None:
        doubts = doubts + reference.doubts(square, grey.width, grey.height, colour)
    return Query(path, square, seen.resize((width, PANEL), Image.Resampling.BILINEAR), doubts)


def _answer(query: Query, facts: Facts, reference: Reference | None) -> Answer:
    unstable = _unstable(query, facts, reference)
    doubts = query.doubts + unstable
    rows = []
    for architecture in dict.fromkeys(architecture for architecture, _ in query.p_covid):
        own = {key: p for key, p in query.p_covid.items() if key[0] == architecture}
        rows.append(OfNetwork(architecture, [seed for _, seed in own], _probability(own, facts), _called(own, facts)))
    return Answer(
        file=str(query.path),
        sha256=query.sha256,
        called=_called(query.p_covid, facts),
        outside=bool(doubts) or (None if reference is None else False),
        why_outside=doubts,
        stable=not unstable,
        ensemble=_probability(query.p_covid, facts),
        possible=_possible(facts.sets, float(_mean(query.p_covid)), bool(doubts)),
        networks=rows,
        attention="",
    )


def _called(p_covid: dict[Key, float], facts: Facts) -> str:
    return POSITIVE if _mean(p_covid) >= facts.threshold else NEGATIVE


def _possible(sets: PredictionSets | None, raw: float, outside: bool) -> PossibleClasses:
    """The film's set: its promise is for films like those of validation, so it is withheld from one that is outside."""
    held = None if sets is None or outside else sets.of(raw)
    if held is None or sets is None:
        return PossibleClasses(None, "no set: the film is outside" if outside else "no set", None)
    classes = {"both": ["COVID-19", "normal"], "none": []}.get(held, [held])
    return PossibleClasses(classes, set_words(held, sets.wanted), sets.wanted)


def _unstable(query: Query, facts: Facts, reference: Reference | None) -> list[str]:
    """Why the call of all networks together is not stable."""
    architectures, p = {architecture for architecture, _ in query.p_covid}, list(query.p_covid.values())
    spread = reference.spreads.get(stability.ALL if len(architectures) > 1 else min(architectures)) if reference else None
    if spread is not None:
        spread = max(spread, max(p) - min(p))
    together, _ = _usable(facts.temperature(query.p_covid))
    moves = stability.Moves.of([_mean(query.p_covid)], _mean(query.changed)[:, None], facts.threshold, spread)
    return moves.doubts(lambda raw: _calibrated(raw, together))


def _mean(of_networks: dict[Key, Any]) -> Any:
    """The mean over architectures of their mean over seeds, of numbers or of arrays."""
    by_architecture: dict[str, list[Any]] = {}
    for (architecture, _), values in of_networks.items():
        by_architecture.setdefault(architecture, []).append(values)
    return np.mean([np.mean(values, axis=0) for values in by_architecture.values()], axis=0)


def _probability(p_covid: dict[Key, float], facts: Facts) -> Probability:
    """The range is on the scale of the probability itself, which so lies within it."""
    mean = float(_mean(p_covid))
    found, reason = _usable(facts.temperature(p_covid))
    singles = [_calibrated(p, found) for p in p_covid.values()]
    calibrated = _calibrated(mean, found)
    return Probability(
        p_covid=calibrated,
        calibrated=found is not None,
        why_not_calibrated=reason,
        temperature=found.value if found else None,
        fitted_on=found.fitted_on if found else "",
        note=temperature_note(found.value, found.fitted_on, mean, calibrated) if found else "",
        raw=mean,
        low=min(singles),
        high=max(singles),
        networks=len(p_covid),
    )


def _calibrated(raw: float, temperature: Temperature | None) -> float:
    return float(tempered(raw, temperature.value)) if temperature else raw


def _usable(temperature: Temperature | None) -> tuple[Temperature | None, str]:
    """The temperature, or None and why there is none."""
    if temperature is None:
        return None, "the run fitted no temperature for these networks"
    if not temperature.found:
        return None, "validation gave no temperature: its films were told apart perfectly, or not at all"
    return temperature, ""
