"""The published chest model: always with a small package in place of torchxrayvision, and with that itself where it is installed."""

import importlib.machinery
import importlib.util
import os
import pickle
import sys
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from cxrkit import errors
from cxrkit.audit import earlier, module_files, probes, published, verdict
from cxrkit.audit.published import Published
from cxrkit.errors import BadInput, WrongUse
from cxrkit.report import markdown
from cxrkit.report.tables import audits as audit_tables
from cxrkit.report.tables import elsewhere
from cxrkit.training import states
from tests.audit.evidences import SUPPORTED
from tests.audit.films import films
from tests.report import folders

LABELS = ("Mass", "Pneumonia", "", "Infiltration")
POINTS = (0.2, 0.1, float("nan"), 0.4)


def outputs_of(p):
    return np.log(np.array(p) / (1 - np.array(p)))


def by_the_middle(images, device):
    """Outputs of a model that calls what is bright in the middle pneumonia."""
    middle = images[:, 12:20, 12:20].mean((1, 2)) / 25 - 5
    return np.stack([-middle, middle, 0 * middle, 0 * middle - 9], 1)


MODEL = Published(published.DEFAULT, LABELS, (0.2, 0.1, 0.5, 0.4), by_the_middle, "model.pt", "5" * 64, ("nih", "pc"), "1")


def test_a_score_is_the_greatest_of_the_findings_each_at_its_operating_point():
    p = [[0.9, 0.1, 0.9, 0.1], [0.9, 0.05, 0.9, 0.4], [0.9, 0.55, 0.9, 0.2], [0.01, 0.02, 0.9, 0.7]]
    assert published.score(outputs_of(p), MODEL) == pytest.approx([0.5, 0.5, 0.75, 0.75])
    assert MODEL.findings == ["Pneumonia", "Infiltration"]


def test_its_row_has_the_area_over_patients_the_files_hash_and_what_is_not_held_out_for_it():
    drawn = films(where="centre")
    row = MODEL.row("held out", drawn, drawn.images, "cpu")
    assert row.area == probes.area(drawn.is_covid, by_the_middle(drawn.images, "cpu")[:, 1], drawn.groups) and row.area.auc.value > 0.9
    assert (row.area.auc.n, row.area.positives, row.sha256, row.as_published) == (160, 80, "5" * 64, False)
    assert (row.seen, row.n_seen) == ([], 0) and "Apache 2.0" in row.credit
    of_nih = films(where="centre", credit=lambda label: "NIH Clinical Center" if label == "normal" else "BIMCV")
    row = MODEL.row("held out", of_nih, of_nih.images, "cpu")
    assert row.seen == ["NIH ChestX-ray14"] and row.n_seen == 80
    assert replace(MODEL, name="densenet121-res224-pc").row("", drawn, drawn.images, "cpu").as_published is None


@pytest.mark.parametrize(
    "facts, place, known",
    [
        ({"case_url": "https://nihcc.app.box.com/v/ChestXray-NIHCC"}, "nih", True),
        ({"source": "radiography-rsna"}, "kaggle", True),
        ({"source": "nih"}, "kaggle", True),
        ({"case_url": "https://bimcv.cipf.es/bimcv-projects/padchest/"}, "pc", True),
        ({"source": "finish", "credit": "Zenith hospital"}, "nih", False),
        ({"source": "coronahack"}, "kaggle", False),
    ],
)
def test_films_that_the_model_may_have_learned_from_are_counted(facts, place, known):
    drawn = films(patients=1, films_a_patient=1)
    drawn = replace(drawn, records=(drawn.records[0].but(**facts), *drawn.records[1:]))
    assert published.overlap(drawn, (place,)) == ([published.SETS[place][0]] if known else [], int(known))


def test_the_verdict_does_not_hear_it():
    row = MODEL.row("held out", *(drawn := films(where="centre"),), drawn.images, "cpu")
    assert verdict.decide(replace(SUPPORTED, published=[row])) == verdict.decide(SUPPORTED)
    asked, unasked = (replace(SUPPORTED, published=rows).state("published") for rows in ([row], []))
    assert asked.state == "done" and (unasked.state, unasked.why) == ("not done", "not asked for") and "--published" in unasked.command


