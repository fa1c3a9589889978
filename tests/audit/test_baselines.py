from dataclasses import replace

import numpy as np
import pytest

from cxrkit.audit import baselines
from cxrkit.data import records
from cxrkit.data.records import POSITIVE
from tests.audit.films import films, showing

HONEST = films(where="centre")


def rows_of(drawn):
    return {row.name: row for row in baselines.run(drawn)[0]}


@pytest.fixture(scope="module")
def honest():
    return rows_of(HONEST)


def test_on_honest_films_what_sees_no_lung_is_at_chance_and_a_thumbnail_is_not(honest):
    for name in ("majority", "source", "file", "border"):
        assert honest[name].area.auc.low < 0.5 < honest[name].area.auc.high, name
    assert honest["thumbnail-8"].area.auc.value > 0.95 and honest["thumbnail-16"].area.auc.value > 0.95
    assert honest["age"].area.auc.value is None and "age is known for no film" in honest["age"].note
    assert not honest["missingness"].area.auc.known and "or for none" in honest["missingness"].note


def test_every_row_has_interval_n_and_the_held_out_films_of_its_own(honest):
    for name, row in honest.items():
        if row.area.auc.known:
            assert row.area.auc.low <= row.area.auc.value <= row.area.auc.high
            assert (row.area.auc.n, row.area.positives) == (160, 80)
            if name != "majority":
                assert row.held_out.auc.n == (HONEST.splits == "valid").sum()
    assert "50.0 %" in honest["majority"].note and honest["majority"].held_out is None


@pytest.mark.parametrize(
    "name, planted",
    [
        ("border", films(where="border")),
        ("source", films(source_of=lambda label, patient: "here" if label == POSITIVE else "there")),
        ("file", films(width=lambda label: 900 if label == POSITIVE else 800)),
        ("file", films(format=lambda label: "PNG" if label == POSITIVE else "JPEG")),
        ("file", films(mode=lambda label: "RGB" if label == POSITIVE else "L")),
        ("age", films(age=lambda label: "55" if label == POSITIVE else "1-5")),
    ],
)
def test_each_baseline_finds_the_shortcut_it_is_there_for(name, planted):
    areas = {row.name: row.area.auc for row in baselines.run(planted)[0]}
    assert areas[name].value > 0.95 and areas[name].low > 0.9
    others = {"border", "source", "file", "age"} - {name}
    assert all(not areas[other].known or areas[other].low < 0.6 for other in others)


def test_what_a_border_tells_by_the_source_alone_is_gone_within_one():
    """Two sources, which their borders tell apart, with 16 and 4 of 20 patients of a class."""
    drawn = films(patients=80, films_a_patient=1, source_of=lambda label, patient: "ab"[(patient % 20 < 16) == (label == POSITIVE)])
    images = drawn.images.copy()
    images[drawn.sources == "b", :3] = 0
    rows = rows_of(showing(drawn, images))
    assert rows["border"].area.auc.low > 0.55 and rows["border"].within.low < 0.5
    assert rows["border"].within.n == 160 and rows["source"].within is rows_of(HONEST)["border"].within is None


def stating(field, of_covid, of_normal):
    """Films whose field is stated as the two functions of a film's number have it."""
    drawn, number = films(), {POSITIVE: 0, "normal": 0}
    records = []
    for record in drawn.records:
        records.append(record.but(**{field: (of_covid if record.label == POSITIVE else of_normal)(number[record.label])}))
        number[record.label] += 1
    return replace(drawn, records=tuple(records))


