import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cxrkit import columns
from cxrkit.columns import STAGES
from cxrkit.config import ARCHITECTURES, TESTED, short_name
from cxrkit.evaluation import metrics
from cxrkit.evaluation.predictions import Predictions
from cxrkit.evaluation.usefulness import decision_curve
from cxrkit.report import plots
from tests.evaluation import simulated

SEVEN = (*ARCHITECTURES, "densenet121", "convnext_tiny", "resnetblur50")
"""The study's four, two that are tested, and one that is not."""


@pytest.fixture
def scores():
    random, drawn = np.random.default_rng(0), {}
    for name in SEVEN:
        is_covid, p_covid = simulated.probabilities(random, seeds=3)
        drawn[name] = Predictions(tuple(map(str, range(len(is_covid)))), is_covid, np.arange(len(is_covid)), (0, 1, 2), p_covid)
    return drawn


def test_a_figure_is_in_the_readers_colours_and_its_ids_are_its_own(scores):
    text = plots.drawn("fig", "", lambda axes: plots.roc(axes, scores, {}, 0.5), (4, 4), ["a mark"]).inline
    assert not re.search(r"#(?!fig-)[0-9a-f]{6}\b", text.replace("#ffffff", ""))
    assert "var(--net1)" in text and "var(--ink)" in text and "A MARK" in text
    assert all(name.startswith("fig-") for name in re.findall(r' id="([^"]*)"', text))
    assert set(re.findall(r"(?:url\(#|href=\"#)([^)\"]*)", text)) <= set(re.findall(r' id="([^"]*)"', text))


def test_a_figure_is_the_same_each_time(scores):
    made = [plots.drawn("fig", "", lambda axes: plots.precision_recall(axes, scores), (4, 4)) for _ in range(2)]
    assert made[0] == made[1]


def test_no_two_networks_look_alike_and_the_four_keep_their_looks():
    looks = [plots.look(name) for name in (*TESTED, "resnetblur50")]
    assert [look.colour for look in looks[:4]] == list(plots.PALETTE)
    assert [look.marker for look in looks[:4]] == list("osD^")
    assert len(set(map(repr, looks))) == len(looks)


def test_each_network_that_is_tested_has_a_marker_of_its_own_and_others_look_otherwise():
    """Regression: resnet18 and vgg16 had one marker and one line, and of the networks that are not tested many looked the same."""
    known = [plots.look(name) for name in TESTED]
    assert len({look.marker for look in known}) == len(known) <= len(plots.MARKERS)
    assert len({(look.colour, repr(look.line)) for look in known}) == len(known)
    names = ("vgg16", "vgg19", "vgg11_bn", "resnet152", "densenet169", "resnetblur50", "convnext_small")
    others = [plots.look(name) for name in names]
    for part in (lambda look: look.marker, lambda look: (look.colour, repr(look.line))):
        assert not set(map(part, others)) & set(map(part, known))
    assert len(set(map(repr, others))) == len(others)


def test_a_figure_has_each_of_seven_networks_in_colours_that_the_page_has(scores):
    text = plots.drawn("fig", "", lambda axes: plots.roc(axes, scores, {}, 0.5), (4, 4)).inline
    assert all(f">{short_name(name)}<" in text for name in SEVEN)
    page = (Path(plots.__file__).with_name("page.css")).read_text()
    assert {f"--net{number}" for number in range(1, 5)} <= set(re.findall(r"var\((--net\d+)\)", text))
    assert all(f"{variable}:" in page for variable in re.findall(r"var\((--\w+)\)", text))


def epochs(architecture):
    """epochs.csv of two seeds, as a DataFrame: validation loss 1 over the epoch."""
    rows = [[architecture, seed, stage, e, 0.5 / e, 1 / e, 0.1, 0.9, 0.9, 2.5] for seed in (0, 1) for stage in STAGES for e in (1, 2, 3, 4)]
    return pd.DataFrame(rows, columns=list(columns.EPOCHS))


def test_the_studys_validation_loss_stands_in_the_learning_curves_of_its_networks():
    told = {
        name: plots.drawn("loss", "", lambda axes, name=name: plots.losses(axes, epochs(name), name), (4, 3)).svg
        for name in ("vgg16_bn", "densenet121")
    }
    assert "2020 study" in told["vgg16_bn"] and "2020 study" not in told["densenet121"]
    assert all("validation" in svg and "training" in svg for svg in told.values())


@pytest.mark.parametrize("paper", ["#ffffff", "#f4f5f6"])
def test_the_light_colours_can_be_read(paper):
    for colour in (*plots.PALETTE, plots.INK, plots.QUIET, plots.WARN):
        assert contrast(colour, paper) >= 4.5 or (paper != "#ffffff" and contrast(colour, paper) >= 4)


def contrast(a, b):
    """WCAG's contrast of two colours, 1 to 21."""
    lights = sorted((luminance(colour) for colour in (a, b)), reverse=True)
    return (lights[0] + 0.05) / (lights[1] + 0.05)


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return sum(weight * (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for weight, c in zip((0.2126, 0.7152, 0.0722), parts))


def test_decision_curves_have_the_networks_in_bands_beside_acting_on_all_and_on_none(scores):
    drawn = {}

    def draw(axes):
        plots.net_benefit(axes, {name: held.ensemble() for name, held in scores.items()})
        drawn["lines"] = {line.get_label(): line.get_xydata() for line in axes.lines}
        drawn["bands"], drawn["bottom"] = len(axes.collections), axes.get_ylim()[0]

    text = plots.drawn("fig", "", draw, (6, 4)).svg
    held, lines = scores["resnet34"].ensemble(), drawn["lines"]
    assert set(lines) == {*map(short_name, SEVEN), "acting on all", "acting on none"} and drawn["bands"] == len(SEVEN)
    (point,) = decision_curve(held.is_covid, held.p_covid[0], held.groups, (lines["ResNet34"][20, 0],))
    assert lines["ResNet34"][20, 1] == pytest.approx(point.network.value) and lines["acting on all"][20, 1] == pytest.approx(point.all)
    assert -0.1 < drawn["bottom"] < 0 and "acting on none" in text


@pytest.mark.parametrize("which", ("ppv", "npv"))
def test_predictive_values_are_those_of_the_table_at_their_prevalence(scores, which):
    lines = {}

    def draw(axes):
        plots.predictive_value(axes, {"resnet34": scores["resnet34"].ensemble()}, which, 0.5)
        lines.update({line.get_label(): line.get_xydata() for line in axes.lines})

    plots.drawn("fig", "", draw, (4, 4))
    held = scores["resnet34"].ensemble()
    percent, value = lines["ResNet34"][12]
    counts = metrics.confusion(held.is_covid, held.p_covid[0], 0.5)
    assert value == pytest.approx(getattr(metrics.predictive_values(counts, percent / 100), which).value)
    assert (np.diff(lines["ResNet34"][:, 1]) * (1 if which == "ppv" else -1) >= 0).all()


def test_a_network_that_calls_nobody_has_no_predictive_value_and_the_figure_stands(scores):
    held = scores["resnet34"].ensemble()
    silent = held.with_rows((), np.zeros_like(held.p_covid))
    assert plots.drawn("fig", "", lambda axes: plots.predictive_value(axes, {"resnet34": silent}, "ppv", 0.5), (4, 4)).svg
    assert plots.drawn("fig", "", lambda axes: plots.net_benefit(axes, {"resnet34": silent}), (4, 4)).svg
