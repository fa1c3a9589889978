"""review.csv: which answers can be used, and what they change in a record."""

import csv

import pytest

from cxrkit.data.readers.collected import GUESSED, REVIEWED, SAVED, XRAY, Case, Fact, Film, Question
from scrapers import review, store

QUESTIONS = (Question("a", "modality", "CT", "=RX e TC"), Question("", "age", "", "60; 64"))
CASE = Case(
    "sirm",
    "2",
    "https://www.sirm.org/covid-19-caso-2/",
    films=(Film("a", modality=Fact("CT", "words"), confidence=GUESSED), Film("b")),
    questions=QUESTIONS,
)
RECORD = store.updated(None, CASE, SAVED, "", 1.8e9)[0]


def answered(path, **answer):
    """The answers of a review of RECORD in which each row is filled in with these values."""
    review.write(path, [RECORD], [])
    rows = list(csv.DictReader(path.open()))
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, review.COLUMNS)
        writer.writeheader()
        writer.writerows([row | answer for row in rows])
    return review.read(path)


def test_the_open_questions_are_written_and_no_cell_is_a_formula(tmp_path):
    review.write(tmp_path / "review.csv", [RECORD], [])
    rows = list(csv.DictReader((tmp_path / "review.csv").open()))
    assert [(row["film"], row["field"], row["words"]) for row in rows] == [("", "age", "60; 64"), ("a", "modality", "'=RX e TC")]
    assert review.read(tmp_path / "review.csv") == []


def test_an_answer_on_a_film_and_one_on_its_case(tmp_path):
    age, modality = review.Answer("sirm", "2", "", "age", "60", "Dr R"), review.Answer("sirm", "2", "a", "modality", XRAY, "Dr R")
    record = review.apply(RECORD, [age, modality, review.Answer("sirm", "3", "", "age", "70", "Dr R")])
    assert (record.age, record.reviewed_by) == (Fact("60", "review.csv: Dr R"), "Dr R")
    film, other = record.films
    assert (film.modality.value, film.confidence, film.reviewed_by) == (XRAY, REVIEWED, "Dr R")
    assert other == RECORD.films[1] and record.questions == ()
    assert review.apply(record, [age, modality]) == record


def test_unknown_is_an_answer_that_leaves_the_value_open(tmp_path):
    record = review.apply(RECORD, [review.Answer("sirm", "2", "a", "view", review.UNKNOWN, "Dr R")])
    assert not record.films[0].view and record.films[0].view.evidence == "review.csv: Dr R"


@pytest.mark.parametrize(
    "answer, words",
    [
        ({"film": "a", "field": "modality", "answer": "xray"}, "'xray' is no modality; write one of X-ray, CT, other"),
        ({"film": "a", "field": "finding", "answer": "COVID-19"}, "a film has no field 'finding'"),
        ({"film": "", "field": "view", "answer": "AP"}, "a case has no field 'view'"),
        ({"film": "", "field": "rid", "answer": "rID-75001"}, "is no rID; write its digits"),
        ({"film": "", "field": "age", "answer": "60", "reviewed_by": ""}, "reviewed_by is empty"),
    ],
)
def test_an_answer_that_cannot_be_used_is_named_with_its_line_and_changes_nothing(tmp_path, answer, words):
    answers = answered(tmp_path / "review.csv", **{"reviewed_by": "Dr R"} | answer)
    assert [words in a.problem and f"line {line}:" in a.problem for line, a in enumerate(answers, start=2)] == [True, True]
    assert review.apply(RECORD, answers) == RECORD
