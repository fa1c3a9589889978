"""The errors that the kit raises on purpose, and the exit code of each.

    CxrkitError
    ├── WrongUse         exit 2   a flag, a key or a combination that cannot work
    ├── BadInput         exit 3   data that cannot be used as it is
    │   └── UnreadableImage       one image file; callers list it and go on
    │       └── NoFilm            it can be read, and cannot be a film
    ├── Unwritable       exit 3   a place where nothing can be written
    ├── RemoteRefusal    exit 4   a server said no
    └── Interrupted      exit 5   stopped half-way; the same command goes on from there
        └── DiskFull

Every message says what happened, where, and what to do next:

    try:
        manifest = build(sources)
    except CxrkitError as error:
        print(error)
        sys.exit(error.exit_code)
"""

import errno
import importlib.util
import os
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path


class CxrkitError(Exception):
    """Base of all errors of the kit.

    what: one sentence on what happened.
    where: the path, row or URL concerned.
    next: what the user can do about it.
    """

    exit_code = 1

    def __init__(self, what, where=None, next=None):
        self.what, self.where, self.next = what, where, next
        lines = [str(what)]
        if where is not None:
            lines.append(f"  where: {where}")
        if next is not None:
            lines.append(f"  next:  {next}")
        super().__init__("\n".join(lines))

    def __reduce__(self):
        """An error of a training's process arrives whole at the process that started it."""
        return _again, (type(self), self.what, self.where, self.next)


def _again(kind, what, where, next):
    error = kind.__new__(kind)
    CxrkitError.__init__(error, what, where, next)
    return error


class WrongUse(CxrkitError):
    exit_code = 2


class BadInput(CxrkitError):
    exit_code = 3


class UnreadableImage(BadInput):
    pass


class NoFilm(UnreadableImage):
    """A picture that cannot be a film, in the same words wherever it turns up. why: the rest of the sentence."""

    words = "not a film"

    def __init__(self, why, next):
        super().__init__(f"{self.words}: {why}", next=next)


class Unwritable(CxrkitError):
    """No BadInput, for whoever lists those and goes on would go on without having written."""

    exit_code = 3

    def __init__(self, why, where):
        super().__init__(f"Nothing can be written here: {why}.", where, "name another place, or see to it that this one can be written to")


class RemoteRefusal(CxrkitError):
    """code: the HTTP status of the answer, None where there was none; shapeless: whether it was no answer of the server's."""

    exit_code = 4
    code = None
    shapeless = False


class Interrupted(CxrkitError):
    exit_code = 5


class DiskFull(Interrupted):
    def __init__(self, where):
        super().__init__(
            f"The disk is full: {free_bytes(where) / 1e6:.1f} MB are free.",
            where,
            "free some space or name another folder with --out, then run the same command; it goes on where it stopped",
        )


EXTRA_OF = {
    "torch": "train",
    "torchvision": "train",
    "fastai": "train",
    "fastcore": "train",
    "safetensors": "train",
    "kaggle": "kaggle",
    "kagglesdk": "kaggle",
    "pydicom": "dicom",
    "timm": "timm",
    "torchxrayvision": "published",
    "idc_index": "fetch",
    "kagglehub": "hub",
    "ray": "cluster",
    "onnxruntime": "onnx",
    "onnx": "export",
    "tensorboard": "tensorboard",
    "wandb": "wandb",
    "shtab": "completion",
}
"""{package: the extra of pyproject.toml that brings it}, of those that not every command needs."""


EXIT_CODES = (
    "exit codes: 0 done, 1 failed, 2 wrong use, 3 data that cannot be used, or a place that cannot be written, 4 a server refused, "
    "5 stopped (the same command goes on, or begins again)"
)


def require(*packages):
    """Raise WrongUse for the first of these packages that is not installed, before any work; none is imported."""
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise _absent(package)


def _absent(package):
    return WrongUse(f"The package {package} is not installed.", next=f"pip install '.[{EXTRA_OF[package]}]' in the clone")


def free_bytes(path):
    """Free bytes on the file system of path or of its nearest existing parent."""
    path = Path(path).absolute()
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


@contextmanager
def disk_errors(where):
    """Turn a full disk below `where` into DiskFull, also where torch's file writer reports it in its own words."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(where) from error
        raise
    except RuntimeError as error:
        if any(words in str(error) for words in ("PytorchStreamWriter", "unexpected pos")):
            raise DiskFull(where) from error
        raise


CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n"}
"""What moves a console's cursor, colours it or titles its window, in a server's answer or a file's name: shown as its escape."""


def shown(text, stream):
    """The text as `stream` can show it: control characters, and what its encoding lacks (not every console knows UTF-8), escaped."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return str(text).translate(CONTROLS).encode(encoding, "backslashreplace").decode(encoding)


def _unread(stream):
    """Whether whoever read a stream, `head` perhaps, has read enough; any other pipe that broke is a fault."""
    try:
        stream.write("\n")  # what failed before is not kept to be written again
        stream.flush()
    except BrokenPipeError:
        return True
    return False


def run_command(command):
    """Call command(), print a CxrkitError, an interruption or a missing package as its message; return the exit code.

    What others print meanwhile, argparse among them, never fails at a console that cannot show it either.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            return command() or 0
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            if package not in EXTRA_OF:
                raise
            raise _absent(package) from error
    except CxrkitError as error:
        print(shown(f"error: {error}", sys.stderr), file=sys.stderr, flush=True)
        return error.exit_code
    except BrokenPipeError:
        if not _unread(sys.stdout):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python writes what is left when it ends
        return 0
    except KeyboardInterrupt:
        print("\nStopped. No file is left half-written; the same command does what is left to do.", file=sys.stderr, flush=True)
        return Interrupted.exit_code
