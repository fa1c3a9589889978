"""Paired differences of sensitivity, specificity and predictive values against closed forms, the jackknife and simulation."""

import numpy as np
import pytest
from scipy.stats import t

from cxrkit.evaluation import comparison, decision
from cxrkit.evaluation.predictions import Predictions
from cxrkit.schema import Margins


def drawn(random, n=268, seeds=3, sensitivities=(0.9, 0.9), images_a_patient=1, shared=0.5):
    """Two networks' Predictions; a share of the images is right or wrong by the patient, whichever the network and the seed."""
    is_covid, groups = np.arange(n) < n // 8, np.arange(n) // images_a_patient
    common, by_patient = random.random(n)[groups], random.random(n) < shared
    made = []
    for sensitivity in sensitivities:
        luck = np.where(by_patient[groups], common, random.random((seeds, n)))
        right = luck < np.where(is_covid, sensitivity, 0.95)
        made.append(Predictions(tuple(map(str, range(n))), is_covid, groups, tuple(range(seeds)), np.where(right == is_covid, 0.9, 0.1)))
    return made


def test_one_run_of_one_image_a_patient_is_agresti_and_mins_interval():
    """2005, Stat. Med. 24:729, section 3: half an image more in each cell of the table, here with Student's quantile and n / (n - 1)."""
    wrong_a, wrong_b, n = np.zeros((1, 34), bool), np.zeros((1, 34), bool), 34
    wrong_a[0, :5], wrong_b[0, 4:6] = True, True  # 4 that A alone missed, 1 that B alone missed
    found = decision.compared(wrong_a, wrong_b, np.ones(n, bool), np.arange(n), (0,), (0,)).sensitivity
    assert found.value == pytest.approx((1 - 4) / n)
    variance = (5 - 9 / n) / n**2 * n / (n - 1) + 1 / n**2
    figure = found.interval_over_patients()
    assert figure.high - found.value == pytest.approx(t.ppf(0.975, n - 1) * variance**0.5)


def test_differences_of_rates_are_those_of_the_rates():
    a, b = drawn(np.random.default_rng(0), sensitivities=(0.95, 0.7))
    found = comparison.compare_predictions(a, b, 0.5)
    rates = [(held.p_covid[:, chosen] >= 0.5).mean() for chosen in (a.is_covid, ~a.is_covid) for held in (a, b)]
    assert found.sensitivity.value == pytest.approx(rates[0] - rates[1])
    assert found.specificity.value == pytest.approx(rates[3] - rates[2])
    share = a.is_covid.mean()
    assert found.error.value == pytest.approx(-share * found.sensitivity.value - (1 - share) * found.specificity.value)


@pytest.mark.parametrize("positive", (True, False))
def test_predictive_values_have_the_jackknifes_variance(positive):
    """Each patient left out once: another road to the variance over patients of a difference between ratios."""
    a, b = drawn(np.random.default_rng(1), n=800, seeds=2, sensitivities=(0.9, 0.6), images_a_patient=2)

    def value(kept):
        parts = []
        for held in (a, b):
            called = (held.p_covid[:, kept] >= 0.5) == positive
            parts.append((called & (held.is_covid[kept] == positive)).sum() / called.sum())
        return parts[0] - parts[1]

    patients = np.unique(a.groups)
    left_out = [value(a.groups != patient) for patient in patients]
    variance = (len(patients) - 1) / len(patients) * ((left_out - np.mean(left_out)) ** 2).sum()
    truth = a.is_covid == positive
    ratios = []
    for held in (a, b):
        called = (held.p_covid >= 0.5) == positive
        ratios.append(decision.ratio(called & truth, called))
    d = decision.difference(*ratios, a.groups, a.seeds, b.seeds)
    assert d.value == pytest.approx(value(a.groups >= 0))
    assert d.patients.variance - 1 / d.n_effective**2 == pytest.approx(variance, rel=0.05)
    figure = comparison._predictive_value(a, b, 0.5, positive)
    assert figure.low < figure.value < figure.high


