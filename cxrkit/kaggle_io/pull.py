"""Results down from Kaggle and up to it, each file compared with the checksums that the run wrote."""

import os
import shutil
import tempfile
from pathlib import Path, PurePosixPath

from cxrkit.errors import BadInput, Interrupted, RemoteRefusal
from cxrkit.files import read_json, replacing, sha256_of, write_text
from cxrkit.kaggle_io import bundle, client, datasets, push
from cxrkit.progress import MB, Meter, aloud, say

FOLDER = "results"
LICENCE = "other"
CHUNK_BYTES = 1 << 20
TIMEOUT_SECONDS = 60


def verify(folder):
    """The content of folder/checksums.json, once every file it names is there with that size and SHA-256.

    Raises BadInput, naming the files that are missing or other.
    """
    folder = Path(folder)
    try:
        listed = read_json(folder / "checksums.json")
    except (OSError, ValueError) as error:
        raise BadInput(
            f"The results have no readable checksums.json: {error}", folder, "name the results folder of a finished run"
        ) from error
    wrong = []
    with Meter(f"comparing {folder.name} with its checksums", sum(expected["bytes"] for expected in listed.values()) / MB, "MB") as meter:
        for name, expected in listed.items():
            path = folder / name
            if not is_inside(name) or not path.is_file():
                wrong.append(f"{name} is missing")
            elif path.stat().st_size != expected["bytes"]:
                wrong.append(f"{name} has {path.stat().st_size} bytes instead of {expected['bytes']}")
            elif sha256_of(path) != expected["sha256"]:
                wrong.append(f"{name} has another SHA-256")
            else:
                meter.advance(expected["bytes"] / MB)
    if wrong or not listed:
        shown = "\n".join(f"  - {line}" for line in wrong[:10]) or "  - it names no file"
        raise BadInput(f"The results are not whole:\n{shown}", folder, "fetch or make them again")
    return listed


def is_inside(name):
    """Whether a relative name from elsewhere stays below its folder."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\\" not in name and ":" not in path.parts[0]


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


def publish(folder, slug, private=True, kaggle=None):
    """Send a results folder to Kaggle as the dataset `slug`; return its DatasetVersion.

    Raises BadInput when the folder is not whole, and what datasets.upload_dataset raises.
    """
    verify(folder)
    run = read_json(Path(folder) / "run.json")
    run_id = (run.get("bundle") or {}).get("run_id") or "of a local run"
    name, experiment, manifest = run["experiment"]["name"], run["experiment_sha256"][:12], run["manifest_sha256"][:12]
    notes = f"cxrkit results {run_id}, experiment {name} {experiment}, manifest {manifest}"
    return datasets.upload_dataset(folder, slug, slug.rpartition("/")[2], LICENCE, notes, private, kaggle)