def test_the_report_has_it_below_the_networks_and_an_earlier_audits_row_stays(tmp_path):
    audits = folders.audited(results := folders.write(tmp_path))
    table = audit_tables.baselines(audits)
    texts = [cell.text for cell in table.rows[-1]]
    assert texts[0] == "a published chest model (torchxrayvision densenet121-res224-all)" and texts[1:3] == ["", ""] and texts[4] == "94"
    assert "3 films may be of its own training (PadChest): not held out for it" in texts[5] and "not the file as published" in texts[5]
    assert "Cohen et al. 2022" in table.note and "5" * 64 in table.note and "does not rest on it" in table.note
    (away,) = [row for row in elsewhere.inside_and_elsewhere(audits).rows if row[0].text == "a published chest model, elsewhere"]
    assert [cell.text for cell in away[-2:]] == ["50", "20"]
    assert "a published chest model" in markdown.audit_log(results.audits)
    without = replace(audits, published=None)
    assert "published" not in audit_tables.baselines(without).note and len(audit_tables.baselines(without).rows) == len(table.rows) - 1
    kept, parts = earlier.merged({"published": []}, audits)
    assert kept["published"] == audits.published and "published" in parts


def network():
    torch.manual_seed(0)
    first = nn.Conv2d(1, 3, 3)
    return nn.Sequential(first, nn.BatchNorm2d(3), nn.Sequential(first, nn.ReLU()), nn.Linear(3, 2, bias=False)).eval()


def older(found, path):
    """Write as PyTorch did before 1.6."""
    torch.save(found, path, _use_new_zipfile_serialization=False)
    return path


def same(state, other):
    return state.keys() == other.keys() and all(torch.equal(state[name], other[name]) for name in state)


def test_a_whole_network_of_an_older_file_is_read_as_its_tensors(tmp_path):
    content = older(whole := network(), tmp_path / "whole.pt").read_bytes()
    assert same(module_files.read(content), whole.state_dict())
    with pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / "whole.pt", weights_only=True)
    for end in [*range(0, 400, 7), *range(400, len(content), 997), len(content) - 1]:
        with pytest.raises(module_files.FAULTS):
            module_files.read(content[:end])


class Evil:
    """Makes a file whose reading would call what it names."""

    def __init__(self, function, *arguments):
        self.called = function, arguments

    def __reduce__(self):
        return self.called


def test_nothing_that_a_file_names_is_called(tmp_path):
    whole, mark = network(), tmp_path / "mark"
    whole.extra = Evil(os.mkdir, str(mark))
    assert same(module_files.read(older(whole, tmp_path / "whole.pt").read_bytes()), network().state_dict()) and not mark.exists()
    storage = torch.ones(2)
    whole._parameters["huge"] = Evil(torch._utils._rebuild_tensor_v2, storage.storage(), 0, (10**12,), (0,), False, None)
    with pytest.raises(ValueError, match="larger than what is stored"):
        module_files.read(older(whole, tmp_path / "whole.pt").read_bytes())


class _DenseBlock(nn.Sequential):
    pass


class _DenseLayer(nn.Sequential):
    pass


class _Transition(nn.Sequential):
    pass


class DenseNet(nn.Module):
    """As torchxrayvision's, but small: 224 pixels, grey, to as many outputs."""

    def __init__(self, num_classes=18):
        super().__init__()
        layer = _DenseLayer(nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 1))
        self.features = nn.Sequential(nn.Conv2d(1, 4, 7, 32), _DenseBlock(layer), _Transition(nn.AvgPool2d(2)))
        self.classifier = nn.Linear(36, num_classes)
        self.register_buffer("op_threshs", None)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


def small(tmp_path):
    package = types.ModuleType(published.PACKAGE)
    package.__spec__, package.__version__ = importlib.machinery.ModuleSpec(published.PACKAGE, None), "0"
    url = "https://example.org/v1/{}-densenet121-d121-best.pt"
    table = {
        "densenet121-res224-" + name: {"weights_url": url.format(file), "labels": list(LABELS), "op_threshs": list(POINTS)}
        for name, file in (("all", "nih-pc-chex-mimic_ch-google-openi-kaggle"), ("pc", "pc"))
    }
    kinds = {each.__name__: each for each in (DenseNet, _DenseBlock, _DenseLayer, _Transition)}
    package.models = types.SimpleNamespace(model_urls={"all": {}} | table, **kinds)
    package.utils = types.SimpleNamespace(get_cache_dir=lambda: str(tmp_path / "cache"))
    return package


