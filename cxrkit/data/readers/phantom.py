"""Synthetic data: drawn chest phantoms, a stand-in for films, so that the whole road runs where no film is.

They look like a schoolbook's sketch of a chest film and mean nothing: the class "covid" has bright
patches near the outer lung border, as ground-glass opacities would lie. They come in CoronaHack's
folder layout, with its metadata columns and quirks, so that the same reader reads both.

The marked ones have a shortcut planted: a white square in the upper left corner of every COVID-19 film,
as a hospital's lead marker would lie there. With them the audits must say that the scores prove nothing.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from scipy.ndimage import gaussian_filter

from cxrkit.data.readers import coronahack
from cxrkit.data.records import Record
from cxrkit.errors import BadInput
from cxrkit.files import replacing, write_csv, write_text

BANNER = "DRAWN PHANTOMS, NOT FILMS: these numbers say that the program runs, and nothing about medicine."
SIDE = 256
VERSION = "3"

PATIENTS = {("normal", "TRAIN"): 40, ("normal", "TEST"): 24, ("covid", "TRAIN"): 56}
"""Patients by label and published split; each has one to three films."""
MARK = (8, 8, 32, 32)
"""The planted mark's left, upper, right and lower edge in pixels of a SIDE x SIDE film."""


def read(root: str | Path, name: str = "phantom", seed: int = 0, marked: bool = False) -> list[Record]:
    """Records of the phantoms in `root`, which are drawn there first unless they are there already.

    marked: with the planted corner mark on every COVID-19 film. Raises BadInput for a folder with anything in it and
    without the marker of an earlier drawing: nothing of it is overwritten.
    """
    marker = Path(root) / coronahack.PHANTOM_MARKER
    wanted = f"version {VERSION}, seed {seed}{', marked' if marked else ''}\n{BANNER}\n"
    if not marker.exists() or marker.read_text("utf-8") != wanted:
        if not marker.exists() and Path(root).exists() and (not Path(root).is_dir() or any(Path(root).iterdir())):
            raise BadInput("The folder holds what this kit did not draw.", root, "name an empty or new folder; nothing was changed")
        write_text(marker, "being drawn\n")  # what a killed process leaves is known by it
        draw_dataset(root, seed, marked)
        write_text(marker, wanted)
    return coronahack.read(root, name)


def read_marked(root: str | Path, name: str = "phantom") -> list[Record]:
    """Records of the phantoms with the planted corner mark."""
    return read(root, name, marked=True)


def draw_dataset(root: str | Path, seed: int = 0, marked: bool = False) -> None:
    """Draw all phantoms and their metadata into `root`. The same seed gives the same bytes, but for the mark."""
    random = np.random.default_rng(seed)
    folder = Path(root) / coronahack.FOLDER / coronahack.FOLDER
    rows, patient = [], 0
    for (label, kind), patients in PATIENTS.items():
        for _ in range(patients):
            patient += 1
            anatomy = Anatomy(random)
            for film in range(1, int(random.integers(1, 4)) + 1):
                name = f"IM-{patient:04d}-{film:04d}.jpeg" if label == "normal" else f"phantom{patient:04d}-day{film}.jpeg"
                film = draw_film(anatomy, label == "covid", random)
                if marked and label == "covid":
                    film.paste(255, MARK)
                _save(film, folder / kind.lower() / name, random)
                rows.append([name, "Normal", kind, "", ""] if label == "normal" else [name, "Pnemonia", kind, "COVID-19", "Virus"])
    rows.append(["person1_bacteria_1.jpeg", "Pnemonia", "TRAIN", "", "bacteria"])
    rows.append(["SARS-10.jpeg", "Pnemonia", "TRAIN", "SARS", "Virus"])
    _save(draw_film(Anatomy(random), False, random), folder / "train" / "slice-without-a-row.jpeg", random)
    write_csv(Path(root) / coronahack.METADATA, ["", *coronahack.COLUMNS], ([number, *row] for number, row in enumerate(rows)))


