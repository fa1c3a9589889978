"""Groups of patients on external films: who is missed, beside the run's own films, and nothing where there are few."""

import numpy as np
import pytest

from cxrkit.audit import subgroups
from cxrkit.audit.subgroups import Answers
from cxrkit.data.records import NEGATIVE, POSITIVE, Record


def answers(*kinds, films_a_patient=1):
    """kinds: (patients, p_covid, fields of the record)."""
    records, p_covid, groups = [], [], []
    for kind, (patients, p, facts) in enumerate(kinds):
        for patient in range(patients):
            for number in range(films_a_patient):
                records.append(Record(f"s/{kind}-{patient}-{number}", "", "s", **facts))
                p_covid.append(p)
                groups.append(1000 * kind + patient)
    is_covid = np.array([record.label == POSITIVE for record in records], bool)
    return Answers(tuple(records), is_covid, np.array(groups), np.array(p_covid, float))


GRANADA = answers(
    (6, 0.2, {"label": POSITIVE, "finding": "P/MILD", "view": "PA"}),
    (8, 0.9, {"label": POSITIVE, "finding": "P/SEVERE", "view": "PA"}),
    (4, 0.9, {"label": POSITIVE, "finding": "P/NORMAL-PCR+", "view": "PA"}),
    (1, 0.9, {"label": POSITIVE, "finding": "P", "view": "PA"}),
    (20, 0.3, {"label": NEGATIVE, "finding": "N", "view": "PA"}),
)
INSIDE = answers(
    (7, 0.9, {"label": POSITIVE, "view": "AP", "age": "45", "sex": "F"}),
    (7, 0.1, {"label": NEGATIVE, "view": "AP", "age": "1-5", "sex": "M"}),
    (6, 0.9, {"label": NEGATIVE, "view": "PA", "age": "70", "sex": ""}),
)


def rows(outside, inside=INSIDE):
    return {(row.by, row.group): row for row in subgroups.rows(outside, inside, 0.5)}


def test_the_mild_are_missed_and_the_severe_are_not():
    found = rows(GRANADA)
    assert [group for by, group in found if by == "severity"] == ["normal-PCR+", "mild", "severe", "not known"]
    mild, severe = found["severity", "mild"].external, found["severity", "severe"].external
    assert (mild.sensitivity.value, mild.sensitivity.n, mild.auc.value) == (0, 6, 0)
    assert (severe.sensitivity.value, severe.auc.value, severe.covid_patients, severe.normal_patients) == (1, 1, 8, 20)
    assert severe.sensitivity.low < 1 and not severe.specificity.known
    assert not found["severity", "mild"].internal.sensitivity.known


@pytest.mark.parametrize("patients, known", [(4, False), (5, True)])
def test_of_few_patients_nothing_is_said_however_many_films_they_have(patients, known):
    outside = answers((patients, 0.9, {"label": POSITIVE, "sex": "f"}), (20, 0.1, {"label": NEGATIVE, "sex": "F"}), films_a_patient=3)
    score = rows(outside)["sex", "F"].external
    assert score.sensitivity.known == score.auc.known == known and score.specificity.known
    assert known or f"too few patients ({patients})" in score.sensitivity.method


def test_the_runs_own_films_of_the_group_stand_beside():
    row = rows(GRANADA)["view", "PA"]
    assert row.internal.specificity.value == 0 and row.internal.normal_patients == 6
    assert row.external.specificity.value == 1 and not row.internal.sensitivity.known
    assert {by for by, _ in rows(GRANADA)} == {"severity", "view"}, "age and sex are known of no film there"


def test_age_bands_stand_in_their_order_and_what_is_not_known_last():
    ages = ["17", "18", "39", "40", "59", "60", "80", ""]
    outside = answers(*[(5, 0.9, {"label": POSITIVE, "age": age}) for age in ages])
    groups = [(group, row.external.covid_patients) for (by, group), row in rows(outside).items() if by == "age"]
    assert groups == [("under 18", 5), ("18 to 39", 10), ("40 to 59", 10), ("60 to 79", 5), ("80 or older", 5), ("not known", 5)]


def test_each_group_has_its_mean_calibration_inside_and_elsewhere():
    found = rows(GRANADA)
    mild, view = found["severity", "mild"].external, found["view", "PA"]
    assert mild.mean_calibration.value == pytest.approx(0.2 - 1) and mild.mean_calibration.n == 6, "of the grade's films alone"
    shared = (6 * 0.2 + 13 * 0.9 + 20 * 0.3) / 39 - 19 / 39
    assert view.external.mean_calibration.value == pytest.approx(shared) and view.external.mean_calibration.has_interval
    assert view.internal.mean_calibration.value == pytest.approx(0.9) and view.internal.mean_calibration.n == 6


def test_few_patients_have_no_calibration():
    outside = answers((2, 0.9, {"label": POSITIVE, "sex": "F"}), (2, 0.1, {"label": NEGATIVE, "sex": "F"}), films_a_patient=5)
    assert not rows(outside)["sex", "F"].external.mean_calibration.known
