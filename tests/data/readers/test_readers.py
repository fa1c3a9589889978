"""ieee8023-style and plain folders: readers that yield the same records."""

import csv
from collections import Counter

import pytest

from cxrkit.data.readers import folder, ieee8023
from cxrkit.errors import BadInput

JUNE = ["patientid", "age", "sex", "finding", "view", "modality", "folder", "filename", "url", "license", "other_notes"]
MARCH = ["patientid", "age", "sex", "finding", "view", "filename", " doi", " url"]
CASE = "https://www.sirm.org/2020/03/19/covid-19-caso-54/"


def write(root, header, *rows):
    with open(root / "metadata.csv", "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return root


@pytest.mark.parametrize(
    "finding, url, label, used",
    [
        ("COVID-19", CASE, "covid", True),
        ("COVID-19, ARDS", CASE, "covid", True),
        (" COVID-19 ", CASE, "covid", True),
        ("Pneumonia/Viral/COVID-19", CASE, "covid", True),
        ("No Finding", "https://example.org/normal", "normal", True),
        ("No Finding", CASE, "covid", False),
        ("todo", CASE, "", False),
        ("Pneumonia/Bacterial/Klebsiella", CASE, "", False),
        ("", CASE, "", False),
    ],
)
def test_findings(tmp_path, finding, url, label, used):
    (record,) = ieee8023.read(write(tmp_path, JUNE, ["1", "53", "M", finding, "PA", "X-ray", "images", "a.jpg", url, "", ""]))
    assert (record.label, record.used) == (label, used)


@pytest.mark.parametrize("view, expected", [("PA", "PA"), ("AP Supine", "AP supine"), ("AP", "AP"), ("L", "lateral"), ("?", ""), ("", "")])
def test_views(tmp_path, view, expected):
    (record,) = ieee8023.read(write(tmp_path, JUNE, ["1", "", "", "COVID-19", view, "X-ray", "images", "a.jpg", CASE, "", ""]))
    assert record.view == expected and bool(record.view_basis) == bool(expected)


def test_the_columns_of_march_have_no_modality_and_stray_spaces(tmp_path):
    film, slice_ = ieee8023.read(
        write(
            tmp_path,
            MARCH,
            ["2", "65", "M", "COVID-19", "PA", "a.jpg", "", " " + CASE],
            ["2", "65", "M", "COVID-19", "Axial", "b.jpg", "", CASE],
        )
    )
    assert (film.source, film.patient, film.path, film.used) == ("sirm", "sirm:54", "ieee8023/images/a.jpg", True)
    assert slice_.excluded == "modality CT"


def test_sites_licences_and_repeated_rows(tmp_path):
    row = [
        "7",
        "",
        "",
        "COVID-19",
        "PA",
        "X-ray",
        "images",
        "a.jpg",
        "https://radiopaedia.org/cases/x",
        "CC BY-NC-SA",
        "Case courtesy of N",
    ]
    first, again, other = ieee8023.read(
        write(
            tmp_path,
            JUNE,
            row,
            row,
            ["8", "", "", "COVID-19", "PA", "X-ray", "images", "b.jpg", "https://nejm.org/x", "", "positive test for SARS-CoV-2 RNA"],
        )
    )
    assert (first.source, first.licence, first.credit, first.patient) == (
        "radiopaedia",
        "CC BY-NC-SA",
        "Case courtesy of N",
        "radiopaedia:7",
    )
    assert (other.credit, other.case_url) == ("", "https://nejm.org/x"), "a clinical note credits nobody"
    assert "more than once" in again.excluded
    assert (other.source, other.licence) == ("ieee8023", "unknown")


@pytest.mark.parametrize("name, where", [("../../etc/passwd", "images"), ("a.jpg", "../.."), ("", "images")])
def test_no_row_leads_out_of_the_folder(tmp_path, name, where):
    (record,) = ieee8023.read(write(tmp_path, JUNE, ["1", "", "", "COVID-19", "PA", "X-ray", where, name, CASE, "", ""]))
    assert record.path == "" and "row 2" in record.excluded


def test_metadata_that_cannot_be_used(tmp_path):
    with pytest.raises(BadInput, match="no metadata.csv"):
        ieee8023.read(tmp_path)
    with pytest.raises(BadInput, match="lacks the column"):
        ieee8023.read(write(tmp_path, JUNE[:3], ["1", "2", "3"]))


def test_the_real_metadata(films):
    records = ieee8023.read(films / "ieee8023")
    assert len(records) == 751
    on_site = Counter(r.source for r in records if r.used and r.label == "covid" and r.source in ("sirm", "radiopaedia"))
    assert on_site == {"sirm": 70, "radiopaedia": 79}


def test_a_plain_folder(tmp_path):
    for name in ("covid/a.png", "normal/00001_001.png", "normal/00001_002.png", "normal/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "films.csv").write_text("file,patient,view,licence\ncovid/a.png,p1,lateral,CC BY 4.0\n")
    covid, first, second, notes = folder.read(tmp_path, "mine")
    assert (covid.patient, covid.view, covid.licence, covid.image_id) == ("mine:p1", "lateral", "CC BY 4.0", "mine/covid/a.png")
    assert first.patient == second.patient == "mine:00001"
    assert "no image type" in notes.excluded


def test_a_plain_folder_that_cannot_be_used(tmp_path):
    with pytest.raises(BadInput, match="no such data folder"):
        folder.read(tmp_path / "gone")
    with pytest.raises(BadInput, match="neither covid/ nor normal/"):
        folder.read(tmp_path)
    (tmp_path / "normal").mkdir()
    with pytest.raises(BadInput, match="no file"):
        folder.read(tmp_path)
