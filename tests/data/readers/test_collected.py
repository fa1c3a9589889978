"""The reader of collected films, and the format of record.json that it shares with the scrapers."""

import json
from dataclasses import fields, replace

import pytest

from cxrkit.data.readers import collected
from cxrkit.data.readers.collected import CT, EXACT, GUESSED, REVIEWED, STATED, XRAY, CaseRecord, Fact, StoredFilm
from cxrkit.errors import BadInput
from cxrkit.files import write_json

FILM = StoredFilm(
    "a",
    ("https://www.sirm.org/a.jpeg",),
    modality=Fact(XRAY, "caption: RX"),
    confidence=STATED,
    view=Fact("AP", "caption: AP"),
    file="40-a.jpeg",
    bytes=31_000,
    how="saved",
    image_url="a.jpeg",
)
CASE = CaseRecord(
    site="sirm",
    key="40",
    url="https://www.sirm.org/covid-19-caso-40/",
    finding=Fact("COVID-19", "title"),
    age=Fact("53", "words"),
    sex=Fact("F", "words"),
    credit="SIRM, COVID-19 caso 40",
    films=(FILM,),
    state="present",
    state_since="2026-05-04T10:00:00Z",
    complete=True,
    fingerprints={"saved": "0" * 64},
    how="saved",
    permission="",
    retrieved_at="2026-05-04T10:00:00Z",
    parser="1",
    rid="",
    reviewed_by="",
)


def written(folder, case=CASE, **changes):
    """A store with this case, its JSON changed by {key: value}; return the path of its record."""
    path = folder / case.site / case.key / "record.json"
    write_json(path, collected.as_json(case) | changes)
    return path


def read(folder, **film):
    """The records of a store of one case whose only film is changed."""
    written(folder, replace(CASE, films=(replace(FILM, **film),)))
    return collected.read(folder)


def test_a_film_as_a_record(tmp_path):
    (record,) = read(tmp_path)
    assert record.used and record.label == "covid"
    assert (record.image_id, record.path, record.source) == ("sirm/40-a.jpeg", "collected/sirm/40/40-a.jpeg", "sirm")
    assert (record.view, record.view_basis, record.age, record.sex, record.patient) == ("AP", "caption: AP", "53", "F", "sirm:40")
    assert (record.licence, record.credit, record.collected) == ("unknown", "SIRM, COVID-19 caso 40", "saved")
    assert record.image_url == "https://www.sirm.org/a.jpeg"


@pytest.mark.parametrize(
    "modality, confidence, reason",
    [
        (XRAY, EXACT, ""),
        (XRAY, STATED, ""),
        (XRAY, REVIEWED, ""),
        (XRAY, GUESSED, "X-ray or CT is not decided: see review.csv"),
        (CT, GUESSED, "X-ray or CT is not decided: see review.csv"),
        ("", "", "X-ray or CT is not decided: see review.csv"),
        (CT, STATED, "modality CT: not an X-ray"),
        ("other", REVIEWED, "modality other: not an X-ray"),
    ],
)
def test_a_guessed_modality_is_not_decided(tmp_path, modality, confidence, reason):
    (record,) = read(tmp_path, modality=Fact(modality, "words"), confidence=confidence)
    assert (record.excluded, record.used) == (reason, not reason)


@pytest.mark.parametrize(
    "finding, label, reason",
    [
        ("COVID-19", "covid", ""),
        ("SARS-CoV-2 pneumonia", "covid", ""),
        ("Normal chest x-ray - young female", "normal", ""),
        ("no finding", "normal", ""),
        ("Abnormal", "", "finding Abnormal: neither normal nor COVID-19"),
        ("Lobar pneumonia", "", "finding Lobar pneumonia: neither normal nor COVID-19"),
        ("", "", "the finding is not decided: see review.csv"),
    ],
)
def test_findings(tmp_path, finding, label, reason):
    written(tmp_path, replace(CASE, finding=Fact(finding, "title")))
    (record,) = collected.read(tmp_path)
    assert (record.label, record.excluded) == (label, reason)


