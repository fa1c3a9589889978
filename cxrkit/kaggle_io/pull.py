"""Results down from Kaggle, each file compared with the checksums that the run wrote."""

import os
import shutil
import tempfile
from pathlib import Path, PurePosixPath

from cxrkit.errors import BadInput, Interrupted, RemoteRefusal
from cxrkit.files import read_json, replacing, write_text
from cxrkit.kaggle_io import bundle, client, push
from cxrkit.kaggle_io.publish import FOLDER, is_inside, verify
from cxrkit.progress import MB, Meter, aloud, say

CHUNK_BYTES = 1 << 20
TIMEOUT_SECONDS = 60


def pull(kaggle, ref, out, expected=None):
    """Fetch the results of a kernel's newest run into out/RUN-ID; return that folder.

    expected: (source_sha256, run_id) the results must carry; else those of the source that Kaggle shows for
    the kernel. Everything is fetched anew into a temporary folder beside it, compared with checksums.json,
    and moved into place only when it is whole; the kernel's log comes along as kernel.log.

    Raises Interrupted while the kernel runs, RemoteRefusal when a file cannot be had, BadInput when the
    results are not whole or are another run's.
    """
    now = push.status(kaggle, ref)
    if now.value in push.RUNNING:
        raise Interrupted(f"The kernel has not ended: {now}.", ref, "run the same command again when it has")
    expected = expected or bundle.identity(push.on_kaggle(kaggle, ref)[1])
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".pull-", dir=out) as fresh:
        fresh = Path(fresh) / "run"
        log = _fetch(kaggle, ref, fresh, now)
        verify(fresh / FOLDER)
        found = _identity_of(fresh / FOLDER)
        _compare_runs(ref, found, expected)
        write_text(fresh / "kernel.log", "".join(push.entries(log)))
        target = out / found[1]
        if target.exists():
            shutil.rmtree(target)
        os.replace(fresh, target)
    if not log:
        say("Kaggle has no log of this run.")
    return target


def _identity_of(folder):
    identity = read_json(folder / "run.json").get("bundle") or {}
    source, run_id = identity.get("source_sha256", ""), identity.get("run_id", "")
    if not run_id or PurePosixPath(run_id).name != run_id or run_id.startswith("."):
        raise BadInput(f"The results carry no usable run id: {run_id!r}.", folder / "run.json", "push the kit's own script")
    return source, run_id


def _compare_runs(ref, found, expected):
    """Raise BadInput when results are another run's: Kaggle may still show those of the version before."""
    for name, have, want in zip(("source", "run"), found, expected):
        if want and have != want:
            raise BadInput(
                f"These are the results of another {name}: {have[:16]} instead of {want[:16]}.",
                ref,
                "Kaggle may still show the version before: look at python -m cxrkit status, then run the same command again",
            )


def _fetch(kaggle, ref, folder, status):
    """Fetch the files below results/ of a kernel's output into `folder`; return its log."""
    found, log = output_of(kaggle, ref)
    wanted = {name: url for name, url in found.items() if name.startswith(FOLDER + "/")}
    outside = [name for name in wanted if not is_inside(name)]
    if outside:
        raise BadInput(f"The output names a file outside its folder: {outside[0]!r}.", ref, "do not trust this kernel")
    sums = f"{FOLDER}/checksums.json"
    if sums not in wanted:
        raise BadInput(
            f"The kernel's output holds no whole results: {len(found)} files, status {status}.",
            ref,
            "read its log: python -m cxrkit status --log",
        )
    with Meter("fetching results", unit="MB", tell=aloud()) as meter:
        for name in sorted(wanted, key=lambda name: name != sums):  # which says how much there is
            kaggle.ask(f"the file {name}", _download, name, wanted[name], folder / name, lambda count: meter.advance(count / MB))
            if name == sums:
                meter.total = _bytes_listed(folder / name) / MB
    return log


def _bytes_listed(path):
    """How many bytes the files of a checksums.json have; 0 where it cannot be read, which `verify` tells."""
    try:
        return path.stat().st_size + sum(expected["bytes"] for expected in read_json(path).values())
    except (BadInput, OSError, ValueError, TypeError, KeyError, AttributeError):
        return 0


def output_of(kaggle, ref):
    """({name: URL}, log) of the output of a kernel's newest run, all pages."""
    from kagglesdk.kernels.types.kernels_api_service import ApiListKernelSessionOutputRequest

    request = ApiListKernelSessionOutputRequest()
    request.user_name, request.kernel_slug = ref.split("/")
    request.page_size = 200
    files, log = {}, ""
    while True:
        page = kaggle.ask(f"the output of {ref}", kaggle.kernels, "list_kernel_session_output", request)
        files |= {file.file_name: file.url for file in page.files or []}
        log = log or page.log or ""
        if not page.next_page_token:
            return files, log
        request.page_token = page.next_page_token


def _download(name, url, path, arrived):
    """Fetch one file; an error page is not a file. The address is a key by itself, so it is never shown.

    arrived: function of how many bytes more are there.
    """
    import requests

    with requests.get(url, stream=True, timeout=TIMEOUT_SECONDS) as answer:
        if 400 <= answer.status_code < 500 and answer.status_code != 429:
            said = client.words_of(answer)
            raise RemoteRefusal(f"Kaggle does not hand out a file: {said}", name, "run the same command again: the files' addresses expire")
        answer.raise_for_status()
        if url.startswith("https:") and not answer.url.startswith("https:"):
            raise requests.RequestException("the download was led away from https")
        with replacing(path) as temporary, open(temporary, "wb") as file:
            for chunk in answer.iter_content(CHUNK_BYTES):
                file.write(chunk)
                arrived(len(chunk))
            wanted = answer.headers.get("Content-Length")
            if wanted and "Content-Encoding" not in answer.headers and file.tell() != int(wanted):
                raise requests.ConnectionError(f"the download ended at {file.tell()} of {wanted} bytes")
