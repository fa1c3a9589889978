import errno

import pytest

from cxrkit import errors, files


def test_a_file_is_whole_or_absent(tmp_path):
    target = tmp_path / "deep" / "a.txt"
    files.write_text(target, "first")
    with pytest.raises(RuntimeError):
        with files.replacing(target) as temporary:
            temporary.write_text("half")
            raise RuntimeError("killed")
    assert target.read_text() == "first"
    assert [path.name for path in target.parent.iterdir()] == ["a.txt"]


def test_checksums_list_every_file_but_themselves(tmp_path):
    files.write_text(tmp_path / "a" / "b.txt", "hello")
    files.write_checksums(tmp_path)
    files.write_checksums(tmp_path)
    listed = files.read_json(tmp_path / "checksums.json")
    assert listed == {"a/b.txt": {"sha256": files.sha256_of(tmp_path / "a" / "b.txt"), "bytes": 5}}


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
    assert "run the same command" in capsys.readouterr().err
