import shutil
import subprocess
import sys
from dataclasses import asdict

import pytest

from cxrkit import config, pipeline
from cxrkit.audit import audit
from cxrkit.audit.context import Options
from cxrkit.data import manifest as manifests
from cxrkit.data import sources
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import Record
from cxrkit.errors import BadInput, CxrkitError, Interrupted, WrongUse
from cxrkit.files import read_json, sha256_of, write_json
from cxrkit.report import report, sentences
from cxrkit.results import Results, read_typed
from cxrkit.schema import VERSION, Audits
from tests.audit import test_published
from tests.audit.films import draw_folder, films
from tests.conftest import SMALL
from tests.data.readers import layouts
from tests.evaluation import runs


@pytest.fixture
def run(finished_run, tmp_path):
    """A finished run of its own to write into."""
    return runs.copy(finished_run, tmp_path / "run")


def write_manifest(path, source):
    manifests.write(path, manifests.build([source], config.load("paper")), manifests.roots_of([source]))
    return path


@pytest.fixture(scope="module")
def drawn(phantoms, tmp_path_factory):
    """A manifest of phantoms, audited beside it."""
    return write_manifest(tmp_path_factory.mktemp("drawn") / "manifest.csv", sources.Source("phantom", "phantom", phantoms))


@pytest.fixture(scope="module")
def audited(finished_run, tmp_path_factory):
    """The audit of a finished run with external films: (folder, Audits)."""
    home = tmp_path_factory.mktemp("audited")
    runs.copy(finished_run, home / "run")
    away = draw_folder(home / "away", patients=12)
    victim = next((finished_run / "phantoms").rglob("phantom0065-day1.jpeg"))
    shutil.copy(victim, away / "covid" / "copied_1.jpeg")
    return home / "run", audit.audit(home / "run", audit.Options(external=(f"away={away}",), published=test_published.MODEL))


def test_a_run_gets_every_part_and_its_manifests_hash(audited):
    folder, audits = audited
    assert audits.manifest_sha256 == sha256_of(folder / "results" / "manifest.csv") and audits.films == "phantom"
    assert [row.name for row in audits.baselines] == [
        "majority",
        "source",
        "file",
        "age",
        "sex",
        "view",
        "missingness",
        "border",
        "histogram",
        "thumbnail-8",
        "thumbnail-16",
    ]
    assert [row.architecture for row in audits.networks] == ["resnet34"] and len(audits.masking) == 12
    (called,) = audits.stability
    assert called.unstable.n == audits.counts.judged.covid + audits.counts.judged.normal and called.spread is None
    assert called.unstable.value >= called.crossing.value >= 0 and called.seeds == 1 and len(called.changes) == 6
    assert {row.name for row in audits.controls} == {"permutation", "leak-patient", "leak-copy"}
    assert all(row.passed for row in audits.controls) and audits.not_done == []
    assert audits.verdict.conclusion and audits.verdict.paragraph.startswith("These are drawn phantoms")


def test_what_is_written_reads_back_equal_and_of_this_schema(audited):
    folder, audits = audited
    path = folder / "results" / "audits.json"
    assert read_typed(Audits, path, "audit again") == audits
    assert Results.open(folder).audits == audits
    assert read_json(path) == asdict(audits) and read_json(path)["schema"] == VERSION


def test_the_networks_area_is_the_one_of_the_metrics(audited):
    folder, audits = audited
    (row,) = audits.networks
    score = Results.open(folder).score("resnet34")
    assert row.area.auc == score.auc and row.area.positives == score.confusion.tp + score.confusion.fn
    assert row.advantage.over in ("thumbnail-8", "thumbnail-16", "histogram")
    assert row.advantage.difference.value == pytest.approx(row.area.auc.value - row.advantage.coarse_auc)


def test_the_whole_picture_scores_what_the_run_itself_predicted(audited):
    _, audits = audited
    whole = [row for row in audits.masking if row.share == 0]
    assert all(row.area.auc.value == pytest.approx(audits.networks[0].area.auc.value, abs=0.01) for row in whole) and len(whole) == 2


def test_every_score_has_its_interval_and_n(audited):
    _, audits = audited
    for part in ("baselines", "networks", "masking", "sources"):
        for row in getattr(audits, part):
            auc = row.area.auc
            assert not auc.known or (auc.low <= auc.value <= auc.high and auc.n)