def test_no_predictive_value_where_a_network_calls_nobody_so():
    a, b = drawn(np.random.default_rng(2))
    silent = b.with_rows(b.seeds, np.zeros_like(b.p_covid))
    assert not comparison._predictive_value(a, silent, 0.5, True).known
    assert comparison._predictive_value(a, silent, 0.5, False).known


@pytest.mark.parametrize("scene", ({}, {"images_a_patient": 3}, {"shared": 0.9, "seeds": 10}, {"n": 1000}), ids=str)
def test_the_intervals_hold_equal_rates(scene):
    """Equal networks: all four intervals hold 0 in at least 95 %, less what 150 repetitions may miss."""
    random, held = np.random.default_rng(3), []
    for _ in range(150):
        a, b = drawn(random, **scene)
        found = comparison.compare_predictions(a, b, 0.5)
        values = [comparison._predictive_value(a, b, 0.5, positive) for positive in (True, False)]
        held.append([f.low <= 0 <= f.high for f in (found.sensitivity.interval(), found.specificity.interval(), *values)])
    print(scene, np.mean(held, axis=0))
    assert (np.mean(held, axis=0) >= 0.95 - 3.3 * np.sqrt(0.05 * 0.95 / 150)).all()


def verdict(wrong_covid, wrong_normal, margins=Margins(), n=(1000, 9000), seeds=5):
    """The Verdict on A, wrong about so many more of the COVID-19 and of the normal images than B, one image a patient."""
    is_covid = np.repeat([True, False], n)
    a = np.zeros((seeds, sum(n)), bool)
    a[:, :wrong_covid], a[:, sum(n) - wrong_normal :] = True, True
    return decision.decide([decision.compared(a, np.zeros_like(a), is_covid, np.arange(sum(n)), range(seeds), range(seeds))], margins)[0]


def test_equivalence_needs_all_three_rates():
    """Four points of sensitivity are 0.4 of error here: equivalent in error, and worse in sensitivity."""
    found = verdict(40, 0)
    assert (found.word, found.sensitivity.word, found.specificity.word) == ("equivalent in error", "worse", "undecided")
    assert verdict(0, 0).word == verdict(3, 5).word == "equivalent"
    assert verdict(10, 0, Margins(sensitivity=0.005)).word == "equivalent in error"
    assert verdict(40, 0, Margins(sensitivity=0.1)).word == "equivalent"


def test_worse_says_in_which():
    found = verdict(300, 0)
    assert (found.word, found.sensitivity.word, found.specificity.word) == ("worse", "worse", "undecided")
    found = verdict(0, 600)
    assert (found.word, found.sensitivity.word, found.specificity.word) == ("worse", "undecided", "worse")


def test_one_class_alone_is_never_equivalent():
    a = np.zeros((5, 5000), bool)
    found = decision.decide([decision.compared(a, a, np.zeros(5000, bool), np.arange(5000), range(5), range(5))])[0]
    assert (found.word, found.sensitivity) == ("equivalent in error", None)


def test_a_loss_of_sensitivity_hidden_in_the_error_is_not_called_equivalent():
    """Sensitivity .97 against .92 with specificity alike, 34 COVID-19 in 268, ten times as many images."""
    random, words = np.random.default_rng(4), []
    is_covid = np.arange(2680) < 340
    for _ in range(60):
        shared, wrong = random.random(2680), []
        for sensitivity in (0.97, 0.92):
            luck = np.where(random.random((5, 2680)) < 0.5, shared, random.random((5, 2680)))
            wrong.append(luck < np.where(is_covid, 1 - sensitivity, 0.01))
        words.append(decision.decide([decision.compared(*wrong, is_covid, np.arange(2680), range(5), range(5))])[0].word)
    assert words.count("equivalent") == 0 and words.count("equivalent in error") > 10
