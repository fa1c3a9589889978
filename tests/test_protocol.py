"""The table of the study's recipe: a row for each key that decides something, the values of paper.yaml, and what differs."""

import re
import subprocess
import sys
from dataclasses import fields

import pytest

from cxrkit import config, protocol

DECIDING = {each.name for each in fields(config.Experiment) if each.metadata["decides"] != "nothing"}
OF_KEYS = [row for row in protocol.ROWS if row.is_key]


def test_each_key_that_decides_something_has_one_row():
    assert sorted(row.name for row in OF_KEYS) == sorted(DECIDING)


@pytest.mark.parametrize("row", OF_KEYS, ids=lambda row: row.name)
def test_the_table_has_the_values_of_paper_yaml_in_their_own_type(row):
    value = getattr(config.load("paper"), row.name)
    assert row.in_paper == value and type(row.in_paper) is type(value)
    assert getattr(config.load("paper", {row.name: row.study}), row.name) == row.study


def test_a_row_from_the_library_names_function_file_and_line():
    for row in protocol.ROWS:
        assert row.meaning and row.source in ("study", "fastai 1", "guess")
        assert row.where or row.source != "fastai 1", row.name
        if row.where:
            assert row.function and re.fullmatch(r"https://github\.com/fastai/fastai1/blob/1\.0\.61/fastai/[\w/]+\.py#L\d+", row.url), (
                row.name
            )
        assert row.is_key != bool(row.ours), row.name


def names(experiment):
    return {row.name for row in protocol.differences(experiment) if row.is_key}


def test_paper_differs_from_the_study_where_it_says_so_and_nowhere_else():
    assert names(config.load("paper")) == {"duplicates", "label_conflicts", "precision"}
    as_merged = {"duplicates": "keep", "label_conflicts": "keep", "precision": "float32"}
    assert names(config.load("paper", as_merged)) == set()


def test_rigorous_differs_from_paper_in_what_the_table_lists():
    rigorous, paper = config.load("rigorous"), config.load("paper")
    unlike = {name for name in config.differing(rigorous, paper) if name in DECIDING}
    assert {"seeds", "split", "resize", "frozen_rates", "unfrozen_rates", "epsilon", "precise_batch_norm"} <= unlike
    assert names(rigorous) == unlike | names(paper)


def test_what_no_key_sets_is_listed_where_it_is_another():
    unset = {row.name for row in protocol.differences(config.load("paper")) if not row.is_key}
    assert {"last learning rate", "biases of the head", "place of the crop", "choice of the rate", "augmentation"} <= unset
    assert "momentum" not in unset


def test_the_table_is_had_without_torch():
    code = "import sys, cxrkit.protocol; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
