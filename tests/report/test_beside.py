"""Several runs on one page."""

import subprocess
import sys
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup

from cxrkit.report import beside, plots
from cxrkit.results import open_all
from tests.report import folders


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    folders.write(folder / "a" / "results")
    other = folders.write(folder / "b<i>" / "results", audits=False, seeds=(0,), error_rates=(0.05, 0.2))
    other._write_info(replace(other.info, experiment=replace(other.experiment, epochs=9)))
    return [folder / "a", folder / "b<i>"]


def test_runs_stand_beside_each_other_with_verdicts_scores_and_what_differs(runs, monkeypatch):
    monkeypatch.setattr(plots, "drawn", folders.undrawn)
    text = beside.html(open_all(runs))
    assert text.startswith(beside.START)
    soup = BeautifulSoup(text, "html.parser")
    cells = {
        name: [
            [cell.get_text(" ", strip=True) for cell in row.find_all(["th", "td"])]
            for row in soup.find(id=f"t-{name}").tbody.find_all("tr")
        ]
        for name in ("verdicts", "scores", "settings")
    }
    assert [row[0] for row in cells["verdicts"]] == ["a", "b<i>"] and not soup.find("i")
    assert cells["verdicts"][0][1].startswith("No. ") and cells["verdicts"][1][1] == "Not known. No audit was run."
    assert [row[:2] for row in cells["scores"]][:3] == [["ResNet34", "a"], ["ResNet34", "b<i>"], ["ResNet101", "a"]]
    assert [row for row in cells["settings"] if row[0] == "epochs"][0][2] == "9"
    assert len(soup.find_all(class_="panel")) == 1 and "a: DRAWN PHANTOMS" in soup.find(class_="marks").get_text()


def test_the_command_writes_the_page_and_overwrites_nothing_of_others(runs, tmp_path):
    def run(*words):
        command = [sys.executable, "-m", "cxrkit", "report", *map(str, runs), *words]
        return subprocess.run(command, capture_output=True, text=True)

    out = tmp_path / "page.html"
    assert run("--out", str(out)).returncode == 0 and run("--out", str(out)).returncode == 0
    out.write_text("<!doctype html>\n<p>mine")
    assert run("--out", str(out)).returncode == 3 and "mine" in out.read_text()
