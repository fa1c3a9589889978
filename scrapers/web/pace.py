"""The pace of requests to a host, which all runs of a user share, whatever their stores: one request in an interval."""

import hashlib
import os
import time
from pathlib import Path

from cxrkit.errors import CxrkitError
from cxrkit.files import locked, replacing

SLACK = 5.0
"""Seconds by which a note may be older than the interval and still count, for slow disks."""


def home() -> Path:
    """The folder of the user's notes: $XDG_CACHE_HOME/cxrkit/pace, or ~/.cache/cxrkit/pace."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "cxrkit" / "pace"


class Pace:
    """A file for each host with the time of its last request. Where the user's folder cannot be written, `otherwise` holds them."""

    def __init__(self, otherwise: Path):
        self.otherwise = otherwise

    def turn(self, host: str, interval: float, now: float) -> float:
        """Take the next turn at a host and return in how many seconds it comes, at most one interval per process that waits.

        now: seconds since 1970. Two processes that ask at once get turns one after the other.
        """
        try:
            return self._turn(home(), host, interval, now)
        except (OSError, RuntimeError, CxrkitError):
            return self._turn(self.otherwise, host, interval, now)

    def _turn(self, folder: Path, host: str, interval: float, now: float) -> float:
        note = folder / hashlib.sha256(host.encode()).hexdigest()[:24]
        with locked(note.with_suffix(".lock")):
            wait = max(0.0, self._last(note, interval, now) + interval - now)
            with replacing(note) as temporary:
                temporary.write_text(repr(now + wait))
        return wait

    def _last(self, note: Path, interval: float, now: float) -> float:
        try:
            last = float(note.read_text())
            age = time.time() - note.stat().st_mtime
        except (OSError, ValueError):
            return 0.0
        # a note that was written longer ago than its turn lies ahead is of a clock that was set back
        return last if age <= max(0.0, last - now) + interval + SLACK else 0.0
