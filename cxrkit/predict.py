"""Inference on other films: what a finished run's networks say of them, from its results folder alone."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cxrkit import RESEARCH_ONLY, __version__, environment, panels
from cxrkit.answers import Answer, Answers, OfNetwork, PossibleClasses, Probability, Unreadable, set_words, sets_told
from cxrkit.audit import attention, inquiry, stability
from cxrkit.audit import reference as references
from cxrkit.audit.reference import Reference
from cxrkit.data import images
from cxrkit.data.records import NEGATIVE, POSITIVE
from cxrkit.errors import BadInput, UnreadableImage, WrongUse
from cxrkit.evaluation.calibration import tempered
from cxrkit.evaluation.conformal import PredictionSets
from cxrkit.evaluation.scoring import final_scores
from cxrkit.files import read_json, refuse_unwritable, write_json
from cxrkit.progress import Meter, mention, track
from cxrkit.results import Network, Results
from cxrkit.schema import VERSION, Metrics, Scaling, Score

PANEL = 256
"""Pixels; the height of each picture in an attention map."""
PICTURES = ".cxrkit-pictures.json"
"""The list of the pictures that were written into a folder, so that no other is ever written over."""
NO_TEMPERATURE = 0.06, 19.0
"""At these ends of the range nothing was found: the validation films were told apart perfectly, or not at all."""

Key = tuple[str, int]
"""A trained network: (architecture, seed)."""


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
    """A finished run, opened to be asked about films. sets: of all its networks together; lacking: why there is no reference, empty where there is one."""

    results: Results
    trained: list[Network]
    temperatures: dict[frozenset[Key], float]
    sets: PredictionSets | None
    reference: Reference | None
    lacking: str
    device: str

    @property
    def warnings(self) -> list[str]:
        """What must stand beside every probability, a sentence each."""
        return _warnings(self.results)

    def answer(self, query: Query) -> Answer:
        """What the run says of a film that its networks were asked about."""
        return _answer(query, self.temperatures, self.sets, self.results.experiment.threshold, self.reference)


def open_run(run: Path | str, device: str = "") -> OpenedRun:
    """A run by its results folder, or the folder around it: run.json, metrics.json and models/ are read, and reference.json and
    audits.json where they are there. Raises BadInput for a folder that is no finished run."""
    results = Results.open(run)
    trained = results.networks_on_disk()
    scores = scores_of(results.metrics)
    temperatures = {keys: _found(row.scaling) for keys, row in scores.items() if row.scaling}
    if not trained:
        raise BadInput("The run's networks are not here.", results.folder / "models", "bring models/ of the run's output")
    own = scores.get(frozenset((network.architecture, network.seed) for network in trained))
    sets = own.prediction_sets if own else None
    reference, lacking = references.load(results.folder)
    return OpenedRun(results, trained, temperatures, sets, reference, lacking, device or environment.choose_device().value)


def predict(run: Path | str, paths: list[Path], out: Path | None = None, device: str = "") -> Answers:
    """Ask a run's networks about films.

    run: see open_run. paths: files and folders. out: a folder for attention maps.
    Files that cannot be read are listed with the reason. Raises BadInput for a folder that is no finished run
    or whose pictures would take the names of somebody's files; WrongUse for an `out` that cannot be made or written to, DiskFull.
    """
    opened = open_run(run, device)
    experiment = opened.results.experiment
    if out:
        _make(out)
    queries, unreadable = _open_all(paths, experiment, opened.reference)
    if out:
        _claim(Path(out), [_name(query, number) for number, query in enumerate(queries, start=1)])
    if queries:
        ask(opened.trained, queries, opened.device, with_maps=out is not None)
    return Answers(
        warnings=opened.warnings,
        experiment=experiment.name,
        manifest_sha256=opened.results.info.manifest_sha256,
        films=[_drawn(query, opened.answer(query), number, out) for number, query in enumerate(queries, start=1)],
        unreadable=unreadable,
        out_of_distribution_checked=opened.reference is not None,
        why_not_checked=opened.lacking,
        sets=sets_told(opened.sets, opened.results.metrics.held_out),
        threshold=experiment.threshold,
        version=__version__,
        schema=VERSION,
    )


def _drawn(query: Query, answer: Answer, number: int, out: Path | None) -> Answer:
    """The answer with the path of its picture, where pictures are wanted."""
    if not out:
        return answer
    path = Path(out) / _name(query, number)
    attention.save(path, panels.picture(query.panel, query.maps, answer))
    return replace(answer, attention=str(path))


def _name(query: Query, number: int) -> str:
    """The name of a film's picture."""
    return f"{number:03d}-{re.sub(r'[^A-Za-z0-9_-]+', '-', query.path.stem)[:40]}.png"