@pytest.fixture(params=["small", "real"])
def package(request, tmp_path, monkeypatch):
    if request.param == "small":
        monkeypatch.setitem(sys.modules, published.PACKAGE, small(tmp_path))
    elif importlib.util.find_spec(published.PACKAGE) is None:
        pytest.skip("torchxrayvision is not installed (pip install '.[published]')")
    else:
        monkeypatch.setattr("torchxrayvision.utils.get_cache_dir", lambda: str(tmp_path / "cache"))
    return importlib.import_module(published.PACKAGE)


def drawn_network(package):
    torch.manual_seed(1)
    labels = package.models.model_urls[published.DEFAULT]["labels"]
    return package.models.DenseNet(num_classes=len(labels)).eval()


WRITERS = {
    "whole, as published": older,
    "whole, newer": torch.save,
    "state dict": lambda found, path: torch.save(found.state_dict(), path),
    "safetensors": lambda found, path: path.write_bytes(states.written(found.state_dict(), "")),
}


@pytest.mark.parametrize("how", WRITERS)
def test_a_file_in_each_form_gives_the_packages_own_outputs(package, tmp_path, how):
    expected, facts = drawn_network(package), package.models.model_urls[published.DEFAULT]
    WRITERS[how](expected, tmp_path / "model.pt")
    model = published.load(str(tmp_path / "model.pt"))
    images = np.random.default_rng(0).integers(0, 256, (2, 224, 224), np.uint8)
    with torch.no_grad():
        outputs = expected(torch.tensor((2 * (images.astype(np.float32) / 255) - 1) * 1024)[:, None])
    assert model.network(images, "cpu") == pytest.approx(outputs.numpy(), rel=1e-4, abs=1e-4)
    assert (model.name, list(model.labels), len(model.sha256)) == (published.DEFAULT, facts["labels"], 64)
    assert model.trained_on == ("nih", "google", "kaggle", "pc", "chex", "mimic_ch", "openi")
    if hasattr(package.models, "op_norm"):
        norm = package.models.op_norm(torch.sigmoid(outputs), torch.tensor(facts["op_threshs"])[None])
        places = [facts["labels"].index(finding) for finding in published.FINDINGS]
        assert published.score(outputs.numpy(), model) == pytest.approx(norm[:, places].max(1).values.numpy(), abs=1e-5)


def test_the_files_name_tells_the_model_and_the_cache_is_looked_in(package, tmp_path):
    table = package.models.model_urls
    (tmp_path / "cache").mkdir()
    for name in (published.DEFAULT, "densenet121-res224-pc"):
        older(drawn_network(package), tmp_path / "cache" / table[name]["weights_url"].rpartition("/")[2])
    assert published.load().name == published.load(str(tmp_path / "cache")).name == published.DEFAULT
    other = published.load(str(tmp_path / "cache" / table["densenet121-res224-pc"]["weights_url"].rpartition("/")[2]))
    assert other.name == "densenet121-res224-pc" and other.trained_on == ("pc",)


def test_what_is_no_such_file_is_named_with_the_address_of_the_one_that_is(package, tmp_path):
    url, path = package.models.model_urls[published.DEFAULT]["weights_url"], tmp_path / "model.pt"
    with pytest.raises(BadInput, match="not there") as caught:
        published.load()
    assert url in caught.value.next and "nothing is fetched unasked" in caught.value.next
    mark, evil = tmp_path / "mark", drawn_network(package)
    evil.extra = Evil(os.mkdir, str(mark))
    bad = {
        "another network's": lambda: older(network(), path),
        "Unsupported global|cannot be read": lambda: torch.save(evil, path),
        "cannot be read": lambda: path.write_bytes(b"\x80\x02no weights"),
    }
    for words, write in bad.items():
        write()
        with pytest.raises(BadInput, match=words) as caught:
            published.load(str(path))
        assert caught.value.where == path and url in caught.value.next and not mark.exists()


def test_a_file_far_larger_than_any_of_the_packages_is_not_read(package, tmp_path, monkeypatch):
    large = tmp_path / "large.pt"
    with open(large, "wb") as file:
        file.truncate(published.MOST_BYTES + 1)  # sparse
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail("it was read"))
    with pytest.raises(BadInput, match="larger than 500 MB"):
        published.load(str(large))


def test_where_the_package_is_missing_its_extra_is_named(monkeypatch):
    monkeypatch.setattr(errors.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(WrongUse, match=r"torchxrayvision is not installed") as caught:
        published.load()
    assert ".[published]" in caught.value.next
