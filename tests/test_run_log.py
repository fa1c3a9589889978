"""run.log: what was said, once more, and no secret."""

import re

import pytest

from cxrkit import progress, run_log
from cxrkit.errors import BadInput, Unwritable


def test_the_log_holds_what_was_said_with_time_and_level(tmp_path, capsys):
    path = tmp_path / "out" / run_log.NAME
    progress.say("before")
    with run_log.logged(path):
        progress.say("two\nlines")
        progress.say("!!! beware")
    progress.say("after")
    lines = path.read_text("utf-8").splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (INFO|WARNING) ", line) for line in lines)
    assert [line.split(maxsplit=2)[1:] for line in lines[1:]] == [["INFO", "two"], ["INFO", "lines"], ["WARNING", "!!! beware"]]
    assert capsys.readouterr() == ("before\ntwo\nlines\n!!! beware\nafter\n", "")


def test_quiet_is_of_the_screen_alone(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(progress, "SCREEN", progress.Screen(quiet=True))
    with run_log.logged(tmp_path / run_log.NAME):
        progress.say("on the way")
    assert "on the way" in (tmp_path / run_log.NAME).read_text("utf-8") and capsys.readouterr().out == ""


def test_a_run_that_goes_on_is_appended_and_its_error_is_kept(tmp_path):
    path = tmp_path / run_log.NAME
    for _ in range(2):
        with pytest.raises(BadInput), run_log.logged(path):
            raise BadInput("No film.", "here", "look there")
    text = path.read_text("utf-8")
    assert text.count("begun: ") == text.count("ERROR   No film.") == text.count("ERROR     next:  look there") == 2


def test_no_secret_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KAGGLE_API_TOKEN", "abcdefgh12345678")
    monkeypatch.setattr("sys.argv", ["run.py", "--contact", "abcdefgh12345678"])
    with run_log.logged(tmp_path / run_log.NAME):
        progress.say("the server says abcdefgh12345678")
    assert "abcdefgh12345678" not in (tmp_path / run_log.NAME).read_text("utf-8")


def test_where_no_log_can_be_written_it_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(Unwritable, match="Nothing can be written here"), run_log.logged(tmp_path / "file" / run_log.NAME):
        pass
