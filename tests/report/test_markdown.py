import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from cxrkit.report import facts, markdown
from cxrkit.report.tables import data as data_tables
from tests.report import folders


@given(st.text())
def test_other_peoples_text_is_one_line_that_means_only_itself(said):
    told = markdown.plain(said)
    assert "\n" not in told and "<" not in told and not markdown.UNSEEN.search(told)
    assert not [i for i, character in enumerate(told) if character in "|[`" and (i == 0 or told[i - 1] != "\\")]


def test_the_command_writes_the_report_and_prints_its_tables(tmp_path):
    folder = folders.write(tmp_path / "run" / "results")
    done = subprocess.run([sys.executable, "-m", "cxrkit", "report", str(tmp_path / "run"), "--text"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "== Verdict" in done.stdout and "the 2020 study" in done.stdout and "report.html" in done.stdout
    assert (folder / "report.html").is_file()


def test_the_command_refuses_what_is_no_run(tmp_path):
    done = subprocess.run([sys.executable, "-m", "cxrkit", "report", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 3 and "There is no run here." in done.stderr and "Traceback" not in done.stderr


def test_the_flow_adds_up(tmp_path):
    found = facts.read(folders.write(tmp_path))
    steps = data_tables.flow(found)
    count = {step.title: step.count for step in steps}
    assert count["read from the sources"] == count["copies removed"] + count["different pictures"]
    assert count["different pictures"] == count["left out"] + count["used"]
    assert count["used"] == count["training"] + count["validation"] + count["test"]
    assert all(sum(number for _, number in step.parts) == step.count for step in steps if step.kind != "split" and step.parts)


def test_the_command_that_repeats_a_run_gives_its_experiment(tmp_path):
    import shlex

    from cxrkit import config
    from kernel import run

    made = config.load(
        "rigorous",
        {"data": ("phantom",), "seeds": (0, 2), "allow_leakage": True, "pretrained": False, "image_size": 64, "exclude_views": ()},
    )
    folder = folders.write(tmp_path, about={"experiment": config.as_dict(made)})
    words = shlex.split(facts.read(folder).repeat())
    options = run.parse(words[2:])
    assert config.load(options.experiment, config.overrides_of(options)).hash() == made.hash()
