"""An exported folder: a run's networks as ONNX and all that an answer needs beside them, typed, and checked by hash.

    export.json                    the Export
    ARCHITECTURE-seedN.onnx        films -> p_covid, features, late (graphs.py)
    ARCHITECTURE-seedN-map.onnx    late -> map; absent where the network's gradient has no ONNX
    reference.json                 the training films in numbers, for the outlier check; absent where the run has none

No file of it is a pickle, and none holds a film.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from cxrkit.audit.reference import FILE as REFERENCE
from cxrkit.errors import BadInput
from cxrkit.files import read_json
from cxrkit.inference.facts import Facts
from cxrkit.results import Network, read_typed

FILE = "export.json"
FORMAT = 1
FILMS, P_COVID, FEATURES, LATE, MAP = "films", "p_covid", "features", "late", "map"
"""Inputs and outputs of the graphs."""
REMEDY = "export the run again: python -m cxrkit export RUN"
PLAIN = re.compile(r"\w[\w.-]*")
"""Names of files that lead to no other folder."""


@dataclass(frozen=True)
class GraphFile:
    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class ExportedNetwork:
    """map: None where there is none, and `why_no_map` says why."""

    architecture: str
    seed: int
    network: GraphFile
    map: GraphFile | None
    why_no_map: str = ""


@dataclass(frozen=True)
class Compared:
    """The largest differences between torch's answers and onnxruntime's, over all networks, on so many films.

    p_covid: of probabilities; features: as a share of the largest feature; maps: from 0 to 1 at a map's peak, None without any map.
    """

    films: int
    p_covid: float
    features: float
    maps: float | None


@dataclass(frozen=True)
class Export:
    """export.json. schema: that of the results it was made of; cxrkit: the version that made it; made: date and time, UTC;
    versions: of what made the graphs; classes: the labels, p_covid being that of the first; lacking: why there is no reference."""

    format: int
    schema: int
    cxrkit: str
    made: str
    opset: int
    versions: dict[str, str]
    classes: list[str]
    facts: Facts
    networks: list[ExportedNetwork]
    reference: GraphFile | None
    lacking: str
    compared: Compared

    @property
    def files(self) -> list[GraphFile]:
        """All but export.json."""
        graphs = [graph for each in self.networks for graph in (each.network, each.map) if graph]
        return graphs + ([self.reference] if self.reference else [])

    @property
    def unmapped(self) -> list[str]:
        """Sentences on the networks that have no map here."""
        told = "No attention map of {} in this folder: {}. Its answers are whole; the map needs torch and the run's own results folder."
        return list(dict.fromkeys(told.format(each.architecture, each.why_no_map) for each in self.networks if each.why_no_map))

    def trained(self, folder: Path) -> list[Network]:
        return [Network(each.architecture, each.seed, folder / each.network.name) for each in self.networks]


def is_exported(folder: Path | str) -> bool:
    return (Path(folder) / FILE).is_file()


def read(folder: Path) -> Export:
    """The Export of a folder, all of whose files are there in their size; the small one is hashed, a network's where it is loaded.

    Raises BadInput.
    """
    path = folder / FILE
    found = read_json(path, "The list of the exported folder", REMEDY, keys=("format",))["format"]
    if found != FORMAT:
        raise BadInput(f"The exported folder is of format {found}; this kit reads format {FORMAT}.", path, REMEDY)
    export = read_typed(Export, path, REMEDY)
    for graph in export.files:
        place = folder / graph.name
        if not PLAIN.fullmatch(graph.name):
            raise BadInput(f"The exported folder names a file that does not lie in it: {graph.name}.", path, REMEDY)
        if not place.is_file() or place.stat().st_size != graph.bytes:
            raise BadInput("The exported folder is not whole: a file of it is missing or has another size.", place, REMEDY)
    if export.reference and hashlib.sha256((folder / REFERENCE).read_bytes()).hexdigest() != export.reference.sha256:
        raise BadInput("The description of the training films is not the one that was exported.", folder / REFERENCE, REMEDY)
    if not export.networks:
        raise BadInput("The exported folder holds no network.", path, REMEDY)
    return export