def ask(
    trained: list[Network],
    queries: list[Query],
    device: str,
    with_maps: bool,
    load: Callable[[Network, str], Any] = inquiry.loaded,
    tell: Callable[[object], None] = mention,
) -> None:
    """Give the queries each network's probability, and where they are wanted the maps of the first network of each architecture.

    load: makes the trained network ready; tell: is told of the progress where it takes long.
    """
    squares = np.array([query.square for query in queries])
    mapped = list({network.architecture: network for network in reversed(trained)}.values()) if with_maps else []
    with Meter("asking networks", len(squares) * (len(trained) * (1 + len(stability.CHANGES)) + len(mapped)), tell=tell) as meter:

        def asked(network: Network) -> tuple[np.ndarray, np.ndarray | None]:
            model = load(network, device)
            p_covid = stability.asked(model, squares, device, meter)
            return p_covid, attention.maps(model, squares, device=device, advance=meter.advance) if network in mapped else None

        for network, (p_covid, maps) in zip(trained, inquiry.side_by_side(asked, trained, device)):
            key = network.architecture, network.seed
            for query, p in zip(queries, p_covid.T):
                query.p_covid[key], query.changed[key] = float(p[0]), p[1:]
            for query, attended in zip(queries, maps if maps is not None else ()):
                query.maps[network.architecture] = np.rint(attended * 255).astype(np.uint8)


def _make(folder: Path) -> None:
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WrongUse(f"The folder for the pictures cannot be made: {error.strerror}.", folder, "name another one with --out") from error
    refuse_unwritable(Path(folder) / PICTURES)


def _claim(folder: Path, names: list[str]) -> None:
    """Note which pictures the kit writes. Raises BadInput where one of these names is a file that it did not write."""
    known = read_json(folder / PICTURES, "The list of pictures", "name a new folder with --out") if (folder / PICTURES).exists() else []
    foreign = [name for name in names if (folder / name).exists() and name not in known]
    if foreign:
        what = f"Here lie {len(foreign)} files that this kit did not write, under the names of its pictures: {', '.join(foreign[:3])}."
        raise BadInput(what, folder, "name another folder with --out; nothing was changed")
    write_json(folder / PICTURES, sorted({*known, *names}))


def scores_of(metrics: Metrics) -> dict[frozenset[Key], Score]:
    """The Score of each network, of each ensemble over seeds, and of all together, by the networks that it is of."""
    singles = {(row.architecture, row.seeds[0]): row for row in final_scores(metrics)}
    return {frozenset([key]): row for key, row in singles.items()} | {
        frozenset(key for key in singles if key[0] in row.architectures): row for row in final_scores(metrics, "ensembles")
    }


def _found(scaling: Scaling) -> float:
    """Its temperature; an end of the range where validation alone gives none, and it rests on the prior."""
    return NO_TEMPERATURE[0] if scaling.rests_on_prior else scaling.temperature


def _open_all(paths, experiment, reference) -> tuple[list[Query], list[Unreadable]]:
    queries, unreadable = [], []
    for path in track([file for given in paths for file in _files(given)], "reading films", tell=mention):
        try:
            queries.append(open_film(path, experiment.image_size, reference, experiment.resize))
        except UnreadableImage as error:
            unreadable.append(Unreadable(str(path), f"{error.what} ({error.next})" if error.next else str(error.what)))
        except OSError as error:
            unreadable.append(Unreadable(str(path), error.strerror or str(error)))
    return queries, unreadable


def _files(path: Path) -> list[Path]:
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


