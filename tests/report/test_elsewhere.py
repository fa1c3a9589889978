"""Inside against elsewhere, by subgroup and matched: every figure with its interval, and what is not known said so."""

from dataclasses import replace

import pytest

from cxrkit.evaluation.metrics import Figure
from cxrkit.report import markdown, sentences
from cxrkit.report.tables import elsewhere
from cxrkit.schema import GroupScore, SubgroupRow
from tests.report import folders


@pytest.fixture(scope="module")
def audits(tmp_path_factory):
    return folders.audited(folders.write(tmp_path_factory.mktemp("elsewhere"), audits=False))


def told(table):
    return [[cell.text for cell in row] for row in table.rows]


def test_each_network_stands_inside_elsewhere_and_lost(audits):
    inside, outside, lost = told(elsewhere.inside_and_elsewhere(audits))[:3]
    assert [row[0] for row in (inside, outside, lost)] == [
        "ResNet34, internal: held out",
        "ResNet34, elsewhere",
        "ResNet34, internal minus elsewhere",
    ]
    assert inside[1:] == ["0.800 [0.700, 0.900]"] * 4 + ["94", "34"] and outside[-2:] == ["50", "20"]
    assert lost[1] == "+0.100 [+0.020, +0.200]" and lost[4] == "\u2013", "the audit is of before the calibration error was compared"


def test_sets_of_one_class_are_told_by_their_rate(audits):
    (row,) = audits.external
    none, drop = Figure.unknown(50, "none: one class only"), replace(row.drop, auc=Figure.unknown(50, "none"))
    alone = replace(row, external=replace(row.external, auc=none), drop=drop)
    assert (
        "ResNet34 has an AUC of 0.800 on internal films and 0.800 on external ones (internal minus external: 0.100 [0.020 to 0.200])"
        in elsewhere.sentences(audits)[0]
    )
    assert "has a sensitivity of 0.800 on internal films" in elsewhere.sentences(replace(audits, external=[alone]))[0]
    assert "has a specificity of 0.800 on internal films" in elsewhere.sentences(replace(audits, external=[replace(alone, positives=0)]))[0]


def test_how_many_of_a_sets_films_are_outside_is_said_once_where_it_is_known(audits):
    (row,) = audits.external
    assert "OUTSIDE" not in elsewhere.sentences(audits)[0]
    known = [replace(row, architecture=name, outside=Figure(0.1, 0.04, 0.23, 50, "drawn")) for name in ("resnet34", "vgg16")]
    (said,) = elsewhere.sentences(replace(audits, external=known))
    assert said.count("By their picture alone 10 % [4, 23] of these films are OUTSIDE what the networks were trained on.") == 1


def test_groups_say_too_few_and_columns_of_nothing_are_left_out(audits):
    (row,) = audits.external
    few = Figure.unknown(3, "none: too few patients (3)")
    more = SubgroupRow("sex", "F", GroupScore(3, 0, few, few, few), GroupScore(0, 0, few, few, few))
    table = elsewhere.subgroups(replace(audits, external=[replace(row, subgroups=[*row.subgroups, more])]))
    titles = [column.title for column in table.columns]
    assert titles == ["network, films, group", "sensitivity external", "AUC external"] + [
        "COVID-19 patients external",
        "normal patients external",
        "normal patients internal",
    ]
    assert told(table)[1] == ["ResNet34, elsewhere, sex: F", "too few", "\u2013", "3", "0", "0"]
    assert "under 5 patients" in table.note and "Known for no external film: view, age." in table.note


def test_matched_scores_stand_beside_those_of_all_films_with_what_is_lost(audits):
    by_age, by_view = told(elsewhere.matched(audits))
    assert by_age[:5] == ["ResNet34, age (within 5 years)", "0.970 [0.930, 0.990]", "0.800 [0.700, 0.900]", "+0.800 [+0.700, +0.900]", "20"]
    assert by_age[5:] == ["age not known (14)", "none"] and by_view[2:4] == ["too few pairs", "\u2013"]


def test_without_films_from_elsewhere_the_section_says_so_and_names_the_command(audits, tmp_path):
    assert elsewhere.all_of(None) == elsewhere.sentences(None) == []
    assert "covidgr: " not in markdown.audit_log(replace(audits, external=None)) and "--external covidgr=DIR" in sentences.NOWHERE_ELSE
