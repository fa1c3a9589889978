import errno
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import filelock
import pytest

from cxrkit import errors, files, saved_tables


def test_a_file_is_whole_or_absent(tmp_path):
    target = tmp_path / "deep" / "a.txt"
    files.write_text(target, "first")
    with pytest.raises(RuntimeError), files.replacing(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError("killed")
    assert target.read_text() == "first"
    assert [path.name for path in target.parent.iterdir()] == ["a.txt"]


def test_where_nothing_can_be_written_it_is_said(tmp_path):
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file" / "m.csv", tmp_path / ("n" * 300), tmp_path):
        with pytest.raises(errors.Unwritable, match="Nothing can be written here"):
            files.write_text(place, "text")
    with pytest.raises(FileNotFoundError), files.replacing(tmp_path / "a"):
        (tmp_path / "b").read_bytes()  # of what is read meanwhile nothing is said


def test_a_lock_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(errors.Unwritable, match="Nothing can be written here"), files.locked(tmp_path / "file" / "lock"):
        raise AssertionError("there is no such folder")


def test_a_name_that_is_no_utf8_survives_json(tmp_path):
    name = os.fsdecode(b"f\xe9")
    files.write_json(tmp_path / "a.json", {"é": name})
    assert files.read_json(tmp_path / "a.json") == {"é": name}


def test_two_writers_of_one_file_do_not_mix(tmp_path):
    with files.replacing(tmp_path / "a.txt") as first, files.replacing(tmp_path / "a.txt") as second:
        first.write_text("first")
        second.write_text("second")
    assert (tmp_path / "a.txt").read_text() == "first" and len(list(tmp_path.iterdir())) == 1


def test_what_killed_writers_left_goes_and_nothing_else(tmp_path):
    kept = [tmp_path / "film.partial", tmp_path / ".mine.partial", tmp_path / "case" / ".a.12-xyz.partial", tmp_path / "case" / "b.json"]
    (tmp_path / "case").mkdir()
    for path in kept:
        path.write_text("a person's")
    with pytest.raises(KeyboardInterrupt), files.replacing(tmp_path / "case" / "b.json") as temporary:
        temporary.write_text("half")
        left = temporary.with_name(temporary.name)
        temporary.rename(tmp_path / "moved")
        raise KeyboardInterrupt
    (tmp_path / "moved").rename(left)  # as a killed process leaves it
    files.remove_leftovers(tmp_path)
    assert not left.exists() and all(path.exists() for path in kept)


def test_checksums_list_every_file_but_themselves(tmp_path):
    files.write_text(tmp_path / "a" / "b.txt", "hello")
    files.write_checksums(tmp_path)
    files.write_checksums(tmp_path)
    listed = files.read_json(tmp_path / "checksums.json")
    assert listed == {"a/b.txt": {"sha256": files.sha256_of(tmp_path / "a" / "b.txt"), "bytes": 5}}


def test_checksums_are_brought_up_to_date_where_there_are_some(tmp_path):
    files.write_text(tmp_path / "b.txt", "hello")
    files.refresh_checksums(tmp_path, ["b.txt"])
    assert not (tmp_path / "checksums.json").exists()
    files.write_checksums(tmp_path)
    files.write_text(tmp_path / "b.txt", "other")
    files.write_text(tmp_path / "a.txt", "new")
    files.refresh_checksums(tmp_path, ["b.txt", "a.txt"])
    listed = files.read_json(tmp_path / "checksums.json")
    files.write_checksums(tmp_path)
    assert list(listed) == ["a.txt", "b.txt"] and listed == files.read_json(tmp_path / "checksums.json")


@pytest.mark.parametrize(
    "content, words",
    [
        (None, "The run is not there"),
        (b"{", "The run is no JSON"),
        (b"\xff", "no text in UTF-8"),
        (b"[1]", "holds no JSON object"),
        (b'{"a": 1}', "The run lacks b, c."),
    ],
)
def test_a_json_file_that_cannot_be_used_is_bad_input(tmp_path, content, words):
    if content is not None:
        (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(errors.BadInput, match=words) as caught:
        files.read_json(tmp_path / "run.json", "The run", "restore it", "name a run", keys=("a", "b", "c"))
    assert str(tmp_path / "run.json") in str(caught.value)
    assert caught.value.next == ("name a run" if content is None else "restore it")


def test_a_json_file_without_named_keys_may_hold_anything(tmp_path):
    for value in ([1, 2], {"é": None}, 3):
        files.write_json(tmp_path / "a.json", value)
        assert files.read_json(tmp_path / "a.json") == value
    with pytest.raises(errors.BadInput, match="cannot be read"):
        files.read_json(tmp_path)


def test_rows_are_read_as_they_were_written(tmp_path):
    rows = [["a, b", 'quote " and\nline', None], ["é", "", 1]]
    files.write_csv(tmp_path / "a.csv", ["x", "y", "z"], rows)
    assert (tmp_path / "a.csv").read_bytes().count(b"\r") == 0
    expected = [{"x": "a, b", "y": 'quote " and\nline', "z": ""}, {"x": "é", "y": "", "z": "1"}]
    assert saved_tables.read_csv_rows(tmp_path / "a.csv", columns=("x", "z")) == expected
    (tmp_path / "marked.csv").write_bytes(b"\xef\xbb\xbf" + (tmp_path / "a.csv").read_bytes())
    assert saved_tables.read_csv_rows(tmp_path / "marked.csv") == expected


@pytest.mark.parametrize(
    "text", ["case,words\nä1,yes", "case;words\r\nä1;yes\r\n", "case\twords\nä1\tyes\n"], ids=["comma", "semicolon", "tab"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
def test_what_a_spreadsheet_saved_is_read(tmp_path, text, encoding):
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    assert saved_tables.read_csv_rows(tmp_path / "a.csv") == [{"case": "ä1", "words": "yes"}]


@pytest.mark.parametrize(
    "content, words",
    [
        (None, "not there"),
        (b"a,b\n\x00\x01\xff\xfe", "no table: it holds signs"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old kind"),
        (b"a,b\n1,2\n", "lacks the column c; it has: a, b"),
        (b"", "lacks the columns a, c; it has: none"),
        (b'a,c\n"' + b"x" * 200_000 + b'"\n', "no readable CSV"),
    ],
)
def test_a_table_that_cannot_be_used_is_bad_input(tmp_path, content, words):
    if content is not None:
        (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(errors.BadInput, match=words):
        saved_tables.read_csv_rows(tmp_path / "a.csv", columns=("a", "c"))


def test_the_guard_lets_the_kits_own_errors_through(tmp_path):
    with pytest.raises(errors.WrongUse, match="mine"), files.reading(tmp_path, "The file"):
        raise errors.WrongUse("mine")
    with pytest.raises(errors.BadInput, match="The cloud lacks mean"), files.reading(tmp_path, "The cloud"):
        json.loads("{}")["mean"]
    with (
        pytest.raises(errors.BadInput, match="The cloud is not as it was written: could not convert"),
        files.reading(tmp_path, "The cloud"),
    ):
        float("x")


@pytest.mark.parametrize("symbolic", [False, True])
def test_a_second_name_or_a_copy(tmp_path, monkeypatch, symbolic):
    source, target = tmp_path / "a.txt", tmp_path / "deep" / "b.txt"
    source.write_text("first")
    os.utime(source, (1_000_000_000, 1_000_000_000))
    files.write_text(target, "old")
    assert files.link_or_copy(source, target, symbolic) and target.samefile(source) and target.is_symlink() == symbolic

    def refuse(*_):
        raise OSError("no links here")

    monkeypatch.setattr(os, "symlink", refuse)
    assert files.link_or_copy(source, target, symbolic) and not target.is_symlink() and target.samefile(source)
    monkeypatch.setattr(os, "link", refuse)
    assert not files.link_or_copy(source, target, symbolic)
    assert not target.samefile(source) and target.read_text() == "first" and target.stat().st_mtime == 1_000_000_000
    assert [path.name for path in target.parent.iterdir()] == ["b.txt"]


def test_two_locks_in_one_process_exclude_each_other_as_two_processes_do(tmp_path):
    lock, reached = tmp_path / "deep" / ".lock", []
    with files.locked(lock) as held:
        assert held is True
        with files.locked(lock, wait=False) as held:
            assert held is False

        def wait_for_it():
            with files.locked(lock) as held:
                reached.append(held)

        waiting = threading.Thread(target=wait_for_it)
        waiting.start()
        time.sleep(0.3)
        assert reached == []
    waiting.join(10)
    assert reached == [True]
    with files.locked(lock, wait=False) as held:
        assert held is True


HOLDING = """
import sys, time
from cxrkit.files import locked
with locked(sys.argv[1]) as held:
    print(held, flush=True)
    time.sleep(60)
"""


def test_another_process_is_excluded_until_it_is_killed(tmp_path):
    other = subprocess.Popen([sys.executable, "-c", HOLDING, str(tmp_path / ".lock")], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout.readline() == "True\n"
        with files.locked(tmp_path / ".lock", wait=False) as held:
            assert held is False
    finally:
        other.kill()
        other.wait()
    with files.locked(tmp_path / ".lock", wait=False) as held:
        assert held is True


def test_a_lock_ends_with_its_block_however_that_ends(tmp_path):
    with pytest.raises(RuntimeError), files.locked(tmp_path / ".lock"):
        raise RuntimeError("killed")
    with files.locked(tmp_path / ".lock", wait=False) as held:
        assert held is True


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
@pytest.mark.parametrize("wait", [True, False])
def test_a_file_system_without_locks_is_said(tmp_path, monkeypatch, number, wait):
    fcntl = pytest.importorskip("fcntl")

    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(errors.BadInput, match="cannot be locked") as caught, files.locked(tmp_path / ".lock", wait):
        raise AssertionError("nobody holds it")
    assert os.strerror(number) in str(caught.value) and str(tmp_path) in str(caught.value)


def test_a_full_disk_is_no_missing_lock(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(filelock.FileLock, "acquire", full)
    with pytest.raises(errors.DiskFull), files.locked(tmp_path / ".lock"):
        raise AssertionError("nobody holds it")


@pytest.mark.parametrize(
    "raised",
    [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("[enforce fail at inline_container.cc:668] . unexpected pos 5 vs 4")],
)
def test_a_full_disk_is_resumable_however_it_is_reported(raised, tmp_path):
    with pytest.raises(errors.DiskFull) as caught, errors.disk_errors(tmp_path / "not" / "there"):
        raise raised
    assert caught.value.exit_code == 5
    assert "same command" in str(caught.value)


def test_other_errors_pass_through_unchanged(tmp_path):
    with pytest.raises(PermissionError), errors.disk_errors(tmp_path):
        raise PermissionError(errno.EACCES, "no")


def test_the_exit_code_and_the_message_reach_the_user(capsys):
    def fail():
        raise errors.BadInput("No films.", "here.csv, row 3", "bring some")

    assert errors.run_command(fail) == 3
    assert capsys.readouterr().err == "error: No films.\n  where: here.csv, row 3\n  next:  bring some\n"


def test_control_c_is_exit_code_5(capsys):
    def stop():
        raise KeyboardInterrupt

    assert errors.run_command(stop) == 5
    assert "the same command does what is left to do" in capsys.readouterr().err


def test_a_pipe_that_broke_elsewhere_is_no_end_of_the_reading():
    def fail():
        raise BrokenPipeError("the server of trainings")

    with pytest.raises(BrokenPipeError):
        errors.run_command(fail)


@pytest.mark.parametrize("encoding, arrow", [("cp1252", "\\u2192"), ("ascii", "\\u2192"), ("utf-8", "\u2192")])
def test_no_console_ends_a_command(encoding, arrow):
    program = (
        "import sys\nfrom cxrkit.errors import BadInput, run_command\nfrom cxrkit.progress import say\n"
        "def main():\n    say('\\u2192\\x1b[2K\\x9b'); print('\\u2192'); raise BadInput('\\u2192\\x07', '\\udcff')\nsys.exit(run_command(main))"
    )
    environment = os.environ | {"PYTHONIOENCODING": encoding + ":strict", "PYTHONUTF8": "0", "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True)
    assert done.returncode == 3, done.stderr
    assert done.stdout.decode(encoding).splitlines() == [arrow + "\\x1b[2K\\x9b", arrow]
    assert done.stderr.decode(encoding).splitlines() == [f"error: {arrow}\\x07", "  where: \\udcff"]


def test_whoever_reads_the_output_may_stop_reading():
    program = "import sys\nfrom cxrkit.errors import run_command\nfrom cxrkit.progress import say\n"
    program += "sys.exit(run_command(lambda: [say('a line') for _ in range(100_000)] and 0))"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    process = subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline() == b"a line\n"
    process.stdout.close()
    assert process.wait(60) == 0 and process.stderr.read() == b""
