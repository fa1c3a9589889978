"""A results folder as one object: what is written is read back, each file once, and what does not belong to the run is refused."""

import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from cxrkit import config, schema
from cxrkit import results as results_module
from cxrkit.columns import Trained
from cxrkit.environment import Choice
from cxrkit.errors import BadInput
from cxrkit.evaluation.evaluate import evaluate
from cxrkit.evaluation.metrics import Figure
from cxrkit.files import read_json, write_checksums, write_json, write_text
from cxrkit.results import Results, read_typed
from cxrkit.schema import Chosen
from tests.evaluation.runs import write_run

CHOSEN = Chosen(
    device=Choice("cpu", "torch sees no GPU"),
    precision=Choice("float32", "deterministic"),
    layout=Choice("channels_last", "faster"),
    autotuning=Choice(False, "no GPU"),
    placement=Choice("host", "1 MB of films"),
)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """An evaluated run of two networks; not to be changed."""
    results = write_run(tmp_path_factory.mktemp("run") / "results", seeds=(0, 1), error_rates=(0.05, 0.1))
    evaluate(results)
    return results


@pytest.fixture
def folder(kept, tmp_path):
    return shutil.copytree(kept.folder, tmp_path / "results")


def test_a_run_is_named_by_its_folder_or_by_its_results_folder(kept, tmp_path):
    assert Results.open(kept.folder.parent).folder == Results.open(kept.folder).folder == kept.folder
    with pytest.raises(BadInput, match="no run here"):
        Results.open(tmp_path)


def test_run_json_says_what_was_asked_then_what_was_chosen_and_how_it_ended(folder):
    begun = Results.open(folder)
    assert (begun.info.state, begun.info.chosen, begun.info.seconds) == ("running", Chosen(), {})
    assert begun.info.run_id and begun.experiment.architectures == ("resnet34", "resnet101")
    begun.finish(CHOSEN, ["resnet101-seed0", "resnet101-seed1"], {"resnet101-seed0": "RuntimeError: out of memory"}, {"training": 2.5}, {})
    ended = Results.open(folder).info
    assert ended == begun.info and (ended.state, ended.chosen, ended.seconds) == ("finished", CHOSEN, {"training": 2.5})
    assert ended.run_id == Results.open(folder).info.run_id
    told = " ".join(warning.sentence for warning in Results.open(folder).warnings)
    assert "FAILED: 1 training run is missing" in told and "out of memory" in told
    assert "PARTIAL: the time was up; 1 training run is missing: resnet101-seed1." in told


def test_each_file_is_read_once(folder, monkeypatch):
    read = []
    monkeypatch.setattr(results_module, "read_json", lambda path, **how: read.append(path.name) or read_json(path, **how))
    results = Results.open(folder)
    for _ in range(3):
        assert results.info and results.metrics and results.comparison and results.manifest and len(results.table)
        assert results.predictions("resnet34") is results.predictions("resnet34")
    assert sorted(read) == ["comparison.json", "metrics.json", "run.json"]


@pytest.mark.parametrize("name", ["run.json", "metrics.json", "comparison.json"])
def test_a_file_of_another_version_is_refused_and_says_what_to_do(folder, name):
    plain = read_json(folder / name)
    for spoilt in (plain | {"schema": 1}, {key: value for key, value in plain.items() if key != "schema"}):
        write_json(folder / name, spoilt)
        with pytest.raises(BadInput, match=f"version 1 of the results' schema; this kit reads version {schema.VERSION}") as caught:
            results = Results.open(folder)
            getattr(results, {"run.json": "info"}.get(name, name.removesuffix(".json")))
        assert "use the version of the kit that wrote it" in str(caught.value) and name in str(caught.value)


