from dataclasses import replace

import numpy as np

from cxrkit.audit import baselines
from cxrkit.evaluation.metrics import Figure
from cxrkit.report import dotplot, plots
from cxrkit.schema import Area, BaselineRow, CoarseCurve
from tests.report import folders
from tests.report.test_plots import scores  # noqa: F401


def test_what_sees_no_lungs_stands_above_a_thumbnail_and_both_above_the_networks(tmp_path):
    audits = folders.audited(folders.write(tmp_path, audits=False))
    area = Area(Figure(0.9, 0.85, 0.95, 94, ""), 34)
    rows = [BaselineRow("thumbnail-8", "a thumbnail", "", area, None), *audits.baselines, BaselineRow("view", "the view", "", area, area)]
    found = dotplot.dots(replace(audits, baselines=rows))
    assert [dot.label for dot in found] == ["edge of the picture", "view", "thumbnail, 8 × 8", "ResNet34", "ResNet101", "VGG16", "VGG19"]
    assert [dot.held_out for dot in found[:3]] == [True, True, False]
    told = dotplot.alt(found)
    assert "thumbnail, 8 × 8 0.900 [0.850, 0.950]. Networks: ResNet34 0.970" in told and told.endswith("Guessing: 0.5.")
    text = plots.drawn("dots", told, lambda axes: dotplot.draw(axes, found), (4.8, 3), ["a mark"]).svg
    assert "0.900" in text and "A MARK" in text and text.index("A MARK") > 0
    assert dotplot.dots(None) == []


def test_the_roc_names_each_auc_and_has_the_thumbnails_curve(scores):  # noqa: F811
    curve = CoarseCurve("a thumbnail of 8 x 8 pixels", 0.91, [0.0, 0.2, 1.0], [0.0, 0.8, 1.0])
    areas = dict.fromkeys(scores, "0.987")
    text = plots.drawn("roc", "", lambda axes: plots.roc(axes, scores, areas, 0.5, curve), (4, 4)).svg
    assert "ResNet34 0.987" in text and "a thumbnail of 8 x 8 pixels 0.910" in text


def test_the_thumbnails_curve_is_that_of_its_scores():
    truth, p = np.array([True, True, False, False]), np.array([0.9, 0.4, 0.5, 0.1])
    row = BaselineRow("thumbnail-8", "a thumbnail", "", Area(Figure(0.75, 0, 1, 4, ""), 2), None)
    found = baselines.coarse_curve(baselines.Coarse(row, row.area, p), truth)
    assert found.auc == 0.75 and (0.5, 1.0) in zip(found.false_positive_rate, found.sensitivity)
    area = np.trapezoid(found.sensitivity, found.false_positive_rate)
    assert area == 0.75 and baselines.coarse_curve(None, truth) is None