def test_a_published_model_is_asked_of_the_held_out_and_of_the_external_films(audited):
    _, audits = audited
    held, away = audits.published
    counts, (external,) = audits.counts.judged, audits.external
    assert (held.films, held.area.auc.n, held.area.positives) == ("held out", counts.covid + counts.normal, counts.covid)
    assert (away.films, away.area.auc.n, away.area.positives) == ("away", external.n, external.positives)
    assert state_of(audits, "published").state == "done" and "published" not in audits.verdict.paragraph


def test_external_films_lose_their_copies_first(audited):
    _, audits = audited
    (row,) = audits.external
    assert (row.name, row.n, row.positives, row.copies_removed, row.left_out) == ("away", 24, 12, 1, 1)
    assert row.external.auc.known and row.drop.auc.known and row.scaling.after.ece.known


def test_external_films_of_a_run_are_audited_with_it_and_their_folder_is_not_in_its_results(finished_run, tmp_path):
    """The same trainings, which are done, and the external films beside."""
    runs.copy(finished_run, tmp_path / "out", without=())
    layouts.covidgr(tmp_path / "of-granada", films=6)
    experiment = config.load("dry-run", SMALL | {"external": [f"covidgr={tmp_path / 'of-granada'}"]})
    (tmp_path / "out" / "results").rename(tmp_path / "earlier")
    results = pipeline.run(experiment, tmp_path / "out")
    (row,) = results.audits.external
    assert (row.name, row.n, row.positives, row.patients) == ("covidgr", 12, 6, 12)
    assert {group.by for group in row.subgroups} == {"severity", "view"} and len(results.audits.matched) == 4
    assert read_json(results.folder / "run.json")["experiment"]["external"] == ["covidgr"]
    assert "--external=covidgr=DIR" in sentences.repeat(results)
    for path in results.folder.rglob("*.*"):
        assert b"of-granada" not in path.read_bytes(), path
    page = (results.folder / report.PAGE).read_text("utf-8")
    assert (
        "covidgr: 12 films of 12 patients, 6 of them COVID-19" in page
        and "internal minus covidgr" in page
        and "known for no film" in page.lower()
    )


def test_the_checksums_cover_the_audit_and_the_pictures_of_attention(audited):
    folder, audits = audited
    listed = read_json(folder / "results" / "checksums.json")
    assert [row.architecture for row in audits.attention.rows] == ["resnet34"]
    pictures = [entry.file for entry in audits.attention.gallery if entry.file]
    assert pictures
    for name in ("audits.json", *pictures):
        assert listed[name]["sha256"] == sha256_of(folder / "results" / name)


def state_of(audits, part):
    return next(row for row in audits.parts if row.part == part)


def test_without_the_films_the_parts_that_need_them_are_listed_and_the_rest_is_done(run):
    (run / "manifest.roots.json").unlink()
    (run / "results" / "audits.json").unlink()
    audits = audit.audit(run)
    assert audits.networks and audits.masking is audits.attention is audits.external is audits.stability is None
    assert {row.name for row in audits.baselines if row.area.auc.known} == {"majority", "source", "file", "missingness"}
    assert len(audits.not_done) == 4 and "--source" in audits.not_done[0].reason
    assert {row.part for row in audits.not_done} >= {"control: permuted labels", "control: a planted copy"}
    for part in ("baselines", "controls", "masking", "attention"):
        state = state_of(audits, part)
        assert state.state == "not done" and "--source KIND:NAME=DIR" in state.command and not state.kept, part
    assert state_of(audits, "held-fixed").state == "not applicable" and state_of(audits, "networks").state == "done"
    assert (
        audits.verdict.conclusion in ("unknown", "too-few")
        and "to do them: python -m cxrkit audit RUN --source" in audits.verdict.paragraph
    )


