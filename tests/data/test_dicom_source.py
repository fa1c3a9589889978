"""A folder of DICOM films is a source, and of a patient nothing gets out but a key, the view, the sex and the age in years."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cxrkit import config, pipeline, predict
from cxrkit.audit import heatmap
from cxrkit.data import cache, images, licences, manifest, sources, summary, tree
from cxrkit.data.readers import folder, phantom
from cxrkit.data.records import LABELS
from cxrkit.errors import WrongUse
from tests.conftest import SMALL
from tests.data.test_dicom import film

SECRETS = {
    "PN": "SECRET^{}", "LO": "SECRET{}", "SH": "SECRET{}", "LT": "SECRET{}", "ST": "SECRET{}", "UT": "SECRET{}", "UC": "SECRET{}",
    "DA": "19330717", "TM": "013713.37", "DT": "19330717013713", "UI": "1.2.826.0.1.99977777.{}", "IS": "99977777", "CS": "SECRET{}",
}  # fmt: skip
MARKS = (b"SECRET", b"19330717", b"99977777", b"013713")
KEPT = ("Modality", "ViewPosition", "BodyPartExamined", "PatientSex", "PhotometricInterpretation", "PresentationLUTShape", "NumberOfFrames")


def full(number, opacities, side=96):
    """A drawn film; of a class the first three with every element of the groups that name people, visits and machines."""
    from pydicom.datadict import DicomDictionary

    random = np.random.default_rng(number)
    drawn = np.asarray(phantom.draw_film(phantom.Anatomy(random), opacities, random, side)).astype(np.uint16) * 16
    data = film(drawn)
    for tag, (kinds, many, _, retired, keyword) in DicomDictionary.items() if number % 100 < 3 else ():
        known = keyword in KEPT or keyword in data or keyword == "SOPClassUID"
        if tag >> 16 in (0x8, 0x10, 0x18, 0x20, 0x32, 0x38, 0x40) and kinds in SECRETS and many[0] == "1" and not (known or retired):
            data.add_new(tag, kinds, SECRETS[kinds].format(f"{tag:08x}"))
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.99977777.9.{number}"
    data.PatientName, data.PatientID, data.PatientAge, data.PatientSex = f"SECRET^{number}", f"SECRET{number // 2}", "045Y", "M"
    data.private_block(0x11, "SECRET", create=True).add_new(1, "LO", "SECRET")
    return data


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """covid/ and normal/ with 20 films of 10 patients each, without suffixes, and a directory file beside them."""
    pydicom = pytest.importorskip("pydicom", reason="pydicom is not installed (it is optional)")
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr(pydicom.config.settings, "_writing_validation_mode", pydicom.config.IGNORE)
    root = tmp_path_factory.mktemp("dicom")
    for place, label in enumerate(("covid", "normal")):
        (root / label).mkdir()
        for number in range(20):
            full(100 * place + number, label == "covid").save_as(root / label / f"IM{number:04}", enforce_file_format=True)
    monkeypatch.undo()
    return root


def test_the_header_says_what_the_table_leaves_open(source, tmp_path):
    records = {record.image_id: record for record in folder.read(source, "x")}
    first, second, third = (records[f"x/covid/IM000{number}"] for number in range(3))
    assert (first.view, first.view_basis, first.age, first.sex, first.modality) == ("PA", "DICOM header", "45", "M", "X-ray")
    assert first.patient == second.patient != third.patient and first.patient.startswith("x:dicom/")
    copied = tmp_path / "x"
    for label in ("covid", "normal"):
        (copied / label).mkdir(parents=True)
        (copied / label / "a.dcm").write_bytes((source / label / "IM0000").read_bytes())
    (copied / "films.csv").write_text("file,patient,age\ncovid/a,P1,50\n")
    told, other = (record for record in folder.read(copied, "x") if record.path)
    assert (told.patient, told.age, told.sex) == ("x:P1", "50", "M") and other.age == "45"


def test_what_is_no_frontal_film_of_a_chest_is_a_row_with_a_reason(source, tmp_path):
    for name, elements in {
        "ct": {"Modality": "CT"}, "knee": {"BodyPartExamined": "KNEE"}, "side": {"ViewPosition": "LL"}, "plain": {},
    }.items():  # fmt: skip
        (tmp_path / "covid").mkdir(exist_ok=True)
        film(**elements).save_as(tmp_path / "covid" / name, enforce_file_format=True)
    found = {Path(record.path).name: record for record in folder.read(tmp_path)}
    assert "modality CT" in found["ct"].excluded and "KNEE" in found["knee"].excluded and found["plain"].used
    assert (found["side"].view, found["side"].used, found["ct"].modality) == ("lateral", True, "CT")


def test_one_number_for_a_whole_class_is_none(tmp_path):
    for label in ("covid", "normal"):
        (tmp_path / label).mkdir()
        for number in range(3):
            film(PatientID="ANONYMISED").save_as(tmp_path / label / f"{number}.dcm", enforce_file_format=True)
    assert {record.patient for record in folder.read(tmp_path)} == {""}


def test_nothing_of_a_patient_is_in_any_file_that_a_run_writes(source, tmp_path, capsys, monkeypatch):
    """All stages that open films: the run until its training, which sees squares and the manifest, and pictures of single films."""

    class Reached(Exception):
        pass

    def stop():
        raise Reached

    monkeypatch.setattr(pipeline.server, "begin", stop)
    with pytest.raises(Reached):
        pipeline.run(config.load("dry-run", SMALL | {"data": [f"folder:x={source}"], "split": "grouped"}), tmp_path / "run")
    found = sources.parse_all([f"folder:x={source}"], "unused")
    built = manifest.read(tmp_path / "run" / "manifest.csv")
    (tmp_path / "credits.md").write_text(licences.attribution(built.records))
    print(summary.text(built), manifest.problems(built, sources.locator(manifest.roots_of(found)), hashes=True))
    query = predict.open_film(source / "covid" / "IM0000", 32)
    heatmap.save(tmp_path / "panel.png", query.panel.convert("RGB"))
    images.open_grey(query.path).save(tmp_path / "thumbnail.jpg")
    assert len(built.used) > 35 and "dicom/" in built.text
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 45 and {"manifest.csv", "run.json", "panel.png"} <= {path.name for path in written}
    for path in written:
        content = path.read_bytes()
        assert not [mark for mark in MARKS if mark in content or mark in str(path).encode()], path
    said = "".join(capsys.readouterr()).encode() + repr(query).encode()
    assert len(said) > 500 and not [mark for mark in MARKS if mark in said]
    assert all(mark in (source / "covid" / "IM0000").read_bytes() for mark in MARKS)


def test_the_tree_has_them_as_grey_pictures_that_are_made_once(source, tmp_path):
    found = sources.parse_all([f"folder:x={source}"], "unused")
    built, locate = manifest.build(found, config.Experiment(split="grouped")), sources.locator(manifest.roots_of(found))
    assert tree.build(built, locate, tmp_path / "tree").copied == len(built.used)
    for relative, record in tree.entries(built).items():
        path = tmp_path / "tree" / relative
        assert path.suffix == ".png" and not path.is_symlink()
        assert (np.asarray(Image.open(path)) == np.asarray(images.open_grey(locate(record)))).all()
    assert tree.build(built, locate, tmp_path / "tree").kept == len(built.used)
    rest = manifest.Manifest(tuple(record.but(excluded="gone") if record is built.used[0] else record for record in built.records))
    assert tree.build(rest, locate, tmp_path / "tree").removed == 1


def test_a_manifest_of_dicom_films_names_what_is_missing_before_any_is_read(tmp_path, monkeypatch):
    for label in LABELS:
        (tmp_path / label).mkdir()
        (tmp_path / label / f"{label}.dcm").write_bytes(bytes(128) + b"DICM" + bytes(200))
    monkeypatch.setitem(sys.modules, "pydicom", None)
    monkeypatch.setattr(cache, "add_facts", lambda *_: pytest.fail("films were read"))
    with pytest.raises(WrongUse, match="pydicom is not installed"):
        manifest.build(sources.parse_all([f"folder:x={tmp_path}"], "unused"), config.load("paper"))
