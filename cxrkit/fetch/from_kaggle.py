"""A Kaggle data set as its archive, through Kaggle's own client: one version of it, gone on with where it was cut, compared, unpacked.

Kaggle's client asks for the archive's address, with the limits on time of client.connect(); the archive itself is read here,
because the client's own download goes on only in newer versions. A signed address is a key by itself and is never shown.
"""

import base64
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cxrkit.errors import BadInput, RemoteRefusal
from cxrkit.fetch.folder import CHUNK, Folder
from cxrkit.files import read_json, write_json
from cxrkit.kaggle_io import client, output
from cxrkit.progress import MB, Meter, aloud, say

TRIES = 3
"""How often an archive that arrives otherwise than announced, or whose address expired, is asked for again."""


@dataclass(frozen=True)
class Offer:
    """What Kaggle says of a data set. bytes: of the newest version; None where it is not told."""

    ref: str
    title: str
    version: int
    bytes: int | None
    licence: str

    @property
    def url(self) -> str:
        return f"https://www.kaggle.com/datasets/{self.ref}"

    @property
    def origin(self) -> str:
        return f"kaggle:{self.ref} version {self.version}"


def offer(kaggle: client.Kaggle, ref: str) -> Offer:
    """What is to be had under OWNER/SLUG. Raises RemoteRefusal."""
    from kagglesdk.datasets.types.dataset_api_service import ApiGetDatasetRequest

    request = ApiGetDatasetRequest()
    request.owner_slug, request.dataset_slug = ref.split("/")
    told = kaggle.ask(f"the data set {ref}", kaggle.datasets, "get_dataset", request)
    if not told.current_version_number:
        raise RemoteRefusal(f"Kaggle tells no version of {ref}.", f"https://www.kaggle.com/datasets/{ref}", client.TRY_LATER)
    return Offer(ref, told.title or ref, told.current_version_number, told.total_bytes, told.license_name or "not told")


def fetch(kaggle: client.Kaggle, offered: Offer, folder: Folder) -> None:
    """Fetch and unpack the offered version into a folder. Raises RemoteRefusal, BadInput, Interrupted; what arrived is gone on with."""
    if folder.whole and all(folder.has(name) for name in folder.files):
        return say("The set is here already, whole, and as it was fetched; nothing was fetched.")
    archive = folder.work / "archive.zip"
    if not archive.is_file():
        _fetch_archive(kaggle, offered, folder, archive)
    folder.unpack(archive)
    folder.finish()


@dataclass(frozen=True)
class _Archive:
    """address: a key by itself; tag: what the server calls this state of the file; md5: in base64, as Google's store tells it."""

    address: str
    size: int | None
    tag: str
    md5: str


def _fetch_archive(kaggle: client.Kaggle, offered: Offer, folder: Folder, archive: Path) -> None:
    part, state = folder.work / "archive.part", folder.work / "archive.json"
    doing = f"the archive of {offered.ref}"
    for left in reversed(range(TRIES)):
        there = _asked(kaggle, offered, doing)
        begun = read_json(state, "The state of the download", keys=("tag",))["tag"] if state.is_file() else ""
        if not there.tag or begun != there.tag:
            part.unlink(missing_ok=True)  # what is here of it may be of another state of the file
        write_json(state, {"tag": there.tag})
        has = part.stat().st_size if part.exists() else 0
        folder.refuse_too_large((there.size or offered.bytes or 0) - has)
        try:
            if there.size is None or has != there.size:
                with Meter(f"fetching {offered.ref}", there.size / MB if there.size else None, "MB", tell=aloud()) as meter:
                    meter.advance(has / MB)
                    step = output.meter_step(meter)
                    kaggle.ask(doing, output.download, offered.ref, there.address, part, step, there.tag)
        except RemoteRefusal:
            if not left:
                raise
            continue  # its address may have expired
        if wrong := _difference(part, there):
            say(f"{offered.ref} arrived with {wrong}; it is asked for again")
            part.unlink()
            continue
        os.replace(part, archive)
        return
    raise BadInput(f"The archive arrived {TRIES} times otherwise than announced.", offered.url, "run the same command again later")


def _difference(part: Path, there: _Archive) -> str:
    """What of the archive is not as announced; empty where nothing is. Its members have checks of their own."""
    if there.size is not None and part.stat().st_size != there.size:
        return f"{part.stat().st_size:,} of {there.size:,} bytes"
    if there.md5:
        digest = hashlib.md5(usedforsecurity=False)
        with open(part, "rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        if base64.b64encode(digest.digest()).decode() != there.md5:
            return "another MD5"
    with open(part, "rb") as file:
        if file.read(2) != b"PK":
            return "something that is no archive"
    return ""


def _asked(kaggle: client.Kaggle, offered: Offer, doing: str) -> _Archive:
    """Where the archive lies now, asked of Kaggle. Raises RemoteRefusal, also where it leads away from https."""
    from kagglesdk.datasets.types.dataset_api_service import ApiDownloadDatasetRequest

    request = ApiDownloadDatasetRequest()
    request.owner_slug, request.dataset_slug = offered.ref.split("/")
    request.dataset_version_number = offered.version
    with kaggle.ask(doing, kaggle.datasets, "download_dataset", request) as answer:
        first = answer.history[0].url if answer.history else answer.url
        if not answer.history or "application/json" in answer.headers.get("Content-Type", ""):
            raise RemoteRefusal(f"Kaggle names no address of {doing}.", offered.url, client.TRY_LATER)
        if urlsplit(first).scheme == "https" and any(urlsplit(step.url).scheme != "https" for step in (*answer.history, answer)):
            raise RemoteRefusal(f"Kaggle led {doing} away from https.", offered.url, "see whether a proxy of your network stands between")
        length, hashes = answer.headers.get("Content-Length", ""), answer.headers.get("x-goog-hash", "")
        md5 = next((each.strip()[4:] for each in hashes.split(",") if each.strip().startswith("md5=")), "")
        return _Archive(answer.url, int(length) if length.isdigit() else None, answer.headers.get("ETag", ""), md5)