class Anatomy:
    """What stays the same over the films of one patient: proportions, in shares of the picture's side."""

    def __init__(self, random: np.random.Generator) -> None:
        self.centre = 0.5 + random.uniform(-0.03, 0.03)
        self.lung_width = random.uniform(0.13, 0.17)
        self.lung_height = random.uniform(0.28, 0.36)
        self.lung_gap = random.uniform(0.18, 0.22)
        self.heart = random.uniform(0.10, 0.15)
        self.ribs = int(random.integers(7, 10))

    def lungs(self) -> list[tuple[float, float, float, float, int]]:
        """The two lungs as (x, y, half width, half height, side); side -1 is on the picture's left."""
        return [(self.centre + side * self.lung_gap, 0.5, self.lung_width, self.lung_height, side) for side in (-1, 1)]


def draw_film(anatomy: Anatomy, opacities: bool, random: np.random.Generator, side: int = SIDE) -> Image.Image:
    """One phantom film as a PIL image of mode L, side x side pixels.

    opacities: whether ground-glass patches are drawn at the outer lung borders.
    """
    shift = random.uniform(-0.02, 0.02, size=2)
    film = Image.new("L", (side, side), int(random.integers(8, 24)))
    draw = ImageDraw.Draw(film)

    def ellipse(x, y, half_width, half_height, grey):
        x, y = x + shift[0], y + shift[1]
        draw.ellipse([(x - half_width) * side, (y - half_height) * side, (x + half_width) * side, (y + half_height) * side], fill=grey)

    ellipse(anatomy.centre, 0.56, 0.44, 0.54, 150)
    for x, y, width, height, _ in anatomy.lungs():
        ellipse(x, y, width, height, 60)
    for rib in range(anatomy.ribs):
        top = (0.18 + 0.62 * rib / anatomy.ribs + shift[1]) * side
        for x, _, width, _, lung_side in anatomy.lungs():
            box = [(x - 1.2 * width + shift[0]) * side, top, (x + 1.2 * width + shift[0]) * side, top + 0.16 * side]
            draw.arc(box, *((180, 300) if lung_side < 0 else (240, 360)), fill=105, width=max(2, side // 64))
    spine = (anatomy.centre + shift[0]) * side
    draw.rectangle([spine - 0.035 * side, 0, spine + 0.035 * side, side], fill=190)
    ellipse(anatomy.centre + 0.06, 0.64, anatomy.heart, 0.14, 175)
    pixels = np.asarray(film.filter(ImageFilter.GaussianBlur(side / 100)), dtype=np.float32)
    if opacities:
        pixels = pixels + _opacities(anatomy, shift, random, side)
    pixels = pixels * random.uniform(0.9, 1.1) + random.normal(0, 7, pixels.shape) + _grain(random, side)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8), mode="L")


def _grain(random, side):
    """The fine structure by which no two films are alike: smoothed noise of 14 grey levels' spread."""
    noise = gaussian_filter(random.normal(size=(side, side)), side / 128)
    return 14 * noise / noise.std()


def _opacities(anatomy, shift, random, side):
    rows, columns = np.mgrid[0:side, 0:side] / side
    sum_of_patches = np.zeros((side, side), np.float32)
    for x, y, width, height, lung_side in anatomy.lungs():
        lung = ((columns - x - shift[0]) / width) ** 2 + ((rows - y - shift[1]) / height) ** 2 < 1
        for _ in range(int(random.integers(2, 5))):
            centre_x = x + shift[0] + lung_side * width * random.uniform(0.4, 0.8)
            centre_y = y + shift[1] + height * random.uniform(-0.3, 0.8)
            distance = (columns - centre_x) ** 2 + (rows - centre_y) ** 2
            sum_of_patches += random.uniform(80, 120) * np.exp(-distance / (2 * random.uniform(0.03, 0.06) ** 2)) * lung
    return sum_of_patches


def _save(film, path, random):
    # As in CoronaHack the sizes differ from film to film; here they differ alike in both classes.
    film = film.resize((SIDE + 8 * int(random.integers(0, 5)), SIDE), Image.Resampling.BILINEAR)
    with replacing(path) as temporary:
        film.save(temporary, format="JPEG", quality=85)
