import json

import numpy as np
import pytest
from PIL import Image

from cxrkit.audit import reference
from cxrkit.data import manifest as manifests
from cxrkit.data import pixels, sources
from cxrkit.data.images import colour_share, open_grey, square
from cxrkit.data.manifest import Manifest
from cxrkit.data.pixels import Pixels
from cxrkit.data.readers import phantom
from cxrkit.data.records import Record
from cxrkit.errors import BadInput
from cxrkit.files import sha256_of

SIZE = 64


def drawn(n, seed, label_of=lambda number: number % 2 == 0):
    """n phantoms of n patients: uint8 [n, SIZE, SIZE], and their records."""
    random = np.random.default_rng(seed)
    films = [phantom.draw_film(phantom.Anatomy(random), label_of(number), random, SIZE) for number in range(n)]
    labels = ["covid" if label_of(number) else "normal" for number in range(n)]
    return np.stack([np.asarray(film) for film in films]), labels


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    """A results folder whose training films are 120 phantoms, and its Reference."""
    images, labels = drawn(160, 0)
    splits = ["train"] * 120 + ["valid"] * 40
    records = [
        Record(f"drawn/{number}", f"drawn/{number}", "drawn", label, patient=f"drawn:{number}", width=SIZE, height=SIZE, split=split)
        for number, (label, split) in enumerate(zip(labels, splits))
    ]
    folder = tmp_path_factory.mktemp("described")
    reference.describe_training(Pixels(images, {r.image_id: row for row, r in enumerate(records)}), Manifest(tuple(records)), folder)
    return folder, reference.load(folder)[0]


def accepted(reference, images):
    return np.mean([not reference.doubts(np.ascontiguousarray(image), SIZE, SIZE) for image in images])


def test_new_films_of_the_same_kind_are_accepted(described):
    assert accepted(described[1], drawn(60, 1)[0]) >= 0.85


