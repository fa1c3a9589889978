"""Progress: what a log and a terminal show of a long work; a clock that is set by hand stands in for time."""

import contextlib
import io
import sys

import pytest

from cxrkit import progress
from cxrkit.progress import Meter, standing, time_left, track


class Clock:
    """Shows the seconds it was set to."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


class Terminal(io.StringIO):
    """Takes what is written, and says that it is a terminal."""

    def isatty(self):
        return True


class Streams:
    """sys with a terminal for stderr, and for stdout what sys has when it is asked: capsys changes it after the fixture."""

    def __init__(self, stderr):
        self.stderr = stderr

    @property
    def stdout(self):
        return sys.stdout


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def terminal(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(progress, "sys", Streams(stream))  # pytest sets sys.stderr itself once fixtures are ready
    return stream


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    monkeypatch.setattr(progress.environment, "processes", lambda: 1)
    monkeypatch.setattr(progress.environment, "rank", lambda: 0)


def spend(meter, clock, steps, seconds, amount=1):
    for _ in range(steps):
        clock.seconds += seconds
        meter.advance(amount)


@pytest.mark.parametrize(
    "done, total, elapsed, unit, words, text",
    [
        (1200, 22055, 10, "", None, "work: 1,200 of 22,055 (5 %), about 3 min left"),
        (21999, 22055, 100, "", None, "work: 21,999 of 22,055 (99 %), about 1 s left"),
        (22055, 22055, 100, "", None, "work: 22,055 of 22,055 (100 %)"),
        (0, 22055, 100, "", None, "work: 0 of 22,055 (0 %)"),
        (12.25, 50.0, 10, "MB", None, "work: 12.2 of 50 MB (24 %), about 30 s left"),
        (812.25, 1000.5, 10, "MB", None, "work: 812 of 1,000 MB (81 %), about 2 s left"),
        (1800.0, 12600.0, 1800, "", "7 of 40", "work: 7 of 40 (14 %), about 3 h left"),
        (3, None, 10, "", None, "work: 3"),
        (0, 0, 0, "", None, "work: 0"),
        (51, 50, 10, "", None, "work: 51 of 50 (100 %)"),
    ],
)
def test_a_line_tells_done_total_share_and_time_left(done, total, elapsed, unit, words, text):
    assert standing("work", done, total, elapsed, unit, words) == text


@pytest.mark.parametrize(
    "seconds, text",
    [
        (0.2, "about 1 s left"),
        (19.4, "about 19 s left"),
        (22, "about 20 s left"),
        (89, "about 90 s left"),
        (91, "about 2 min left"),
        (240, "about 4 min left"),
        (5399, "about 90 min left"),
        (5400, "about 1.5 h left"),
        (10800, "about 3 h left"),
        (3600 * 9.97, "about 10 h left"),
        (3600 * 123, "about 123 h left"),
    ],
)
def test_the_time_left_is_said_as_roughly_as_it_is_known(seconds, text):
    assert time_left(seconds) == text


def test_a_log_is_silent_for_no_more_than_half_a_minute(clock, capsys):
    with Meter("work", 100, clock=clock) as meter:
        spend(meter, clock, steps=100, seconds=9)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "work: 3 of 100 (3 %), about 15 min left" and lines[1].startswith("work: 6 of 100")
    assert len(lines) == 34 and lines[-1] == "work: 100 in 900.0 s"


def test_what_is_soon_done_is_not_spoken_of(clock, capsys):
    with Meter("work", 100, clock=clock) as meter:
        spend(meter, clock, steps=100, seconds=0.015)
    assert capsys.readouterr().out == ""


def test_work_that_took_over_two_seconds_has_a_last_line(clock, capsys):
    with Meter("work", 10.5, "MB", clock=clock) as meter:
        spend(meter, clock, steps=3, seconds=1, amount=3.5)
    assert capsys.readouterr().out == "work: 10.5 MB in 3.0 s\n"


def test_work_that_fails_is_not_said_to_be_done(clock, capsys):
    with pytest.raises(RuntimeError), Meter("work", 10, clock=clock) as meter:
        spend(meter, clock, steps=5, seconds=1)
        raise RuntimeError("broken")
    assert capsys.readouterr().out == ""


def test_words_stand_for_the_numbers_until_others_come(clock, capsys):
    with Meter("trainings", 36000.0, clock=clock) as meter:
        clock.seconds = 30
        meter.advance(3600.0, "4 of 40")
        clock.seconds = 60
        meter.advance(400.0)
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:] == ["trainings: 4 of 40 in 60.0 s"]
    assert lines[:2] == ["trainings: 4 of 40 (10 %), about 4 min left", "trainings: 4 of 40 (11 %), about 8 min left"]


def test_items_are_counted_once_they_are_dealt_with(clock, capsys):
    for _ in track(iter("abc"), "letters", total=3, clock=clock):
        clock.seconds += 24
    assert capsys.readouterr().out.splitlines() == [
        "letters: 1 of 3 (33 %), about 50 s left",
        "letters: 2 of 3 (66 %), about 20 s left",
        "letters: 3 in 72.0 s",
    ]


def test_a_terminal_has_a_bar_and_no_lines(clock, terminal, capsys):
    with Meter("work", 4.0, clock=clock) as meter:
        spend(meter, clock, steps=2, seconds=60)
        meter.bar.refresh()
    assert "work: 2 of 4 (50 %), about 2 min left |" in terminal.getvalue()
    assert capsys.readouterr().out == ""


def test_a_bar_makes_way_for_a_line(clock, terminal, capsys):
    with Meter("work", 4, clock=clock):
        before = len(terminal.getvalue())
        progress.say("a line")
        assert "\r" in terminal.getvalue()[before:]
    assert capsys.readouterr().out == "a line\n"


def test_a_line_is_written_in_one_piece(monkeypatch):
    """With its end apart, another thread's line came in between: two lines in one, and an empty one."""
    written = []
    monkeypatch.setattr(
        sys, "stdout", type("Stream", (), {"encoding": "utf-8", "write": lambda _, text: written.append(text), "flush": lambda _: None})()
    )
    progress.say("audit: masks on resnet18-seed0")
    assert written == ["audit: masks on resnet18-seed0\n"]


def test_lines_can_be_said_beside_an_answer_and_past_a_silence(clock, capsys):
    progress.mention("beside")
    tell = progress.aloud()
    with contextlib.redirect_stdout(io.StringIO()):
        progress.say("lost")
        tell("heard")
    assert capsys.readouterr() == ("heard\n", "beside\n")


def test_of_several_processes_each_says_its_number_and_none_draws_a_bar(clock, terminal, monkeypatch, capsys):
    monkeypatch.setattr(progress.environment, "processes", lambda: 2)
    monkeypatch.setattr(progress.environment, "rank", lambda: 1)
    with Meter("own work", 2, clock=clock) as own, Meter("common work", 2, clock=clock, tell=progress.announce) as common:
        clock.seconds = 25
        own.advance()
        common.advance()
    assert capsys.readouterr().out == "[1] own work: 1 of 2 (50 %), about 20 s left\n[1] own work: 1 in 25.0 s\n"
    assert terminal.getvalue() == ""
