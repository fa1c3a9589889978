import dataclasses
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from cxrkit import answers, predict
from cxrkit.__main__ import main
from cxrkit.data.records import LABELS
from cxrkit.demo.answering import Demo
from cxrkit.errors import BadInput, run_command
from cxrkit.files import read_json, sha256_of, write_json
from cxrkit.results import Network, Results
from tests.demo import served
from tests.evaluation.runs import write_run

pytest.importorskip("onnx", reason="onnx is not installed (pip install '.[export]')")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (pip install '.[export]')")
from cxrkit.inference import by_onnx, by_torch, export, exported, graphs
from cxrkit.training import networks

ROOT = Path(__file__).resolve().parents[2]
TORCH = ("torch", "torchvision", "fastai", "fastcore", "onnx")


@pytest.fixture(scope="module")
def folder(finished_run, tmp_path_factory):
    return export.export(finished_run, tmp_path_factory.mktemp("export") / "folder")


@pytest.fixture
def copied(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "copy")


@pytest.fixture
def films(tmp_path):
    (tmp_path / "films").mkdir()
    for seed in range(6):
        served.drawn(seed, 200).save(tmp_path / "films" / f"{seed}.png")
    served.photo().save(tmp_path / "films" / "photo.png")
    return tmp_path / "films"


def plain(value):
    """The numbers of a value of dataclasses, and all that is no number."""
    found, rest = [], []

    def walk(part):
        if isinstance(part, dict):
            for key, each in part.items():
                rest.append(key)
                walk(each)
        elif isinstance(part, list):
            for each in part:
                walk(each)
        elif isinstance(part, float):
            found.append(part)
        else:
            rest.append(part)

    walk(dataclasses.asdict(value))
    return np.array(found), rest


@pytest.mark.parametrize(
    "name, words",
    [("nowhere.png", "no such film"), ("empty", "holds no film"), ("films/torn.png", "cannot be compared on"), ("films", "torn")],
)
def test_films_that_cannot_be_compared_on_are_told_with_what_to_do(tmp_path, monkeypatch, name, words):
    """Regression: what to do was not said, and an empty folder was taken without a word."""
    results = write_run(tmp_path / "run", seeds=(0,), error_rates=(0.1,))
    (tmp_path / "empty").mkdir()
    (tmp_path / "films").mkdir()
    served.drawn(0, 200).save(tmp_path / "films" / "drawn.png")
    (tmp_path / "films" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    facts = SimpleNamespace(image_size=32, resize="squish")
    monkeypatch.setattr(predict, "open_run", lambda *_, **__: SimpleNamespace(facts=facts))
    with pytest.raises(BadInput) as told:
        export.export(results.folder, tmp_path / "out", [tmp_path / name])
    assert words in str(told.value) and "--films" in told.value.next and not (tmp_path / "out").exists()


def test_a_film_is_answered_as_by_torch(finished_run, folder, films):
    expected, found = (replace(predict.predict(run, [films], device="cpu"), engine="") for run in (finished_run, folder))
    (numbers, rest), (again, same) = plain(expected), plain(found)
    assert len(expected.films) == 7 and rest == same and again == pytest.approx(numbers, abs=1e-5)
    assert expected.films[-1].outside and found.out_of_distribution_checked


def test_probabilities_features_and_maps_are_torchs(finished_run, folder):
    (network,) = Results.open(finished_run).networks_on_disk()
    squares = np.random.default_rng(0).integers(0, 256, (70, 32, 32), dtype=np.uint8)
    torch, onnx = by_torch.TorchEngine("cpu").load(network), predict.open_run(folder).engine.load(network)
    heard = []
    assert onnx.p_covid(squares, heard.append) == pytest.approx(torch.p_covid(squares), abs=1e-5) and heard == [64, 6]
    assert np.ptp(torch.p_covid(squares)) > 1e-3, "the films are not all one to this network"
    assert onnx.features(squares) == pytest.approx(torch.features(squares), rel=1e-4, abs=1e-4)
    maps = torch.maps(squares[:8])
    assert maps.any() and onnx.maps(squares[:8]) == pytest.approx(maps, abs=0.01) and onnx.maps(squares[:8]).shape == (8, 32, 32)
    assert len(onnx.p_covid(squares[:0])) == 0


def test_the_demo_tells_of_an_exported_folder_what_it_tells_of_the_run(finished_run, folder):
    torch, onnx = (Demo(predict.open_run(run, "cpu", scaled=True)) for run in (finished_run, folder))
    assert onnx.facts == torch.facts and onnx.facts.held_out
    content = served.encoded(served.drawn(3, 200))
    expected, found = torch.film(content), onnx.film(content)
    assert found.picture == expected.picture and found.standing == expected.standing and found.maps.keys() == expected.maps.keys()


def test_nothing_of_torch_is_loaded_to_answer(folder, films, tmp_path):
    """In a process in which no torch can be imported, as where none is installed."""
    lines = [
        "import sys",
        f"sys.modules |= dict.fromkeys({TORCH!r})",
        "from cxrkit.__main__ import main",
        f"assert main(['predict', {str(folder)!r}, {str(films)!r}, '--json', '--out', {str(tmp_path / 'maps')!r}]) == 0",
        "from cxrkit import predict; from cxrkit.demo import answering, server",
        f"answering.Demo(predict.open_run({str(folder)!r}, scaled=True)).film(open({str(films / '0.png')!r}, 'rb').read())",
    ]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found["films"]) == 7 and "onnxruntime" in found["engine"] and len(list((tmp_path / "maps").glob("*.png"))) == 7