@pytest.mark.parametrize(
    "altered",
    [
        lambda films: films[:, ::-1],
        lambda films: np.rot90(films, 1, (1, 2)),
        lambda films: np.rot90(films, 2, (1, 2)),
        lambda films: 255 - films,
        lambda films: np.repeat(films[:, :, : SIZE // 2], 2, axis=2),
        lambda films: np.repeat(films[:, :, SIZE // 2 :], 2, axis=2),
        lambda films: np.concatenate([films[:, :, ::2], films[:, :, 1::2]], axis=2),
    ],
    ids=["upside down", "on its side", "turned round", "inverted", "the right lung", "the left lung", "two films"],
)
def test_films_that_hang_wrong_or_are_no_whole_chest_are_refused(described, altered):
    assert accepted(described[1], altered(drawn(40, 2)[0])) <= 0.05


def sizes_of(known, image):
    return np.abs(known.measures(image[None])[:, 0])


def test_the_measures_have_one_limit_together(described):
    """Regression: each had a limit of its own, so that ordinary films of other hospitals had three chances to be marked."""
    known, films = described[1], drawn(80, 7)[0]
    middles = [np.asarray(Image.fromarray(film[k : SIZE - k, k : SIZE - k]).resize((SIZE, SIZE))) for film in films for k in (2, 4, 6, 9)]
    measured = [(sizes_of(known, film), known.doubts(film, None, None)) for film in [*films, *middles]]
    whole = [(sizes, said) for sizes, said in measured if not any("upside down" in each for each in said)]
    assert all(bool(said) == ((sizes**2).sum() > 1) for sizes, said in whole)
    assert any(sizes.max() < 1 and said for sizes, said in whole) and any(not said for _, said in whole)


def test_the_limit_holds_nearly_all_training_films_of_each_class(described):
    images, labels = drawn(160, 0)
    beyond = np.array([(sizes_of(described[1], film) ** 2).sum() > 1 for film in images[:120]])
    for label in ("covid", "normal"):
        assert beyond[np.array(labels[:120]) == label].sum() <= 1


def test_noise_and_blank_pictures_are_refused(described):
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (20, SIZE, SIZE), dtype=np.uint8)
    clouds = [
        np.asarray(Image.fromarray(random.integers(0, 256, (4, 4), dtype=np.uint8)).resize((SIZE, SIZE), Image.Resampling.BICUBIC))
        for _ in range(20)
    ]
    assert accepted(described[1], noise) == 0 and accepted(described[1], clouds) <= 0.1
    blank = np.full((SIZE, SIZE), 100, np.uint8)
    assert described[1].doubts(blank, SIZE, SIZE) == ["it has nearly no contrast"]


def test_exposure_counts_for_nothing(described):
    reference, films = described[1], drawn(10, 3)[0]
    darker = np.rint(films * 0.5).astype(np.uint8)
    assert np.allclose(reference.measures(films), reference.measures(darker), atol=0.08)


def test_proportions_and_colour_are_reasons(described):
    reference, film = described[1], drawn(1, 4)[0][0]
    assert any("width" in doubt for doubt in reference.doubts(film, 3 * SIZE, SIZE))
    assert any("8 pixels on its shorter side" in doubt for doubt in reference.doubts(film, 8, 8))
    assert not any("pixels" in doubt or "width" in doubt for doubt in reference.doubts(film, None, None) + reference.doubts(film, 900, 900))
    assert any("colour" in doubt for doubt in reference.doubts(film, SIZE, SIZE, colour=0.5))


def test_colour_is_told_from_grey_and_from_a_few_arrows():
    grey = Image.fromarray(drawn(1, 0)[0][0])
    arrows = grey.convert("RGB")
    arrows.paste((255, 0, 0), (0, 0, 10, 10))
    painted = Image.merge("RGB", (grey, Image.new("L", grey.size), Image.new("L", grey.size)))
    assert colour_share(grey) == colour_share(grey.convert("RGB")) == 0
    assert 0 < colour_share(arrows) < reference.MOST_COLOUR < colour_share(painted)


def test_the_file_is_small_holds_no_film_and_says_what_it_accepts(described):
    folder, training = described
    content = json.loads((folder / reference.FILE).read_text())
    assert (folder / reference.FILE).stat().st_size < 200_000
    films = drawn(160, 0)[0]
    numbers = np.concatenate([[cloud.mean, *cloud.components] for cloud in training.clouds])
    agreement = np.corrcoef(np.vstack([numbers, reference.contrasted(films[:120])]))[: len(numbers), len(numbers) :]
    assert np.abs(agreement).max() < 0.99
    for figure in content["held_out"]["valid"].values():
        assert figure["n"] == 20 and figure["low"] <= figure["value"] <= figure["high"]


def test_it_is_repeatable(described, tmp_path):
    images, labels = drawn(80, 5)
    records = [Record(f"d/{n}", f"d/{n}", "d", label, patient=f"d:{n}", split="train") for n, label in enumerate(labels)]
    films = Pixels(images, {r.image_id: row for row, r in enumerate(records)})
    reference.describe_training(films, Manifest(tuple(records)), tmp_path / "a")
    reference.describe_training(films, Manifest(tuple(records[::-1])), tmp_path / "b")
    assert (tmp_path / "a" / reference.FILE).read_bytes() == (tmp_path / "b" / reference.FILE).read_bytes()


def test_few_films_of_a_class_are_described_with_the_others_and_too_few_not_at_all(tmp_path):
    for n, clouds in ((40, 1), (8, 0)):
        images, labels = drawn(n, 6)
        records = [Record(f"d/{k}", f"d/{k}", "d", label, patient=f"d:{k}", split="train") for k, label in enumerate(labels)]
        films = Pixels(images, {r.image_id: row for row, r in enumerate(records)})
        description = reference.describe_training(films, Manifest(tuple(records)), tmp_path)
        read, why_not = reference.load(tmp_path)
        assert len(description.reference.clouds if description.reference else []) == clouds
        assert (read is None) == (clouds == 0) and ("only 8 training films" in why_not) == (clouds == 0)


def test_absent_and_broken_descriptions(tmp_path):
    assert reference.load(tmp_path) == (None, "the run left no description of its training films")
    for content in ("{", "[]", '{"clouds": []}', '{"clouds": [{"mean": "x"}], "upright": [], "proportions": []}'):
        (tmp_path / reference.FILE).write_text(content)
        with pytest.raises(BadInput, match="description of the training films"):
            reference.load(tmp_path)


@pytest.fixture(scope="module")
def children(films, tmp_path_factory):
    """The Reference of real films: 300 children's, as CoronaHack has them, and the study's COVID-19 ones."""
    out = tmp_path_factory.mktemp("children")
    found = sources.parse_all([f"coronahack={films}/coronahack"], drawn_at=out)
    records = [record for record in found[0].read() if record.used and record.view != "lateral"]
    locate = sources.locator(manifests.roots_of(found))
    there = [record for record in records if locate(record).exists()]
    covid = [record for record in there if record.label == "covid"]
    normal = [record for record in there if record.label == "normal"]
    chosen = [r.but(split="train", sha256=sha256_of(locate(r))) for r in covid + normal[:: len(normal) // 300]]
    chosen = list({record.sha256: record for record in chosen}.values())
    reference.describe_training(pixels.load(chosen, locate, 64, out / "pixels"), Manifest(tuple(chosen)), out)
    return reference.load(out)[0]


def test_films_of_another_hospital_pass_and_what_is_no_frontal_film_does_not(children, films):
    adults = np.stack([square(open_grey(path), 64) for path in sorted((films / "nih_normal").glob("*.jpg"))[:80]])
    lateral = [
        path
        for path in (films / "ieee8023" / "images").iterdir()
        if path.stem.lower().endswith(("-l", "-l-on-admission", "day1-l", "day0-l"))
    ]
    sideways = np.stack([square(open_grey(path), 64) for path in lateral])
    assert len(lateral) >= 8
    assert accepted(children, adults) >= 0.85
    assert accepted(children, adults[:, ::-1]) <= 0.05 and accepted(children, 255 - adults) <= 0.05
    assert accepted(children, sideways) <= 0.3
