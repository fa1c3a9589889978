"""Out-of-distribution check: is a picture one that the networks can have an opinion on?

A network answers whatever it is asked. So a run leaves reference.json, a page of numbers on its training films
without any film in it, and a picture that does not fit them is marked before its probability is read. Five looks:

- the file: nearly no contrast, colour, proportions or few pixels that no training film has;
- even borders all round, or on two opposite sides (audit/borders.py);
- a 16 x 16 thumbnail's distance from the training films of the nearest class: Mahalanobis' under probabilistic PCA
  (Tipping and Bishop 1999, J. R. Stat. Soc. B 61:611; as a detector: Lee et al. 2018, arXiv 1807.03888);
- sharpness and framing, for a film that only lost something (audit/quality.py);
- a regression that tells training films from the same films turned, upside down, inverted, halved or doubled, which the
  distance alone lets through (altered pictures as the other class: Golan and El-Yaniv 2018, arXiv 1805.10917).

Distance, sharpness and framing have one limit together, an ellipsoid: a film that is a little unlike in one of them passes,
one that is so in two does not. How much the looks at the picture see depends on how alike the training films are. Percent of
160 films of NIH (135 patients; 95 % intervals of the first row up to 6 points wide) that are marked, by training films:

    marked                      CoronaHack, 974     with ieee8023, 1,029    with ieee8023, 1,460
                                at 224 pixels       at 64                   at 128, `paper`
    as they are                   9 [5, 15]           4 [2, 9]                2 [1, 7]
    in a border of a fifth      100                 100                     100
    blurred by a 40th, an 80th  100, 100             43, 7                  100, 57
    middle 40, 50, 60 %          97, 89, 51          94, 82, 49              19, 8, 9
    half a chest, inverted       96, 100             93, 100                 94, 100
    on its side                 100                 100                      96
    a quarter of the pixels       8                   4                       2

With ACCEPTED at .99, ELSEWHERE at 1.1 and no look at borders, the last two columns had 17 and 69 % of the black borders, 54 and 49
% of the grey ones, 74 and 7 % of the middle halves, and 4 and 2 % of the films as they are. The two were chosen on the films of
this table, WHOLE and quality.MACHINES on half of them and on some of ieee8023. Of 94 films of ieee8023 (58 patients) that
CoronaHack lacks its reference marks 3 (3 % [1, 11]). Training films of COVID-19 that show the middle of the chest alone, as merged
collections have them, hide such crops (right column), and a film of 256 pixels has lost nothing that a network would see at these
sizes.

What passes is no proof of a chest film: a thumbnail holds no detail, and a drawing of a chest passes.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from cxrkit.audit import borders, probes, quality
from cxrkit.audit.borders import Borders
from cxrkit.audit.films import Films
from cxrkit.audit.quality import FRAMING, SHARPNESS, SIDE, Quality, Range, contrasted, standardised
from cxrkit.data.manifest import Manifest
from cxrkit.data.pixels import Pixels
from cxrkit.data.records import LABELS
from cxrkit.evaluation import metrics
from cxrkit.evaluation.metrics import Figure
from cxrkit.files import read_json, reading, write_text

FILE = "reference.json"
VERSION = 4
"""1 knew neither sharpness nor framing, nor how far the seeds lie apart; 2 had a limit for each of the measures; 3 knew no borders."""
ACCEPTED = 0.95
"""Share of the training films of each class, each measured by films of other patients, by which the limit of all measures is set: not
the last hundredth, which in merged collections are odd pictures, and made the limit so wide that half of a chest passed."""
ELSEWHERE = 1.2
"""Factor by which the limit is widened beyond ACCEPTED, for films of other hospitals lie farther away, and no training film tells by how much."""
WHOLE = -1.0
"""The least log odds, by the regression, of a film that is whole and hangs as it should."""
MOST_COMPONENTS, FILMS_A_COMPONENT = 16, 12
FEWEST_FILMS, FEWEST_PATIENTS = 30, probes.FEWEST_PATIENTS
"""Of a class, to be described by itself; where a class has fewer, all films are described together."""
LEAST_CONTRAST = 4
"""Grey levels, of 255, that a picture must spread over."""
MOST_COLOUR = 0.1
"""Share of coloured pixels; a film with coloured arrows has less."""
AT_ONCE = 512
"""Films in memory."""
ENDS = [0.005, 0.995]
"""Quantiles of the training films' proportions and pixels."""
SLACK = 1.25
"""Factor by which proportions may lie outside the training films'."""