@pytest.mark.parametrize("name", ["run.json", "metrics.json", "comparison.json"])
@pytest.mark.parametrize("content", [[], 3, "text", None, {}, {"scans": 1}], ids=repr)
def test_json_that_is_another_file_altogether_is_not_taken_for_an_earlier_version(folder, name, content):
    write_json(folder / name, content)
    with pytest.raises(BadInput, match=f"This is no {name}") as caught:
        results = Results.open(folder)
        getattr(results, {"run.json": "info"}.get(name, name.removesuffix(".json")))
    assert "version" not in str(caught.value) and caught.value.where == folder / name


def test_a_key_that_is_missing_or_wrong_is_named(folder):
    plain = read_json(folder / "metrics.json")
    del plain["scores"][0]["auc"]["method"]
    write_json(folder / "metrics.json", plain)
    with pytest.raises(BadInput, match=r"scores\.0\.auc\.method: field required"):
        _ = Results.open(folder).metrics
    write_text(folder / "metrics.json", "{")
    with pytest.raises(BadInput, match="no JSON"):
        _ = Results.open(folder).metrics


def test_scores_of_another_manifest_are_refused(folder):
    plain = read_json(folder / "comparison.json")
    write_json(folder / "comparison.json", plain | {"manifest_sha256": "0" * 64})
    with pytest.raises(BadInput, match="belongs to another manifest"):
        _ = Results.open(folder).comparison


def test_what_is_written_brings_its_checksum_along(folder):
    write_checksums(folder)
    results = Results.open(folder)
    before = read_json(folder / "checksums.json")["metrics.json"]
    evaluate(results, threshold=0.3)
    assert read_json(folder / "checksums.json")["metrics.json"] != before


def test_trained_networks_replace_those_of_an_earlier_run(folder, tmp_path):
    """Those of earlier versions have another suffix."""
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(name.encode())
    results = Results.open(folder)
    results.keep(Trained(models={"resnet34-seed0.pt": tmp_path / "a", "resnet34-seed7.pt": tmp_path / "b"}))
    assert [network.path.suffix for network in results.networks_on_disk()] == [".pt", ".pt"]
    results.keep(Trained(models={"resnet34-seed0.safetensors": tmp_path / "b"}))
    assert [(n.name, n.path.read_bytes()) for n in results.networks_on_disk()] == [("resnet34-seed0", b"b")]
    assert [path.name for path in (results.folder / "models").iterdir()] == ["resnet34-seed0.safetensors"]
    assert (tmp_path / "a").read_bytes() == b"a"


def test_no_folder_of_this_machine_is_in_run_json(tmp_path):
    results = write_run(tmp_path / "run", error_rates=(0.1,), data=[f"folder:nih={tmp_path}", str(tmp_path)], weights=str(tmp_path))
    assert str(tmp_path) not in (results.folder / "run.json").read_text()
    assert Results.open(tmp_path / "run").experiment.data == ("folder:nih", "coronahack")


numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)


@given(numbers, numbers, numbers, st.integers(0, 10**9), st.text())
def test_a_figure_survives_its_file(value, low, high, n, method):
    figure = Figure(value, low, high, n, method)
    plain = json.loads(json.dumps(vars(figure)))
    assert TypeAdapter(Figure).validate_python(plain) == figure
    assert figure.negated().negated() == figure


def test_every_key_of_the_files_is_read_as_what_it_is(kept):
    """The JSON files hold exactly the keys of their dataclasses, however deep."""
    import dataclasses

    for kind, name in ((schema.Metrics, "metrics.json"), (schema.Comparison, "comparison.json"), (schema.RunInfo, "run.json")):
        path = kept.folder / name
        again = json.loads(json.dumps(dataclasses.asdict(read_typed(kind, path, ""))))
        assert again == read_json(path)


def test_an_experiment_is_read_again_as_it_was_written():
    """pydantic takes some words in a dataclass's metadata for limits of its own."""
    experiment = config.load("paper", {"data": ["phantom"], "seeds": [1, 2], "architectures": ["densenet121"]})
    assert TypeAdapter(config.Experiment).validate_python(config.as_dict(experiment)) == experiment
