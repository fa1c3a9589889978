"""Downloads as they really lie on disks: other cases, folders around folders, what systems leave behind, rows and files without each other."""

import shutil

import pytest

from cxrkit.data import sources
from tests.data.readers import layouts

ROOM = "1722810162"
HEADER = ["X_ray_image_name", "Label", "Dataset_type", "Label_2_Virus_category", "Label_1_Virus_category"]


def read(kind, root):
    return sources.parse(f"{kind}={root}", "").read()


def used(records):
    return {record.path: record.label for record in records if record.used}


def reasons(records):
    return {record.image_id: record.excluded for record in records if not record.used}


def coronahack(root):
    layouts.draw(root / "train" / "c1.png", 1, True)
    layouts.draw(root / "train" / "IM-0001-0001.jpeg", 2)
    rows = ["c1.png", "Pnemonia", "TRAIN", "COVID-19", "Virus"], ["IM-0001-0001.jpeg", "Normal", "TRAIN", "", ""]
    layouts.write_rows(root / "Chest_xray_Corona_Metadata.csv", HEADER, *rows)
    return root


def ieee8023(root):
    layouts.draw(root / "images" / "a.png", 1, True)
    layouts.write_rows(root / "metadata.csv", ["patientid", "finding", "view", "filename", "url"], ["1", "COVID-19", "PA", "a.png", ""])
    return root


LAYOUTS = {
    "covidgr": layouts.covidgr,
    "actualmed": lambda root: layouts.actualmed(root, layouts.actualmed_row("ANON1", "COVID-19", "PA", ROOM, 1)),
    "actualmed-room": lambda root: layouts.actualmed(root, layouts.actualmed_row("ANON1", "COVID-19", "PA", ROOM, 1)),
    "hannover": lambda root: layouts.hannover(root, ("a1", "f1", "m", "CR", "ap")),
    "radiography": lambda root: layouts.radiography(root, COVID=[(1, "sirm.org")], Normal=[(1, "rsna")]),
    "nih": lambda root: layouts.nih(root, ("1_0.png", "No Finding", "1", "58", "PA")),
    "coronahack": coronahack,
    "ieee8023": ieee8023,
}


@pytest.mark.parametrize("kind", LAYOUTS)
def test_folders_of_archives_around_the_files_are_looked_through(kind, tmp_path, capsys):
    plain = LAYOUTS[kind](tmp_path / "plain")
    shutil.copytree(plain, tmp_path / "archive" / "set-master" / "set")
    (tmp_path / "archive" / "__MACOSX" / "set").mkdir(parents=True)
    direct, nested = used(read(kind, plain)), read(kind, tmp_path / "archive")
    assert used(nested) == {path.replace("/", "/set-master/set/", 1): label for path, label in direct.items()} and direct
    assert all((tmp_path / "archive" / record.path.partition("/")[2]).is_file() for record in nested if record.used)
    assert "its files lie in set-master/set/" in capsys.readouterr().out
    sources.require([sources.parse(f"{kind}={tmp_path / 'archive'}", "")])


@pytest.mark.parametrize("kind, names", [("covidgr", ("p", "n")), ("radiography", ("covid", "NORMAL")), ("hannover", ("PNG", "PNG"))])
def test_the_case_of_a_folder_does_not_matter(kind, names, tmp_path):
    count = len(used(LAYOUTS[kind](tmp_path) and read(kind, tmp_path)))
    for place in [each for each in tmp_path.iterdir() if each.is_dir()]:
        wanted = next(name for name in names if name.casefold() == place.name.casefold())
        place.rename(tmp_path / "between")
        (tmp_path / "between").rename(tmp_path / wanted)
    for table in [*tmp_path.glob("*.csv"), *tmp_path.glob("*.xlsx")]:
        table.rename(table.with_name(table.name.upper()))
    records = read(kind, tmp_path)
    assert len(used(records)) == count and all((tmp_path / path.partition("/")[2]).is_file() for path in used(records))
    assert not any(reason for reason in reasons(records).values() if "names no film" in reason)


def test_severities_are_found_whatever_the_case_and_suffix_of_a_film(tmp_path):
    layouts.covidgr(tmp_path)
    (tmp_path / "P" / "p0.jpg").rename(tmp_path / "P" / "P0.JPG")
    layouts.draw(tmp_path / "P" / "p1.png", 50, True)
    (tmp_path / "severity.csv").unlink()
    (tmp_path / "Severity.csv").write_bytes(b"\xef\xbb\xbfName;Severity\r\np0;mild\r\nP1.JPG;Severe \r\np2;\r\n")
    records = read("covidgr", tmp_path)
    graded = {record.path.rpartition("/")[2]: record.finding for record in records if record.label == "covid"}
    assert graded == {"P0.JPG": "P/MILD", "p1.jpg": "P/SEVERE", "p1.png": "P/SEVERE", "p2.jpg": "P", "p3.jpg": "P"}
    assert not reasons(records)


