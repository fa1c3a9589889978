"""Readers of collections from other hospitals, on small folders drawn in their layouts, whole and spoilt."""

import os
import zipfile
from collections import Counter

import pytest

from cxrkit import config, spreadsheet
from cxrkit.data import manifest as manifests
from cxrkit.data import sources, summary
from cxrkit.data.readers import actualmed, covidgr, hannover, nih, radiography
from cxrkit.errors import BadInput
from tests.data.readers import layouts

ROOM, WARD = "1722810162", "1722810170"


def reasons(records):
    return [record.excluded for record in records if not record.used]


@pytest.fixture
def actualmed_folder(tmp_path):
    return layouts.actualmed(
        tmp_path,
        layouts.actualmed_row("ANON1", "COVID-19", "PA", ROOM, 1),
        layouts.actualmed_row("ANON1", "No finding", "PA", ROOM, 2),
        layouts.actualmed_row("ANON2", "COVID-19", "AP", WARD, 3),
        layouts.actualmed_row("ANON3", "No finding", "AP", ROOM, 4),
        layouts.actualmed_row("ANON4", "", "PA", ROOM, 5),
        layouts.actualmed_row("ANON5", "Pneumonia", "PA", ROOM, 6),
        layouts.actualmed_row("ANON6", "COVID-19", "PA", ROOM, 7, "CT"),
    )


@pytest.fixture
def radiography_folder(tmp_path):
    return layouts.radiography(
        tmp_path,
        COVID=[(1, "https://sirm.org/category/covid-19/"), (2, "https://bimcv.cipf.es/x"), (3, "https://github.com/ieee8023/x")],
        Normal=[(1, "https://www.kaggle.com/c/rsna-x"), (62, ""), (63, ""), (1403, ""), (1404, "")],
        Lung_Opacity=[(1, "")],
        Viral_Pneumonia=[(1, "")],
    )


def test_covidgr_has_labels_views_and_grades(tmp_path):
    records = covidgr.read(layouts.covidgr(tmp_path), "granada")
    assert Counter(record.label for record in records if record.used) == {"covid": 4, "normal": 4}
    assert [record.finding for record in records if record.label == "covid"] == ["P/NORMAL-PCR+", "P/MILD", "P/MODERATE", "P"]
    assert {record.view for record in records} == {"PA"} and len({record.patient for record in records}) == 8
    assert records[0].image_id == "granada/P/p0.jpg" and records[0].patient == "granada:P/p0" and records[0].path == "granada/P/p0.jpg"


def test_covidgr_within_the_folder_of_its_archive_is_found(tmp_path):
    layouts.covidgr(tmp_path / "COVIDGR_1.0")
    assert covidgr.read(tmp_path)[0].path == "covidgr/COVIDGR_1.0/P/p0.jpg"


def test_covidgr_lists_rows_without_a_film_unknown_grades_and_what_is_no_picture(tmp_path):
    layouts.covidgr(tmp_path)
    (tmp_path / "P" / "notes.txt").write_text("x")
    rows = [["p0.jpg", "mild"], ["p0", "SEVERE"], ["p1", "CRITICAL"], ["gone", "MILD"], ["n0", "MILD"]]
    layouts.write_rows(tmp_path / "severity.csv", ["Name", "Severity"], *rows)
    records = covidgr.read(tmp_path)
    assert sum(record.used for record in records) == 7 and next(r for r in records if r.path.endswith("p0.jpg")).finding == "P/MILD"
    said = " | ".join(reasons(records))
    for part in ("names a film again: 'p0'", "unknown grade 'CRITICAL'", "no film of P/: 'gone'", "no film of P/: 'n0'", "no image type"):
        assert part in said
    assert len({record.image_id for record in records}) == len(records)


def test_covidgr_without_its_table_has_no_grades_and_without_its_folders_is_refused(tmp_path):
    layouts.covidgr(tmp_path)
    (tmp_path / "severity.csv").unlink()
    assert {record.finding for record in covidgr.read(tmp_path)} == {"P", "N"}
    layouts.write_rows(tmp_path / "severity.csv", ["Film"], ["p0"])
    with pytest.raises(BadInput, match="lacks the column"):
        covidgr.read(tmp_path)
    with pytest.raises(BadInput, match="no P/ and N/"):
        covidgr.read(tmp_path / "P")
    for folder in ("P", "N"):
        (tmp_path / "empty" / folder).mkdir(parents=True)
    with pytest.raises(BadInput, match="hold no file"):
        covidgr.read(tmp_path / "empty")


