"""A folder as a Kaggle dataset: created or versioned, then compared with what Kaggle lists of it."""

import os
import re
import shutil
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cxrkit.errors import BadInput, Interrupted, RemoteRefusal, WrongUse
from cxrkit.files import PARTIAL, PRIVATE, sha256_of, write_json
from cxrkit.kaggle_io import client
from cxrkit.progress import MB, Meter, aloud, say

POLL_SECONDS = 10
PATIENCE_SECONDS = 30 * 60
"""How long Kaggle may process a version before we stop waiting."""
SAID_EVERY_SECONDS = 30
LOOKS = 12
"""How often a list of files that differs is asked for: it may lag by more than half a minute."""
ARCHIVES = (".zip", ".gz", ".tar", ".tgz", ".bz2", ".7z", ".xz")
"""Kaggle unpacks these by itself, and what it then lists is something else."""
NEVER_SENT = re.compile(r"(dataset|kernel|model|model-instance)-metadata\.json|datapackage\.json|dataset-cover-image\.\w+")
"""Names that the client keeps for itself in the folder it sends."""


@dataclass(frozen=True)
class DatasetVersion:
    """A version of a dataset that Kaggle lists as it was sent."""

    ref: str
    version: int
    files: int
    bytes: int

    @property
    def url(self):
        return f"https://www.kaggle.com/datasets/{self.ref}/versions/{self.version}"


def upload_dataset(folder, slug, title, licence, notes, private=True, kaggle=None):
    """Send a folder to Kaggle as the dataset `slug`, a new one or the next version; return its DatasetVersion.

    slug: `name` or `owner/name`; title: 6 to 50 characters; licence: a name of Kaggle's, e.g. "CC0-1.0" or
    "other"; notes: what changed; kaggle: a client.Kaggle, else one is made from the user's credentials.
    A version is a full snapshot: files that are not in the folder are not in it. Files and folders whose
    names begin with a dot, and metadata files of Kaggle's client, are left out and named. Returns only after Kaggle has processed the version and
    lists every file with its size.

    Raises BadInput for a folder that cannot be sent whole, WrongUse for a bad name or no credentials,
    RemoteRefusal when Kaggle says no or lists something else than was sent, Interrupted when it takes too long.
    """
    _check_names(slug, title)
    files, left_out = sendable(folder)
    kaggle = kaggle or client.connect()
    ref = slug if "/" in slug else f"{kaggle.owner}/{slug}"
    for name in left_out:
        say(f"left out of the dataset: {name}")
    total = sum(path.stat().st_size for path in files.values())
    before = current_version(kaggle, ref)
    if before:
        wait_until_ready(kaggle, ref, before, failed_too=True)
    say(f"sending {len(files)} files, {total / MB:.1f} MB, as {'version ' + str(before + 1) if before else 'the first version'} of {ref}")
    with _staged(files, {"id": ref, "title": title, "licenses": [{"name": licence}]}) as staged, _counted(kaggle.api, total):

        def taken():
            return current_version(kaggle, ref) > before

        usual = {"quiet": True, "dir_mode": "zip"}
        if before:
            answer = kaggle.send(f"a new version of {ref}", taken, kaggle.api.dataset_create_version, staged, notes, **usual)
        else:
            answer = kaggle.send(f"the dataset {ref}", taken, kaggle.api.dataset_create_new, staged, public=not private, **usual)
    if answer is not None and str(answer.status).lower() != "ok":
        raise RemoteRefusal(f"Kaggle did not take the dataset: {kaggle.hide(str(answer.error))}", ref, "correct what the server names")
    version = wait_until_ready(kaggle, ref, before + 1)
    _compare(kaggle, ref, version, {name: path.stat().st_size for name, path in files.items()})
    return DatasetVersion(ref, version, len(files), total)


def sendable(folder):
    """({relative name: path} to send, [names left out]) of a folder. Raises BadInput."""
    folder = Path(folder)
    files, left_out = {}, set()
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        hidden = next((i for i, part in enumerate(parts) if part.startswith(".")), None)
        if hidden is not None:
            left_out.add("/".join(parts[: hidden + 1]))
        elif len(parts) == 1 and NEVER_SENT.fullmatch(path.name):
            left_out.add(path.name)
        elif path.is_file() and not path.name.endswith(PARTIAL):
            files["/".join(parts)] = path
    private = [name for name in files if name.endswith(PRIVATE)]
    if private:
        raise BadInput(
            "The folder holds a private page, with films that may not be passed on.", folder / private[0], "move it out of the folder"
        )
    archives = [name for name in files if name.lower().endswith(ARCHIVES)]
    if archives:
        raise BadInput(f"Kaggle would unpack {archives[0]}, and what arrives could not be compared.", folder, "unpack it, or leave it out")
    if not files:
        raise BadInput("There is nothing to send.", folder, "name a folder with files")
    return files, sorted(left_out)


def current_version(kaggle, ref):
    """The number of the newest version; 0 where Kaggle knows no such dataset."""
    from kagglesdk.datasets.types.dataset_api_service import ApiGetDatasetRequest

    request = ApiGetDatasetRequest()
    request.owner_slug, request.dataset_slug = ref.split("/")

    def ask():
        try:
            return kaggle.datasets("get_dataset", request).current_version_number or 0
        except client.failures() as error:
            answer = client.response_of(error)
            if answer is not None and answer.status_code in (403, 404):
                return 0
            raise

    return kaggle.ask(f"the dataset {ref}", ask)


