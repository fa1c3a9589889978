import csv
import shutil
from collections import Counter

import pytest

from cxrkit.data.readers import coronahack
from cxrkit.errors import BadInput


def write_dataset(root, rows, header=("", *coronahack.COLUMNS), layout="nested"):
    folder = {"nested": root / coronahack.FOLDER / coronahack.FOLDER, "single": root / coronahack.FOLDER, "flat": root}[layout]
    (folder / "train").mkdir(parents=True)
    with open(root / coronahack.METADATA, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *([i, *row] for i, row in enumerate(rows))])
    return root


NORMAL = ["IM-0115-0001.jpeg", "Normal", "TRAIN", "", ""]
COVID = ["5931B64A.jpeg", "Pnemonia", "TRAIN", "COVID-19", "Virus"]


@pytest.mark.parametrize("layout", ["nested", "single", "flat"])
def test_every_layout_is_found(tmp_path, layout):
    root = write_dataset(tmp_path, [NORMAL], layout=layout)
    (record,) = coronahack.read(root)
    folder = {"nested": 2, "single": 1, "flat": 0}[layout] * (coronahack.FOLDER + "/")
    assert record.path == f"coronahack/{folder}train/IM-0115-0001.jpeg"


def test_labels_patients_and_provenance(tmp_path):
    normal, covid = coronahack.read(write_dataset(tmp_path, [NORMAL, COVID]))
    assert (normal.label, normal.finding, normal.patient, normal.licence) == ("normal", "Normal", "coronahack:IM-0115", "CC BY 4.0")
    assert (covid.label, covid.finding, covid.licence) == ("covid", "Pnemonia/Virus/COVID-19", "unknown")
    assert normal.view == "AP" and covid.view == ""


@pytest.mark.parametrize(
    "name, patient",
    [
        ("IM-0115-0001.jpeg", "IM-0115"),
        ("IM-0556-0001-0002.jpeg", "IM-0556"),
        ("NORMAL2-IM-0115-0001.jpeg", "NORMAL2-IM-0115"),
        ("person12_virus_34.jpeg", "person12_virus"),
        ("1-s2.0-S0929664620300449-gr2_lrg-d.jpg", "1-s2.0-S0929664620300449"),
        ("kjr-21-e24-g001-l-a.jpg", "kjr-21-e24"),
        ("41591_2020_819_Fig1_HTML.webp-day10.png", "41591_2020_819_Fig1"),
        ("5931B64A-7B97-485D-BE60-3F1EA76BC4F0.jpeg", "5931B64A-7B97-485D-BE60-3F1EA76BC4F0"),
        ("streptococcus-pneumoniae-pneumonia-temporal-evolution-1-day2.jpg", "streptococcus-pneumoniae-pneumonia-temporal-evolution"),
    ],
)
def test_patient_keys(name, patient):
    assert coronahack.patient_of(name) == patient


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", "a/b.png", "a\\b.png", ""])
def test_a_name_that_is_no_file_name_is_listed_and_leads_nowhere(tmp_path, name):
    (record,) = coronahack.read(write_dataset(tmp_path, [[name, "Normal", "TRAIN", "", ""]]))
    assert "row 2" in record.excluded
    assert record.path == ""


def test_other_findings_and_repeated_rows_stay_with_a_reason(tmp_path):
    rows = [NORMAL, NORMAL, ["person1_bacteria_1.jpeg", "Pnemonia", "TEST", "", "bacteria"], ["a.jpg", "Normal", "VALID", "", ""]]
    records = coronahack.read(write_dataset(tmp_path, rows))
    assert [record.used for record in records] == [True, False, False, False]
    assert len({record.image_id for record in records}) == 4


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(BadInput, match="Label_1_Virus_category"):
        coronahack.read(write_dataset(tmp_path, [NORMAL[:4]], header=("", *coronahack.COLUMNS[:4])))


def test_the_altered_copy_is_refused(tmp_path):
    with pytest.raises(BadInput, match="altered copy"):
        coronahack.read(write_dataset(tmp_path, [["COVID19_1.jpg", "Pnemonia", "TRAIN", "COVID-19", "Virus"]]))


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00bad", b",X_ray_image_name,Label,Dataset_type,Label_2_Virus_category,Label_1_Virus_category\n"]
)
def test_unreadable_metadata_is_bad_input(tmp_path, content):
    (tmp_path / coronahack.METADATA).write_bytes(content)
    with pytest.raises(BadInput):
        coronahack.read(tmp_path)


def test_no_folder_no_metadata_no_pictures(tmp_path, phantoms):
    with pytest.raises(BadInput, match="no such data folder"):
        coronahack.read(tmp_path / "nowhere")
    with pytest.raises(BadInput, match="holds no"):
        coronahack.read(tmp_path)
    shutil.copy(phantoms / coronahack.METADATA, tmp_path)
    with pytest.raises(BadInput, match="no train/"):
        coronahack.read(tmp_path)


def test_phantoms_are_never_taken_for_films(phantoms):
    records = coronahack.read(phantoms)
    assert {record.source for record in records} == {"phantom"}
    assert all(record.patient.startswith("phantom:") for record in records)


def test_the_real_metadata(films):
    records = coronahack.read(films / "coronahack")
    assert len(records) == 5910
    assert Counter((r.label, r.published_split) for r in records if r.used) == {
        ("normal", "train"): 1342,
        ("normal", "test"): 234,
        ("covid", "train"): 58,
    }
    assert sum(record.view == "lateral" for record in records) == 4
    patients = {}
    for record in records:
        if record.label == "normal":
            patients.setdefault(record.patient, set()).add(record.published_split)
    assert all(len(splits) == 1 for splits in patients.values())
