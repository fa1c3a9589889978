"""The files of a kernel's output: listed by Kaggle, fetched one by one, each kept until it is whole."""

import hashlib
import os
from pathlib import PurePosixPath

from cxrkit.errors import BadInput, RemoteRefusal
from cxrkit.files import checksum
from cxrkit.kaggle_io import client
from cxrkit.kaggle_io.publish import is_inside
from cxrkit.progress import MB

CHUNK_BYTES = 1 << 20
TRIES = 3
"""How often a file that arrives otherwise than its checksum says is asked for again."""
PAGES = 1000
PART = ".part"
LONGEST_NAME = 255
"""Bytes."""


class Output:
    """What Kaggle lists of a kernel's newest run. files: {name: address}, each a key by itself and good for minutes; log: its text as JSON."""

    def __init__(self, kaggle, ref):
        self.kaggle, self.ref = kaggle, ref
        self.renew()

    def renew(self):
        """Ask for the list, all pages, with new addresses. Raises RemoteRefusal."""
        from kagglesdk.kernels.types.kernels_api_service import ApiListKernelSessionOutputRequest

        request = ApiListKernelSessionOutputRequest()
        request.user_name, request.kernel_slug = self.ref.split("/")
        request.page_size = 200
        self.files, self.log, tokens = {}, "", set()
        while True:
            page = self.kaggle.ask(f"the output of {self.ref}", self.kaggle.plain, "ListKernelSessionOutput", request)
            for file in page.get("files") or []:
                name, url = (file.get(key) for key in ("fileName", "url")) if isinstance(file, dict) else (None, None)
                if isinstance(name, str) and isinstance(url, str) and not name.endswith("/"):
                    self.files[name] = url
            self.log = self.log or page.get("log") or ""
            token = page.get("nextPageToken")
            if not token:
                return
            if token in tokens or len(tokens) > PAGES:
                raise RemoteRefusal("Kaggle's list of the output does not end: it names the same page again.", self.ref, client.TRY_LATER)
            tokens.add(token)
            request.page_token = token

    def below(self, folder):
        """The names below a folder of the output. Raises BadInput for one that would leave it."""
        names = [name for name in self.files if name.startswith(folder + "/")]
        outside = [name for name in names if not is_inside(name)]
        if outside:
            raise BadInput(f"The output names a file outside its folder: {outside[0]!r}.", self.ref, "do not trust this kernel")
        return sorted(names)

    def fetch(self, name, path, expected=None, arrived=lambda count: None):
        """Fetch a file to `path`, unless what is there is whole; what was cut is gone on with.

        expected: its {sha256, bytes}; None where they are not known, and the file is then fetched anew.
        arrived: function of how many bytes more are there. Raises RemoteRefusal, BadInput where it is not as expected.
        """
        if any(len(os.fsencode(each)) > LONGEST_NAME for each in PurePosixPath(name).parts):
            raise BadInput(f"The output has a file whose name is too long for a disk: {name[:40]}...", self.ref, "do not trust this kernel")
        if expected and path.is_file() and checksum(path) == expected:
            arrived(expected["bytes"])
            return
        path.unlink(missing_ok=True)
        part = path.with_name(f".{hashlib.sha256(path.name.encode()).hexdigest()[:32]}{PART}")
        if not expected:
            part.unlink(missing_ok=True)
        for _ in range(TRIES):
            self._fetch_once(name, part, arrived)
            if not expected or checksum(part) == expected:
                os.replace(part, path)
                return
            found = part.stat().st_size
            part.unlink()
        size = f"{found} bytes instead of {expected['bytes']}" if found != expected["bytes"] else "another SHA-256"
        raise BadInput(f"{name} arrived {TRIES} times with {size}.", self.ref, "run the same command again; what arrived whole is kept")

    def _fetch_once(self, name, part, arrived):
        for renewed in (False, True):
            if name not in self.files:
                raise BadInput(f"{name} is missing from the kernel's output.", self.ref, "look at the output on the kernel's page")
            try:
                return self.kaggle.ask(f"the file {name}", download, name, self.files[name], part, arrived)
            except RemoteRefusal:
                if renewed:
                    raise
                self.renew()  # its address may have expired


def download(name, url, part, arrived, tag=""):
    """Fetch one file, going on from what `part` holds; an error page is not a file. The address is never shown.

    tag: what the server called the state of the file (ETag) of which `part` holds the beginning; of another one all is sent.
    """
    import requests

    part.parent.mkdir(parents=True, exist_ok=True)
    there = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={there}-", **({"If-Range": tag} if tag else {})} if there else {}
    with requests.get(url, stream=True, timeout=client.LIMITS, headers=headers) as answer:
        if answer.status_code == 416:  # there is nothing after what we have, or it is another file
            part.unlink()
            raise requests.ConnectionError("what was there of the file does not fit")
        if 400 <= answer.status_code < 500 and answer.status_code != 429:
            said = client.words_of(answer)
            raise RemoteRefusal(f"Kaggle does not hand out a file: {said}", name, "run the same command again: the files' addresses expire")
        answer.raise_for_status()
        if url.startswith("https:") and not answer.url.startswith("https:"):
            raise requests.RequestException("the download was led away from https")
        goes_on = answer.status_code == 206 and there
        with open(part, "ab" if goes_on else "wb") as file:
            began = file.tell()
            for chunk in answer.iter_content(CHUNK_BYTES):
                file.write(chunk)
                arrived(len(chunk))
            wanted = answer.headers.get("Content-Length", "")
            if wanted.isdigit() and "Content-Encoding" not in answer.headers and file.tell() - began != int(wanted):
                raise requests.ConnectionError(f"the download ended at {file.tell() - began} of {wanted} bytes")


def meter_step(meter):
    """A function of bytes that moves a Meter of MB."""
    return lambda count: meter.advance(count / MB)
