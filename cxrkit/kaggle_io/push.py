"""Send the kernel to Kaggle, wait for its end, and say truthfully how it ended."""

import json
import queue
import secrets
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

from cxrkit.errors import Interrupted, RemoteRefusal
from cxrkit.files import write_json, write_text
from cxrkit.kaggle_io import bundle, client, metadata
from cxrkit.progress import say

POLL_SECONDS = 15
STALE_SECONDS = 15 * 60
"""How long Kaggle may go on showing the end of the version before."""
RUNNING = ("QUEUED", "RUNNING", "NEW_SCRIPT")
ENDED = ("COMPLETE", "ERROR", "CANCEL_ACKNOWLEDGED", "CANCEL_REQUESTED")


@dataclass(frozen=True)
class Pushed:
    """A version that Kaggle has taken. before: the kernel's status before it, None where there was no kernel."""

    ref: str
    version: int
    run_id: str
    source_sha256: str
    before: str | None


@dataclass(frozen=True)
class Status:
    value: str
    message: str = ""

    def __str__(self):
        return f"{self.value}: {self.message}" if self.message else self.value


def push(settings, kaggle, root=bundle.ROOT, slug=None, resume=False):
    """Bundle the kit and send it as the signed-in user's kernel; return it as Pushed.

    slug: instead of the one in kernel-metadata.json; resume: attach the dataset of its results, for the
    checkpoints in it. Nothing in the repository changes. Raises RemoteRefusal
    when Kaggle refuses it, or would run it without one of its sources; BadInput, WrongUse as bundle does.
    """
    described = metadata.named(metadata.read(root), kaggle.owner, slug)
    ref = described["id"]
    run_id = settings.run_id or time.strftime("%Y%m%d-%H%M%S", time.gmtime()) + "-" + secrets.token_hex(2)
    results = metadata.results_slug(metadata.slug_of(described))
    if resume:
        described["dataset_sources"] = [*described.get("dataset_sources", []), f"{kaggle.owner}/{results}"]
    script = bundle.generate(replace(settings, run_id=run_id, results=results), root)
    if not settings.gpu:
        described = {key: value for key, value in described.items() if key != "machine_shape"} | {"enable_gpu": False}
    before = _status_or_none(kaggle, ref)
    with tempfile.TemporaryDirectory(prefix="cxrkit-push-") as folder:
        write_json(Path(folder) / metadata.NAME, described)
        write_text(Path(folder) / described["code_file"], script)
        answer = kaggle.send(f"the push of {ref}", lambda: _has(kaggle, ref, script), kaggle.api.kernels_push, folder)
    version = _accepted(answer, ref, kaggle) if answer is not None else on_kaggle(kaggle, ref)[0]
    return Pushed(ref, version, run_id, bundle.identity(script)[0], before)


def _accepted(answer, ref, kaggle):
    """The version number in an answer to a push. Kaggle says 200 to a refusal, too."""
    if answer.error:
        words = kaggle.hide(answer.error)
        busy = "session count" in words
        remedy = "wait until one of your running kernels has ended" if busy else f"correct what the server names; the kernel is {ref}"
        raise RemoteRefusal(f"Kaggle refused the push: {words}", ref, remedy)
    kinds = ("tags", "dataset_sources", "competition_sources", "kernel_sources", "model_sources")
    invalid = [f"{kind.replace('_', ' ')}: {', '.join(found)}" for kind in kinds if (found := getattr(answer, f"invalid_{kind}", None))]
    if invalid:
        raise RemoteRefusal(
            "Kaggle took the push but not all that it asks for, so it runs without: " + "; ".join(invalid),
            ref,
            f"correct them in {metadata.NAME} and push again; the version that runs now is of no use",
        )
    if not answer.version_number:
        raise RemoteRefusal("Kaggle answered the push without a version number.", ref, client.TRY_LATER)
    return answer.version_number


def on_kaggle(kaggle, ref):
    """(version number, source text) of the newest version of a kernel; (0, "") where there is no such kernel."""
    from kagglesdk.kernels.types.kernels_api_service import ApiGetKernelRequest

    request = ApiGetKernelRequest()
    request.user_name, request.kernel_slug = ref.split("/")
    answer = _unless_absent(kaggle, f"the kernel {ref}", lambda: kaggle.kernels("get_kernel", request))
    return (answer.metadata.current_version_number or 0, answer.blob.source or "") if answer else (0, "")


def _has(kaggle, ref, script):
    return on_kaggle(kaggle, ref)[1].strip() == script.strip()


