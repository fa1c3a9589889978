import argparse
from dataclasses import fields
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cxrkit import config, pipeline
from cxrkit.errors import WrongUse, run_command
from cxrkit.options import add_arguments, as_arguments, overrides_of
from tests.kernel.entry import kernel_run


def option_parser():
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser


@pytest.mark.parametrize("name", config.names())
def test_each_experiment_of_the_kit_loads(name):
    assert config.load(name).name == name


def test_every_key_has_an_option_and_a_help_text():
    options = {action.dest for action in option_parser()._actions}
    keys = {field.name for field in fields(config.Experiment)} - {"name"}
    assert keys <= options
    assert all(field.metadata["help"] and field.metadata["decides"] for field in fields(config.Experiment))


def test_the_command_line_wins_over_yaml_and_yaml_over_defaults(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("epochs: 7\nimage_size: 96\n")
    options = option_parser().parse_args(["--epochs", "2", "--no-pretrained", "--seeds", "3", "4", "--data", "x", "--data", "y"])
    experiment = config.load(path, overrides_of(options))
    assert (experiment.epochs, experiment.image_size, experiment.batch_size) == (2, 96, 64)
    assert (experiment.pretrained, experiment.seeds, experiment.data, experiment.name) == (False, (3, 4), ("x", "y"), "mine")


@pytest.mark.parametrize(
    "text, part",
    [
        ("epocs: 3", "did you mean 'epochs'"),
        ("epochs: three", "wrong type"),
        ("epochs: true", "wrong type"),
        ("seeds: [1, a]", "wrong type"),
        ("epochs: 0", "at least 1"),
        ("architectures: [resnet43]", "There is no network 'resnet43'"),
        ("architectures: [resnet43]", "did you mean resnet34 or"),
        ("architectures: [../resnet34]", "architectures is '../resnet34'"),
        ("architectures: []", "architectures is empty"),
        ("split: gruped", "did you mean 'grouped'"),
        ("exclude_views: [laterall]", "did you mean 'lateral'"),
        ("precision: fp16", "Choose from auto"),
        ("seeds: [-1]", "at least 0"),
        ("seeds: []", "seeds is empty"),
        ("threshold: 1", "below 1"),
        ("learning_rate: 0", "above 0"),
        ("seeds: [1, 1]", "twice"),
        ("{parallel: data, loader: files}", "share nothing"),
        ("match: [view, weight]", "Choose from view, age, sex"),
        ("match: 'age,age'", "twice"),
        ("age_caliper: -1", "at least 0"),
        ("{external: [covidgr=x], audit: quick}", "asked about in the full audit"),
        ("- a list", "no mapping"),
        ("a: [", "cannot be read"),
    ],
)
def test_a_wrong_experiment_says_what_is_wrong(tmp_path, text, part):
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(WrongUse) as caught:
        config.load(path)
    assert part in str(caught.value)


def test_words_of_a_list_may_be_parted_by_commas():
    for words in (["view", "age", "sex"], ["view,age,sex"], "view,age,sex"):
        assert config.load("paper", {"match": words}).match == ("view", "age", "sex")


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(WrongUse) as caught:
        config.load("papr")
    assert "paper" in str(caught.value)


def test_the_hash_covers_what_decides_numbers_and_not_where_data_lies():
    base = config.load("paper")
    assert config.load("paper", {"data": ["elsewhere"], "workers": 3}).hash() == base.hash()
    assert config.load("paper", {"epochs": 5}).hash() != base.hash()


def test_each_key_says_what_it_decides():
    """The hash of an experiment, the key of a job and the protocol of a comparison follow from it."""
    base = config.load("paper")
    for changed, decided in (
        ({"allow_leakage": True, "weights": "/w", "loader": "files", "audit": "none", "name": "other"}, ()),
        ({"seeds": [1, 2]}, ("jobs",)),
        ({"external": ["covidgr=/x"]}, ()),
        ({"split": "grouped", "exclude_views": ["AP"]}, ("films",)),
        ({"match": ["view"], "ages": "adults", "age_caliper": 2.0}, ("films",)),
        ({"threshold": 0.2}, ("scores",)),
        ({"image_size": 64, "precision": "float32", "pretrained": False}, ("numbers",)),
    ):
        other = config.load("paper", changed)
        for decides in ("jobs", "films", "scores", "numbers"):
            assert (other.settings(decides) != base.settings(decides)) == (decides in decided)
        assert (other.hash() != base.hash()) == bool(decided)


def values_of(key):
    """Values that a key may have, from its own declaration."""
    limits, items = key.metadata, get_args(key.type)
    low, high = limits["at_least"], limits["below"]
    if key.name == "architectures":
        each = st.sampled_from(config.ARCHITECTURES)  # another name may be asked of torchvision and timm, which take long
    elif limits["choices"]:
        each = st.sampled_from(limits["choices"])
    elif bool in (key.type, *items):
        each = st.booleans()
    elif int in (key.type, *items):
        each = st.integers(low, None if low is None else low + 10**6)
    elif float in (key.type, *items):
        above = limits["above"] if low is None else low
        each = st.floats(above, high, exclude_min=low is None, exclude_max=high is not None, allow_nan=False, allow_infinity=False)
    else:
        each = st.text()
    return st.lists(each, min_size=key.name not in ("exclude_views", "match"), unique=True) if items else each


KEYS = {key.name: key for key in fields(config.Experiment) if key.name != "name"}
OVERRIDES = st.fixed_dictionaries({}, optional={name: values_of(key) for name, key in KEYS.items()}).filter(
    lambda overrides: (
        (overrides.get("parallel"), overrides.get("loader")) != ("data", "files")
        and (not overrides.get("external") or overrides.get("audit", "full") == "full")
    )
)


@given(OVERRIDES)
@example({"data": ["-x", "--seeds", "a=b c", ""], "weights": "--out", "seeds": [1, 2], "exclude_views": [], "workers": -1})
def test_a_command_line_means_the_overrides_it_was_made_of(overrides):
    for parse in (option_parser().parse_args, kernel_run().parse):
        assert overrides_of(parse(as_arguments(overrides))) == overrides
    experiment = config.load("paper", overrides)
    assert config.load("paper", config.differing(experiment, config.load("paper"))) == experiment
    assert config.make(config.as_dict(experiment), {}, "run.json") == experiment


@pytest.mark.parametrize("overrides", [{"epocs": 2}, {"name": "x"}, {"seeds": 1, "achitectures": ["resnet34"]}])
def test_an_unknown_key_is_refused_by_its_name(overrides):
    with pytest.raises(WrongUse, match=f"--{list(overrides)[-1]}"):
        kernel_run().parse(as_arguments(overrides))


@pytest.mark.parametrize("arguments", [["--split", "gruped"], ["--exclude-views", "laterall"], ["--seeds", "0", "-1"], ["--workers", "-2"]])
def test_a_wrong_option_is_refused_before_anything_is_read(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    command = ["--local", "--experiment", "paper", "--data", "no-such-folder", *arguments]
    assert run_command(lambda: kernel_run().main(command)) == 2
    assert f"{arguments[0]} is " in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_run_begins_with_what_its_seeds_can_decide():
    assert pipeline.told_of_seeds(1).startswith("1 seed of each network. A single seed cannot rank networks.")
    assert "three settled" in pipeline.told_of_seeds(3) and "cannot" not in pipeline.told_of_seeds(10)
