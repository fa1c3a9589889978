"""What a published chest model says of the films: torchxrayvision's DenseNets, asked as they are (pip install '.[published]').

Cohen et al. 2022, "TorchXRayVision: A library of chest X-ray datasets and models", MIDL, https://arxiv.org/abs/2111.00595;
the package's licence is Apache 2.0. Such a model sees lungs, so that it is no baseline which any rule of the verdict reads. It
was trained on other hospitals' films for other findings, by people who never saw these: what it separates was not learned
here, and what it does not may be COVID-19's, or the collection's, own.

The score of a film is declared beforehand and fitted on nothing: the greatest of FINDINGS' outputs, each relative to its
operating point, as the package itself gives them. Films are seen as its authors' were: the centre square, 224 pixels,
-1024 to 1024; here by way of bytes, and scaled by Pillow instead of scikit-image.
"""

import io
import math
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.special import expit
from torch import nn

from cxrkit.audit import module_files, probes
from cxrkit.audit.films import Films
from cxrkit.errors import BadInput, CxrkitError, require
from cxrkit.files import reading, sha256_of
from cxrkit.progress import Meter
from cxrkit.schema import PublishedRow
from cxrkit.training import states

PACKAGE = "torchxrayvision"
DEFAULT = "densenet121-res224-all"
FINDINGS = ("Pneumonia", "Consolidation", "Lung Opacity", "Infiltration")
"""What a radiologist would call COVID-19's signs, of the model's outputs; one that lacks some goes by the others."""
CREDIT = "Cohen et al. 2022, MIDL, arXiv 2111.00595; Apache 2.0"
BATCH = 32
KNOWN_SHA256 = {DEFAULT: "56524913dd16a906422e8d8b66a7a5c46be1d82eb7ac012d8103776f1aa68899"}
"""Of the published files, as several public projects state it; the package itself names none, and the file was not at hand."""

SETS = {
    "nih": ("NIH ChestX-ray14", r"\bnih\b|chestx-?ray"),
    "google": ("NIH ChestX-ray14", r"\bnih\b|chestx-?ray"),
    "kaggle": ("RSNA's challenge, of NIH films", r"\brsna\b|\bnih\b|chestx-?ray"),
    "pc": ("PadChest", r"padchest"),
    "chex": ("CheXpert", r"chexpert"),
    "mimic_ch": ("MIMIC-CXR", r"mimic"),
    "mimic_nb": ("MIMIC-CXR", r"mimic"),
    "openi": ("OpenI", r"\bopen-?i\b|indiana"),
}
"""{word in the name of a published file: (the set it was trained on, what tells a film of it in a record)}."""


@dataclass(frozen=True)
class Published:
    """A published model. labels: of its outputs, empty where it has none; thresholds: their operating points, probabilities;
    network: function from grey squares, uint8 [n, 224, 224], and a device to n x k outputs before the sigmoid; file: its name,
    by which `trained_on`, keys of SETS, is known."""

    name: str
    labels: tuple[str, ...]
    thresholds: tuple[float, ...]
    network: Callable[[np.ndarray, str], np.ndarray]
    file: str
    sha256: str
    trained_on: tuple[str, ...] = ()
    version: str = ""

    @property
    def findings(self) -> list[str]:
        return [finding for finding in FINDINGS if finding in self.labels]

    def row(self, name: str, films: Films, images: np.ndarray, device: str) -> PublishedRow:
        """What it says of films. name: of these; images: their squares, uint8 [n, 224, 224], cropped."""
        with Meter(f"{self.name} on {name}", len(images)) as meter:
            outputs = []
            for start in range(0, len(images), BATCH):
                outputs.append(self.network(images[start : start + BATCH], device))
                meter.advance(len(outputs[-1]))
        area = probes.area(films.is_covid, score(np.concatenate(outputs), self), films.groups)
        seen, count = overlap(films, self.trained_on)
        known = KNOWN_SHA256.get(self.name)
        return PublishedRow(
            model=f"{PACKAGE} {self.name}",
            films=name,
            area=area,
            findings=self.findings,
            seen=seen,
            n_seen=count,
            file=self.file,
            sha256=self.sha256,
            as_published=None if known is None else self.sha256 == known,
            version=self.version,
            credit=CREDIT,
        )


