"""The bench on drawn phantoms: every figure has its unit and its rounds, and the file is read back as it was written."""

from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest

from cxrkit import __main__
from cxrkit.bench import rounds, table, values
from cxrkit.bench.size import gain, pieces
from cxrkit.bench.values import Measured, Together
from cxrkit.environment import Choice
from cxrkit.errors import BadInput
from cxrkit.files import read_json, write_json

KEPT = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The path of one short bench's file."""
    out = tmp_path_factory.mktemp("bench")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rounds, "QUICK", replace(rounds.QUICK, quick=False, rounds=2, starts=1, block=0.01, window=0.1, films=16))
        __main__.main(["bench", "--quick", "--image-size", "32", "--batch-size", "8", "--architectures", "resnet18", "--out", str(out)])
    [path] = out.glob("bench-*.json")
    return path


def every_figure(value):
    if isinstance(value, Measured):
        yield value
    elif is_dataclass(value):
        for each in fields(value):
            yield from every_figure(getattr(value, each.name))
    elif isinstance(value, list):
        for each in value:
            yield from every_figure(each)


def test_the_file_is_named_by_its_conditions(measured):
    bench = values.read(measured)
    assert measured.name == bench.name
    assert "-float32-contiguous-32px-bs8-phantom-torch2." in measured.name
    assert bench.conditions.films == "phantom" and bench.conditions.used > 200 and bench.conditions.versions["torch"]


def test_it_is_read_back_typed_as_it_was_written(measured, tmp_path):
    bench = values.read(measured)
    assert values.read(values.write(bench, tmp_path)) == bench
    assert isinstance(bench.sizes[0].precision, Choice) and bench.sizes[0].precision.reason


def test_every_figure_has_a_unit_and_lies_within_its_rounds(measured):
    found = list(every_figure(values.read(measured)))
    assert len(found) > 20
    assert all(figure.low <= figure.value <= figure.high and figure.rounds and figure.unit for figure in found)


def test_figures_are_what_their_names_say(measured):
    for size in values.read(measured).sizes:
        [network] = size.networks
        steps = network.steps
        assert steps.waited.low >= 0 and steps.waited.high < 1
        assert steps.loop_counts.waits == 0 and steps.loop_counts.launches < steps.adam_counts.launches / 2
        assert steps.bare_counts.launches <= steps.loop_counts.launches
        assert network.notebook.films >= 8 and network.together[0].over_one.value == 1
        one, ten = size.estimates
        assert (one.seeds, ten.seeds, one.networks) == (1, 10, 1)


def test_the_table_has_spreads_units_and_the_studys_seconds(measured):
    text = table.text(values.read(measured))
    for words in ("32 px", "ResNet18", "97 to 103 s an epoch", "ms/step", "films/s", "plain fastai notebook", "at once"):
        assert words in text


def test_a_machine_that_did_something_else_meanwhile_is_no_quiet_one(measured):
    bench = values.read(measured)
    [first, *_] = bench.sizes

    def with_steps(high):
        steady = Measured(1.0, 1.0, high, 5, "s/step")
        [network] = first.networks
        steps = replace(network.steps, bare=steady, loop=replace(steady, high=1.0), adam=replace(steady, high=1.0))
        return table.text(replace(bench, sizes=[replace(first, networks=[replace(network, steps=steps)])]))

    assert "DISTURBED" in with_steps(1.5) and "DISTURBED" not in with_steps(1.2)


def test_a_file_of_another_version_or_shape_is_refused(measured, tmp_path):
    plain = read_json(measured)
    write_json(tmp_path / "old.json", plain | {"schema": 1})
    with pytest.raises(BadInput, match="version 1"):
        values.read(tmp_path / "old.json")
    plain["sizes"][0]["networks"][0]["steps"]["bare"]["unit"] = "ms"
    write_json(tmp_path / "unit.json", plain)
    with pytest.raises(BadInput, match=r"sizes.0.networks.0.steps.bare.unit"):
        values.read(tmp_path / "unit.json")


def test_a_file_of_several_sizes_names_them_all(measured):
    bench = values.read(measured)
    [size] = bench.sizes
    assert "-32+40px-" in replace(bench, sizes=[size, replace(size, image_size=40)]).name


def test_the_gain_is_that_of_the_largest_number_that_was_measured():
    found = [Together(n, 1, Measured(n, n, n, 1, "steps/s"), Measured(g, g, g, 1, "ratio")) for n, g in ((1, 1.0), (2, 1.5), (4, 1.8))]
    assert [gain(found, at_once) for at_once in (1, 2, 3, 8)] == [1.0, 1.5, 1.5, 1.8]


def test_a_block_is_never_empty():
    assert (pieces(0.1, 1.0), pieces(5.0, 1.0)) == (10, 1)


def test_the_kept_figures_can_be_read():
    kept = sorted(KEPT.glob("bench-*.json"))
    assert kept and all(values.read(path).name == path.name for path in kept)
