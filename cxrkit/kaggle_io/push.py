"""Send the kernel to Kaggle, once, and say truthfully how it is doing there."""

import inspect
import secrets
import tempfile
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from cxrkit import config
from cxrkit.errors import CxrkitError, RemoteRefusal, WrongUse
from cxrkit.files import read_json, write_json, write_text
from cxrkit.kaggle_io import bundle, client, metadata
from cxrkit.kaggle_io.output import Output
from cxrkit.progress import say

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


def push(settings, kaggle, root=bundle.ROOT, slug=None, resume=False, beside=False, run=True, accelerator=None):
    """Bundle the kit and send it as the signed-in user's kernel; return it as Pushed.

    slug: instead of the one in kernel-metadata.json; resume: attach the output of its last run, for the
    checkpoints in it; beside: push even while a version of it runs; run: False saves a version that does not run;
    accelerator: Kaggle's name of one, instead of that file's machine_shape. Nothing in the repository changes. Raises
    RemoteRefusal when Kaggle refuses it, or would run it without one of its sources, which are asked for first; BadInput,
    WrongUse as bundle does, and for a client that cannot save without running.
    """
    if not run and "no_run" not in inspect.signature(kaggle.api.kernels_push).parameters:
        raise WrongUse("This client of Kaggle's cannot save a version without running it.", next='pip install "kaggle>=2.2.5"')
    described, ref = metadata.named(metadata.read(root), kaggle.owner, slug), ref_of(kaggle, slug, root)
    run_id = settings.run_id or time.strftime("%Y%m%d-%H%M%S", time.gmtime()) + "-" + secrets.token_hex(2)
    results = settings.results or metadata.results_slug(metadata.slug_of(described))
    if resume:
        described["kernel_sources"] = [*dict.fromkeys([*described.get("kernel_sources", []), ref])]
    described |= {"machine_shape": accelerator} if accelerator else {}
    script = bundle.generate(replace(settings, run_id=run_id, results=results), root)
    if not settings.gpu:
        described = {key: value for key, value in described.items() if key != "machine_shape"} | {"enable_gpu": False}
    before = _status_or_none(kaggle, ref)
    if before in ("QUEUED", "RUNNING") and run and not beside:
        raise WrongUse(
            f"A version of the kernel is there already, {before}; a second one would use GPU hours too.",
            ref,
            f"take it up: python -m cxrkit wait {ref}; or push --beside",
        )
    if resume and before is None:
        raise WrongUse("There is no earlier run to go on from.", ref, "push without --resume")
    _refuse_absent(kaggle, described)
    described["code_file"] = "script.py"  # in the folder that is sent, wherever it lies here
    kept = {} if run else {"no_run": True}
    with tempfile.TemporaryDirectory(prefix="cxrkit-push-") as folder:
        write_json(Path(folder) / metadata.NAME, described)
        write_text(Path(folder) / described["code_file"], script)
        answer = kaggle.send(f"the push of {ref}", lambda: _taken(kaggle, ref, run_id), kaggle.api.kernels_push, folder, **kept)
    version = _accepted(answer, ref, kaggle) if answer is not None else on_kaggle(kaggle, ref)[0]
    named = _ref_in(answer) or ref
    return Pushed(named, version, run_id, bundle.identity(script)[0], before if named.lower() == ref.lower() else None)


def _refuse_absent(kaggle, described):
    """Raise RemoteRefusal for sources that Kaggle does not show us: it would take the push, and run it without them.

    The kit's own public source is not asked for: an answer to the push names it all the same, should it ever be gone.
    """
    from kagglesdk.datasets.types.dataset_api_service import ApiGetDatasetRequest
    from kagglesdk.kernels.types.kernels_api_service import ApiGetKernelRequest

    def dataset(ref):
        request = ApiGetDatasetRequest()
        request.owner_slug, request.dataset_slug = ref.split("/")[:2]
        return kaggle.datasets("get_dataset", request)

    def kernel(ref):
        return kaggle.plain("GetKernel", _about(ApiGetKernelRequest, "/".join(ref.split("/")[:2])))

    absent = []
    for kind, ask in (("dataset", dataset), ("kernel", kernel)):
        for ref in [ref for ref in described.get(f"{kind}_sources") or [] if ref not in metadata.DEFAULTS[f"{kind}_sources"]]:
            if ref.count("/") not in (1, 2) or _unless_absent(kaggle, f"the {kind} {ref}", partial(ask, ref)) is None:
                absent.append(f"{kind} {ref}")
    if absent:
        raise RemoteRefusal(
            f"Kaggle does not show you what is to be attached: {', '.join(absent)}. Nothing was pushed.",
            described["id"],
            f"correct the sources in {metadata.NAME}, or open them on kaggle.com once with your account",
        )


def settings_of_last(kaggle, ref):
    """The Settings of a kernel's last run, without its run id: those at the head of its source, with the experiment as run.json
    in its output has it, for that is what the checkpoints there belong to. Raises WrongUse where there is no such kernel."""
    source = on_kaggle(kaggle, ref)[1]
    if not source:
        raise WrongUse("There is no earlier run to go on from.", ref, "push without --resume")
    found = replace(bundle.settings_in(source), run_id="")
    try:
        with tempfile.TemporaryDirectory(prefix="cxrkit-run-") as folder:
            Output(kaggle, ref).fetch("results/run.json", Path(folder) / "run.json")
            ran = config.make(read_json(Path(folder) / "run.json", keys=("experiment",))["experiment"], {}, "run.json of the last run")
    except (CxrkitError, TypeError) as error:
        say(
            f"the options are those of the last version's source, for its output has no run.json to be used: {getattr(error, 'what', error)}"
        )
        return found
    known = found.experiment in config.names()
    name = found.experiment if known else ran.name if ran.name in config.names() else "paper"
    here = (*config.PLACES, "weights")  # run.json names no folders
    places = {key: found.overrides[key] for key in here if key in found.overrides}
    laid = {key: value for key, value in config.differing(ran, config.load(name)).items() if key not in here}
    told = {key: value for key, value in laid.items() if known and value != getattr(config.load(name, found.overrides), key)}
    if told:
        say(f"the last run was made with other options than its source shows now; its own are used: {told}")
    return replace(found, experiment=name, overrides={**laid, **places})


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


def status(kaggle, ref, version=0):
    """The kernel's Status. Raises RemoteRefusal, also where there is no such kernel.

    version: the one that is meant, where Kaggle's client can name it (kagglesdk of 2.2.5); else, and where the server
    does not take that, the newest.
    """
    from kagglesdk.kernels.types.kernels_api_service import ApiGetKernelSessionStatusRequest

    request = _about(ApiGetKernelSessionStatusRequest, ref)
    if version and hasattr(request, "version_label"):
        request.version_label = f"v{version}"
    try:
        answer = kaggle.ask(f"the status of {ref}", kaggle.plain, "GetKernelSessionStatus", request)
    except RemoteRefusal as refusal:
        if not version or refusal.code not in (400, 404):
            raise
        return status(kaggle, ref)
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
