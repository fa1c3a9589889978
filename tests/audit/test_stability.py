import numpy as np
import pytest

from cxrkit.audit import stability
from cxrkit.audit.stability import CHANGES, Moves
from cxrkit.errors import BadInput
from cxrkit.evaluation.predictions import Predictions
from tests.audit.films import films
from tests.evaluation import runs

SIZE = 64


def gradual(n=4):
    """Smooth squares without symmetry."""
    rows, columns = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    return np.stack([(255 * (rows * k / n + columns) / 2).astype(np.uint8) for k in range(1, n + 1)])


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_is_small_and_keeps_the_square(name):
    images = gradual()
    changed = CHANGES[name](images)
    assert changed.shape == images.shape and changed.dtype == np.uint8
    if name == "mirrored":
        assert (changed[:, :, ::-1] == images).all()
    else:
        inner = np.abs(changed.astype(int) - images)[:, 4:-4, 4:-4]
        assert inner.max() <= 16 and (name == "slightly blurred" or inner.any())


def test_every_film_is_asked_as_it_is_and_under_each_change():
    """A stand-in that goes by the upper left corner, as by a mark, and one that goes by the middle."""
    images = np.full((3, SIZE, SIZE), 60, np.uint8)
    images[:, :20, :20] = 240
    for corner, crossing in ((True, ["mirrored"]), (False, [])):
        place = slice(4, 12) if corner else slice(28, 36)
        answers = stability.asked(lambda seen: seen[:, place, place].mean((1, 2)) / 255, images)
        assert answers.shape == (1 + len(CHANGES), 3) and answers[0] == pytest.approx(images[:, place, place].mean((1, 2)) / 255)
        moves = Moves.of(answers[0], answers[1:], 0.5, None)
        assert [name for name, crosses in zip(CHANGES, moves.crosses[:, 0]) if crosses] == crossing
        assert moves.unstable.all() == bool(crossing)


def test_a_call_is_unstable_across_the_threshold_or_beyond_the_seeds():
    p, changed = np.array([0.51, 0.9, 0.9, 0.1]), np.array([[0.49, 0.85, 0.7, 0.45], [0.51, 0.9, 0.9, 0.1]])
    moves = Moves.of(p, changed, 0.5, 0.1)
    assert moves.crosses.any(0).tolist() == [True, False, False, False] and moves.unstable.tolist() == [True, False, True, True]
    assert Moves.of(p, changed, 0.5, None).unstable.tolist() == [True, False, False, False]
    assert Moves.of(p, changed, 0.5, [np.nan, 0.01, 0.3, 0.3]).unstable.tolist() == [True, True, False, True]
    assert Moves.of(p, changed, 0.46, 1).unstable.tolist() == [False] * 4


def test_the_farthest_move_is_the_reason():
    changed = np.full((len(CHANGES), 1), 0.6)
    changed[1], changed[3] = 0.45, 0.2
    (said,) = Moves.of([0.6], changed, 0.5, 0.1).doubts()
    assert said == f"its call is not stable: {list(CHANGES)[3]}, it moves from 0.600 to 0.200, across the threshold"
    changed[:] = 0.9
    (said,) = Moves.of([0.6], changed, 0.5, 0.1).doubts(lambda p: p / 2)
    assert "from 0.300 to 0.450, farther than seeds lie apart" in said
    assert Moves.of([0.6], changed, 0.5, 0.4).doubts() == []


def test_the_row_counts_films_and_lets_no_film_move_farther_than_its_seeds_lie_apart():
    drawn = films(patients=20, films_a_patient=1)
    n = len(drawn.groups)
    p = np.full((2, n), 0.9)
    p[1, :10] = 0.6  # seeds lie 0.3 apart on ten films
    held = Predictions(tuple(drawn.image_ids), drawn.is_covid, drawn.groups, (0, 1), p)
    answers = np.repeat(np.full((1, 1 + len(CHANGES), n), 0.9), 2, 0)
    answers[:, 2, 5:15] = 0.7  # moves ten films by 0.2, five of them those of which the seeds differ by more
    answers[:, 6, 20:23] = 0.3
    row = stability.row(drawn, held, answers, "resnet34", 0.5, 0.05)
    assert (row.unstable.value, row.crossing.value, row.unstable.n, row.seeds) == (8 / n, 3 / n, n, 2)
    assert row.changes["moved 3 % down"].value == 5 / n and row.changes["mirrored"].value == 3 / n
    assert row.unstable.low < row.unstable.value < row.unstable.high
    assert stability.row(drawn, held, answers, "resnet34", 0.5, None).unstable.value == 3 / n


def test_the_spread_is_the_repeatability_of_seeds_on_validation_films(tmp_path):
    results = runs.write_run(tmp_path / "many", seeds=(0, 1, 2), error_rates=(0.05, 0.05))
    found = stability.spreads(results)
    p = results.required("resnet34", "valid").p_covid
    within = np.mean([sum((film - film.mean()) ** 2) / 2 for film in p.T])
    assert found["resnet34"] == pytest.approx(1.96 * np.sqrt(2 * within))
    assert set(found) == {"resnet34", "resnet101", stability.ALL}
    assert stability.spreads(runs.write_run(tmp_path / "one", seeds=(0,), error_rates=(0.05,))) == {}


def test_the_spread_is_what_it_is_however_many_seeds_there_are():
    """Regression: it was how far the outermost seeds lay apart, which grows with their number until no film moves farther."""

    class Drawn:
        architectures = ["resnet34"]

        def __init__(self, seeds):
            self.p_covid = np.random.default_rng(0).normal(0.5, 0.1, (seeds, 4000))

        def predictions(self, name, split):
            return self

        required = predictions

    few, many = (stability.spreads(Drawn(seeds))["resnet34"] for seeds in (2, 20))
    assert few == pytest.approx(0.277, rel=0.05) and many == pytest.approx(few, rel=0.05)


def test_predictions_are_found_by_name_and_a_film_without_one_is_bad_input():
    """Regression: they were laid beside the manifest's films by their place."""
    names = ("a", "b", "c")
    held = Predictions(names, np.array([True, False, True]), np.arange(3), (0, 1), np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]))
    turned = held.of(["c", "a"])
    assert turned.p_covid.tolist() == [[0.3, 0.1], [0.6, 0.4]] and turned.groups.tolist() == [2, 0] and turned.is_covid.all()
    with pytest.raises(BadInput, match="2 of 3 images have no prediction, the first: d"):
        held.of(["d", "a", "e"])