def wait_until_ready(kaggle, ref, version, failed_too=False):
    """Wait until Kaggle has processed `version` of a dataset; return the number of its newest version.

    failed_too: whether a version that Kaggle could not process is one to go on after. A new version takes a while to
    show, and a state is the older one's until then; a new dataset is not there (403 or 404) for some seconds.
    """
    waited = 0
    while True:
        status = _state(kaggle, ref)
        newest = current_version(kaggle, ref)
        if newest >= version and (status == "ready" or failed_too and status == "failed"):
            return newest
        if newest >= version and status in ("failed", "deleted"):
            raise RemoteRefusal(
                f"Kaggle could not process version {version} of the dataset: it is {status}.",
                ref,
                "look at the dataset's page, then send it again",
            )
        if waited >= PATIENCE_SECONDS:
            raise Interrupted(
                f"Kaggle has not processed version {version} after {waited // 60} minutes; its state is {status or 'not told'}.",
                ref,
                "look at the dataset's page: what was sent is there; to send it once more run the same command again",
            )
        kaggle.sleep(POLL_SECONDS)
        waited += POLL_SECONDS
        if waited % SAID_EVERY_SECONDS == 0:
            say(f"Kaggle has been processing {ref} for {waited} s")


def _state(kaggle, ref):
    """The state of the newest version in Kaggle's word; empty where the dataset does not show yet, or the word is not known."""
    try:
        return kaggle.ask(f"the state of {ref}", kaggle.api.dataset_status, ref)
    except RemoteRefusal as refusal:
        if refusal.code in (403, 404) or refusal.shapeless:
            return ""
        raise


def listed_files(kaggle, ref):
    """[(name, bytes)] of the newest version, all pages."""
    found, token, tokens = [], None, set()
    while True:
        page = kaggle.ask(f"the files of {ref}", kaggle.api.dataset_list_files, ref, page_token=token, page_size=200)
        if page.error_message:
            raise RemoteRefusal(
                f"Kaggle does not list the dataset's files: {kaggle.hide(page.error_message)}", ref, "run the same command again"
            )
        found += [(file.name, file.total_bytes) for file in page.files or []]
        token = page.next_page_token
        if not token:
            return found
        if token in tokens:
            raise RemoteRefusal("Kaggle's list of the dataset's files does not end: it names the same page again.", ref, client.TRY_LATER)
        tokens.add(token)


def _compare(kaggle, ref, version, sent):
    """Raise RemoteRefusal unless Kaggle lists what was sent; a list may lag a little behind."""
    for _ in range(LOOKS):
        wrong = differences(sent, listed_files(kaggle, ref))
        if not wrong:
            return
        kaggle.sleep(POLL_SECONDS)
    shown = "\n".join(f"  - {line}" for line in wrong[:10])
    raise RemoteRefusal(
        f"Version {version} of the dataset is not what was sent; {len(wrong)} of its files are missing or other:\n{shown}",
        ref,
        "nothing is lost here: run the same command again, it makes a further version",
    )


def differences(sent, listed):
    """Lines on what differs between {name: bytes} and [(name, bytes)], which may hold a file of a folder by its bare name."""
    left, wrong = Counter(listed), []
    for name, size in sent.items():
        known_as = next((known for known in (name, name.rpartition("/")[2]) if left[known, size]), None)
        if known_as is None:
            wrong.append(f"{name}, {size} bytes")
        else:
            left[known_as, size] -= 1
    return wrong + [f"{name}, {size} bytes, which was not sent" for (name, size), count in left.items() if count]


def _check_names(slug, title):
    if not re.fullmatch(r"([A-Za-z0-9_-]+/)?[a-z0-9-]{6,50}", slug):
        raise WrongUse(f"{slug!r} is no name for a dataset.", next="use 6 to 50 of a-z, 0-9 and -, with OWNER/ before them or without")
    if not 6 <= len(title) <= 50:
        raise WrongUse(f"The dataset's title has {len(title)} characters.", title, "use 6 to 50")


@contextmanager
def _staged(files, metadata):
    """A folder that holds these files and the metadata, and nothing else that the client might send.

    It also keeps the client's record of half-done uploads, which holds addresses that are keys by themselves.
    """
    with tempfile.TemporaryDirectory(prefix="cxrkit-upload-") as folder:
        staged = Path(folder) / "dataset"
        staged.mkdir()
        for name, path in files.items():
            target = staged / name
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(path, target)
            except OSError:
                shutil.copyfile(path, target)
        write_json(staged / "dataset-metadata.json", metadata)
        usual, tempfile.tempdir = tempfile.tempdir, folder
        try:
            yield str(staged)
        finally:
            tempfile.tempdir = usual


@contextmanager
def _counted(api, total):
    """Progress over what the client sends, `total` bytes, file by file: its own would stand among what must not be shown.

    When the call is repeated, what was sent stays sent: the token of its upload is used again.
    """
    send, upload, tokens = api.upload_complete, api._upload_blob, {}
    with Meter("sending", total / MB, "MB", tell=aloud()) as meter:

        def counted(path, *arguments, **options):
            answer = send(path, *arguments, **options)
            meter.advance(os.path.getsize(path) / MB)
            return answer

        def once(path, *arguments, **options):
            file = os.path.basename(path), sha256_of(path)
            if file not in tokens and isinstance(token := upload(path, *arguments, **options), str):
                tokens[file] = token
            return tokens.get(file)

        api.upload_complete, api._upload_blob = counted, once
        try:
            yield
        finally:
            del api.upload_complete, api._upload_blob