@pytest.mark.parametrize(
    "field, name, values",
    [("age", "age", ["31", "44", "57"]), ("sex", "sex", ["F", "M"]), ("view", "view", ["PA", "AP"]), ("mode", "file", ["L", "RGB"])],
)
def test_what_is_known_of_one_class_more_often_is_no_shortcut_by_that(field, name, values):
    """Regression: a constant in the place of what is not known told the classes apart, and so did an empty word."""
    value = lambda number: values[number // 2 % len(values)]
    row = rows_of(stating(field, lambda number: value(number) if number % 80 < 50 else "", value))
    assert row[name].area.auc.n == 130 and row[name].area.positives == 50
    assert row[name].area.auc.low < 0.5 and "known for 50 of 80 COVID-19 and 80 of 80 normal" in row[name].note
    if name != "file":
        known = row["missingness"]
        assert known.area.auc.value > 0.6 and known.area.auc.low > 0.5 and known.area.auc.n == 160
        assert f"{name} for 50 of 80 COVID-19" in known.note and "about the collection" in known.note


def test_what_is_known_of_one_class_alone_is_unknown_and_knowing_it_is_told():
    row = rows_of(stating("age", lambda number: "", lambda number: "1-5"))
    assert not row["age"].area.auc.known and "0 and 40 patients" in row["age"].note and row["missingness"].area.auc.value == 1


def test_how_a_source_spells_a_sex_is_no_fact_about_its_films():
    spelt = rows_of(stating("sex", lambda number: "MF"[number // 2 % 2], lambda number: ("male", "Female")[number // 2 % 2]))
    assert spelt["sex"].area.auc.low < 0.5 and spelt["sex"].area.auc.n == 160


def test_without_pictures_or_sizes_the_rows_say_why():
    bare = rows_of(showing(films(width=lambda label: None), None))
    assert not bare["file"].area.auc.known and "file facts are known for no film" in bare["file"].note
    assert not bare["border"].area.auc.known and "not on this machine" in bare["border"].note
    assert bare["source"].area.auc.value == 0.5


def test_scores_of_the_held_out_films_are_in_their_order():
    rows, scores = baselines.run(HONEST)
    held = HONEST.is_covid[HONEST.splits == "valid"]
    assert set(scores) >= {"thumbnail-8", "thumbnail-16", "border", "source", "file", "histogram"} and "age" not in scores
    assert (scores["thumbnail-8"][held].mean() > scores["thumbnail-8"][~held].mean()) and len(scores["thumbnail-8"]) == len(held)


@pytest.mark.parametrize(
    "text, age",
    [
        ("45", 45),
        ("1-5", 3),
        ("070Y", 70),
        ("0.5", 0.5),
        ("30s", 34.5),
        (" 62 years ", 62),
        ("40 – 50", 45),
        ("18 months", 1.5),
        ("006M", 0.5),
        ("45M", None),
        ("18-90", None),
        ("", None),
        ("adult", None),
        ("999", None),
    ],
)
def test_age_of(text, age):
    assert records.age_of(text) == age


def test_the_frame_is_a_tenth_on_each_side_and_sees_nothing_else():
    images = np.zeros((2, 40, 40), np.uint8)
    images[1, 4:-4, 4:-4] = 255
    assert (baselines.borders(images) == 0).all()
    images[1, 3, 20] = 255
    assert baselines.borders(images)[1].any()


def test_a_histogram_forgets_places():
    image = np.random.default_rng(0).integers(0, 256, (32, 32), dtype=np.uint8)
    found = baselines.histograms(np.stack([image, image[::-1, ::-1]]))
    assert (found[0] == found[1]).all() and found[0].sum() == pytest.approx(1)


def untold(of_covid, of_normal):
    """Films of a collection that names the hospital of some of them, as functions of a film's number have it."""
    drawn = stating("source", of_covid, of_normal)
    return replace(drawn, records=tuple(record.but(path=f"set/{record.path}") for record in drawn.records))


def test_a_hospital_that_is_told_of_some_films_is_no_shortcut_by_that():
    """Regression: the collection's bare name, which stands for "not told", was a source like any other."""
    told = lambda number: f"set-{'ab'[number // 2 % 2]}"
    row = rows_of(untold(lambda number: told(number) if number % 80 < 30 else "set", told))
    assert row["source"].area.auc.low < 0.5 < row["source"].area.auc.high
    assert (row["source"].area.auc.n, row["source"].area.positives) == (110, 30)
    assert "source is known for 30 of 80 COVID-19" in row["source"].note
    assert row["missingness"].area.auc.value > 0.75 and "source for 30 of 80" in row["missingness"].note


def test_a_hospital_that_is_told_and_tells_the_classes_apart_still_does():
    row = rows_of(untold(lambda number: "set-a" if number % 80 < 50 else "set", lambda number: "set-b"))
    assert row["source"].area.auc.value == 1 and row["source"].area.auc.n == 130


def test_sources_of_folders_of_their_own_are_told_however_they_are_called():
    drawn = films(source_of=lambda label, patient: ("nih", "nih-2")[patient % 2])
    assert drawn.is_told.all() and rows_of(drawn)["source"].area.auc.n == 160
