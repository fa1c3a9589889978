"""Fetching a collection of the Imaging Data Commons, behind a stand-in for idc-index's interface: compared, gone on with, made PNG."""

import sys
from types import SimpleNamespace

import pytest

from cxrkit.cli import fetch as command
from cxrkit.data import sources
from cxrkit.errors import BadInput, RemoteRefusal, WrongUse
from cxrkit.fetch import folder, from_idc
from cxrkit.files import read_json
from cxrkit.saved_tables import read_csv_rows

pytest.importorskip("pydicom", reason="pydicom is not installed (it is optional)")
from tests.standins.idc import IDCClient  # noqa: E402


def uid(number):
    return f"1.3.6.1.4.1.14519.5.2.1.{1000 + number}"


@pytest.fixture
def client():
    films = [(f"COVID-19-AR-{number // 2}", uid(number), {}) for number in range(6)]
    films += [("COVID-19-AR-3", uid(6), {"ViewPosition": "LL"}), ("COVID-19-AR-3", uid(7), {"BodyPartExamined": "ABDOMEN"})]
    films += [("COVID-19-AR-4", uid(8), {"Modality": "CT"}), ("COVID-19-AR-4", uid(9), {"collection_id": "another"})]
    return IDCClient(films)


def fetch(client, out, patients=None):
    offered = from_idc.offer(client, "covid_19_ar", patients)
    with folder.owned(out, offered.origin, {}) as place:
        from_idc.fetch(client, offered, place)
    return offered


def test_the_offer_counts_chest_films_of_the_collection_with_their_licence(client):
    client.index.loc[0, "license_short_name"] = "CC BY-NC 4.0"
    offered = from_idc.offer(client, "covid_19_ar")
    assert (len(offered.series), offered.patients, offered.others) == (7, 4, 1)
    assert offered.licence == "CC BY 4.0 (6 series), CC BY-NC 4.0 (1 series)"
    assert offered.bytes == sum(len(data) for number in range(7) for data in client.bucket[uid(number)].values())


def test_films_become_a_folder_that_the_kit_reads_with_patient_view_age_and_sex(client, tmp_path):
    fetch(client, tmp_path / "set")
    records = sources.external(f"folder:ar={tmp_path / 'set' / 'films'}").read()
    assert len(records) == 6 and all(record.used and record.label == "covid" for record in records)
    assert {record.patient for record in records} == {f"ar:COVID-19-AR-{number}" for number in range(3)}
    assert {(record.view, record.years, record.sex, record.licence) for record in records} == {("PA", 64, "F", "CC BY 4.0")}
    receipt = read_json(tmp_path / "set" / "fetched.json")
    assert receipt["whole"] and receipt["left_out"] == {f"{uid(6)}-0": "its header says lateral view"}
    assert sum(name.startswith("dicom/") for name in receipt["files"]) == 7


def test_nothing_is_asked_for_twice_and_a_larger_number_of_patients_goes_on(client, tmp_path):
    few = fetch(client, tmp_path / "set", patients=2)
    more = fetch(client, tmp_path / "set", patients=3)
    assert {each.uid for each in few.series} < {each.uid for each in more.series}
    asked = [series for batch in client.asked for series in batch]
    assert sorted(asked) == sorted(each.uid for each in more.series)
    fetch(client, tmp_path / "set", patients=3)
    assert len(client.asked) == 2


FAULTS = {
    "0 of 1 files": lambda files: {},
    "bytes": lambda files: {name: data[:-1] for name, data in files.items()},
    "no DICOM": lambda files: {name: b"<" * len(data) for name, data in files.items()},
    "another series": lambda files: {name: data.replace(uid(0).encode(), uid(1).encode()) for name, data in files.items()},
}


@pytest.mark.parametrize("said", FAULTS)
def test_a_series_that_did_not_arrive_whole_is_named_and_asked_for_again(client, tmp_path, said):
    client.faults[uid(0)] = FAULTS[said]
    with pytest.raises(RemoteRefusal, match=said):
        fetch(client, tmp_path / "set")
    assert not read_json(tmp_path / "set" / "fetched.json")["whole"]
    client.faults.clear()
    fetch(client, tmp_path / "set")
    assert client.asked[-1] == [uid(0)]
    assert len(read_csv_rows(tmp_path / "set" / "films" / "films.csv")) == 6


def test_a_package_that_raises_is_told_and_what_arrived_before_is_kept(client, tmp_path, monkeypatch):
    monkeypatch.setattr(from_idc, "BATCH", 2)
    honest, calls = client.download_from_selection, []

    def stops(**options):
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("duckdb")
        honest(**options)

    monkeypatch.setattr(client, "download_from_selection", stops)
    with pytest.raises(RemoteRefusal, match="2 of 7 series"):
        fetch(client, tmp_path / "set")
    assert len(read_csv_rows(tmp_path / "set" / "films" / "films.csv")) >= 3


@pytest.mark.parametrize("column, value", [("SeriesInstanceUID", "../../x"), ("SeriesInstanceUID", "1.2/3"), ("PatientID", "../x")])
def test_keys_that_would_be_paths_are_refused(client, column, value):
    client.index.loc[0, column] = value
    with pytest.raises(BadInput, match="none"):
        from_idc.offer(client, "covid_19_ar")


def test_films_that_were_changed_and_a_table_that_was_edited_stay(client, tmp_path):
    fetch(client, tmp_path / "set", patients=2)
    (tmp_path / "set" / "films" / "films.csv").write_text("mine")
    with pytest.raises(BadInput, match="changed since"):
        fetch(client, tmp_path / "set")
    assert (tmp_path / "set" / "films" / "films.csv").read_text() == "mine"


def test_the_command_through_the_package_and_its_absence(client, tmp_path, monkeypatch, capsys):
    options = SimpleNamespace(name="covid-19-ar", list=False, out=tmp_path / "set", patients=2, yes=True)
    monkeypatch.setitem(sys.modules, "idc_index", None)
    with pytest.raises(WrongUse, match="idc_index is not installed"):
        command.run(options)
    monkeypatch.setitem(sys.modules, "idc_index", SimpleNamespace(IDCClient=lambda: client))
    command.run(options)
    said = capsys.readouterr().out
    assert "CC BY 4.0" in said and f"--external folder:covid-19-ar={tmp_path / 'set' / 'films'}" in said
    options.yes, options.out = False, tmp_path / "other"
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("builtins.input", lambda text: "n")
    with pytest.raises(WrongUse, match="Nothing was fetched"):
        command.run(options)
    assert not (tmp_path / "other").exists()
