"""The decision procedure on constructed cases, and the numbers it asks for."""

import numpy as np
import pytest
from scipy.stats import ttest_rel

from cxrkit.evaluation import decision, planning, statistics
from cxrkit.schema import Range
from tests.evaluation.simulated import wrong_tables


def tables(only_a, only_b, n=268, seeds=1):
    """Two networks wrong alone about so many images, the same ones with each seed; one image a patient."""
    a, b = np.zeros((seeds, n), bool), np.zeros((seeds, n), bool)
    a[:, :only_a], b[:, n - only_b :] = True, True
    return a, b, np.arange(n), range(seeds), range(seeds)


def decide(differences):
    """The Verdicts by error rate alone."""
    return decision.decide([decision.Compared(d) for d in differences])


def needed(wrong_a, wrong_b, groups, *seeds, pairs=6):
    is_covid = np.arange(len(groups)) % 4 == 0
    return planning.needed(decision.compared(wrong_a, wrong_b, is_covid, groups, *seeds), pairs)


def test_one_run_decides_nothing_but_says_what_holds_of_the_trained_networks():
    d = decision.difference(*tables(30, 2))
    verdict = decide([d])[0]
    assert (verdict.word, verdict.as_trained) == ("undecided", "worse")
    assert not d.decidable


def test_one_run_of_one_image_a_patient_is_mcnemars_test():
    d = decision.difference(*tables(9, 2))
    assert d.p_sign_flip == pytest.approx(statistics.mcnemar(9, 2))
    assert d.value == pytest.approx(7 / 268)


def test_no_interval_goes_beyond_the_difference_that_two_rates_can_have():
    a, b, groups, *_ = tables(60, 2, seeds=2)
    a[1] = False
    d = decision.difference(a, b, groups, range(2), range(2))
    assert (d.interval().low, d.interval_over_seeds().low, d.interval().high) == (-1, -1, 1)


def test_clear_cases():
    worse = decision.difference(*tables(30, 2, seeds=3))
    alike = decision.difference(*tables(1, 1, n=5000, seeds=3))
    unknown = decision.difference(*tables(3, 1, seeds=3))
    words = [verdict.word for verdict in decide([worse, alike, unknown])]
    assert words == ["worse", "equivalent in error", "undecided"]
    assert [v.word for v in decide([decision.difference(*tables(2, 30, seeds=3))])] == ["better"]


def test_one_pseudo_patient_is_in_the_variance_over_patients():
    """After Agresti and Min: half a patient for A and half for B, so that networks which never differ have an interval too."""
    never = decision.difference(*tables(0, 0, n=200, seeds=3))
    assert never.patients.variance == pytest.approx(1 / 200**2)
    assert never.interval_over_patients().width > 0.015
    once = decision.difference(*tables(1, 0, n=200, seeds=3))
    by_hand = 200 / 199 * ((1 - 1 / 200) ** 2 + 199 * (1 / 200) ** 2) / 200**2
    assert once.patients.variance == pytest.approx(by_hand + 1 / 200**2)


def test_networks_that_agree_everywhere_are_not_equivalent_on_a_small_set():
    assert decide([decision.difference(*tables(0, 0, n=200, seeds=5))])[0].word == "undecided"
    assert planning.images_for_equivalence(1) == 268
    assert planning.images_for_equivalence(6) == 568
    agree = [decide([decision.difference(*tables(0, 0, n=n, seeds=5))] * 6)[0].word for n in (566, 580)]
    assert agree == ["undecided", "equivalent in error"]


def test_swapping_the_networks_swaps_the_verdict():
    (a, b), groups = wrong_tables(np.random.default_rng(0), seeds=3, networks=2, error_rate=0.1)
    one, other = decision.difference(a, b, groups, range(3), range(3)), decision.difference(b, a, groups, range(3), range(3))
    assert one.value == -other.value
    assert one.p_difference == pytest.approx(other.p_difference)
    assert one.interval().low == pytest.approx(-other.interval().high)


def test_over_seeds_is_students_paired_interval():
    (a, b), groups = wrong_tables(np.random.default_rng(1), seeds=6, networks=2, error_rate=0.1, seed_spread=0.5)
    figure = decision.difference(a, b, groups, range(6), range(6)).interval_over_seeds()
    expected = ttest_rel(a.mean(1), b.mean(1)).confidence_interval()
    assert (figure.low, figure.high) == pytest.approx(tuple(expected))


