import argparse
from dataclasses import fields

import pytest

from cxrkit import config
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
    assert keys == set(config.HELP)


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
        ("architectures: [resnet18]", "no architecture resnet18"),
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
