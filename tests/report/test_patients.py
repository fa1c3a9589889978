from cxrkit.data.manifest import Manifest
from cxrkit.data.records import Record
from cxrkit.report.tables.patients import patients


def film(number, label, age="", sex="", split="train", **facts):
    return Record(
        f"a/{number}", "x", "a", label=label, age=age, sex=sex, split=split, **{"patient": f"a:{number}", "sha256": str(number)} | facts
    )


def cells(*films):
    """{row: {column: cell}} of the table of these films."""
    table = patients(Manifest(films))
    titles = [column.title for column in table.columns[1:]]
    return {row[0].text: dict(zip(titles, (cell.text for cell in row[1:]))) for row in table.rows}, table


def test_ages_that_are_ranges_count_in_the_median_and_are_named():
    children = [film(number, "normal", "1-5") for number in range(9)]
    found, _ = cells(*children, film(20, "normal", "60"), film(21, "covid", "18-90", "F"), film(22, "covid", "adult"))
    normal, covid = "training, normal", "training, COVID-19"
    assert found["age known in years"] == {covid: "0 of 2", normal: "10 of 10"}
    assert found["age in years, median (lowest to highest)"] == {covid: "–", normal: "3 (1 to 60)"}
    assert found["under 18, of those known"] == {covid: "0 (0 %)", normal: "9 (90 %)"}
    assert found["age stated as a range or in words"] == {covid: "18-90: 1; adult: 1", normal: "1-5: 9"}
    assert found["female"] == {covid: "1 (50 %)", normal: "–"} and found["sex not known"][normal] == "10 (100 %)"


def test_a_patient_counts_once_with_what_any_film_states_and_views_are_of_images():
    same = {"patient": "a:1"}
    films = [film(1, "covid", view="PA", **same), film(2, "covid", "45", "m", view="AP", **same), film(3, "normal", split="valid")]
    found, table = cells(*films)
    column = "training, COVID-19"
    assert found["images"][column] == "2" and found["patients"][column] == "1" and found["age known in years"][column] == "1 of 1"
    assert found["male"][column] == "1 (100 %)" and found["view AP"][column] == "1 (50 %)"
    assert found["view not known"] == {column: "–", "validation, normal": "1 (100 %)"}
    assert not table.sortable and "No patient or picture" in table.note