def test_patients_with_several_images_widen_the_interval():
    a, b, _, seeds, _ = tables(24, 8, seeds=3)
    alone = decision.difference(a, b, np.arange(268), seeds, seeds)
    together = decision.difference(a, b, np.arange(268) // 4, seeds, seeds)
    assert together.n_effective == 67 and together.patients.df == 66
    assert np.sqrt(together.patients.variance / alone.patients.variance) == pytest.approx(2, rel=0.1)
    assert together.p_sign_flip > alone.p_sign_flip


def test_the_interval_is_never_narrower_than_over_patients_or_seeds_alone():
    random = np.random.default_rng(3)
    for spread in (0, 0.3, 1):
        (a, b), groups = wrong_tables(random, seeds=4, networks=2, error_rate=0.1, seed_spread=spread)
        d = decision.difference(a, b, groups, range(4), range(4))
        widths = [figure.high - figure.low for figure in (d.interval(), d.interval_over_patients(), d.interval_over_seeds())]
        assert widths[0] >= max(widths[1:]) - 1e-12


def test_the_p_value_and_the_interval_say_the_same():
    parts = (decision.Part(4e-5, 200), decision.Part(1e-5, 2))
    for alpha in (0.2, 0.05, 0.001):
        assert decision.p_value(decision.half_width(alpha, parts, 5e-6), parts, 5e-6) == pytest.approx(alpha, rel=1e-4)
    assert decision.p_value(0.0, parts) == 1


def test_what_is_needed_decides_when_it_is_there():
    """As many images as asked for, drawn from the same networks, decide the pair about as often as the power says."""
    random, scene = np.random.default_rng(8), {"seeds": 10, "networks": 2, "error_rate": 0.05, "shift": 0.02, "network_spread": 0.5}
    ranges = []
    for _ in range(40):
        (a, b), groups = wrong_tables(random, n=268, **scene)
        ranges.append(needed(a, b, groups, range(10), range(10)).images)
    images = 540  # what the true difference needs, by trial
    decided = []
    for _ in range(60):
        (a, b), groups = wrong_tables(random, n=images, **scene)
        decided.append(decision.difference(a, b, groups, range(10), range(10)).p_difference <= 0.05 / 6)
    assert 0.65 <= np.mean(decided) <= 0.95
    held = [r.low is not None and r.low <= images and (r.high is None or images <= r.high) for r in ranges]
    assert np.mean(held) >= 0.6


def test_more_is_needed_for_smaller_differences():
    far, near = (needed(*tables(only_a, 2, n=2680, seeds=3)) for only_a in (16, 12))
    assert far.images.high < near.images.high
    level = needed(*tables(2, 2, seeds=3))
    assert level.images.high is None and level.images.low > 268
    assert level.images_for_equivalence > 568


def test_one_run_of_each_says_nothing_of_what_would_be_needed():
    assert needed(*tables(30, 2)) is None
    assert needed(*tables(30, 2, seeds=2)).seeds == Range(2, 2)


def test_networks_that_never_differ_are_equivalent_once_the_images_asked_for_are_there():
    """The rarer class asks for most: 281 COVID-19 images for 2 points of sensitivity and six pairs, a quarter of the images here."""
    assert planning.images_for_equivalence(6, 0.02) == 281
    for images, word in ((1000, "equivalent in error"), (1200, "equivalent")):
        a, b, groups, *seeds = tables(0, 0, n=images, seeds=5)
        one = decision.compared(a, b, np.arange(images) % 4 == 0, groups, *seeds)
        assert {verdict.word for verdict in decision.decide([one] * 6)} == {word}


def test_a_few_patients_with_most_of_the_images_count_as_a_few():
    """Equal expected errors; A fails on whole patients of 30 films, B on single ones. A sign flip alone called 14 to 36 % different."""
    groups = np.concatenate([np.repeat(np.arange(8), 30), np.arange(8, 208)])
    random, flips, called = np.random.default_rng(5), [], []
    for _ in range(300):
        a = np.concatenate([np.repeat(random.random(8) < 0.1, 30), random.random(200) < 0.1])[None]
        b = (random.random(440) < 0.1)[None]
        d = decision.difference(a, b, groups, (0,), (0,))
        flips.append(d.p_sign_flip <= 0.05)
        called.append(decide([d])[0].as_trained != "undecided")
    print(f"as trained, 8 patients of 30 images: called different {np.mean(called):.3f}, by the sign flip alone {np.mean(flips):.3f}")
    assert np.mean(called) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)
