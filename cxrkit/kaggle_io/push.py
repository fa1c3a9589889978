"""Send the kernel to Kaggle, once, and say truthfully how it is doing there."""

import secrets
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from cxrkit.errors import RemoteRefusal, WrongUse
from cxrkit.files import write_json, write_text
from cxrkit.kaggle_io import bundle, client, metadata

RUNNING = ("QUEUED", "RUNNING", "NEW_SCRIPT", "CANCEL_REQUESTED")
ENDED = ("COMPLETE", "ERROR", "CANCEL_ACKNOWLEDGED")
UNKNOWN = "UNKNOWN"
"""Kaggle named no status, or one that is in neither list; the Status's message holds it."""
LOOKS = (0, 10, 20, 30, 60)
"""Seconds before each look for a push whose answer was lost: what Kaggle shows lags behind what it took."""


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


def push(settings, kaggle, root=bundle.ROOT, slug=None, resume=False, beside=False):
    """Bundle the kit and send it as the signed-in user's kernel; return it as Pushed.

    slug: instead of the one in kernel-metadata.json; resume: attach the output of its last run, for the
    checkpoints in it; beside: push even while a version of it runs. Nothing in the repository changes. Raises RemoteRefusal
    when Kaggle refuses it, or would run it without one of its sources; BadInput, WrongUse as bundle does.
    """
    described, ref = metadata.named(metadata.read(root), kaggle.owner, slug), ref_of(kaggle, slug, root)
    run_id = settings.run_id or time.strftime("%Y%m%d-%H%M%S", time.gmtime()) + "-" + secrets.token_hex(2)
    results = settings.results or metadata.results_slug(metadata.slug_of(described))
    if resume:
        described["kernel_sources"] = [*described.get("kernel_sources", []), ref]
    script = bundle.generate(replace(settings, run_id=run_id, results=results), root)
    if not settings.gpu:
        described = {key: value for key, value in described.items() if key != "machine_shape"} | {"enable_gpu": False}
    before = _status_or_none(kaggle, ref)
    if before in ("QUEUED", "RUNNING") and not beside:
        raise WrongUse(
            f"A version of the kernel is there already, {before}; a second one would use GPU hours too.",
            ref,
            f"take it up: python -m cxrkit wait {ref}; or push --beside",
        )
    if resume and before is None:
        raise WrongUse("There is no earlier run to go on from.", ref, "push without --resume")
    described["code_file"] = "script.py"  # in the folder that is sent, wherever it lies here
    with tempfile.TemporaryDirectory(prefix="cxrkit-push-") as folder:
        write_json(Path(folder) / metadata.NAME, described)
        write_text(Path(folder) / described["code_file"], script)
        answer = kaggle.send(f"the push of {ref}", lambda: _taken(kaggle, ref, run_id), kaggle.api.kernels_push, folder)
    version = _accepted(answer, ref, kaggle) if answer is not None else on_kaggle(kaggle, ref)[0]
    named = _ref_in(answer) or ref
    return Pushed(named, version, run_id, bundle.identity(script)[0], before if named.lower() == ref.lower() else None)


def ref_of(kaggle, slug=None, root=bundle.ROOT):
    """owner/name of the kernel that a push would send. Raises WrongUse, BadInput."""
    return metadata.named(metadata.read(root), kaggle.owner, slug)["id"]


def _ref_in(answer):
    """owner/name of the kernel by the server's own word, which may be another than was asked for; None where it says none."""
    parts = (getattr(answer, "ref", "") or "").strip("/").split("/")[-2:]
    return "/".join(parts) if len(parts) == 2 and all(parts) else None


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

    answer = _unless_absent(kaggle, f"the kernel {ref}", lambda: kaggle.plain("GetKernel", _about(ApiGetKernelRequest, ref)))
    metadata, blob = ((answer or {}).get(key) for key in ("metadata", "blob"))
    number = metadata.get("currentVersionNumber") if isinstance(metadata, dict) else 0
    source = blob.get("source") if isinstance(blob, dict) else ""
    return (number if isinstance(number, int) else 0), (source if isinstance(source, str) else "")


def _about(kind, ref):
    request = kind()
    request.user_name, request.kernel_slug = ref.split("/")
    return request


def _taken(kaggle, ref, run_id):
    """Whether Kaggle took a push whose answer was lost: the run id in its source tells. Raises RemoteRefusal."""
    for seconds in LOOKS:
        kaggle.sleep(seconds)
        try:
            if bundle.identity(on_kaggle(kaggle, ref)[1])[1] == run_id:
                return True
        except RemoteRefusal as refusal:
            raise RemoteRefusal(
                f"Kaggle's answer to the push was lost, and it does not say whether it took it: {refusal.what}",
                ref,
                f"see first whether run {run_id} is there: python -m cxrkit wait {ref}; push again only if it is not",
            ) from None
    return False


def status(kaggle, ref):
    """The kernel's Status. Raises RemoteRefusal, also where there is no such kernel."""
    from kagglesdk.kernels.types.kernels_api_service import ApiGetKernelSessionStatusRequest

    request = _about(ApiGetKernelSessionStatusRequest, ref)
    answer = kaggle.ask(f"the status of {ref}", kaggle.plain, "GetKernelSessionStatus", request)
    value, message = answer.get("status"), kaggle.hide(str(answer.get("failureMessage") or ""))
    if value not in (*RUNNING, *ENDED):
        return Status(UNKNOWN, f"Kaggle says {kaggle.hide(str(value))[:40]!r}" if value else "Kaggle says no status")
    return Status(value, message)


def gpu_quota(kaggle):
    """(hours used, hours allowed) of this week's GPU quota, or None where the client (before 2.2) or Kaggle does not tell."""
    if not hasattr(kaggle.api, "quota_view"):
        return None
    try:
        quota = kaggle.ask("the GPU quota", kaggle.api.quota_view).gpu_quota
        used, allowed = ((time.total_seconds() / 3600 if time else 0.0) for time in (quota.time_used, quota.total_time_allowed))
    except (RemoteRefusal, AttributeError):
        return None
    return (used, allowed) if allowed else None


def _status_or_none(kaggle, ref):
    try:
        return status(kaggle, ref).value
    except RemoteRefusal as refusal:
        if refusal.code in (403, 404):
            return None
        raise


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