def status(kaggle, ref):
    """The kernel's Status. Raises RemoteRefusal, also where there is no such kernel."""
    answer = kaggle.ask(f"the status of {ref}", kaggle.api.kernels_status, ref)
    return Status(answer.status.name, kaggle.hide(answer.failure_message or ""))


def gpu_quota(kaggle):
    """(hours used, hours allowed) of this week's GPU quota, or None where the client cannot tell (before 2.2)."""
    if not hasattr(kaggle.api, "quota_view"):
        return None
    quota = kaggle.ask("the GPU quota", kaggle.api.quota_view).gpu_quota
    return (quota.time_used.total_seconds() / 3600, quota.total_time_allowed.total_seconds() / 3600) if quota else None


def _status_or_none(kaggle, ref):
    answer = _unless_absent(kaggle, f"the status of {ref}", lambda: kaggle.api.kernels_status(ref))
    return answer.status.name if answer else None


def _unless_absent(kaggle, doing, question):
    """The answer to a question about a kernel, or None where Kaggle says that it is not there (403 or 404)."""

    def asked():
        try:
            return question()
        except client.failures() as error:
            answer = client.response_of(error)
            if answer is not None and answer.status_code in (403, 404):
                return None
            raise

    return kaggle.ask(doing, asked)


def wait(kaggle, pushed, show=say):
    """Wait for the end of a pushed version, showing its log; return its last Status.

    Just after a push Kaggle may still show the version before. An end counts once the status has changed since
    the push, or where the log names this run.
    Raises RemoteRefusal when the kernel failed, Interrupted when Kaggle shows no sign of it.
    """
    log, ours, last, stale = Log(kaggle, pushed.ref), False, None, 0
    while True:
        now = status(kaggle, pushed.ref)
        ours = ours or _is_new(now.value, pushed.before)
        if now.value == "RUNNING":
            log.follow()
        log.show(show)
        if now.value in ENDED:
            if ours or pushed.run_id in log.kept():
                break
            if stale >= STALE_SECONDS:
                raise Interrupted(
                    f"Kaggle shows no sign of version {pushed.version}, only the end of the one before.",
                    pushed.ref,
                    "look at python -m cxrkit status",
                )
            stale += POLL_SECONDS
        if now != last:
            show(f"{pushed.ref}: {now}" + ("" if now.value in RUNNING else ", which may be the version before"))
        last = now
        kaggle.sleep(POLL_SECONDS)
    log.finish(show)
    show(f"{pushed.ref} version {pushed.version}: {now}")
    if now.value != "COMPLETE":
        raise RemoteRefusal(f"The kernel ended as {now}", pushed.ref, "the reason stands in the log above; correct it and push again")
    return now


def _is_new(value, before):
    """Whether a status cannot be that of the version before."""
    return before is None or (before in ENDED and value != before)


class Log:
    """What a kernel prints. While it runs a thread reads Kaggle's stream, where the client knows it (2.2 and later)."""

    def __init__(self, kaggle, ref):
        self.kaggle, self.ref = kaggle, ref
        self.arrived, self.shown, self.thread = queue.SimpleQueue(), 0, None

    def follow(self):
        if self.thread is None and hasattr(self.kaggle.api, "kernels_logs_stream"):
            self.thread = threading.Thread(target=self._read, daemon=True)
            self.thread.start()

    def _read(self):
        try:
            for event in self.kaggle.api.kernels_logs_stream(self.ref):
                self.arrived.put(event.get("data") or "")
        except client.failures():
            pass  # the stream is a convenience: finish() shows from the kept log what it missed

    def show(self, show):
        """Show what has arrived."""
        while not self.arrived.empty():
            self._show(self.arrived.get(), show)

    def kept(self):
        """The text that Kaggle keeps of the newest session; empty while there is none."""
        return "".join(entries(_kept_log(self.kaggle, self.ref)))

    def finish(self, show):
        """Show what the stream did not bring."""
        if self.thread is not None:
            self.thread.join(timeout=POLL_SECONDS)
        self.show(show)
        for line in entries(_kept_log(self.kaggle, self.ref))[self.shown :]:
            self._show(line, show)
        if not self.shown:
            show("(Kaggle has no log of this run)")

    def _show(self, text, show):
        self.shown += 1
        show(self.kaggle.hide(text.rstrip("\n")))


def _kept_log(kaggle, ref):
    return kaggle.ask(f"the log of {ref}", kaggle.api.kernels_logs, ref)


def entries(log):
    """The texts of a kernel's log, which Kaggle keeps as a JSON array of {stream_name, time, data}."""
    try:
        return [entry.get("data") or "" for entry in json.loads(log)]
    except (ValueError, AttributeError, TypeError):
        return log.splitlines(keepends=True)