def test_what_systems_leave_beside_films_is_no_film(tmp_path):
    layouts.covidgr(tmp_path)
    for name in ("thumbs.db", "Thumbs.db", "desktop.ini", "._p0.jpg"):
        (tmp_path / "P" / name).write_bytes(b"x")
    shutil.copytree(tmp_path / "N", tmp_path / "P" / "__MACOSX")
    records = read("covidgr", tmp_path)
    assert len(used(records)) == 8 and set(reasons(records).values()) == {"a hidden file, no film"}


def test_a_copy_of_a_childs_film_is_a_childs_and_rows_for_one_film_are_listed(tmp_path):
    layouts.radiography(tmp_path, COVID=[(1, "https://sirm.org"), (1, "https://bimcv"), (2, "https://bimcv")], Normal=[(1, ""), (63, "")])
    for name in ("Normal-63 (1).png", "Normal-0064.png", "Normal-1 (1).PNG"):
        layouts.draw(tmp_path / "Normal" / "images" / name, 77)
    layouts.draw(tmp_path / "COVID" / "images" / "COVID-2.jpg", 78)
    records = read("radiography", tmp_path)
    assert {path.rpartition("/")[2] for path, label in used(records).items() if label == "normal"} == {"Normal-1.png", "Normal-1 (1).PNG"}
    assert reasons(records)["radiography/COVID.metadata.xlsx#row3"] == "row 3 of COVID.metadata.xlsx names a film again"
    origin = {record.path.rpartition("/")[2]: record.source for record in records if record.label == "covid" and record.used}
    assert origin == {"COVID-1.png": "radiography-sirm"} | dict.fromkeys(("COVID-2.png", "COVID-2.jpg"), "radiography-bimcv")


def test_a_number_in_brackets_alone_is_a_films_own(tmp_path):
    layouts.radiography(tmp_path, COVID=[(1, "https://sirm.org")], Normal=[(1, "")])
    films = tmp_path / "Normal" / "images"
    (films / "Normal-1.png").rename(films / "NORMAL (70).png")
    assert "a child" in reasons(read("radiography", tmp_path))["radiography-kermany/Normal/NORMAL (70).png"]


def test_nih_rows_mean_their_films_in_any_case(tmp_path):
    layouts.nih(tmp_path, ("1_0.png", "No Finding", "1", "58", "PA"), ("2_0.png", "no finding", "2", "58", "PA"))
    films = tmp_path / "images_001" / "images"
    (films / "1_0.png").rename(films / "1_0.PNG")
    assert used(read("nih", tmp_path)) == {f"nih/images_001/images/{name}": "normal" for name in ("1_0.PNG", "2_0.png")}


def test_a_modality_counts_in_any_case(tmp_path):
    layouts.hannover(tmp_path / "h", ("a1", "f1", "m", "dx", "ap"))
    layouts.actualmed(tmp_path / "a", layouts.actualmed_row("ANON1", "COVID-19", "PA", ROOM, 1, "X-RAY"))
    assert len(used(read("hannover", tmp_path / "h"))) == len(used(read("actualmed", tmp_path / "a"))) == 1


@pytest.mark.parametrize(
    "kind, place", [("actualmed", "images"), ("hannover", "png"), ("nih", "images_001/images"), ("coronahack", "train")]
)
def test_films_without_a_row_are_said(kind, place, tmp_path, capsys):
    LAYOUTS[kind](tmp_path)
    layouts.draw(tmp_path / place / "alone.png", 9)
    (tmp_path / place / "._alone.png").write_bytes(b"x")
    count = len(read(kind, tmp_path))
    said = capsys.readouterr().out
    assert f"1 picture without a row in the metadata, not read: {place}/alone.png" in said and count == len(read(kind, tmp_path))


def test_a_file_with_two_labels_has_none(tmp_path):
    coronahack(tmp_path)
    rows = (
        ["c1.png", "Pnemonia", "TRAIN", "COVID-19", "Virus"],
        ["c1.png", "Normal", "TRAIN", "", ""],
        ["IM-0001-0001.jpeg", "Normal", "test"],
    )
    layouts.write_rows(tmp_path / "Chest_xray_Corona_Metadata.csv", HEADER, *rows)
    records = read("coronahack", tmp_path)
    two = "the metadata names this file with two labels"
    assert reasons(records) == {"coronahack/c1.png": two, "coronahack/c1.png#row3": two}


def test_a_type_that_is_a_path_leads_nowhere(tmp_path):
    root = coronahack(tmp_path / "set")
    layouts.draw(tmp_path / "outside" / "film.PNG", 5)
    layouts.write_rows(root / "Chest_xray_Corona_Metadata.csv", HEADER, ["film.png", "Normal", "../outside", "", ""])
    (record,) = read("coronahack", root)
    assert record.path == "" and "../outside" in record.excluded


def test_of_several_folders_that_fit_none_is_chosen(tmp_path):
    for name in "ab":
        layouts.hannover(tmp_path / name, ("a1", "f1", "m", "CR", "ap"))
    assert sources.home_of("hannover", tmp_path) == tmp_path
    (tmp_path / "b" / "data.csv").unlink()
    assert sources.home_of("hannover", tmp_path) == tmp_path / "a"