def test_the_folder_says_what_it_is_of_and_holds_no_pickle(finished_run, folder):
    export_, results = exported.read(folder), Results.open(finished_run)
    assert {path.name for path in folder.iterdir()} == {exported.FILE, *(graph.name for graph in export_.files)}
    assert all(sha256_of(folder / graph.name) == graph.sha256 for graph in export_.files)
    assert {path.suffix for path in folder.iterdir()} == {".onnx", ".json"}
    facts = export_.facts
    assert (facts.threshold, facts.manifest_sha256) == (results.experiment.threshold, results.info.manifest_sha256)
    assert export_.classes == list(LABELS) and export_.versions["torch"] and facts.warnings[0].startswith("Research use only")
    assert all("validation" in each.fitted_on for each in facts.temperatures) and len(facts.temperatures) >= 1
    assert export_.compared.films == export.DRAWN + export.NOISE and export_.compared.p_covid <= export.MOST_P


@pytest.mark.parametrize(
    "spoil, words",
    [
        (lambda folder: (folder / "reference.json").write_text("{}"), "another size"),
        (lambda folder: next(folder.glob("*-map.onnx")).unlink(), "is missing"),
        (lambda folder: (folder / exported.FILE).write_text("[]"), "no JSON object"),
        (lambda folder: _change(folder, format=99), "format 99"),
        (lambda folder: _change(folder, classes=3), "classes"),
        (lambda folder: _change(folder, networks=[]), "no network"),
        (lambda folder: _renamed(folder, "../resnet34-seed0.onnx"), "does not lie in it"),
        (lambda folder: _flipped(folder / "resnet34-seed0.onnx"), "SHA-256 differs"),
        (lambda folder: _flipped(folder / "reference.json"), "not the one that was exported"),
    ],
)
def test_a_folder_that_was_changed_is_bad_input(copied, films, spoil, words):
    spoil(copied)
    with pytest.raises(BadInput, match=words):
        predict.predict(copied, [films / "0.png"])


def _change(folder, **keys):
    write_json(folder / exported.FILE, read_json(folder / exported.FILE) | keys)


def _renamed(folder, name):
    (network,) = read_json(folder / exported.FILE)["networks"]
    network["network"]["name"] = name
    _change(folder, networks=[network])


def _flipped(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_network_that_answers_differently_is_refused_and_nothing_is_left(finished_run, tmp_path, monkeypatch):
    (network,) = Results.open(finished_run).networks_on_disk()
    real = graphs.write_network

    def another(model, size, path):
        with torch_no_grad():
            model[1][-1].weight[0, 0] += 0.5
        real(model, size, path)
        with torch_no_grad():
            model[1][-1].weight[0, 0] -= 0.5

    monkeypatch.setattr(graphs, "write_network", another)
    with pytest.raises(BadInput, match=f"{network.name} does not answer as torch does: p"):
        export.export(finished_run, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def torch_no_grad():
    return by_torch.torch.no_grad()


@pytest.mark.parametrize("p_covid, features", [(2e-4, 0), (0, 0.01), (float("nan"), 0), (0, float("nan"))])
def test_what_is_no_number_differs(p_covid, features):
    with pytest.raises(BadInput):
        export.refuse_different(Network("resnet34", 0, Path("a")), exported.Compared(1, p_covid, features, None))


def test_a_network_whose_gradient_has_no_graph_answers_without_a_map_and_says_so(finished_run, tmp_path, monkeypatch, films):
    def fails(model, size, path):
        path.write_bytes(b"half")
        raise RuntimeError("Exporting the operator 'aten::strange' is not supported\nmore")

    monkeypatch.setattr(graphs, "write_map", fails)
    folder = export.export(finished_run, tmp_path / "out")
    assert not list(folder.glob("*-map.onnx"))
    found = predict.predict(folder, [films / "0.png"], tmp_path / "maps")
    assert any("No attention map of resnet34" in each and "aten::strange" in each for each in found.warnings[1:-1])
    assert (
        "No attention map" in answers.text(found)
        and "the map needs torch" in answers.text(found)
        and (tmp_path / "maps" / "001-0.png").exists()
    )
    assert Demo(predict.open_run(folder)).film(served.encoded(served.drawn())).maps == {}


class Gamma(by_torch.torch.nn.Module):
    """A layer that ONNX has no word for."""

    def forward(self, x):
        return by_torch.torch.lgamma(x.abs() + 1)


def small(*layers):
    """A body with these layers behind the one that its map is of, and a head."""
    nn = by_torch.torch.nn
    by_torch.torch.manual_seed(0)
    body = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), *layers)
    return nn.Sequential(body, nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))).eval()