def score(outputs: np.ndarray, model: Published) -> np.ndarray:
    """n scores, 0 to 1, of n x k outputs before the sigmoid: the greatest of the findings', each 0.5 at its operating point."""
    places = [model.labels.index(finding) for finding in model.findings]
    p, points = expit(np.asarray(outputs, float)[:, places]), np.array(model.thresholds)[places]
    return np.where(p < points, p / (2 * points), 1 - (1 - p) / (2 * (1 - points))).max(1)


def overlap(films: Films, trained_on: tuple[str, ...]) -> tuple[list[str], int]:
    """(sets of the model's training that films here say they are of, how many such films): these it may have learned from."""
    told = [" ".join((each.source, each.credit, each.licence, each.case_url, each.image_url)).lower() for each in films.records]
    found = {place: SETS[place] for place in trained_on}
    seen = dict.fromkeys(title for title, words in found.values() if any(re.search(words, text) for text in told))
    return list(seen), sum(any(re.search(words, text) for _, words in found.values()) for text in told)


def load(place: str = "") -> Published:
    """The model in a file, in a folder that holds densenet121-res224-all's, or, of an empty text, in the package's own cache.

    Which of the package's models a file holds is told by its name, another name means densenet121-res224-all. Nothing is
    fetched. Raises WrongUse where the package is not installed, BadInput for what is no such file.
    """
    require(PACKAGE)
    with warnings.catch_warnings():  # it silences all warnings of the process
        xrv = import_module(PACKAGE)
    table = {name: facts for name, facts in xrv.models.model_urls.items() if name.startswith("densenet121-res224-")}
    file_of = {name: facts["weights_url"].rpartition("/")[2] for name, facts in table.items()}
    path = Path(place or xrv.utils.get_cache_dir()).expanduser()
    path = path if place and not path.is_dir() else path / file_of[DEFAULT]
    name = next((name for name, file in file_of.items() if file == path.name), DEFAULT)
    facts = table[name]
    get = f"fetch {facts['weights_url']} and name the file: --published FILE"
    network = xrv.models.DenseNet(num_classes=len(facts["labels"]))
    classes = [getattr(xrv.models, each) for each in ("DenseNet", "_DenseBlock", "_DenseLayer", "_Transition")]
    state = _state(path, classes, get)
    state.pop("op_threshs", None)  # the table's are taken
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        what = f"The weights are another network's than {name}'s: {' '.join(str(error).split())[:100]}"
        raise BadInput(what, path, get) from error
    trained_on = tuple(each for each in SETS if each in file_of[name].partition("-densenet121")[0].split("-"))
    return Published(
        name=name,
        labels=tuple(facts["labels"]),
        thresholds=tuple(float(each) if not math.isnan(each) else 0.5 for each in facts["op_threshs"]),
        network=_asked(network.float().eval()),
        file=path.name,
        sha256=sha256_of(path),
        trained_on=trained_on,
        version=xrv.__version__,
    )


def _asked(network: nn.Module) -> Callable[[np.ndarray, str], np.ndarray]:
    @torch.no_grad()
    def ask(images: np.ndarray, device: str) -> np.ndarray:
        films = torch.as_tensor(np.ascontiguousarray(images)).to(device)[:, None].float()
        return network.to(device)((2 * films / 255 - 1) * 1024).cpu().numpy()

    return ask


LAYERS = (nn.Sequential, nn.Conv2d, nn.BatchNorm2d, nn.ReLU, nn.MaxPool2d, nn.AvgPool2d, nn.Linear)


MOST_BYTES = 500_000_000
"""Of a file, which is read whole; the package's DenseNets have 28 MB."""


def _state(path: Path, classes: list[Any], next: str) -> dict[str, torch.Tensor]:
    """The state dict in a file: one of tensors, or a whole network of these classes and LAYERS. Raises BadInput."""
    absent = f"{next}; nothing is fetched unasked"
    with reading(path, "The file of the published chest model", next, absent):
        if path.stat().st_size > MOST_BYTES:
            raise BadInput(f"The file is larger than {MOST_BYTES // 10**6} MB, so it is none of the package's models.", path, next)
        content = path.read_bytes()
    try:
        return states.read(content, path, next)
    except CxrkitError:  # no file of tensors alone
        pass
    try:
        if content.startswith(module_files.BEGINS):
            return module_files.read(content)
        with torch.serialization.safe_globals([*classes, *LAYERS]):
            found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        return found.state_dict()
    except (*states.FAULTS, *module_files.FAULTS) as error:
        raise BadInput(f"The weights cannot be read: {' '.join(str(error).split())[:120] or type(error).__name__}", path, next) from error