def test_actualmed_has_one_record_a_row_and_says_why_a_film_is_not_used(actualmed_folder):
    records = actualmed.read(actualmed_folder)
    assert [record.label for record in records if record.used] == ["covid", "normal", "covid", "normal"]
    assert reasons(records) == ["finding inconclusive", "finding Pneumonia: neither normal nor COVID-19", "modality CT"]
    assert (records[4].finding, records[2].view, records[0].patient) == ("Inconclusive", "AP", "actualmed:ANON1")


def test_one_room_of_actualmed_is_one_station_and_one_view(actualmed_folder):
    records = actualmed.read_room(actualmed_folder)
    assert [record.patient for record in records if record.used] == ["actualmed-room:ANON1"] * 2
    assert reasons(records)[:2] == ["station 1722810170: not the one room that is asked for", "view AP: only PA is asked for"]


def test_a_patient_of_both_classes_is_listed_in_the_manifest(actualmed_folder):
    layouts.actualmed(
        actualmed_folder,
        *[layouts.actualmed_row(f"ANON{n}", ("COVID-19", "No finding")[n % 2], "PA", ROOM, n) for n in range(10, 40)],
        layouts.actualmed_row("ANON10", "No finding", "PA", ROOM, 50),
    )
    built = manifests.build([sources.Source("actualmed", "actualmed", actualmed_folder)], config.load("rigorous"))
    listed = [record for record in built.records if record.excluded.startswith("conflicting labels in one group")]
    assert [record.patient for record in listed] == ["actualmed:ANON10"] * 2
    assert not manifests.problems(built) and "conflicting labels" in summary.text(built)


def test_no_row_leads_out_of_a_folder(tmp_path):
    row = layouts.actualmed_row("ANON1", "COVID-19", "PA", ROOM, 1)
    layouts.write_rows(tmp_path / "metadata.csv", layouts.ACTUALMED, [*row[:10], "../../x.png", *row[11:]], [*row[:10], "", *row[11:]])
    layouts.write_rows(tmp_path / "data.csv", layouts.HANNOVER, ["p", "../x", "m", "", "", "", "0", "CR", "ap"])
    layouts.write_rows(tmp_path / "Data_Entry_2017.csv", layouts.NIH, ["../x.png", "No Finding", "0", "1", "40", "M", "PA"])
    for read in (actualmed.read, hannover.read, nih.read):
        for record in read(tmp_path):
            assert record.path == "" and "names no plain file" in record.excluded


def test_hannover_is_covid_alone_with_several_films_a_patient(tmp_path):
    layouts.hannover(
        tmp_path, ("a1", "f1", "m", "CR", "ap"), ("a1", "f2", "m", "DX", "pa"), ("b2", "f3", "w", "CT", "x"), ("a1", "f1", "m", "CR", "ap")
    )
    first, second, other, again = hannover.read(tmp_path)
    assert (first.label, first.patient, first.view, first.sex) == ("covid", "hannover:a1", "AP", "M") and second.view == "PA"
    assert (first.path, first.licence) == ("hannover/png/f1.png", "CC BY 3.0")
    assert (other.excluded, other.sex, other.view) == ("modality CT", "F", "") and "more than once" in again.excluded


def test_the_radiography_database_names_its_sources_and_leaves_the_children_out(radiography_folder):
    records = radiography.read(radiography_folder)
    assert [record.source for record in records if record.used and record.label == "covid"] == [
        "radiography-sirm",
        "radiography-bimcv",
        "radiography-ieee8023",
    ]
    normal = {record.path.rpartition("-")[2]: record for record in records if record.label == "normal"}
    assert [name for name, record in normal.items() if record.used] == ["1.png", "1404.png", "62.png"]
    assert normal["63.png"].source == "radiography-kermany" and normal["1403.png"].age == "1-5"
    assert "Lung_Opacity" in " ".join(reasons(records)) and not any("masks" in record.path for record in records)


def test_the_radiography_database_lists_rows_without_a_file_and_does_without_tables(radiography_folder):
    (radiography_folder / "COVID" / "images" / "COVID-2.png").unlink()
    (absent,) = [record for record in radiography.read(radiography_folder) if not record.path]
    assert absent.image_id == "radiography/COVID/2" and "no such file" in absent.excluded
    for table in radiography_folder.glob("*.xlsx"):
        table.unlink()
    assert {record.source for record in radiography.read(radiography_folder) if record.used} == {"radiography"}


