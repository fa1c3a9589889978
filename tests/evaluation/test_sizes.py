"""Sample sizes against statsmodels, Hanley and McNeil's formula and drawn films; the command; and what is said when a run begins."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxrkit import pipeline
from cxrkit.__main__ import main
from cxrkit.data.manifest import Manifest
from cxrkit.errors import WrongUse
from cxrkit.evaluation import areas, metrics, sizes
from tests.evaluation.runs import records
from tests.evaluation.simulated import probabilities


@pytest.mark.parametrize("rate", (0.8, 0.95, 0.99))
@pytest.mark.parametrize("width", (0.2, 0.1, 0.04))
def test_the_number_for_a_rate_is_the_first_whose_wilson_interval_is_narrow_enough(rate, width):
    """By statsmodels' interval, tried number by number; and near its own closed form, which is of the normal interval."""
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    numbers = np.arange(1, 3000)
    low, high = proportion.proportion_confint(rate * numbers, numbers, method="wilson")
    assert sizes.patients_for_rate(rate, width) == numbers[high - low <= width][0]
    if width == 0.04 and rate < 0.99:
        assert sizes.patients_for_rate(rate, width) == pytest.approx(proportion.samplesize_confint_proportion(rate, width / 2), rel=0.06)


@pytest.mark.parametrize("area, covid, normal", [(0.8, 30, 30), (0.9, 20, 100), (0.97, 34, 234)])
def test_the_error_of_an_area_is_that_of_drawn_exponential_scores(area, covid, normal):
    """The model behind Hanley and McNeil's formula: COVID-19 scores area / (1 - area) times as large, both exponential."""
    random = np.random.default_rng(0)
    positive = random.exponential(area / (1 - area), (4000, covid, 1))
    drawn = np.array([(row > random.exponential(1, normal)).mean() for row in positive])
    assert drawn.mean() == pytest.approx(area, abs=0.003)
    assert sizes.error_of_area(area, covid, normal) == pytest.approx(drawn.std(), rel=0.05)


@pytest.mark.parametrize("area, normals", [(0.8, 1), (0.9, 3), (0.95, 7)])
def test_the_number_for_an_area_gives_the_width(area, normals):
    covid, normal = sizes.patients_for_area(area, 0.05, normals)
    assert 2 * metrics.Z * sizes.error_of_area(area, covid, normal) == pytest.approx(0.05, rel=0.05)
    assert normal == pytest.approx(covid * normals, abs=1)


def test_drawn_films_have_intervals_about_as_wide_as_planned():
    """Medians over 200 draws of 80 and 240 films whose scores are normal, which the plan for an area does not know."""
    random, widths = np.random.default_rng(0), []
    for _ in range(200):
        truth, (p,) = probabilities(random, 80, 240, 2.5)
        widths.append((areas.auc(truth, p).width, metrics.proportion(random.binomial(80, 0.9), 80).width))
    area, rate = np.median(widths, axis=0)
    assert area <= sizes.width_of_area(0.9615, 80, 240) <= 1.35 * area, "Phi(2.5 / sqrt(2)); Hanley and McNeil are on the safe side"
    assert rate == pytest.approx(sizes.width_of_rate(0.9, 80), rel=0.05)
    print(f"area {area:.4f} drawn, {sizes.width_of_area(0.9615, 80, 240):.4f} planned; rate {rate:.4f}, {sizes.width_of_rate(0.9, 80):.4f}")


@given(st.floats(0.5, 0.99), st.floats(0.02, 0.4), st.floats(0.2, 20))
@settings(max_examples=60, deadline=None)
def test_one_patient_fewer_is_too_few(share, width, normals):
    n = sizes.patients_for_rate(share, width)
    assert sizes.width_of_rate(share, n) <= width and (n == 1 or sizes.width_of_rate(share, n - 1) > width)
    covid, _ = sizes.patients_for_area(share, width, normals)
    assert sizes.width_of_area(share, covid, max(2, covid * normals)) <= width
    assert covid == 2 or sizes.width_of_area(share, covid - 1, max(2, (covid - 1) * normals)) > width


@pytest.mark.parametrize("wrong", [{"rate": 1.0, "width": 0.1}, {"rate": 0.9, "width": 0}, {"rate": 0.9, "width": 1e-6}], ids=str)
def test_what_no_number_gives_is_wrong_use(wrong):
    with pytest.raises(WrongUse):
        sizes.patients_for_rate(**wrong)


def test_the_command_says_how_many_and_how_wide(capsys):
    main(["plan", "--width", "0.05", "--covid", "34", "--normal", "234"])
    said = capsys.readouterr().out
    assert [line.split() for line in said.splitlines() if line.startswith(("sens", "spec", "AUC"))] == [
        ["sensitivity", "0.95", "304", "0.166"],
        ["specificity", "0.95", "304", "0.057"],
        ["AUC", "0.98", "84", "578", "0.097"],
    ]
    with pytest.raises(WrongUse, match="at hand"):
        main(["plan", "--covid", "34"])


@pytest.mark.parametrize(
    "sizes_of, told", [({"train": (40, 60), "valid": (34, 234)}, "Validation: 34"), ({"valid": (9, 9), "test": (34, 234)}, "Test: 34")]
)
def test_a_run_begins_with_the_width_of_its_intervals(sizes_of, told):
    said = pipeline.told_of_sizes(Manifest(records(sizes_of)))
    wanted = "the 95 % interval of a sensitivity of 0.95 will be about 0.17 wide; 234 normal patients: the 95 % interval of a specificity of 0.95 will be about 0.06 wide."
    assert said.startswith(f"{told} COVID-19 patients: {wanted}") and said.endswith("python -m cxrkit plan")


def test_films_of_one_patient_make_no_narrower_interval():
    said = pipeline.told_of_sizes(Manifest(records({"test": (68, 234)}, images_a_patient=2)))
    assert "34 COVID-19 patients (68 films): the 95 % interval of a sensitivity of 0.95 will be about 0.17 wide" in said
