"""onnxruntime as an engine: the graphs of an exported folder, on processors, without torch."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from cxrkit.errors import BadInput
from cxrkit.inference.engine import Advance, by_batches, unheard
from cxrkit.inference.exported import FEATURES, FILMS, LATE, MAP, P_COVID, REMEDY, Export, ExportedNetwork, GraphFile
from cxrkit.results import Network

ERRORS_ONLY = 3
"""onnxruntime's own messages from this severity on."""


class OnnxNetwork:
    """A Respondent. Raises BadInput for graphs that are not those that were exported."""

    def __init__(self, folder: Path, exported: ExportedNetwork):
        self._network = session(folder, exported.network)
        self._map = session(folder, exported.map) if exported.map else None

    def p_covid(self, squares: np.ndarray, advance: Advance = unheard) -> np.ndarray:
        return by_batches(lambda part: self._asked(P_COVID, part), squares, advance).astype(float)

    def features(self, squares: np.ndarray) -> np.ndarray:
        return by_batches(lambda part: self._asked(FEATURES, part), squares, unheard).astype(float)

    def maps(self, squares: np.ndarray, advance: Advance = unheard) -> np.ndarray | None:
        if self._map is None:
            return None
        ask = self._map
        return by_batches(lambda film: ask.run([MAP], {LATE: self._asked(LATE, film)})[0], squares, advance, batch=1)

    def _asked(self, output: str, squares: np.ndarray) -> np.ndarray:
        return self._network.run([output], {FILMS: squares})[0]


class OnnxEngine:
    """An Engine of one exported folder."""

    def __init__(self, folder: Path, export: Export):
        self.folder, self._networks = folder, {(each.architecture, each.seed): each for each in export.networks}
        worst = f"{export.compared.p_covid:.1g} on {export.compared.films} films"
        self.told = f"onnxruntime {onnxruntime.__version__}, exported by cxrkit {export.cxrkit}; p differed from torch's by at most {worst}"

    def load(self, network: Network) -> OnnxNetwork:
        return OnnxNetwork(self.folder, self._networks[network.architecture, network.seed])

    def each(self, function: Callable[[Network], Any], networks: Iterable[Network]) -> Iterator[Any]:
        return map(function, networks)  # onnxruntime itself takes all processors for one network


def session(folder: Path, graph: GraphFile) -> onnxruntime.InferenceSession:
    """A graph ready to run, made of the very bytes that were hashed. Raises BadInput."""
    path = folder / graph.name
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"A network of the exported folder cannot be read: {error.strerror or error}.", path, REMEDY) from error
    if hashlib.sha256(content).hexdigest() != graph.sha256:
        raise BadInput("The network is not the one that was exported: its SHA-256 differs.", path, REMEDY)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = ERRORS_ONLY
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own, of which each kind of fault has one
        raise BadInput(f"onnxruntime cannot load the network: {str(error).splitlines()[0][:150]}", path, REMEDY) from error
