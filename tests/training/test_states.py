"""Networks' states as bytes and as files: what is written is read, always the same bytes, and damage is named."""

import io
import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open

from cxrkit import __version__, state_files
from cxrkit.errors import BadInput
from cxrkit.training import states
from cxrkit.training.job_folder import JobFolder
from cxrkit.training.stages import Stage

KINDS = [torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.uint8, torch.bool]
LAYOUTS = {
    "whole": lambda value: value,
    "turned": lambda value: value.transpose(0, -1) if value.dim() else value,
    "every other": lambda value: value[::2] if value.dim() else value,
    "channels last": lambda value: value.to(memory_format=torch.channels_last) if value.dim() == 4 else value,
    "repeated": lambda value: value.expand(3, *value.shape),
    "to be trained": lambda value: value.requires_grad_() if value.is_floating_point() else value,
}


@st.composite
def drawn(draw):
    """A state dict: some of its tensors in odd layouts, some of them tied."""
    named = st.dictionaries(st.text(min_size=1, max_size=8).filter(lambda name: name != state_files.NOTES and encodes(name)), st.none())
    state = {}
    for name in draw(named):
        shape, kind = draw(st.lists(st.integers(0, 4), max_size=4)), draw(st.sampled_from(KINDS))
        state[name] = LAYOUTS[draw(st.sampled_from(list(LAYOUTS)))]((torch.randn(shape) * 3).to(kind))
        if draw(st.booleans()):
            state[f"{name}, tied"] = state[name]
        if draw(st.booleans()) and state[name].dim():
            state[f"{name}, a part"] = state[name][:1]
    return state


def encodes(name):
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False


def same(one, other):
    return one.keys() == other.keys() and all(
        value.dtype == other[name].dtype and torch.equal(value, other[name]) for name, value in one.items()
    )


@given(drawn())
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_and_always_the_same_bytes(state):
    content = states.written(state, "resnet34", "a" * 64)
    assert same(states.read(content), state)
    again = {name: value.detach().clone() for name, value in reversed(state.items())}
    assert all(states.written(again, "resnet34", "a" * 64) == content for _ in range(3))


STATE = {"body.weight": torch.arange(6.0).reshape(2, 3), "body.bias": torch.ones(2), "count": torch.tensor(7)}


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_no_flipped_bit_and_no_lost_byte_gives_other_weights(data):
    content = bytearray(states.written(STATE, "resnet34"))
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del content[place:]
    try:
        read = states.read(bytes(content), "a file", "restore it")
    except BadInput as error:
        assert "cannot be read" in error.what and (error.where, error.next) == ("a file", "restore it")
    else:
        assert same(read, STATE)  # the checksum's own name was hit


def test_other_programs_read_the_file_and_its_notes(tmp_path):
    path = state_files.write(tmp_path, "resnet34-seed0", states.written(STATE, "resnet34", "b" * 64))
    with safe_open(path, "pt") as opened:
        told, there = opened.metadata(), opened.keys()
        assert same({name: opened.get_tensor(name) for name in there}, STATE)
    assert told.pop("sha256")
    assert told == {"format": "pt", "architecture": "resnet34", "cxrkit": __version__, "manifest_sha256": "b" * 64}


def torchs(state):
    """A state as versions before safetensors wrote it."""
    content = io.BytesIO()
    torch.save(state, content)
    return content.getvalue()


def test_an_older_file_is_read_by_what_it_holds_and_gives_way_to_a_new_one(tmp_path):
    (tmp_path / "frozen.pt").write_bytes(torchs(STATE))
    home = JobFolder(tmp_path)
    (tmp_path / "frozen.json").write_text("{}")
    assert same(states.read(home.past().frozen_weights), STATE)
    assert same(states.load(state_files.find(tmp_path, "frozen")), STATE)
    home.keep(Stage("frozen", [], [], [], 0, states.written(STATE, "resnet34")))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["frozen.json", "frozen.safetensors"]
    (tmp_path / "frozen.safetensors").rename(tmp_path / "renamed.pt")
    assert same(states.load(tmp_path / "renamed.pt"), STATE)


def test_a_checkpoint_that_is_damaged_is_named_before_its_training_begins(tmp_path):
    home = JobFolder(tmp_path / "resnet34-seed0")
    home.keep(Stage("frozen", [], [], [], 0, states.written(STATE, "resnet34")))
    path = tmp_path / "resnet34-seed0" / "frozen.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    with pytest.raises(BadInput, match="differs from its checksum") as caught:
        home.past()
    assert caught.value.where == path and "trains it again" in caught.value.next


def headed(text, data=b""):
    return len(text).to_bytes(8, "little") + text + data


WRONG = {
    "nothing": b"",
    "a length": (1 << 60).to_bytes(8, "little") + b"{",
    "a list": headed(b"{}")[:8] + b"[]",
    "no tensor": headed(json.dumps({"a": 1}).encode()),
    "notes that are none": headed(json.dumps({"__metadata__": [], "a": {}}).encode()),
    "numbers": torchs({"a": 1}),
    "an empty archive": b"PK\x05\x06" + bytes(18),
    "words": b"version https://git-lfs.github.com/spec/v1",
}


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG)
def test_what_holds_no_state_is_bad_input(content, tmp_path):
    (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(BadInput, match="cannot be read") as caught:
        states.load(tmp_path / "x.safetensors")
    assert caught.value.where == tmp_path / "x.safetensors" and caught.value.next


def test_names():
    assert state_files.names(["b-seed1.pt", "a.safetensors", "a.pt", "a.pt.bak", "notes.txt", ".pt"]) == ["b-seed1", "a"]
