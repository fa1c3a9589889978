"""Reading and writing files: atomic writes, readers that say what is wrong with a file, links, checksums and locks."""

import csv
import errno
import hashlib
import io
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from cxrkit import spreadsheet
from cxrkit.errors import BadInput, Unwritable, disk_errors

PARTIAL = ".partial"
LEFTOVER = re.compile(rf"\..+\.\d+-[0-9a-f]{{8}}{re.escape(PARTIAL)}")
"""The names that `replacing` gives while it writes."""
UNWRITABLE = (
    errno.EACCES,
    errno.EEXIST,
    errno.EISDIR,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
)
CHECKSUMS = "checksums.json"
JSON_START = '{\n  "schema": '
"""How the JSON files of a run and of an audit begin."""
PRIVATE = "private-report.html"
"""A page with films that may not be passed on: in no list of checksums, and never sent."""
AGAIN = "restore it, or make it again"
"""What to do about a broken file, unless its reader knows better."""


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` when the block ends well.

    The temporary name is the writer's own, so that two writers of one file do not mix. A killed process leaves at most its
    `*.partial` file. Raises DiskFull when the disk is full, Unwritable where nothing may be written, or no plain file stands.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name[:100]}.{os.getpid()}-{secrets.token_hex(4)}{PARTIAL}")
    try:
        with write_errors(path):
            _refuse_no_file(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            with open(temporary, "rb+") as file:
                os.fsync(file.fileno())
            os.replace(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def write_errors(place: str | Path) -> Iterator[None]:
    """Turn a full disk into DiskFull, and what hinders the writing of `place`, or of what is below it, into Unwritable."""
    place = Path(place)
    with disk_errors(place):
        try:
            yield
        except OSError as error:
            named = Path(os.fsdecode(error.filename)) if isinstance(error.filename, (str, bytes, os.PathLike)) else None
            if error.errno not in UNWRITABLE or named is None or not _belongs_to(named, place):
                raise
            raise Unwritable(error.strerror, named if named.is_relative_to(place) and named.suffix != PARTIAL else place) from error


def _belongs_to(named: Path, place: Path) -> bool:
    on_its_way = named.parent == place.parent and named.suffix == PARTIAL
    return named in place.parents or named.is_relative_to(place) or on_its_way


def _refuse_no_file(path: Path) -> None:
    """Raise Unwritable where something else than a file stands: a folder, or a device, which a rename would replace."""
    if path.exists() and not path.is_file():
        raise Unwritable("a folder stands there" if path.is_dir() else "what stands there is no file", path)


def refuse_foreign(path: str | Path, *starts: str) -> None:
    """Raise BadInput where `path` is a file that begins as none of the kit's own do, so that it must not be overwritten."""
    path = Path(path)
    with write_errors(path):
        _refuse_no_file(path)
        foreign = path.is_file() and path.stat().st_size and not any(start.encode() in _beginning(path, start) for start in starts)
        if foreign:
            raise BadInput("Here lies something that this kit did not write.", path, "name another file with --out; nothing was changed")


def _beginning(path: Path, start: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(len(start.encode()) + 3)  # a spreadsheet puts a byte-order mark before it


def refuse_unwritable(*paths: str | Path) -> None:
    """Raise Unwritable where one of these files could not be written, before work is done whose outcome belongs there; DiskFull."""
    for path in map(Path, paths):
        with write_errors(path), suppress(FileNotFoundError):
            path.stat()  # a name may be too long
            _refuse_no_file(path)
        refuse_unwritable_folder(path.parent)


def refuse_unwritable_folder(folder: str | Path) -> None:
    """Raise Unwritable where files could not be written into a folder that may not be there yet; DiskFull. Leaves nothing behind."""
    there = next(place for place in (Path(folder).absolute(), *Path(folder).absolute().parents) if os.path.lexists(place))
    if not there.is_dir():
        raise Unwritable("a file stands where a folder should be", there)
    probe = there / f".{secrets.token_hex(8)}{PARTIAL}"
    with write_errors(there):
        with suppress(FileNotFoundError):
            Path(folder).absolute().stat()  # a name may be too long
        probe.touch()
        probe.unlink()


def write_text(path: str | Path, text: str) -> None:
    """Write text as UTF-8 with LF line ends, atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(text.encode())


def write_json(path: str | Path, value: Any) -> None:
    text = json.dumps(value, indent=2, sort_keys=False, ensure_ascii=False) + "\n"
    if any("\ud800" <= sign <= "\udfff" for sign in text):  # of a path that is no UTF-8
        text = json.dumps(value, indent=2, sort_keys=False) + "\n"
    write_text(path, text)


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A header and rows as CSV text with LF line ends; None is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def write_csv(path: str | Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a header and rows as CSV, atomically."""
    write_text(path, csv_text(columns, rows))


@contextmanager
def reading(path: str | Path, what: str = "The file", next: str = AGAIN, absent: str | None = None) -> Iterator[None]:
    """Turn what the block raises over an absent or malformed file into BadInput; errors of the kit pass through.

    what: the file in words, with which the message begins; next: what to do about a broken file; absent: what to do
    where there is none, if that is something else.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise BadInput(f"{what} is not there.", path, absent or next) from error
    except OSError as error:
        raise BadInput(f"{what} cannot be read: {error.strerror or error}.", path, next) from error
    except json.JSONDecodeError as error:
        raise BadInput(f"{what} is no JSON: {error}.", path, next) from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{what} is no text in UTF-8: {error}.", path, next) from error
    except csv.Error as error:
        raise BadInput(f"{what} is no readable CSV: {error}.", path, next) from error
    except KeyError as error:
        raise BadInput(f"{what} lacks {error.args[0] if error.args else 'a key'}.", path, next) from error
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
        raise BadInput(f"{what} is not as it was written: {error}.", path, next) from error


def remove_leftovers(folder: Path) -> None:
    """Remove what killed writers left in a folder, and in those below it; whoever calls it holds the lock of all that writes there."""
    for path in folder.rglob(f".*{PARTIAL}"):
        if LEFTOVER.fullmatch(path.name):
            path.unlink(missing_ok=True)


def read_json(path: str | Path, what: str = "The file", next: str = AGAIN, absent: str | None = None, keys: Sequence[str] = ()) -> Any:
    """The value of a JSON file. what, next, absent: see `reading`.

    keys: those that an object must have; none where the value may be no object. Raises BadInput.
    """
    with reading(path, what, next, absent):
        value = json.loads(Path(path).read_text("utf-8"))
    if keys and not isinstance(value, dict):
        raise BadInput(f"{what} holds no JSON object.", path, next)
    lacking = [key for key in keys if key not in value]
    if lacking:
        raise BadInput(f"{what} lacks {', '.join(lacking)}.", path, next)
    return value


def read_csv_rows(
    path: str | Path,
    what: str = "The file",
    next: str = AGAIN,
    absent: str | None = None,
    columns: Sequence[str] = (),
) -> list[dict[str, str]]:
    """The rows of a table as people save them, each {column: text}, as csv.DictReader gives them: see `read_table`.

    what, next, absent: see `reading`. columns: those that the file must have, even where it has no row. Raises BadInput.
    """
    header, rows, _ = read_table(path, what, next, absent)
    lacking = [column for column in columns if column not in header]
    if lacking:
        raise BadInput(
            f"{what} lacks the column{'s' * (len(lacking) != 1)} {', '.join(lacking)}; it has: {', '.join(header) or 'none'}.", path, next
        )
    return rows


def read_table(path: str | Path, what: str, next: str, absent: str | None = None) -> tuple[list[str], list[dict[str, str]], str]:
    """(columns, rows, what it was taken for, empty for CSV in UTF-8) of a table that a person or a program saved.

    Read are CSV with commas, semicolons, tabs or bars, in UTF-8 or UTF-16 with or without a byte-order mark, else in
    Windows-1252; and .xlsx, whatever the file is called. Of columns of one name the first counts. Raises BadInput.
    """
    with reading(path, what, next, absent):
        raw = Path(path).read_bytes()
        if raw.startswith(b"PK\x03\x04"):
            rows = spreadsheet.rows_of(Path(path))
            titles = list(dict.fromkeys(title for row in rows for title in row))
            return titles, [{title: row.get(title, "") for title in titles} for row in rows], "a spreadsheet (.xlsx)"
        if raw.startswith(b"\xd0\xcf\x11\xe0"):
            raise BadInput(f"{what} is a spreadsheet of the old kind (.xls).", path, "save it as CSV or .xlsx")
        text, encoding = decoded(raw)
        if any(ord(sign) < 32 and sign not in "\t\n\r\f\x1a" for sign in text[:4096]):
            raise BadInput(f"{what} is no table: it holds signs that no text has.", path, next)
        first, _, rest = text.partition("\n")
        stated = re.fullmatch(r"sep=(.)\r?", first)  # how Excel says it
        text = rest if stated else text
        delimiter = stated[1] if stated else _delimiter(text)
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        header: list[str] = _first(lines)
        wanted = {name: place for place, name in reversed(list(enumerate(header)))}
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        rows = []
        for row, cells in zip(reader, (cells for cells in lines if cells)):
            rows.append(row | {name: cells[place] for name, place in wanted.items() if place < len(cells)})
    twice = sorted({name for name in header if name and header.count(name) > 1})
    said = [encoding, {",": "", ";": "semicolons", "\t": "tabs", "|": "bars"}.get(delimiter, delimiter)]
    said += [f"two columns {name}, of which the first counts" for name in twice]
    return header, rows, ", ".join(filter(None, said))


def _first(lines: Iterator[list[str]]) -> list[str]:
    return next(lines, [])


def _delimiter(text: str) -> str:
    """The sign that parts the header into most cells, signs within quotes left aside."""
    first = re.sub(r'"[^"]*"', "", text.partition("\n")[0])
    return max(",;\t|", key=first.count)


def decoded(raw: bytes) -> tuple[str, str]:
    """(text, its encoding where that is not UTF-8) of a text file's bytes, without a byte-order mark."""
    even, odd = raw[:200:2].count(0), raw[1:200:2].count(0)
    if raw[:4] in (b"\xff\xfe\0\0", b"\0\0\xfe\xff"):
        return raw.decode("utf-32"), "UTF-32"
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16"), "UTF-16"
    if max(even, odd) > len(raw[:200]) // 5:
        return raw.decode("utf-16-be" if even > odd else "utf-16-le"), "UTF-16"
    try:
        return raw.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace"), "Windows-1252"


def link_or_copy(source: str | Path, target: str | Path, symbolic: bool = False) -> bool:
    """Make `target` a second name of the file `source`, or a copy where no link can be made; return whether it is a link.

    symbolic: try a symbolic link first, which holds as long as `source` stays where it is; the default is a hard link.
    A copy is written atomically, with the source's times. What stood at `target` is replaced, its folder made.
    """
    source, target = Path(source), Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    for link in (os.symlink, os.link) if symbolic else (os.link,):
        try:
            link(source, target)
            return True
        except (OSError, NotImplementedError):
            continue
    times = source.stat()
    with replacing(target) as temporary:
        shutil.copyfile(source, temporary)
    os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))
    return False


@contextmanager
def locked(path: str | Path, wait: bool = True) -> Iterator[bool]:
    """Hold the lock file `path` and yield True; without `wait`, yield False at once where somebody else holds it.

    The lock ends with the process, however that ends, and excludes other threads too; the same thread must not ask
    for it twice. Raises BadInput where the file system keeps no locks, rather than let two processes write at once; Unwritable where
    nothing may be written; DiskFull.
    """
    path = Path(path)
    lock = FileLock(path, fallback_to_soft=False)  # a soft lock would outlive a killed process
    try:
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(blocking=wait)
    except Timeout:
        pass
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or error
        if getattr(error, "errno", None) in UNWRITABLE:
            raise Unwritable(reason, path.parent) from error
        raise BadInput(f"The folder cannot be locked: {reason}.", path.parent, "name a folder on a disk that keeps locks") from error
    held = lock.is_locked
    try:
        yield held
    finally:
        if held:
            lock.release()


def sha256_of(path: str | Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_json(value: Any) -> str:
    """Hexadecimal SHA-256 of a JSON value, independent of the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def write_checksums(folder: str | Path) -> None:
    """Write folder/checksums.json: {file: {sha256, bytes}} for every other file below folder."""
    folder = Path(folder)
    paths = [
        path
        for path in folder.rglob("*")
        if path.is_file() and path not in (folder / CHECKSUMS, folder / PRIVATE) and not path.name.endswith(PARTIAL)
    ]
    write_json(folder / CHECKSUMS, {path.relative_to(folder).as_posix(): checksum(path) for path in sorted(paths)})


def refresh_checksums(folder: str | Path, names: Iterable[str]) -> None:
    """Bring folder/checksums.json up to date for these files, where there is one. Raises BadInput."""
    path = Path(folder) / CHECKSUMS
    if path.exists():
        listed = read_json(path, "The list of checksums") | {name: checksum(Path(folder) / name) for name in names}
        write_json(path, dict(sorted(listed.items())))


def checksum(path: Path) -> dict[str, Any]:
    """{sha256, bytes} of a file."""
    return {"sha256": sha256_of(path), "bytes": path.stat().st_size}
