"""ieee8023-style and plain folders: readers that yield the same records."""

import csv
from collections import Counter

import pytest

from cxrkit.config import Experiment
from cxrkit.data import manifest
from cxrkit.data.readers import folder, ieee8023
from cxrkit.data.sources import parse, parse_all
from cxrkit.errors import BadInput
from tests.data.readers.layouts import draw

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


@pytest.mark.parametrize(
    "named, there, found",
    [
        ("a.jpg", ["a.jpeg"], "a.jpeg"),
        ("a", ["a.png"], "a.png"),
        ("a.jpg", ["A.JPG"], "A.JPG"),
        ("a.jpg", ["a (1).jpg"], "a (1).jpg"),
        ("a.jpg", ["a.jpg.png"], "a.jpg.png"),
        ("a.jpg", ["a"], "a"),
        ("a.jpg", ["a.jpg", "a (1).jpg"], "a.jpg"),
        ("a.jpg", ["a.png", "a.jpeg"], "a.jpg"),  # which is meant is not known
        ("a.jpg", ["b.jpg"], "a.jpg"),
    ],
)
def test_a_film_is_found_under_another_ending_or_number(tmp_path, named, there, found):
    url = "https://x.org"
    rows = [["1", "", "", "COVID-19", "PA", "X-ray", "images", name, url, "", ""] for name in (named, "other.jpg")]
    (write(tmp_path, JUNE, *rows) / "images").mkdir()
    for name in [*there, "other.jpg", "other (1).jpg"]:
        (tmp_path / "images" / name).write_bytes(b"x")
    records = {record.image_id: record.path for record in parse(f"ieee8023={tmp_path}", "").read()}
    assert records == {f"ieee8023/{named}": f"ieee8023/images/{found}", "ieee8023/other.jpg": "ieee8023/images/other.jpg"}


def test_two_rows_that_could_mean_one_file_do_not(tmp_path):
    rows = [["1", "", "", "COVID-19", "PA", "X-ray", "images", name, "https://x.org", "", ""] for name in ("a.jpg", "a.png")]
    (write(tmp_path, JUNE, *rows) / "images").mkdir()
    (tmp_path / "images" / "a.jpeg").write_bytes(b"x")
    assert [record.path.rpartition("/")[2] for record in parse(f"ieee8023={tmp_path}", "").read()] == ["a.jpg", "a.png"]


def test_two_snapshots_of_one_collection_are_merged(tmp_path):
    """Films of one site have the site's name in both, and patients of the collection are shared where it is named."""
    for snapshot in ("march", "june"):
        (tmp_path / snapshot / "images").mkdir(parents=True)
        rows = [
            [str(number), "", "", finding, "PA", "X-ray", "images", f"{number}.png", url, "", ""]
            for number, finding, url in (
                (1, "COVID-19", CASE),
                (2, "COVID-19", "https://nejm.org/x"),
                (3, "No Finding", "https://nejm.org/y"),
            )
        ]
        write(tmp_path / snapshot, JUNE, *rows)
        for number in (1, 2, 3):
            draw(tmp_path / snapshot / "images" / f"{number}.png", number)
    for number in range(10, 40):
        draw(tmp_path / "more" / ("covid" if number % 2 else "normal") / f"{number}.png", number)
    texts = [
        f"ieee8023:june@ieee8023={tmp_path / 'june'}",
        f"ieee8023:march@ieee8023={tmp_path / 'march'}",
        f"folder:more={tmp_path / 'more'}",
    ]
    first, second = (manifest.build(parse_all(order, ""), Experiment(image_size=48, split="grouped")) for order in (texts, texts[::-1]))
    assert first == second
    records = {record.image_id: record for record in first.records}
    assert {name for name in records if not name.startswith("more/")} == {
        "sirm/1.png", "sirm/1.png@march", "june/2.png", "march/2.png", "june/3.png", "march/3.png",
    }  # fmt: skip
    assert records["sirm/1.png@march"].duplicate_of == "sirm/1.png" and records["sirm/1.png"].patient == "sirm:54"
    assert records["june/2.png"].patient == records["march/2.png"].patient == "ieee8023:2"
    assert sum(record.used for record in first.records if record.source != "more") == 3


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