def _answer(query: Query, temperatures, sets: PredictionSets | None, threshold: float, reference) -> Answer:
    unstable = _unstable(query, temperatures, threshold, reference)
    doubts = query.doubts + unstable
    rows = []
    for architecture in dict.fromkeys(architecture for architecture, _ in query.p_covid):
        own = {key: p for key, p in query.p_covid.items() if key[0] == architecture}
        rows.append(OfNetwork(architecture, [seed for _, seed in own], _probability(own, temperatures)))
    return Answer(
        file=str(query.path),
        sha256=query.sha256,
        called=POSITIVE if _mean(query.p_covid) >= threshold else NEGATIVE,
        outside=bool(doubts) or (None if reference is None else False),
        why_outside=doubts,
        stable=not unstable,
        ensemble=_probability(query.p_covid, temperatures),
        possible=_possible(sets, float(_mean(query.p_covid)), bool(doubts)),
        networks=rows,
        attention="",
    )


def _possible(sets: PredictionSets | None, raw: float, outside: bool) -> PossibleClasses:
    """The film's set: its promise is for films like those of validation, so it is withheld from one that is outside."""
    held = None if sets is None or outside else sets.of(raw)
    if held is None or sets is None:
        return PossibleClasses(None, "no set: the film is outside" if outside else "no set", None)
    classes = {"both": ["COVID-19", "normal"], "none": []}.get(held, [held])
    return PossibleClasses(classes, set_words(held, sets.wanted), sets.wanted)


def _unstable(query: Query, temperatures, threshold: float, reference: Reference | None) -> list[str]:
    """Why the call of all networks together is not stable."""
    architectures, p = {architecture for architecture, _ in query.p_covid}, list(query.p_covid.values())
    spread = reference.spreads.get(stability.ALL if len(architectures) > 1 else min(architectures)) if reference else None
    if spread is not None:
        spread = max(spread, max(p) - min(p))
    temperature, _ = _usable(temperatures.get(frozenset(query.p_covid)))
    moves = stability.Moves.of([_mean(query.p_covid)], _mean(query.changed)[:, None], threshold, spread)
    return moves.doubts(lambda raw: float(tempered(raw, temperature)) if temperature else raw)


def _mean(of_networks: dict[Key, Any]) -> Any:
    """The mean over architectures of their mean over seeds, of numbers or of arrays."""
    by_architecture: dict[str, list[Any]] = {}
    for (architecture, _), values in of_networks.items():
        by_architecture.setdefault(architecture, []).append(values)
    return np.mean([np.mean(values, axis=0) for values in by_architecture.values()], axis=0)


def _probability(p_covid: dict[Key, float], temperatures: dict[frozenset[Key], float]) -> Probability:
    """A network without a temperature counts as it is in the range."""
    mean = _mean(p_covid)
    temperature, reason = _usable(temperatures.get(frozenset(p_covid)))
    each = [(p, _usable(temperatures.get(frozenset([key])))[0]) for key, p in p_covid.items()]
    singles = [float(tempered(p, own)) if own else p for p, own in each]
    return Probability(
        p_covid=float(tempered(mean, temperature)) if temperature else float(mean),
        calibrated=temperature is not None,
        why_not_calibrated=reason,
        temperature=temperature,
        raw=float(mean),
        low=min(singles),
        high=max(singles),
        networks=len(p_covid),
    )


def _usable(temperature: float | None) -> tuple[float | None, str]:
    if temperature is None:
        return None, "the run fitted no temperature for these networks"
    if not NO_TEMPERATURE[0] < temperature < NO_TEMPERATURE[1]:
        return None, "validation gave no temperature: its films were told apart perfectly, or not at all"
    return temperature, ""


def _warnings(results: Results) -> list[str]:
    """What must stand beside every probability, a sentence each."""
    try:
        audited = results.audits
        audit = (
            f"The audit of this run says: {audited.verdict.paragraph}"
            if audited
            else "No audit of this run is here: whether its networks see disease at all was not looked into."
        )
    except BadInput:
        audit = "The audit of this run cannot be read."
    return [RESEARCH_ONLY, *(warning.sentence for warning in results.warnings), audit]