def test_what_an_earlier_audit_did_is_kept_where_the_films_are_not(run):
    """The results of a run travel to a machine without its films, and are audited there: nothing is lost, and all of it is said."""
    before = audit.audit(run, audit.Options(external=(f"away={draw_folder(run / 'away', patients=12)}",)))
    (run / "manifest.roots.json").unlink()
    for audits in (audit.audit(run), audit.audit(run)):  # and once more, which keeps what was kept
        for field in ("baselines", "masking", "external", "attention", "networks", "held_fixed", "coarse_curve"):
            assert getattr(audits, field) == getattr(before, field), field
        for field in ("controls", "sources"):
            assert sorted(map(repr, getattr(audits, field))) == sorted(map(repr, getattr(before, field))), field
        assert audits.verdict.conclusion == before.verdict.conclusion
        assert (
            "Kept from an earlier audit of the same films and predictions: what works without seeing the lungs" in audits.verdict.paragraph
        )
        assert {row.part for row in audits.parts if row.kept} >= {"baselines", "controls", "masking", "external", "attention"}
        assert all(state_of(audits, part).state == "done" for part in ("baselines", "controls", "masking", "external", "attention"))
        assert len(audits.not_done) == 4, "what could not be done here is still listed"
    assert Results.open(run).audits == audits


def test_an_earlier_audit_of_other_predictions_is_dropped_and_that_is_said(run):
    (run / "manifest.roots.json").unlink()
    path = run / "results" / "predictions.csv"
    path.write_text(path.read_text("utf-8").replace("resnet34,0,", "resnet34,1,"), "utf-8")
    audits = audit.audit(run)
    assert audits.masking is None and not any(row.kept for row in audits.parts) and "Kept" not in audits.verdict.paragraph
    assert audits.not_done[1].part == "the earlier audit" and audits.not_done[1].reason == "not kept: it was of other predictions"


def test_a_held_out_film_without_a_prediction_is_named_and_no_other_takes_its_place(run):
    path = run / "results" / "predictions.csv"
    header, *lines = path.read_text().splitlines(keepends=True)
    gone = next(record.image_id for record in Results.open(run).manifest.used if record.split == Results.open(run).held_out)
    path.write_text("".join([header, *(line for line in lines if gone not in line)]))
    with pytest.raises(BadInput, match="72 of the 73") as caught:
        audit.audit(run, audit.Options(asks=False))
    assert gone in str(caught.value)


def test_sources_named_by_hand_bring_the_films_back(run, finished_run):
    (run / "manifest.roots.json").unlink()
    audits = audit.audit(run, audit.Options(sources=(f"coronahack:phantom={finished_run / 'phantoms'}",)))
    assert audits.masking and audits.not_done == []


def test_results_that_lie_elsewhere_find_their_films_through_the_out_folder(run, tmp_path):
    (run / "results").rename(tmp_path / "elsewhere")
    results = Results.open(tmp_path / "elsewhere")
    audits = audit.audit(results, audit.Options(home=str(run)))
    assert audits.masking and audits.not_done == [] and (tmp_path / "elsewhere" / "audits.json").exists()
    assert results.audits is audits, "the results that were handed in know their audit"


def test_films_that_went_missing_are_no_crash(run, tmp_path):
    (run / "results" / "audits.json").unlink()
    roots = read_json(run / "manifest.roots.json")
    write_json(run / "manifest.roots.json", {name: str(tmp_path / "gone") for name in roots})
    audits = audit.audit(run)
    assert audits.networks and "control: a planted copy" in [row.part for row in audits.not_done]
    shutil.rmtree(run / "pixels", ignore_errors=True)
    audits = audit.audit(run)
    assert audits.not_done[0].part == "everything that looks at pictures" and audits.networks


def test_a_damaged_or_absent_network_is_listed_and_the_rest_goes_on(run):
    (run / "results" / "audits.json").unlink()
    (run / "results" / "models" / "resnet34-seed0.safetensors").unlink()
    audits = audit.audit(run)
    assert audits.masking is None and "not there" in audits.not_done[-1].reason and audits.networks
    assert [row.part for row in audits.not_done] == ["masks on resnet34-seed0", "attention", "stability of the calls of resnet34"]
    (run / "results" / "models" / "resnet34-seed0.safetensors").write_bytes(b"no weights")
    assert "cannot be read" in audit.audit(run).not_done[-1].reason


def test_a_part_whose_input_is_bad_ends_alone_and_an_interruption_ends_all():
    def fail(films, context):
        raise error

    drawn, not_done = films(), []
    parts = (audit.Part("sources", "first", fail), audit.Part("controls", "second", lambda films, context: [1]))
    parts += (audit.Part("controls", "third of {0}", lambda films, context, name: [name], lambda context: [("a",), ("b",)]),)
    error = BadInput("the film is torn", "a/film.png")
    assert audit.carried_out(parts, drawn, None, not_done) == {"controls": [1, "a", "b"]}
    assert [(row.part, row.reason) for row in not_done] == [("first", "the film is torn a/film.png")]
    error = Interrupted("the disk is full")
    with pytest.raises(Interrupted):
        audit.carried_out(parts, drawn, None, not_done)


