"""run.log, beside a run's results: what was said, with time and level, through Python's logging."""

import logging
import os
import re
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cxrkit.files import refuse_unwritable

NAME = "run.log"
LOG = "cxrkit"
"""The name of the logger: whoever uses the kit as a library may give it a handler of his own."""
SECRET = re.compile(r"TOKEN|KEY|SECRET|PASSW", re.IGNORECASE)
"""Names of variables of the environment whose values are never written."""
SECRET_LENGTH = 8
"""Shorter values are no secrets, and could be part of any word."""


def write_down(text: object, level: int = logging.INFO) -> None:
    """Add text to the log, where one is kept, a line each; what begins with "!!!" is a warning."""
    log = logging.getLogger(LOG)
    for line in str(text).split("\n") if log.handlers else ():  # without one, logging would print warnings itself
        log.log(logging.WARNING if line.startswith("!!!") else level, "%s", line)


@contextmanager
def logged(path: Path) -> Iterator[None]:
    """Keep what is said within the block, and the error that ends it, in the file `path`: a line each, with UTC and level.

    A run that goes on is appended. Secrets of the environment are blotted out. Raises WrongUse where it cannot be written, DiskFull.
    """
    refuse_unwritable(path)
    log, handler = logging.getLogger(LOG), logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(_Line("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%dT%H:%M:%SZ"))
    handler.handleError = lambda record: None  # type: ignore[method-assign]  # a full disk stops the run elsewhere, in words
    usual = log.level, log.propagate
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(handler)
    try:
        write_down(f"begun: {shlex.join(sys.argv)}")
        yield
    except BaseException as error:
        write_down(str(error) or type(error).__name__, logging.ERROR)
        raise
    finally:
        log.removeHandler(handler)
        log.level, log.propagate = usual
        handler.close()


class _Line(logging.Formatter):
    converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for name, value in os.environ.items():
            if SECRET.search(name) and len(value) >= SECRET_LENGTH:
                line = line.replace(value, "***")
        return line