@dataclass(frozen=True)
class Cloud:
    """Thumbnails of one kind of film, as probabilistic PCA describes them.

    mean: SIDE**2 numbers; components: k x SIDE**2; variances: k; noise: variance of what the components leave;
    limit: the squared distance of films that are accepted where they fit in all else.
    """

    label: str
    n: int
    mean: np.ndarray
    components: np.ndarray
    variances: np.ndarray
    noise: float
    limit: float = 1.0

    @classmethod
    def around(cls, label: str, thumbs: np.ndarray) -> "Cloud":
        """The cloud of n thumbnails, n x SIDE**2."""
        components = max(1, min(MOST_COMPONENTS, len(thumbs) // FILMS_A_COMPONENT))
        fitted = PCA(components, svd_solver="full").fit(thumbs)
        noise = max(float(fitted.noise_variance_), 1e-9)
        return cls(label, len(thumbs), fitted.mean_, fitted.components_, np.maximum(fitted.explained_variance_, noise), noise)

    def distances(self, thumbs: np.ndarray) -> np.ndarray:
        """Squared Mahalanobis distances of n thumbnails."""
        centred = thumbs - self.mean
        along = centred @ self.components.T
        rest = np.maximum((centred**2).sum(1) - (along**2).sum(1), 0)
        return (along**2 / self.variances).sum(1) + rest / self.noise


@dataclass(frozen=True)
class Reference:
    """The training films in numbers. upright: SIDE**2 weights and a constant; proportions: width / height, least and greatest;
    pixels: of the shorter side, the least; 0 where no file's size is known. borders: the widest that are accepted.

    spreads: how far the seeds of each network, and those of ALL together, lie apart (audit/stability.py); a network of one
    seed has none.
    """

    clouds: list[Cloud]
    upright: np.ndarray
    proportions: list[float]
    pixels: float
    quality: Quality
    borders: Borders
    spreads: dict[str, float]

    def measures(self, images: np.ndarray) -> np.ndarray:
        """How grey squares, uint8 [n, size, size], lie to the films of the class that they fit best: [3, n], their distance, and their
        places in the ranges of sharpness and framing (Range.place). Each alone is within the limit up to 1, all are up to
        a sum of squares of 1."""
        thumbs = contrasted(images)
        distances = np.sqrt([cloud.distances(thumbs) / cloud.limit for cloud in self.clouds])
        of_class = np.concatenate([distances[:, None], self.quality.places(images)], axis=1)
        return np.take_along_axis(of_class, (of_class**2).sum(1).argmin(0)[None, None], axis=0)[0]

    def lies_upright(self, images: np.ndarray) -> np.ndarray:
        """n booleans: whether squares look like whole films as they hang, not turned, upside down, inverted, halved or doubled."""
        return contrasted(images) @ self.upright[:-1] + self.upright[-1] >= WHOLE

    def share_outside(self, films: Films) -> Figure:
        """The share of films, whose squares are there, that `doubts` has a word against. Of their colour nothing is known."""
        marked = [bool(self.doubts(image, film.width, film.height)) for image, film in zip(films.images, films.records)]
        return metrics.proportion(sum(marked), len(marked), metrics.effective_n(films.groups))

    def doubts(self, image: np.ndarray, width: int | None, height: int | None, colour: float = 0.0) -> list[str]:
        """Why a picture is outside what the networks have seen, sentences; an empty list where nothing is wrong.

        image: the grey square, uint8 [size, size]; width, height: of the file, in pixels, None where they are not known;
        colour: see images.colour_share.
        """
        doubts = []
        if image.std() < LEAST_CONTRAST:
            return ["it has nearly no contrast"]
        if colour > MOST_COLOUR:
            doubts.append(f"it is in colour ({100 * colour:.0f} % of its pixels)")
        least, greatest = self.proportions
        if width and height and not least <= width / height <= greatest:
            doubts.append(
                f"its width is {width / height:.2f} of its height; the training films' lies between {least:.2f} and {greatest:.2f}"
            )
        if width and height and min(width, height) < self.pixels:  # more pixels than theirs are no loss
            doubts.append(f"it has {min(width, height)} pixels on its shorter side; the training films have at least {self.pixels:g}")
        doubts += self.borders.doubts(image)
        if not self.lies_upright(image[None])[0]:
            doubts.append("it lies turned, upside down or inverted, shows half a chest or two, or is no frontal chest film")
        measures = self.measures(image[None])[:, 0]
        whole = float(np.sqrt((measures**2).sum()))
        if whole > 1:
            times, most = ELSEWHERE * whole, 100 * ACCEPTED
            distance = f"it is unlike the training films: in all, {times:.2f} times as far from them as {most:g} % of them are"
            named = zip(measures, ((distance, distance), SHARPNESS, FRAMING))
            doubts += [words[int(place > 0)] for place, words in named if place**2 > 1 / 3]  # one at least has its third of the limit
        return doubts


@dataclass(frozen=True)
class Description:
    """What reference.json holds.

    image_size: pixels a side of the squares; n, patients: of the training films; reference: None where `lacking` says why;
    held_out: {split: {label: share}}, the share of the films on which nothing was fitted that would be accepted.
    """

    image_size: int
    n: int
    patients: int
    reference: Reference | None
    held_out: dict[str, dict[str, Figure]]
    lacking: str = ""

    def as_json(self) -> dict[str, Any]:
        """Numbers of the reference with five digits, which are plenty."""
        head = {"version": VERSION, "image_size": self.image_size, "side": SIDE, "n": self.n, "patients": self.patients}
        if self.reference is None:
            return head | {"lacking": self.lacking}
        shares = {split: {label: asdict(share) for label, share in of_label.items()} for split, of_label in self.held_out.items()}
        return head | _plain(asdict(self.reference)) | {"held_out": shares}


def describe_training(pixels: Pixels, manifest: Manifest, folder: Path, spreads: dict[str, float] | None = None) -> Description:
    """Write reference.json from a manifest's training films into a results folder, and return what it says.

    spreads: as Reference has them. With too few films nothing is described, and the file says so.
    """
    train = [record for record in manifest.used if record.split == "train"]
    groups = np.array([manifest.groups[record.image_id] for record in train])
    size, patients = int(pixels.size), len(set(groups))
    if _enough(groups):
        reference = _described(train, pixels, groups, spreads or {})
        description = Description(size, len(train), patients, reference, _held_out(reference, pixels, manifest))
    else:
        needed = f"a description needs {FEWEST_FILMS} of {FEWEST_PATIENTS}"
        lacking = f"there are only {len(train)} training films of {patients} patients; {needed}"
        description = Description(size, len(train), patients, None, {}, lacking)
    write_text(folder / FILE, json.dumps(description.as_json()) + "\n")
    return description


def _enough(groups):
    return len(groups) >= FEWEST_FILMS and len(set(groups)) >= FEWEST_PATIENTS


def _described(records, pixels, groups, spreads):
    labels = np.array([record.label for record in records])
    if not all(_enough(groups[labels == label]) for label in LABELS):
        labels = np.full(len(labels), "")
    names = np.array([record.image_id for record in records])
    seen, places = quality.describe(lambda rows: pixels.of(names[rows]), labels, groups, ACCEPTED)
    portions = [names[start : start + AT_ONCE] for start in range(0, len(names), AT_ONCE)]
    thumbs = np.concatenate([contrasted(pixels.of(portion)) for portion in portions])
    known_borders = Borders.of(np.concatenate([borders.widths(pixels.of(portion)) for portion in portions], axis=1))
    clouds, wider = [], []
    for label in np.unique(labels):
        own = labels == label
        cloud, apart = _cloud(str(label), thumbs[own], groups[own])
        together = np.sqrt(apart / cloud.limit + (places[:, own] ** 2).sum(0))
        wider.append(ELSEWHERE * float(np.quantile(together, ACCEPTED)))
        clouds.append(replace(cloud, limit=cloud.limit * wider[-1] ** 2))
    ranges = [[known.wider(factor) for known, factor in zip(each, wider)] for each in (seen.sharpness, seen.framing)]
    seen = Quality(seen.zoom, *ranges)
    sizes = [(record.width, record.height) for record in records if record.width and record.height]
    least, greatest = np.quantile([width / height for width, height in sizes] or [1], ENDS)
    pixels = float(np.quantile([min(size) for size in sizes] or [0], ENDS[0]))
    proportions = [float(least / SLACK), float(greatest * SLACK)]
    return Reference(clouds, _upright(thumbs, labels), proportions, pixels, seen, known_borders, spreads)


def _cloud(label, thumbs, groups):
    """The Cloud of all thumbnails, and n squared distances to clouds of other patients' films, of which its limit holds ACCEPTED."""
    apart = np.zeros(len(thumbs))
    for rest, held in GroupKFold(min(probes.FOLDS, len(set(groups)))).split(thumbs, groups=groups):
        apart[held] = Cloud.around(label, thumbs[rest]).distances(thumbs[held])
    return replace(Cloud.around(label, thumbs), limit=float(np.quantile(apart, ACCEPTED))), apart


def _upright(thumbs, labels):
    """Weights and constant of a regression between films and altered ones; classes count alike."""
    squares, half = thumbs.reshape(-1, SIDE, SIDE), SIDE // 2
    narrow = squares.reshape(-1, SIDE, half, 2).mean(-1)
    altered = (
        *(squares[:, ::-1], np.rot90(squares, 1, (1, 2)), np.rot90(squares, 3, (1, 2)), -squares),
        *(np.repeat(side, 2, axis=2) for side in (squares[..., :half], squares[..., half:])),
        np.concatenate([narrow, narrow], axis=2),
    )
    seen = np.concatenate([thumbs, *(standardised(each) for each in altered)])
    is_film = np.repeat([True, False], [len(thumbs), len(altered) * len(thumbs)])
    counts = np.array([(labels == label).sum() for label in labels])  # each film's class, or all films where few are of one
    weights = np.tile(1 / counts, 1 + len(altered)) * np.where(is_film, 1, 1 / len(altered))
    fitted = LogisticRegression(C=0.01, max_iter=2000).fit(seen, is_film, sample_weight=weights / weights.mean())
    return np.append(fitted.coef_[0], fitted.intercept_[0])


def _held_out(reference: Reference, pixels: Pixels, manifest: Manifest) -> dict[str, dict[str, Figure]]:
    """{split: {label: share}} of the films on which nothing was fitted that would be accepted."""
    shares: dict[str, dict[str, Figure]] = {}
    for split in ("valid", "test"):
        for label in LABELS:
            films = [record for record in manifest.used if record.split == split and record.label == label]
            if films:
                accepted = [not reference.doubts(pixels.of([r.image_id])[0], r.width, r.height) for r in films]
                n_effective = metrics.effective_n([manifest.groups[record.image_id] for record in films])
                shares.setdefault(split, {})[label] = metrics.proportion(int(np.sum(accepted)), len(films), n_effective)
    return shares


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, np.ndarray):
        return [_plain(part) for part in value.tolist()]
    return float(f"{value:.5g}") if isinstance(value, float) else value


def load(results: Path) -> tuple[Reference | None, str]:
    """A results folder's Reference, or None and why there is none: (reference, reason). Raises BadInput for a broken file."""
    path = results / FILE
    if not path.exists():
        return None, "the run left no description of its training films"
    with reading(path, "The description of the training films", "restore the file from the run's output"):
        content = read_json(path, "The description of the training films", "restore the file from the run's output")
        if content.get("lacking"):
            return None, content["lacking"]
        if content["version"] != VERSION:
            what = f"the description of the training films is of version {content['version']}, and this kit reads version {VERSION}"
            return None, f"{what}; run the experiment again into the same folder, which keeps its trainings"
        arrays = ("mean", "components", "variances")
        clouds = [
            Cloud(**{key: np.array(part, float) if key in arrays else part for key, part in cloud.items()}) for cloud in content["clouds"]
        ]
        measured = content["quality"]
        ranges = [[Range(**known) for known in measured[name]] for name in ("sharpness", "framing")]
        seen = Quality(np.array(measured["zoom"], float), *ranges)
        reference = Reference(
            clouds,
            np.array(content["upright"], float),
            content["proportions"],
            content["pixels"],
            seen,
            Borders(**content["borders"]),
            content["spreads"],
        )
        reference.doubts(np.arange(SIDE * SIDE, dtype=np.uint8).reshape(SIDE, SIDE), 1, 1)
        return reference, ""
