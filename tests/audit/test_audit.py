import shutil

import pytest

from cxrkit import __main__ as cli
from cxrkit.audit import audit
from cxrkit.data import manifest, sources
from cxrkit.errors import BadInput, WrongUse
from cxrkit.files import read_json, sha256_of, write_json
from cxrkit.report import audit_text
from tests.audit.test_external import draw
from tests.evaluation import runs


@pytest.fixture
def run(finished_run, tmp_path):
    """A finished run of its own to write into."""
    return runs.copy(finished_run, tmp_path / "run")


@pytest.fixture(scope="module")
def drawn(phantoms, tmp_path_factory):
    """A manifest of phantoms, audited beside it."""
    source, path = sources.Source("phantom", "phantom", phantoms), tmp_path_factory.mktemp("drawn") / "manifest.csv"
    manifest.write(path, manifest.build([source]), manifest.roots_of([source]))
    return path


@pytest.fixture(scope="module")
def audited(finished_run, tmp_path_factory):
    """The audit of a finished run with films from elsewhere: (folder, content)."""
    home = tmp_path_factory.mktemp("audited")
    runs.copy(finished_run, home / "run")
    outside = draw(home / "outside", patients=12)
    victim = next((finished_run / "phantoms").rglob("phantom0065-day1.jpeg"))
    shutil.copy(victim, outside / "covid" / "copied_1.jpeg")
    return home / "run", audit.audit(home / "run", audit.Options(outside=(f"away={outside}",)))


def test_a_run_gets_every_part_and_its_manifests_hash(audited):
    folder, content = audited
    assert content == read_json(folder / "results" / "audits.json")
    assert content["manifest_sha256"] == sha256_of(folder / "results" / "manifest.csv") and content["data"] == "phantom"
    assert [row["name"] for row in content["baselines"]] == [
        "majority",
        "source",
        "file",
        "age",
        "border",
        "histogram",
        "thumbnail-8",
        "thumbnail-16",
    ]
    assert [row["architecture"] for row in content["networks"]] == ["resnet34"] and len(content["masking"]) == 12
    assert {row["name"] for row in content["controls"]} == {"permutation", "leak-patient", "leak-copy"}
    assert all(row["passed"] for row in content["controls"]) and content["not_done"] == []
    assert content["verdict"]["conclusion"] and content["verdict"]["paragraph"].startswith("These are drawn phantoms")


def test_the_whole_picture_scores_what_the_run_itself_predicted(audited):
    _, content = audited
    whole = [row for row in content["masking"] if row["share"] == 0]
    assert all(row["auc"] == pytest.approx(content["networks"][0]["auc"], abs=0.01) for row in whole) and len(whole) == 2


def test_every_score_has_its_interval_and_n(audited):
    _, content = audited
    for part in ("baselines", "networks", "masking", "sources"):
        for row in content[part]:
            assert row["auc"] is None or (row["interval"][0] <= row["auc"] <= row["interval"][1] and row["n"])


def test_films_from_elsewhere_lose_their_copies_first(audited):
    _, content = audited
    (row,) = content["external"]
    assert (row["name"], row["n"], row["n_covid"], row["duplicates_removed"]) == ("away", 24, 12, 1)
    assert {"metrics", "drop", "calibration"} <= set(row)


def test_the_checksums_cover_the_audit(audited):
    folder, _ = audited
    assert read_json(folder / "results" / "checksums.json")["audits.json"]["sha256"] == sha256_of(folder / "results" / "audits.json")


def test_the_text_begins_with_the_verdict_and_has_the_baselines_above_the_networks(audited):
    _, content = audited
    text = audit_text.text(content)
    assert text.startswith("VERDICT: ") and content["manifest_sha256"][:12] in text
    assert text.index("a thumbnail of 8 x 8") < text.index("\nResNet34")
    assert "Films from elsewhere" in text and "Lungs hidden" in text


def test_without_the_films_the_parts_that_need_them_are_listed_and_the_rest_is_done(run):
    (run / "manifest.roots.json").unlink()
    content = audit.audit(run)
    assert content["networks"] and not content.get("masking")
    assert {row["name"] for row in content["baselines"] if row["auc"] is not None} == {"majority", "source", "file"}
    assert len(content["not_done"]) == 4 and "--source" in content["not_done"][0]["reason"]
    assert "Not done" in audit_text.text(content)


