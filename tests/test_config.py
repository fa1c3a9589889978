import argparse
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrkit import config
from cxrkit.config import ARCHITECTURES
from cxrkit.errors import WrongUse


@pytest.mark.parametrize("name", config.names())
def test_each_experiment_of_the_kit_loads(name):
    assert config.load(name).name == name


def test_every_key_has_an_option_and_a_help_text():
    parser = argparse.ArgumentParser()
    config.add_arguments(parser)
    options = {action.dest for action in parser._actions}
    keys = {field.name for field in fields(config.Experiment)} - {"name"}
    assert keys <= options
    assert all(field.metadata["help"] and field.metadata["decides"] for field in fields(config.Experiment))


def test_the_command_line_wins_over_yaml_and_yaml_over_defaults(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("epochs: 7\nimage_size: 96\n")
    parser = argparse.ArgumentParser()
    config.add_arguments(parser)
    options = parser.parse_args(["--epochs", "2", "--no-pretrained", "--seeds", "3", "4", "--data", "x", "--data", "y"])
    experiment = config.load(path, config.overrides_of(options))
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
        ("architectures: [resnet18]", "architectures is 'resnet18'"),
        ("architectures: [resnet43]", "did you mean 'resnet34'"),
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
        ({"split": "grouped", "exclude_views": ["AP"]}, ("films",)),
        ({"threshold": 0.2}, ("scores",)),
        ({"image_size": 64, "precision": "float32", "pretrained": False}, ("numbers",)),
    ):
        other = config.load("paper", changed)
        for decides in ("jobs", "films", "scores", "numbers"):
            assert (other.settings(decides) != base.settings(decides)) == (decides in decided)
        assert (other.hash() != base.hash()) == bool(decided)


some = {
    "data": st.lists(st.text("abc=:/ -", min_size=1), min_size=1, max_size=3),
    "split": st.sampled_from(["paper", "grouped"]),
    "exclude_views": st.lists(st.sampled_from(["PA", "AP", "AP supine", "lateral"]), unique=True),
    "architectures": st.lists(st.sampled_from(ARCHITECTURES), min_size=1, unique=True),
    "seeds": st.lists(st.integers(0, 9), min_size=1, unique=True),
    "learning_rate": st.floats(1e-9, 1.0),
    "weights": st.text("ab -/"),
    "pretrained": st.booleans(),
    "allow_leakage": st.booleans(),
    "workers": st.integers(-1, 8),
    "image_size": st.integers(32, 512),
}


@given(st.fixed_dictionaries({}, optional=some))
def test_a_command_line_means_the_overrides_it_was_made_of(overrides):
    parser = argparse.ArgumentParser()
    config.add_arguments(parser)
    assert config.overrides_of(parser.parse_args(config.as_arguments(overrides))) == overrides
    experiment = config.load("paper", overrides)
    assert config.load("paper", config.differing(experiment, config.load("paper"))) == experiment
    assert config.make(config.as_dict(experiment), {}, "run.json") == experiment
