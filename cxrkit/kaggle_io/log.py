"""What a kernel prints: read from Kaggle's stream while it runs, and completed from the log that Kaggle keeps.

Kaggle's load balancer cuts a stream after minutes, and a stream begun again may tell everything from the start, or only
what is new. So lines are joined by their text and time, never by their number.
"""

import json
import queue
import re
import threading
from collections import Counter

from cxrkit.errors import RemoteRefusal
from cxrkit.kaggle_io import client
from cxrkit.progress import say

RUN_LINE = re.compile(r"cxrkit run (\S+)")
"""How a run names itself in its log."""
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What would move a terminal's cursor, or worse."""
END_SECONDS = 15
"""How long a stream that has not ended is waited for when the run has."""


class Log:
    """The log of a kernel's newest run. While it runs a thread reads the stream, where the client knows it (2.2 and later)."""

    def __init__(self, kaggle, ref):
        self.kaggle, self.ref = kaggle, ref
        self.arrived, self.thread = queue.SimpleQueue(), None
        self.shown, self.again, self.until, self.rest = Counter(), Counter(), -1.0, ""
        self.runs = set()

    def follow(self, show=say):
        """Begin to read the stream, or begin again where it was cut."""
        if hasattr(self.kaggle.api, "kernels_logs_stream") and not (self.thread and self.thread.is_alive()):
            self.show(show)
            self.again, self.rest = Counter(self.shown), ""
            self.thread = threading.Thread(target=self._read, daemon=True)
            self.thread.start()

    def _read(self):
        try:
            for event in self.kaggle.api.kernels_logs_stream(self.ref):
                self.arrived.put(event)
        except client.failures():
            pass  # it is begun again, or the kept log shows what it missed

    def show(self, show=say):
        """Show what has arrived and was not shown."""
        while not self.arrived.empty():
            text, time = _piece(self.arrived.get())
            *lines, self.rest = (self.rest + text).split("\n")
            for line in lines:
                self._show_new(line, time, show)

    def _show_new(self, line, time, show):
        if time > self.until:
            self.until = time
        elif self.again[line] > 0:
            self.again[line] -= 1
            return
        self._show(line, show)

    def _show(self, line, show):
        self.shown[line] += 1
        self.runs |= set(RUN_LINE.findall(line))
        show(CONTROL.sub("", self.kaggle.hide(line.rstrip("\r").rpartition("\r")[2])))

    def kept(self):
        """The text that Kaggle keeps of the newest session; empty while there is none. Raises RemoteRefusal."""
        return "".join(entries(self.kaggle.ask(f"the log of {self.ref}", self.kaggle.api.kernels_logs, self.ref)))

    def told(self):
        """The ids of the runs that this log names, streamed or kept; none where Kaggle does not give it."""
        if not self.runs:
            try:
                return set(RUN_LINE.findall(self.kept()))
            except RemoteRefusal:
                return set()
        return self.runs

    def finish(self, show=say):
        """Show what the stream did not bring."""
        if self.thread is not None:
            self.thread.join(timeout=END_SECONDS)
        self.show(show)
        if self.rest:
            self._show_new(self.rest, 0.0, show)
        try:
            kept = self.kept()
        except RemoteRefusal as refusal:
            show(f"({refusal.what} python -m cxrkit status --log asks again.)")
            return
        left = Counter(self.shown)
        for line in kept.splitlines():
            if left[line] > 0:
                left[line] -= 1
            else:
                self._show(line, show)
        if not self.shown:
            show("(Kaggle has no log of this run)")


def entries(log):
    """The texts of a kernel's log, which Kaggle keeps as a JSON array of {stream_name, time, data}."""
    try:
        return [entry.get("data") or "" for entry in json.loads(log)]
    except (ValueError, AttributeError, TypeError):
        return (log or "").splitlines(keepends=True)


def _piece(event):
    """(text, seconds since the start) of an event of the stream, which may lack either."""
    if not isinstance(event, dict):
        return "", 0.0
    time = event.get("time")
    return str(event.get("data") or ""), float(time) if isinstance(time, (int, float)) else 0.0
