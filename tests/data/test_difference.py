"""What changed between two manifests: counted by label and split, and listed film by film."""

import pytest

from cxrkit.__main__ import main
from cxrkit.data import difference, manifest
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import Record
from cxrkit.errors import BadInput

BEFORE = [
    Record("a/1", "a/1", "a", "covid", patient="a:1", split="train"),
    Record("a/2", "a/2", "a", "normal", split="train"),
    Record("a/3", "a/3", "a", "normal", split="test", sha256="1" * 64),
    Record("a/4", "a/4", "a", "normal", split="valid", sha256="1" * 64),
    Record("b/1", "b/1", "b", "covid", patient="b:9", split="valid"),
]
AFTER = [
    BEFORE[0].but(label="normal", split="valid"),
    BEFORE[1],
    BEFORE[2].but(split="", excluded="view lateral: left out by the experiment"),
    BEFORE[3].but(sha256="2" * 64, view="PA", age="40"),
    Record("c/1", "c/1", "c", "covid", split="train"),
    Record("c/2", "c/2", "c", excluded="no label"),
]


def counts(text):
    """{kind: its numbers} of the table."""
    lines = text.split("\n\n")[1].splitlines()[2:]
    return {line.split()[0]: [int(word) for word in line.split()[1:]] for line in lines}


def test_changes_are_counted_by_label_and_split():
    text = difference.text(Manifest(BEFORE), Manifest(AFTER))
    assert text.split("\n\n")[0] == "before: 5 rows, 5 in use; after: 6 rows, 4 in use"
    assert text.split("\n\n")[1].splitlines()[0].split() == [
        "films",
        "covid",
        "normal",
        "no",
        "label",
        "train",
        "valid",
        "test",
        "not",
        "in",
        "use",
    ]
    assert counts(text) == {
        "added": [2, 1, 0, 1, 1, 0, 0, 1],
        "removed": [1, 1, 0, 0, 0, 1, 0, 0],
        "relabelled": [1, 0, 1, 0, 0, 1, 0, 0],
        "moved": [2, 0, 2, 0, 0, 1, 0, 1],
        "reason": [1, 0, 1, 0, 0, 0, 0, 1],
        "content": [1, 0, 1, 0, 0, 1, 0, 0],
        "facts": [1, 0, 1, 0, 0, 1, 0, 0],
        "unchanged": [1, 0, 1, 0, 1, 0, 0, 0],
    }


def test_each_change_is_told():
    lines = difference.text(Manifest(BEFORE), Manifest(AFTER)).split("\n\n")[-1].splitlines()
    assert [" ".join(line.split()) for line in lines] == [
        "added c/1",
        "added c/2",
        "removed b/1",
        "relabelled a/1: covid to normal",
        "moved a/1: train to valid",
        "moved a/3: test to unused",
        "reason a/3: used to view lateral: left out by the experiment",
        "content a/4: another file",
        "facts a/4: view, age",
    ]


def test_no_difference_is_counted_too(tmp_path, capsys):
    manifest.write(tmp_path / "a.csv", Manifest(BEFORE), {})
    assert not main(["manifest", "diff", str(tmp_path / "a.csv"), str(tmp_path / "a.csv")])
    told = capsys.readouterr().out
    assert counts(told)["unchanged"][0] == 5 and counts(told)["added"] == [0] * 8 and told.endswith("no difference\n")
    with pytest.raises(BadInput):
        main(["manifest", "diff", str(tmp_path / "a.csv"), str(tmp_path / "none.csv")])
