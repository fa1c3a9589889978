"""Which nodes of a cluster train, and what they make together. Needs no Ray: what a node says of itself is a value."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrkit import config, environment
from cxrkit.cluster import nodes
from cxrkit.cluster.nodes import Node, Report
from cxrkit.environment import Choice
from cxrkit.errors import WrongUse
from tests.training.executor import machine

SMALL = config.load("dry-run", {"architectures": ["resnet34"], "image_size": 32})


def report(name, processors=8, gpus=0, at_once=8, threads=1, precision="float32"):
    usual = machine(SMALL, ("cuda:0",) if gpus else ("cpu",), at_once)
    numerics = replace(usual.numerics, precision=Choice(precision, ""))
    made = replace(usual, device=Choice("cuda" if gpus else "cpu", name), numerics=numerics, threads=Choice(threads, ""))
    return Report(Node(name * 3, name, processors, gpus), made)


def test_nodes_alike_train_together():
    made, refused = nodes.together([report("a"), report("b")])
    assert (made.devices, made.at_once.value, made.threads.value, made.nodes, refused) == (("cpu", "cpu"), 8, 1, 2, {})
    assert made.holder == "nodes" and "2 nodes of a Ray cluster" in str(made)


def test_a_node_with_other_versions_is_refused_by_name_and_the_others_train():
    wrong = Report(Node("id", "old", 8), None, "torch 2.5.0 there, 2.10.0 here")
    made, refused = nodes.together([report("a"), wrong])
    assert made.nodes == 1 and refused == {wrong.node: "torch 2.5.0 there, 2.10.0 here"}
    with pytest.raises(WrongUse, match="old: torch 2.5.0 there, 2.10.0 here"):
        nodes.together([wrong])
    with pytest.raises(WrongUse):
        nodes.together([])


def test_where_a_node_has_a_gpu_gpus_train_in_the_format_of_most_of_them():
    there = [report("cpu"), *(report(name, gpus=2, at_once=k, precision="bfloat16") for name, k in (("a", 4), ("b", 3)))]
    made, refused = nodes.together([*there, report("t4", gpus=1, precision="float16")])
    assert (made.devices, made.at_once.value, made.nodes) == (("cuda:0",) * 4, 3, 2)
    assert {node.name for node in refused} == {"cpu", "t4"} and all("other numbers" in reason for reason in refused.values())


@given(st.lists(st.tuples(st.integers(1, 64), st.integers(1, 64)), min_size=1, max_size=6))
def test_no_node_trains_more_at_once_than_it_said(of_each):
    """Processors and trainings at once of each node, of which memory may allow fewer than there are processors."""
    there = [report(str(n), p, at_once=min(p, k), threads=p // min(p, k)) for n, (p, k) in enumerate(of_each)]
    made, refused = nodes.together(there)
    for each in there:
        if each.node not in refused:
            assert 1 <= each.node.processors // made.threads.value <= each.machine.at_once.value
    assert made.nodes == len(there) - len(refused) >= 1


def test_what_differs_is_named_and_a_build_is_no_difference(monkeypatch):
    wanted = nodes.versions()
    assert wanted.keys() == {"cxrkit", "torch", "torchvision", "fastai"} and nodes.unlike(wanted, wanted) == ""
    found = {**wanted, "torch": "2.5.0", "cxrkit": "0.0.1"}
    del found["fastai"]
    words = nodes.unlike(found, wanted)
    assert "torch 2.5.0 there" in words and "cxrkit 0.0.1 there" in words and "fastai absent there" in words
    monkeypatch.setattr(nodes.metadata, "version", lambda package: "2.10.0+cu126")
    assert nodes.versions()["torch"] == "2.10.0"
    assert "timm" in nodes.versions(["efficientnet_lite0"])


def test_a_node_says_what_would_train_on_it(monkeypatch):
    wanted, node = nodes.versions(), Node("id", "here", 3)
    found = nodes.report(node, replace(SMALL, jobs_at_once=1), wanted, 5)
    assert found.machine.threads.value == 3 and not found.reason
    assert nodes.report(node, SMALL, {**wanted, "fastai": "1.0.61"}, 5).reason.endswith("1.0.61 here")
    monkeypatch.setattr(environment, "choose_device", lambda: Choice("cpu", "torch sees no GPU"))
    assert "offers 2 GPUs, and torch sees no GPU" in nodes.report(replace(node, gpus=2), SMALL, wanted, 5).reason
    assert "float16" in nodes.report(node, replace(SMALL, precision="float16"), wanted, 5).reason
