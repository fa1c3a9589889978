"""The command line as a whole: help, examples, --quiet, --json, completion."""

import argparse
import json
import shlex
import subprocess
import sys

import pytest

from cxrkit import progress
from cxrkit.__main__ import main, parser
from cxrkit.cli import completion
from cxrkit.cli.examples import EXAMPLES
from cxrkit.evaluation.evaluate import evaluate
from cxrkit.files import read_json
from tests.evaluation.runs import write_run
from tests.kernel.entry import kernel_run


@pytest.fixture(autouse=True)
def screen(monkeypatch):
    monkeypatch.setattr(progress, "SCREEN", progress.Screen())


@pytest.fixture
def run_folder(tmp_path):
    results = write_run(tmp_path / "run", seeds=(0, 1), error_rates=(0.2, 0.1))
    evaluate(results)
    return results.folder


def leaves(made, words=()):
    """{a command's words: its parser} of all that a parser can do."""
    for action in made._actions:
        if isinstance(action, argparse._SubParsersAction):
            return {name: each for word, child in action.choices.items() for name, each in leaves(child, (*words, word)).items()}
    return {" ".join(words): made}


LEAVES = leaves(parser())


def test_every_command_has_two_examples_and_the_exit_codes():
    assert set(LEAVES) == set(EXAMPLES)
    for name, made in LEAVES.items():
        text = made.format_help()
        assert all(example in text for example in EXAMPLES[name]) and "exit codes: 0 done" in text and "--quiet" in text


@pytest.mark.parametrize("example", [each for pair in EXAMPLES.values() for each in pair])
def test_every_example_parses(example):
    words = shlex.split(example.partition(" >")[0])
    parser().parse_args(words)


def test_one_word_for_a_runs_folder():
    helps = {
        action.help.partition(";")[0].partition(", models")[0]
        for each in LEAVES.values()
        for action in each._actions
        if "RUN" in (action.metavar or "")
    }
    assert helps - {LEAVES["bench"]._option_string_actions["--cluster-simulation"].help.partition(";")[0]} == {
        "the run's folder, or its results folder"
    }


def test_an_option_says_what_is_done_without_it():
    text = " ".join(kernel_run().parser().format_help().split())
    assert "(default: dry-run: 32; paper, rigorous: 224)" in text and "--split paper|grouped" in text and "exit codes: 0 done" in text


@pytest.mark.parametrize("arguments, keys", [(["evaluate"], {"metrics", "comparison"}), (["compare"], {"pairs", "networks"})])
def test_json_is_one_document_and_warnings_go_beside_it(run_folder, capsys, arguments, keys):
    main([*arguments, str(run_folder), "--json"])
    told = capsys.readouterr()
    assert keys <= set(json.loads(told.out))
    if arguments == ["compare"]:
        assert "RANDOM WEIGHTS" in told.err


def test_json_of_evaluate_is_what_was_written(run_folder, capsys):
    main(["evaluate", str(run_folder), "--json"])
    assert json.loads(capsys.readouterr().out) == {name: read_json(run_folder / f"{name}.json") for name in ("metrics", "comparison")}


def test_json_has_no_word_for_infinity(capsys):
    progress.answer_json({"a": [float("inf"), (1.5, float("nan"))]})
    assert json.loads(capsys.readouterr().out) == {"a": [None, [1.5, None]]}


def test_a_checked_manifest_as_json(run_folder, capsys):
    main(["manifest", "check", str(run_folder / "manifest.csv"), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["problems"] == [] and found["files"] == "not looked for" and found["used"] <= found["rows"]


def test_quiet_leaves_the_answer(capsys):
    progress.SCREEN.quiet = True
    progress.say("on the way")
    progress.mention("beside it")
    progress.aloud()("later")
    with progress.Meter("work", 2, clock=iter([0.0, 100.0, 100.0, 100.0, 100.0]).__next__) as meter:
        meter.advance()
    progress.answer("the result")
    assert capsys.readouterr() == ("the result\n", "")


def test_evaluate_says_how_the_page_is_made_anew(run_folder, capsys):
    main(["evaluate", str(run_folder)])
    assert f"python -m cxrkit report {run_folder}" in capsys.readouterr().out


@pytest.mark.parametrize("shell", completion.SHELLS)
@pytest.mark.parametrize("of, words", [("cxrkit", ["licences", "--margin-sensitivity"]), ("run.py", ["--lr-find-iterations", "grouped"])])
def test_a_shell_completes(shell, of, words, capsys):
    shtab = pytest.importorskip("shtab", reason="shtab is not installed: pip install '.[completion]'")
    if shell not in shtab.SUPPORTED_SHELLS:
        pytest.skip("this shtab knows no fish")
    main(["completion", shell, "--of", of])
    script = capsys.readouterr().out
    assert all(word.lstrip("-") in script for word in words)


def test_no_command_imports_what_takes_seconds_for_its_help():
    code = "import sys; from cxrkit.__main__ import parser; parser(); print({'torch', 'pandas', 'scipy', 'matplotlib'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