def pooled(*arguments, **more):
    return by_torch.torch.nn.AvgPool2d(*arguments, **more)


@pytest.mark.parametrize(
    "layers",
    [
        (pooled(3),),
        (pooled(3, 3, 1, ceil_mode=True, count_include_pad=False),),
        (pooled(4, 3, 1, ceil_mode=True),),
        (pooled((3, 4), 3, divisor_override=5),),
        *[
            (pooled(3), kind())
            for kind in map(by_torch.torch.nn.__dict__.get, ("Hardswish", "Hardsigmoid", "SiLU", "GELU", "ReLU6", "ELU"))
        ],
    ],
    ids=str,
)
def test_the_gradient_of_a_layer_is_torchs(layers, tmp_path):
    """Of average pooling, as in DenseNets, and of the activations of MobileNets, EfficientNets and ConvNeXts."""
    model = by_torch.TorchNetwork(small(*layers), "cpu")
    squares = np.random.default_rng(0).integers(0, 256, (6, 16, 16), dtype=np.uint8)
    maps = model.maps(squares)
    assert maps.any((1, 2)).any()
    assert onnx_of(model.model, 16, tmp_path).maps(squares) == pytest.approx(maps, abs=1e-4)


def onnx_of(model, size, folder):
    graphs.write_network(model, size, folder / "a.onnx")
    graphs.write_map(model, size, folder / "b.onnx")
    files = [export._file(folder / name) for name in ("a.onnx", "b.onnx")]
    return by_onnx.OnnxNetwork(folder, exported.ExportedNetwork("any", 0, *files))


def test_an_operator_that_onnx_lacks_is_named_and_its_graph_is_not_printed(tmp_path, capfd):
    with pytest.raises(Exception, match="lgamma"):
        graphs.write_map(small(pooled(3), Gamma()), 16, tmp_path / "b.onnx")
    assert capfd.readouterr() == ("", "")


def test_an_earlier_export_is_replaced_and_nothing_else(finished_run, copied, tmp_path):
    (copied / "notes.txt").write_text("mine")
    export.export(finished_run, copied)
    assert (copied / "notes.txt").read_text() == "mine" and predict.open_run(copied).engine.load(predict.open_run(copied).trained[0])
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.txt").write_text("mine")
    assert run_command(lambda: main(["export", str(finished_run), "--out", str(tmp_path / "full")])) == 3
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["a.txt"]


def test_a_file_that_was_changed_since_is_not_replaced(tmp_path, copied):
    making = tmp_path / "making"
    making.mkdir()
    graph = next(copied.glob("*.onnx"))
    content = bytearray(graph.read_bytes())
    content[-1] ^= 1
    graph.write_bytes(content)
    with pytest.raises(BadInput, match="not an earlier export's"):
        export._put(making, copied)
    assert graph.read_bytes() == content and (copied / exported.FILE).exists()


def test_by_default_it_lies_beside_the_results():
    assert export.beside(Path("runs/a/results")) == Path("runs/a/exported") and export.beside(Path("b")) == Path("b-exported")


@pytest.mark.parametrize("architecture, size", [("vgg16_bn", 64), ("resnet18", 96)])
def test_maps_of_other_networks_and_sizes(architecture, size, tmp_path):
    """A layer before the last pooling, and the last one."""
    from cxrkit.audit import attention

    model = by_torch.TorchNetwork(attention.randomised(architecture), "cpu")
    squares = np.random.default_rng(0).integers(0, 256, (3, size, size), dtype=np.uint8)
    onnx = onnx_of(model.model, size, tmp_path)
    assert onnx.maps(squares) == pytest.approx(model.maps(squares), abs=0.01)
    assert onnx.p_covid(squares) == pytest.approx(networks.p_covid(model.model, squares), abs=1e-5)