def test_spreadsheets_that_are_damaged_are_refused(radiography_folder):
    path = radiography_folder / "COVID.metadata.xlsx"
    layouts.write_sheet(path, ["NAME", "URL"], ["COVID-1", "x"])
    with pytest.raises(BadInput, match="lacks the column"):
        radiography.read(radiography_folder)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(BadInput, match="cannot be read"):
        radiography.read(radiography_folder)
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("xl/worksheets/sheet1.xml", '<!DOCTYPE x [<!ENTITY a "b">]>' + layouts.SHEET.format(""))
    with pytest.raises(BadInput, match="entities"):
        spreadsheet.rows_of(path)
    with zipfile.ZipFile(path, "w") as packed:
        cells = '<c r="A1" t="inlineStr"><is><t>FILE</t><t> NAME</t></is></c><c r="B1"><v>7</v></c>'
        packed.writestr("xl/worksheets/sheet1.xml", layouts.SHEET.format(f'<row>{cells}</row><row><c r="A2"><v>3</v></c></row>'))
    assert spreadsheet.rows_of(path) == [{"FILE NAME": "3"}]


def test_nih_gives_adults_without_a_finding(tmp_path):
    layouts.nih(
        tmp_path,
        ("1_0.png", "No Finding", "1", "58", "PA"),
        ("1_1.png", "No Finding", "1", "058Y", "AP"),
        ("2_0.png", "Effusion|Mass", "2", "58", "PA"),
        ("3_0.png", "No Finding", "3", "17", "PA"),
        ("4_0.png", "No Finding", "4", "414", "LL"),
        ("5_0.png", "No Finding", "5", "11M", "PA"),
        ("6_0.png", "No Finding", "6", "40", "PA"),
    )
    (tmp_path / "images_001" / "images" / "6_0.png").unlink()
    records = nih.read(tmp_path)
    assert [(r.patient, r.age, r.view) for r in records if r.used] == [
        ("nih:1", "58", "PA"),
        ("nih:1", "58", "AP"),
        ("nih:4", "", "lateral"),
    ]
    young = "a patient under 18 years"
    assert reasons(records) == ["a finding: neither normal nor COVID-19", young, young, "the film is not in this folder"]
    assert records[0].path == "nih/images_001/images/1_0.png"


@pytest.mark.parametrize("read", [actualmed.read, hannover.read, nih.read, radiography.read, covidgr.read])
def test_an_empty_folder_is_refused_with_what_to_give(tmp_path, read):
    with pytest.raises(BadInput) as caught:
        read(tmp_path)
    assert "http" in caught.value.next
    assert sources.recognised(tmp_path) == ""


def test_folders_are_recognised_by_what_lies_in_them(tmp_path):
    layouts.covidgr(tmp_path / "a")
    layouts.actualmed(tmp_path / "b", layouts.actualmed_row("ANON1", "COVID-19", "PA", ROOM, 1))
    layouts.hannover(tmp_path / "c", ("a1", "f1", "m", "CR", "ap"))
    layouts.radiography(tmp_path / "d", COVID=[(1, "")], Normal=[(1, "")])
    layouts.nih(tmp_path / "e", ("1_0.png", "No Finding", "1", "58", "PA"))
    layouts.write_rows(tmp_path / "f" / "metadata.csv", ["patientid"], ["1"])
    assert [sources.recognised(tmp_path / name) for name in "abcdef"] == ["covidgr", "actualmed", "hannover", "radiography", "nih", ""]
    for name in "abcde":
        kind = sources.recognised(tmp_path / name)
        assert all(record.image_id.startswith(record.source + "/") for record in sources.parse(f"{kind}={tmp_path / name}", "").read())


@pytest.mark.parametrize("reader, place", [(covidgr, "P"), (radiography, "COVID/images")])
def test_links_that_lead_nowhere_and_odd_names_are_rows(tmp_path, reader, place):
    layouts.covidgr(tmp_path) if reader is covidgr else layouts.radiography(tmp_path, COVID=[(1, "")], Normal=[(1, "")])
    (tmp_path / place / "gone.png").symlink_to(tmp_path / "nothing")
    before = len(reader.read(tmp_path))
    odd = tmp_path.joinpath(place, os.fsdecode(b"f\xe9.png"))
    odd.write_bytes(b"x")
    layouts.draw(tmp_path / place / "film.png", 77)
    (tmp_path / place / "film.png").rename(tmp_path / place / "film")
    told = {record.image_id.rpartition("/")[2]: record.excluded for record in reader.read(tmp_path)}
    assert len(told) >= before and told["gone.png"] == "a link that leads nowhere" and "no UTF-8" in told["f\\xe9.png"]
    assert told["film"] == ""
