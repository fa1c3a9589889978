"""Wait for the end of a run on Kaggle, which does not need us: whatever happens here, it goes on there.

What does not answer is asked again for hours; nothing here ever sends a push. An end counts as ours where the log names
our run, or where it stays after our run was seen to start and the log names no other.
"""

import time

from cxrkit.errors import Interrupted, RemoteRefusal
from cxrkit.kaggle_io import bundle, push
from cxrkit.kaggle_io.log import Log
from cxrkit.progress import say

POLL_SECONDS = 15
LONGEST_PAUSE = 300
STALE_SECONDS = 15 * 60
"""How long Kaggle may go on showing the end of the version before, or that the kernel is not there."""
HOURS = 24.0
"""Kaggle ends a run after 12 hours; the others are for its queue."""
LOOKS = 4
"""How many looks in a row must show an end that no log tells to be ours: Kaggle's copies may lag behind each other."""


def again(ref, pull=False):
    """What takes a run up, for every message after a push."""
    return f"the run goes on at Kaggle; do not push again, take it up: python -m cxrkit wait {'--pull ' if pull else ''}{ref}"


def take_up(kaggle, ref):
    """The newest version of a kernel as what was Pushed. Raises RemoteRefusal where there is no such kernel."""
    version, source = push.on_kaggle(kaggle, ref)
    if not version and not source:
        raise RemoteRefusal("There is no such kernel, or it is not yours.", ref, "name it: python -m cxrkit wait OWNER/NAME")
    source_sha256, run_id = bundle.identity(source)
    return push.Pushed(ref, version, run_id, source_sha256, None)


def wait(kaggle, pushed, show=say, hours=HOURS, pull=False):
    """Wait for the end of a pushed version, showing its log; return its last Status.

    hours: the limit. pull: whether results are to be fetched then, for the messages.
    Raises RemoteRefusal when the kernel failed; Interrupted, exit code 5, when Kaggle shows no sign of it, does not let us
    ask, or does not end it within the limit, or when the user stops waiting.
    """
    show(f"waiting at most {hours:g} h for {pushed.ref}; Ctrl-C ends only the waiting, {again(pushed.ref, pull)}")
    try:
        now = _Wait(kaggle, pushed, show, 3600 * hours, pull).end()
    except KeyboardInterrupt:
        raise Interrupted("Stopped waiting.", pushed.ref, again(pushed.ref, pull)) from None
    if now.value != "COMPLETE":
        raise RemoteRefusal(
            f"The kernel ended as {now}",
            pushed.ref,
            "the reason stands in the log above; what it finished is not lost: python -m cxrkit pull --partial, "
            "then correct the reason and python -m cxrkit push --resume",
        )
    return now


class _Wait:
    """The state of wait(): how long we have waited, what was seen, what is said of it."""

    def __init__(self, kaggle, pushed, show, limit, pull):
        self.kaggle, self.pushed, self.show, self.limit, self.pull = kaggle, pushed, show, limit, pull
        self.log = Log(kaggle, pushed.ref)
        self.waited = self.stale = self.away = 0.0
        self.started, self.last, self.ends = False, "", 0

    def end(self):
        """The Status at the end. Raises Interrupted."""
        while True:
            now = self._look()
            if now is not None and self._is_end(now):
                self.log.finish(self.show)
                self.show(f"{self.pushed.ref} version {self.pushed.version}: {now}")
                return now
            if self.waited >= self.limit:
                raise Interrupted(f"The run has not ended after {self.waited / 3600:.1f} h; Kaggle says {self.last}.", *self._next())
            self._sleep(POLL_SECONDS if now is not None else min(LONGEST_PAUSE, max(POLL_SECONDS, self.away / 4)))

    def _next(self):
        return self.pushed.ref, again(self.pushed.ref, self.pull)

    def _sleep(self, seconds):
        self.kaggle.sleep(seconds)
        self.waited += seconds
        self.away += seconds

    def _look(self):
        """The Status that Kaggle shows now, None where it does not answer, which is said once."""
        began = time.monotonic()
        try:
            now = push.status(self.kaggle, self.pushed.ref, self.pushed.version)
        except RemoteRefusal as refusal:
            if refusal.code == 401:
                raise Interrupted(f"{refusal.what}", self.pushed.ref, f"{refusal.next}; {again(self.pushed.ref, self.pull)}") from None
            if refusal.code in (400, 403, 404) and self.away >= STALE_SECONDS:
                raise Interrupted(refusal.what, *self._next()) from None
            if self.last != "no answer":
                self.show(f"{refusal.what.rstrip('.')}. It is asked again; the run does not need us.")
            self.last = "no answer"
            return None
        finally:
            self.waited += time.monotonic() - began
        self.away = 0.0
        return now

    def _is_end(self, now):
        """Whether this Status is the end of our run; show what is new."""
        if now.value == "RUNNING" and self.started:
            self.log.follow(self.show)
        self.log.show(self.show)
        self.ends = self.ends + 1 if now.value in push.ENDED and str(now) == self.last else int(now.value in push.ENDED)
        self.started = self.started or _is_new(now.value, self.pushed.before)
        end = now.value in push.ENDED and self._is_ours()
        if now.value in push.ENDED and not end:
            self.stale += POLL_SECONDS
            if self.stale > STALE_SECONDS:
                raise Interrupted(f"Kaggle shows no sign of version {self.pushed.version}, only the end of another.", *self._next())
        if str(now) != self.last and not end:
            self.show(f"{self.pushed.ref}: {now}" + (", which may be the version before" if now.value in push.ENDED else ""))
        self.last = str(now)
        return end

    def _is_ours(self):
        named = self.log.told()
        if self.pushed.run_id and named:
            return self.pushed.run_id in named
        return self.started and self.ends >= LOOKS


def _is_new(value, before):
    """Whether a status cannot be that of the version before."""
    return before in (None, "NEW_SCRIPT") or (before in push.ENDED and value not in (before, push.UNKNOWN))