def test_a_film_that_was_not_fetched_is_listed_with_its_reason(tmp_path):
    (refused,) = read(tmp_path, file="", refused="404 at x")
    assert (refused.image_id, refused.excluded) == ("sirm/40-a", "no picture: 404 at x")
    (untried,) = read(tmp_path, file="")
    assert untried.excluded == "no picture: not fetched yet"


def test_a_crawled_film_names_the_address_it_came_from(tmp_path):
    (record,) = read(tmp_path, how="crawl", image_url="https://www.sirm.org/a-large.jpeg")
    assert (record.collected, record.image_url) == ("crawl", "https://www.sirm.org/a-large.jpeg")


@pytest.mark.parametrize("of_films, patients", [(("a", "b"), {"sirm:40a", "sirm:40b"}), (("a", ""), {"sirm:40"}), (("", ""), {"sirm:40"})])
def test_two_patients_are_two_only_when_every_film_is_assigned(tmp_path, of_films, patients):
    films = tuple(replace(FILM, key=f"{i}", file=f"40-{i}.jpeg", patient=patient) for i, patient in enumerate(of_films))
    written(tmp_path, replace(CASE, patients=("a", "b"), films=films))
    assert {record.patient for record in collected.read(tmp_path)} == patients


def test_the_age_and_sex_of_the_film_s_own_patient_come_first(tmp_path):
    (record,) = read(tmp_path, age=Fact("61", "words"), sex=Fact("M", "words"))
    assert (record.age, record.sex) == ("61", "M")


def test_an_rid_found_later_is_the_patient(tmp_path):
    written(tmp_path, replace(CASE, site="radiopaedia", key="covid-19-1", rid="75001"))
    (record,) = collected.read(tmp_path)
    assert record.patient == "radiopaedia:75001"


def test_a_record_is_read_as_it_was_written(tmp_path):
    assert collected.read_case(written(tmp_path)) == CASE


def test_every_key_is_always_written(tmp_path):
    value = json.loads(written(tmp_path).read_text())
    assert list(value) == ["format", *(field.name for field in fields(CaseRecord))]
    assert list(value["films"][0]) == [field.name for field in fields(StoredFilm)]
    assert value["films"][0]["width"] is None and value["films"][0]["bytes"] == 31_000


def test_a_record_of_version_0_1_0_is_read(tmp_path):
    """It wrote an empty text for a number that is not known, and `reviewed_by` only where a person had answered."""
    path = written(tmp_path)
    value = json.loads(path.read_text())
    del value["reviewed_by"]
    value["films"][0] |= {"width": "", "height": ""}
    write_json(path, value)
    assert collected.read_case(path) == CASE


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"format": 2}, "not of format 1"),
        ({"films": None}, "films"),
        ({"films": [{"key": "a"}]}, "caption, confidence"),
        ({"finding": "COVID-19"}, "finding"),
        ({"complete": "yes"}, "complete"),
        ({"tags": ["a", 3]}, "tags"),
        ({"fingerprints": []}, "fingerprints"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_record_of_another_shape_is_named(tmp_path, changes, words):
    path = written(tmp_path, **changes)
    with pytest.raises(BadInput) as error:
        collected.read(tmp_path)
    assert words in error.value.what and error.value.where == path


@pytest.mark.parametrize("text", ["{broken", "[]", "{}", "\x00"])
def test_an_unreadable_record_is_named(tmp_path, text):
    path = written(tmp_path)
    path.write_text(text)
    with pytest.raises(BadInput) as error:
        collected.read(tmp_path)
    assert error.value.where == path and "restore it" in str(error.value)


def test_a_folder_that_is_no_store(tmp_path):
    with pytest.raises(BadInput, match="holds no case"):
        collected.read(tmp_path)
    with pytest.raises(BadInput, match="no such store"):
        collected.read(tmp_path / "nothing")