def test_sources_named_by_hand_bring_the_films_back(run, finished_run):
    (run / "manifest.roots.json").unlink()
    content = audit.audit(run, audit.Options(sources=(f"coronahack:phantom={finished_run / 'phantoms'}",)))
    assert content["masking"] and content["not_done"] == []


def test_results_that_lie_elsewhere_find_their_films_through_the_out_folder(run, tmp_path):
    (run / "results").rename(tmp_path / "elsewhere")
    content = audit.audit(tmp_path / "elsewhere", audit.Options(home=str(run)))
    assert content["masking"] and content["not_done"] == [] and (tmp_path / "elsewhere" / "audits.json").exists()


def test_films_that_went_missing_are_no_crash(run, tmp_path):
    roots = read_json(run / "manifest.roots.json")
    write_json(run / "manifest.roots.json", {name: str(tmp_path / "gone") for name in roots})
    content = audit.audit(run)
    assert content["networks"] and "control: a planted copy" in [row["part"] for row in content["not_done"]]
    shutil.rmtree(run / "pixels", ignore_errors=True)
    content = audit.audit(run)
    assert content["not_done"][0]["part"] == "everything that looks at pictures" and content["networks"]


def test_a_damaged_or_absent_network_is_listed_and_the_rest_goes_on(run):
    (run / "results" / "models" / "resnet34-seed0.pt").unlink()
    content = audit.audit(run)
    assert content["masking"] == [] and "not there" in content["not_done"][-1]["reason"] and content["networks"]
    (run / "results" / "models" / "resnet34-seed0.pt").write_bytes(b"no weights")
    assert "cannot be read" in audit.audit(run)["not_done"][-1]["reason"]


def test_a_manifest_is_audited_without_any_run_and_the_planted_mark_changes_the_verdict(drawn, tmp_path):
    marked = sources.parse("phantom-marked", tmp_path / "films")
    manifest.write(tmp_path / "manifest.csv", manifest.build([marked]), manifest.roots_of([marked]))
    honest, planted = audit.audit(drawn), audit.audit(tmp_path / "manifest.csv")
    border = [next(row for row in content["baselines"] if row["name"] == "border") for content in (honest, planted)]
    assert border[0]["interval"][0] < 0.6 and border[1]["auc"] > 0.99
    assert planted["verdict"]["conclusion"] == "border-shortcut"
    assert honest["verdict"]["conclusion"] in ("no-shortcut-found", "thumbnail")
    assert read_json(tmp_path / "audits.json") == planted


def test_what_a_manifest_cannot_give_is_refused(drawn, tmp_path):
    with pytest.raises(WrongUse, match="no networks"):
        audit.audit(drawn, audit.Options(retrain=True))
    with pytest.raises(BadInput):
        audit.audit(tmp_path / "absent.csv")
    with pytest.raises(BadInput):
        audit.audit(tmp_path)


def test_external_films_that_are_not_there_stop_the_audit_before_it_begins(run):
    (run / "results" / "audits.json").unlink(missing_ok=True)
    with pytest.raises(BadInput, match="no such data folder"):
        audit.audit(run, audit.Options(outside=("away=/nowhere/at/all",)))
    assert not (run / "results" / "audits.json").exists()


def test_the_command_prints_the_verdict_and_writes_where_it_is_told(drawn, tmp_path, capsys):
    cli.main(["audit", str(drawn), "--out", str(tmp_path / "here.json")])
    assert "VERDICT: " in capsys.readouterr().out and (tmp_path / "here.json").exists()


def test_attention_is_part_of_a_runs_audit_and_its_pictures_are_in_the_checksums(audited):
    folder, content = audited
    assert [row["architecture"] for row in content["attention"]["rows"]] == ["resnet34"]
    listed = read_json(folder / "results" / "checksums.json")
    pictures = [entry["file"] for entry in content["attention"]["gallery"] if entry["file"]]
    assert pictures and all(listed[name]["sha256"] == sha256_of(folder / "results" / name) for name in pictures)
