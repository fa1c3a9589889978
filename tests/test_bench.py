"""The bench on drawn phantoms: it measures what it says, and its file is named by its conditions. No figure is asserted."""

import pytest

from cxrkit import __main__, bench
from cxrkit.files import read_json


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The output and the content of one short bench."""
    out = tmp_path_factory.mktemp("bench")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench, "SECONDS", 0.01)
        command = [
            "bench",
            "--image-size",
            "32",
            "--batch-size",
            "16",
            "--architectures",
            "resnet34",
            "--out",
            str(out),
        ]
        __main__.main(command)
    [path] = out.glob("bench-*.json")
    return path, read_json(path)


def test_the_file_is_named_by_its_conditions(measured):
    path, content = measured
    assert path.name == bench.name(content)
    assert "float32-channels_last-32px-bs16-torch2." in path.name
    assert content["conditions"]["films"] > 200 and content["conditions"]["versions"]["torch"]


def test_shares_and_rates_are_what_their_names_say(measured):
    _, content = measured
    [network] = content["networks"]
    assert network["loop_over_bare"] == pytest.approx(network["bare_per_second"] / network["loop_per_second"])
    assert 0 <= network["waited_share"] < 1
    assert content["estimates"]["rigorous"]["seconds"] == pytest.approx(10 * content["estimates"]["paper"]["seconds"])


def test_the_table_has_the_studys_seconds_beside(measured):
    text = bench.text(measured[1])
    assert "97-99" in text and "ResNet34" in text and "times as many" in text