def test_a_manifest_is_audited_without_any_run_and_the_planted_mark_changes_the_verdict(drawn, tmp_path):
    marked = write_manifest(tmp_path / "manifest.csv", sources.parse("phantom-marked", tmp_path / "films"))
    honest, planted = audit.audit(drawn), audit.audit(marked)
    border = [next(row for row in audits.baselines if row.name == "border").area.auc for audits in (honest, planted)]
    assert border[0].low < 0.6 and border[1].value > 0.99
    assert planted.verdict.conclusion == "border-shortcut"
    assert honest.verdict.conclusion in ("unknown", "thumbnail"), "no network was asked"
    assert "kernel/run.py" in honest.verdict.paragraph
    assert honest.networks is honest.masking is honest.external is honest.attention is None and honest.not_done == []
    assert honest.films == "phantom" and honest.counts.judged.split == "all"
    assert read_typed(Audits, tmp_path / "audits.json", "audit again") == planted


def test_a_manifest_of_another_name_finds_its_films_and_keeps_an_audit_of_its_own(drawn, tmp_path):
    for name in ("manifest", "mine"):
        for suffix in (".csv", ".roots.json"):
            shutil.copy(drawn.with_name("manifest" + suffix), tmp_path / (name + suffix))
    audits = audit.audit(tmp_path / "mine.csv")
    assert audits.not_done == [] and next(row for row in audits.baselines if row.name == "border").area
    assert (tmp_path / "mine.audits.json").exists() and not (tmp_path / "audits.json").exists()


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
        audit.audit(run, audit.Options(external=("away=/nowhere/at/all",)))
    assert not (run / "results" / "audits.json").exists()


def test_the_audit_of_a_manifest_needs_no_torch_and_its_command_prints_the_verdict(few, tmp_path):
    """In a process of its own: the others of this one import torch."""
    drawn = write_manifest(tmp_path / "manifest.csv", sources.parse(str(few), "unused"))
    command = "import sys; from cxrkit.__main__ import main; main(sys.argv[1:]); print('torch imported:', 'torch' in sys.modules)"
    arguments = [sys.executable, "-c", command, "audit", str(drawn), "--out", str(tmp_path / "here.json")]
    said = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
    assert "VERDICT: " in said and (tmp_path / "here.json").exists()
    assert "torch imported: False" in said


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    return runs.write_run(tmp_path_factory.mktemp("several") / "run", seeds=(1, 2), error_rates=(0.02, 0.02))


def test_all_seeds_on_a_gpu_and_one_of_each_network_on_processors(several):
    def names(*given):
        return [network.name for network in audit.chosen(several, *given)]

    assert names("cuda") == ["resnet34-seed1", "resnet34-seed2", "resnet101-seed1", "resnet101-seed2"]
    assert names("cpu") == ["resnet34-seed1", "resnet101-seed1"]
    assert names("cpu", ("resnet101-seed2",)) == ["resnet101-seed2"]
    with pytest.raises(BadInput, match="vgg16_bn-seed0"):
        audit.chosen(several, "cpu", ("vgg16_bn-seed0",))


def test_films_from_elsewhere_that_were_a_part_of_the_run_are_missed_where_they_are_not_named(tmp_path):
    results = runs.write_run(tmp_path, seeds=(0,), error_rates=(0.02,), external=["covidgr=/here", "folder:other=/there"])
    (row,) = audit.not_named(results, audit.Options(external=("covidgr=/elsewhere",)))
    assert row.part == "films of folder:other" and "--external folder:other=DIR" in row.reason


@pytest.mark.parametrize(
    "source, told", [("folder:elsewhere={}", "No film of the manifest is under 'elsewhere'"), ("folder:nih={}/gone", "no such data folder")]
)
def test_a_source_that_the_manifest_does_not_have_or_that_is_not_there_is_refused(tmp_path, source, told):
    path = tmp_path / "manifest.csv"
    manifests.write(path, Manifest((Record("nih/a", "nih/a.png", "nih", "normal", split="train"),)), {})
    with pytest.raises(CxrkitError, match=told):
        audit.audit(path, Options(sources=(source.format(tmp_path),)))
