"""The loops that the bench times: the parts of an epoch, and a notebook that begins with the kit's weights. Nothing is timed."""

from dataclasses import replace

import pytest
import torch

from cxrkit.bench.loops import Lap, Loop, NotebookLoop
from cxrkit.data import sources, tree
from cxrkit.data.manifest import Manifest
from cxrkit.errors import WrongUse
from cxrkit.training.optimizer import FusedAdam
from cxrkit.training.precision import Numerics
from cxrkit.training.stages import Job


class Stub:
    """A timer that counts what it is asked: the first block takes one second, the second two, and so on."""

    blocks = 0

    def start(self):
        self.blocks += 1

    def stop(self):
        return float(self.blocks)


@pytest.fixture
def loop(small, squares):
    numerics = Numerics.choose("auto", "cpu", small.image_size)
    made = replace(squares, records=squares.records[::3]).loaders(small, "cpu")
    return lambda **options: Loop(Job("resnet34", 0), made, small, numerics, Stub(), **options)


def test_a_lap_has_the_seconds_of_its_parts(loop):
    lap = loop().lap()
    assert lap == Lap(1.0, 2.0, lap.waited) and lap.waited > 0


def test_fastais_adam_is_fastais_and_ours_is_fused(loop):
    for adam in (True, False):
        timed = loop(adam=adam)
        timed.lap()
        optimizer = timed.learner.opt
        assert isinstance(optimizer, FusedAdam) is not adam and optimizer.hypers[0]["eps"] == 1e-5


def test_a_loop_that_trains_nothing_is_refused(loop):
    broken = loop()
    with torch.no_grad():
        next(broken.learner.model.parameters()).fill_(torch.nan)
    with pytest.raises(WrongUse, match="resnet34 in float32: a loss is not finite"):
        broken.lap()


def test_the_notebook_begins_with_the_kits_weights_and_trains_the_same_films(tmp_path, small, squares, phantoms, loop):
    root = tmp_path / "tree"
    tree.build(Manifest(squares.records), sources.locator({"coronahack": phantoms}), root)
    kit = loop()
    notebook = NotebookLoop(root, "resnet34", small, "cpu", kit.learner.model.state_dict(), Stub())
    for name, value in kit.learner.model.state_dict().items():
        assert torch.equal(value, notebook.learner.model.state_dict()[name]), name
    dls = notebook.learner.dls
    assert len(dls.train_ds) == sum(record.split == "train" for record in squares.records)
    assert dls.vocab == ["covid", "normal"] and dls.one_batch()[0].shape == (8, 3, 32, 32)
