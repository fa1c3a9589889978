"""Folders and tables as people have them: every file is a row, every fact finds its film or is said."""

import os
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxrkit.data.readers import folder
from cxrkit.data.sources import parse
from cxrkit.errors import BadInput


def filled(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    return root


def used(records, field="label"):
    return {record.image_id.partition("/")[2]: getattr(record, field) for record in records if record.used}


@pytest.mark.parametrize(
    "covid, normal",
    [("COVID-19", "Normal"), ("covid", "Normal"), ("covid19", "NORMAL"), ("covid_positive", "healthy"), ("covid ", "normale")],
)
def test_class_folders_in_usual_words(tmp_path, covid, normal):
    found = folder.read(filled(tmp_path, f"{covid}/a.png", f"{normal}/b.png"))
    assert used(found) == {f"{covid}/a.png": "covid", f"{normal}/b.png": "normal"}


def test_published_splits_and_folders_of_patients(tmp_path):
    names = ["chest/train/NORMAL/p1/a.png", "chest/train/NORMAL/p2/b.png", "chest/test/COVID/p1/c.png", "chest/val/COVID/p2/images/d.png"]
    found = folder.read(filled(tmp_path, *names), "x")
    assert [used(found, "published_split")[name] for name in names] == ["train", "train", "test", "valid"]
    assert [used(found, "patient")[name] for name in names] == ["x:NORMAL/p1", "x:NORMAL/p2", "x:COVID/p1", "x:COVID/p2"]


def test_what_cannot_be_used_is_a_row_with_a_reason(tmp_path, capsys):
    filled(tmp_path, "covid/a.png", "normal/b.png", "pneumonia/c.png", "stray.png", "covid/.ipynb_checkpoints/a.png", "normal/notes.txt")
    (tmp_path / "covid" / "gone.png").symlink_to(tmp_path / "nothing")
    (tmp_path / "normal" / "loop").symlink_to(tmp_path)
    told = {record.image_id: record.excluded for record in folder.read(tmp_path, "x") if not record.used}
    assert {name: reason.split()[0] for name, reason in told.items()} == {
        "x/pneumonia/c.png": "folder",
        "x/stray.png": "it",
        "x/covid/.ipynb_checkpoints": "a",
        "x/normal/notes.txt": "no",
        "x/covid/gone.png": "a",
        "x/normal/loop": "a",
    }
    said = capsys.readouterr().out
    assert "covid/ = covid (1)" in said and "folder pneumonia/: not a label that is known" in said and "leads nowhere" in said


@pytest.mark.parametrize("name", ["abnormal_films", "covid_negative", "non-covid", "not_normal"])
def test_a_root_whose_name_has_a_label_in_it_is_none(tmp_path, name):
    with pytest.raises(BadInput, match="neither covid/ nor normal/"):
        folder.read(filled(tmp_path / name, "a.png"))


def test_names_that_say_nothing_give_no_patient(tmp_path):
    for names in (["covid/1.png", "normal/1.png"], [f"covid/covid_00{i}.png" for i in range(1, 9)], ["normal/IMG_0001.png"]):
        assert set(used(folder.read(filled(tmp_path / names[0][-9:-4].replace("/", "_"), *names)), "patient").values()) == {""}


def test_guessed_patients_are_of_their_class_and_never_all_of_it(tmp_path):
    names = [
        "covid/patient001-0.png",
        "covid/patient001-1.png",
        "covid/patient002-0.png",
        "normal/case1 (1).png",
        "normal/case1 (2).png",
        "normal/case1 (3).png",
    ]
    found = used(folder.read(filled(tmp_path, *names), "x"), "patient")
    assert [found[name] for name in names] == ["x:covid/patient001"] * 2 + ["x:covid/patient002", "", "", ""]


def test_folders_of_splits_parts_dates_and_views_are_no_patients(tmp_path):
    places = ["train", "Test set", "fold_1", "fold_2", "2020-03-01", "study1", "PA", "images/png"]
    found = folder.read(filled(tmp_path, *(f"{label}/{place}/a.png" for label in ("covid", "normal") for place in places)))
    assert set(used(found, "patient").values()) == {""}
    assert {path.split("/")[1]: split for path, split in used(found, "published_split").items() if split} == {
        "train": "train",
        "Test set": "test",
    }


def test_patients_below_other_folders_and_around_the_classes(tmp_path):
    names = ["covid/study1/S01/a.png", "covid/study1/S02/b.png", "patient7/covid/a.png", "patient7/normal/b.png", "case 8/normal/c.png"]
    found = used(folder.read(filled(tmp_path, *names), "x"), "patient")
    assert [found[name] for name in names] == ["x:covid/S01", "x:covid/S02", "x:patient7", "x:patient7", "x:case 8"]


@pytest.mark.parametrize(
    "names, patient",
    [
        (["covid/P001_1.png", "covid/P001_2.png", "covid/P002_1.png"], "x:covid/P001"),
        (["covid/0012-AP-1.png", "covid/0012-PA-2.png", "covid/0013-PA-1.png"], "x:covid/0012"),
        (["covid/pt_3_a.png", "covid/pt_3_b.png", "covid/pt_4_a.png"], "x:covid/pt_3"),
    ],
)
def test_numbers_in_names(tmp_path, names, patient):
    found = used(folder.read(filled(tmp_path, *names), "x"), "patient")
    assert [found[name] for name in names[:2]] == [patient] * 2 and found[names[2]] not in ("", patient)


def test_a_key_that_was_told_stays_though_it_is_all_of_a_class(tmp_path):
    names = [f"covid/{number}.png" for number in range(4)]
    filled(tmp_path, *names)
    (tmp_path / "films.csv").write_text("file,patient\n" + "".join(f"{name},ward/1\n" for name in names))
    assert set(used(folder.read(tmp_path, "x"), "patient").values()) == {"x:ward/1"}


@pytest.mark.parametrize("name, sign", [("Films.CSV", ","), ("films.tsv", "\t")])
def test_the_table_of_films_in_any_case(tmp_path, name, sign):
    filled(tmp_path, "covid/a.png", "normal/b.png")
    (tmp_path / name).write_text(f"file{sign}patient\n\n{sign}\ncovid%2Fa.png{sign}7\n")
    found = folder.read(tmp_path, "x")
    assert used(found, "patient")["covid/a.png"] == "x:7" and len(found) == 2
    (tmp_path / "films.xlsx").write_bytes(b"")
    with pytest.raises(BadInput, match="2 tables of films"):
        folder.read(tmp_path)


def test_another_table_is_left_out_with_what_to_do(tmp_path):
    filled(tmp_path, "covid/a.png", "normal/b.png", "metadata.csv")
    assert "is called films.csv" in next(record.excluded for record in folder.read(tmp_path) if record.path.endswith("metadata.csv"))


def test_a_class_without_films_and_an_old_spreadsheet_are_told(tmp_path, capsys):
    filled(tmp_path, "covid/a.png", "films.xls")
    (tmp_path / "normal").mkdir()
    found = folder.read(tmp_path)
    assert "covid/ = covid (1); normal/ = normal (0)" in capsys.readouterr().out
    assert any("save it as films.csv or .xlsx" in record.excluded for record in found)


def test_a_file_in_place_of_the_folder_is_called_one(tmp_path):
    with pytest.raises(BadInput, match="a file and no folder"):
        folder.read(filled(tmp_path, "films.csv") / "films.csv")


def test_two_sources_of_one_collection_share_its_patients(tmp_path):
    for part in "ab":
        filled(tmp_path / part, "normal/00001803_001.png")
    first, second = (parse(f"folder:{part}@nih={tmp_path / part}", "").read()[0] for part in "ab")
    assert first.patient == second.patient == "nih:00001803" and first.source != second.source


NAMES = {
    "as documented": lambda label, name: f"{label}/{name}",
    "bare": lambda label, name: name,
    "backslashes": lambda label, name: f"{label}\\{name}",
    "dot": lambda label, name: f"./{label}/{name}",
    "case": lambda label, name: f"{label.upper()}/{name}",
    "space": lambda label, name: f"{label}/{name} ",
    "no suffix": lambda label, name: name.removesuffix(".png"),
    "whole path": lambda label, name: f"/home/me/films/{label}/{name}",
    "NFD": lambda label, name: unicodedata.normalize("NFD", f"{label}/{name}"),
}


@pytest.mark.parametrize("way", NAMES)
@pytest.mark.parametrize("header", ["file,patient", "filename,patient_id", "image;PatientID", "Image Index\tsubject"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_facts_find_their_films(tmp_path, way, header, encoding):
    if way == "NFD" and encoding == "cp1252":
        return
    films = [("covid", "é0.png"), ("covid", "é1.png"), ("normal", "n0.png"), ("normal", "n1.png")]
    filled(tmp_path, *(f"{label}/{name}" for label, name in films))
    sign = next(sign for sign in ",;\t" if sign in header)
    lines = [header, *(f"{NAMES[way](*film)}{sign}P{film[0][0]}" for film in films)]
    (tmp_path / "films.csv").write_bytes("\r\n".join(lines).encode(encoding))
    assert list(used(folder.read(tmp_path, "x"), "patient").values()) == ["x:Pc", "x:Pc", "x:Pn", "x:Pn"]


def test_what_the_table_does_not_cover_is_said(tmp_path, capsys):
    filled(tmp_path, "covid/a.png", "covid/b.png", "normal/c.png", "normal/a.png")
    (tmp_path / "films.csv").write_text("file,patient,ward,view\ncovid/b.png,nan,3,AP erect\ngone.png,2,,\na.png,3,,\n")
    found = folder.read(tmp_path, "x")
    said = capsys.readouterr().out
    for words in (
        "tells of 1 of 4 films",
        "3 films without a row: covid/a.png",
        "2 rows without a film: gone.png (row 3)",
        "1 column not used: ward",
    ):
        assert words in said
    assert [record.excluded for record in found if not record.path] == [
        "row 3 of the metadata names no film: 'gone.png'",
        "row 4 of the metadata names 2 films: 'a.png'",
    ]
    told = next(record for record in found if record.path == "x/covid/b.png")
    assert (told.patient, told.view, told.view_basis) == ("", "AP", "films.csv: AP erect")


def test_numbers_that_stand_in_both_classes_are_a_question(tmp_path, capsys):
    filled(tmp_path, "covid/a.png", "normal/b.png", "normal/c.png")
    (tmp_path / "films.csv").write_text("file,patient\na,1\nb,1\nc,2\n")
    folder.read(tmp_path, "x")
    said = capsys.readouterr().out
    assert "question: the table gives 1 patient films of both classes: 1." in said and "as covid-1 and normal-1" in said
    (tmp_path / "films.csv").write_text("file,patient\na,1\nb,2\nc,2\n")
    folder.read(tmp_path, "x")
    assert "question" not in capsys.readouterr().out


def test_a_row_finds_the_one_copy_that_a_browser_numbered(tmp_path):
    filled(tmp_path, "covid/a (1).png", "normal/b (1).png", "normal/b (2).png")
    (tmp_path / "films.csv").write_text("file,patient\na.png,1\nb.png,2\n")
    found = folder.read(tmp_path, "x")
    assert used(found, "patient")["covid/a (1).png"] == "x:1"
    assert [record.excluded for record in found if not record.path] == ["row 3 of the metadata names 2 films: 'b.png'"]


def test_a_folder_of_another_finding_says_so(tmp_path):
    found = {record.path: record for record in folder.read(filled(tmp_path, "covid/a.png", "Viral Pneumonia/b.png", "misc/c.png"))}
    assert [found[f"folder/{path}"].finding for path in ("covid/a.png", "Viral Pneumonia/b.png", "misc/c.png")] == [
        "covid",
        "Viral Pneumonia",
        "",
    ]


@pytest.mark.parametrize(
    "text, words",
    [
        ("file,patient\n", "no rows"),
        ("", "is empty"),
        ("file,patient\nx/gone.png,1\n", "No row of the table of films names a film"),
        ("patient,view\n1,PA\n", "names no file"),
        ("file,patient\ncovid/a.png,1\na.png,2\n", "differ over covid/a.png"),
    ],
)
def test_a_table_that_says_nothing_is_an_error(tmp_path, text, words):
    filled(tmp_path, "covid/a.png", "normal/b.png")
    (tmp_path / "films.csv").write_text(text)
    with pytest.raises(BadInput, match=words):
        folder.read(tmp_path)


def test_labels_may_stand_in_the_table_alone(tmp_path):
    filled(tmp_path, "a.png", "b.png", "c.png")
    (tmp_path / "films.csv").write_text("image,finding\na,COVID-19\nb,No Finding\nc,no COVID-19\n")
    assert used(folder.read(tmp_path)) == {"a.png": "covid", "b.png": "normal"}


PARTS = st.sampled_from(["covid", "COVID-19", "Normal", "train", "test", "pneumonia", "p1", "p2", "images", "x_y", ".hidden", "non-covid"])
FILES = st.sampled_from(["a.png", "b.PNG", "1.jpg", "c.txt", "patient1-2.png", "00001803_001.png", "noname"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.lists(PARTS, max_size=4), FILES), min_size=1, max_size=12))
def test_no_file_is_lost_and_the_place_does_not_matter(tmp_path_factory, drawn):
    names = sorted({"/".join([*folders, file]) for folders, file in drawn} | {"covid/z.png"})
    here, there = (filled(tmp_path_factory.mktemp(name) / "root", *order) for name, order in (("here", names), ("elsewhere", names[::-1])))
    found = folder.read(here, "x")
    assert found == folder.read(there, "x")
    rows = {record.path.removeprefix("x/") for record in found}
    assert len(rows) == len(found)
    for name in names:
        parts = name.split("/")
        hidden = next((place for place, part in enumerate(parts) if part.startswith(".")), None)
        assert (name if hidden is None else "/".join(parts[: hidden + 1])) in rows
    assert all(record.used == bool(record.label and not record.excluded) for record in found)
    assert os.listdir(here)
