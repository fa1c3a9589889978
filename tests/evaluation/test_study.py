"""The 2020 study's own counts."""

import pytest
from scipy.stats import fisher_exact

from cxrkit.evaluation import metrics, study
from cxrkit.evaluation.metrics import Confusion


def test_its_rounded_figures_are_these_counts():
    found = {name: (c.tp, c.fn, c.tn, c.fp) for name, c in study.confusions().items()}
    assert found == {"resnet34": (33, 1, 228, 6), "resnet101": (32, 2, 233, 1), "vgg16_bn": (32, 2, 234, 0), "vgg19_bn": (30, 4, 233, 1)}


def test_figures_that_fit_no_counts_are_refused():
    with pytest.raises(ValueError, match="error_rate"):
        study.implied_counts({"sensitivity": 0.97059, "specificity": 0.97436, "error_rate": 0.5}, 34, 234)


def test_none_of_its_pairs_is_decided_whichever_films_the_networks_got_wrong():
    found = study.verdicts()
    assert len(found) == 6
    assert {pair.verdict for pair in found} == {pair.as_trained for pair in found} == {"undecided"}
    for pair in found:
        best, worst = pair.p_mcnemar
        assert 0.05 < best <= worst <= 1


def test_the_bounds_of_mcnemars_p_by_hand():
    """VGG16 and ResNet34: 2 and 7 wrong; at most 1 film in common, so 1 and 6 discordant (p 0.125), else 2 and 7 (p 0.180)."""
    pair = next(pair for pair in study.verdicts() if {pair.a, pair.b} == {"resnet34", "vgg16_bn"})
    assert pair.p_mcnemar == pytest.approx([0.125, 0.1796875])


def test_ours_beside_the_studys():
    ours = {"resnet34": [Confusion(34, 0, 234, 0), Confusion(30, 4, 200, 34), Confusion(33, 1, 228, 6)]}
    first, *others = study.beside_ours(ours)
    assert first.p["error_rate"].median_run == 1
    assert first.p["error_rate"].lowest == pytest.approx(fisher_exact([[7, 261], [38, 230]]).pvalue)
    assert first.p["specificity"].lowest < 0.001 < first.p["sensitivity"].lowest
    assert all(row.runs == 0 and row.p == {} for row in others)
    assert first.p["error_rate"].difference.value == 0 and first.p["error_rate"].holm == first.p["error_rate"].median_run


def test_ours_minus_the_studys_has_newcombes_interval_and_holms_p():
    """Newcombe 1998, Stat. Med. 17:873, table II: 56/70 less 48/80 by method 10 is 0.0524 to 0.3339."""
    found = metrics.minus(metrics.proportion(56, 70), metrics.proportion(48, 80))
    assert (round(found.low, 4), round(found.high, 4)) == (0.0524, 0.3339)
    far = Confusion(20, 14, 200, 34)
    rows = study.beside_ours(dict.fromkeys(study.confusions(), [far]))
    p = sorted(row.p["error_rate"].median_run for row in rows)
    assert [row.p["error_rate"].holm for row in sorted(rows, key=lambda row: row.p["error_rate"].median_run)][0] == pytest.approx(4 * p[0])
    for row in rows:
        apart = row.p["sensitivity"].difference
        assert apart.value == pytest.approx(20 / 34 - row.study.sensitivity.value) and apart.high < 0
        assert (
            study.beside_ours({row.architecture: [far]}, 10, 50)[0 if row is rows[0] else rows.index(row)].p["sensitivity"].difference.width
            > apart.width
        )


def test_each_epoch_has_its_interval():
    epoch = study.epochs()["vgg16_bn"][0]
    assert (epoch.error.low, epoch.error.high) == pytest.approx(metrics.wilson(66 / 268, 268))


def test_each_epochs_error_rate_is_a_whole_number_of_its_268_films():
    epochs = study.epochs()
    assert {name: [epoch.wrong for epoch in rows] for name, rows in epochs.items()} == {
        "resnet34": [21, 12, 13, 7],
        "resnet101": [9, 3, 2, 3],
        "vgg16_bn": [66, 24, 1, 2],
        "vgg19_bn": [25, 10, 5, 5],
    }
    assert all(epoch.films == 268 and 97 <= epoch.seconds <= 103 for rows in epochs.values() for epoch in rows)


def test_its_last_epochs_are_its_final_table():
    for name, rows in study.epochs().items():
        assert rows[-1].wrong == study.confusions()[name].wrong
        low, high = study.seconds_per_epoch()[name]
        assert all(low <= epoch.seconds <= high for epoch in rows)
