"""Pages kept on disk by their address, so that nothing is asked for twice."""

import gzip
import hashlib
import json
import zlib
from dataclasses import dataclass
from pathlib import Path

from cxrkit.files import replacing


@dataclass(frozen=True)
class Answer:
    """What a server said. fetched_at: seconds since 1970; cached: whether no byte of it came just now."""

    url: str
    status: int
    headers: dict
    body: bytes
    fetched_at: float
    cached: bool = False

    @property
    def content_type(self):
        return self.headers.get("content-type", "")


class Cache:
    """One gzip file a page: a line of JSON with what the server said, then the page."""

    KEPT_HEADERS = ("etag", "last-modified", "content-type")

    def __init__(self, folder):
        self.folder = Path(folder)

    def path(self, url):
        return self.folder / f"{hashlib.sha256(url.encode()).hexdigest()[:40]}.gz"

    def get(self, url):
        """The kept answer, or None; a damaged file counts as none."""
        try:
            head, _, body = gzip.decompress(self.path(url).read_bytes()).partition(b"\n")
            kept = json.loads(head)
            return Answer(kept["url"], kept["status"], kept["headers"], body, kept["fetched_at"], cached=True)
        except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError):
            return None

    def put(self, asked, answer):
        """Keep an answer under the address that was asked for."""
        headers = {name: answer.headers[name] for name in self.KEPT_HEADERS if name in answer.headers}
        head = json.dumps({"url": answer.url, "status": answer.status, "headers": headers, "fetched_at": answer.fetched_at})
        with replacing(self.path(asked)) as temporary:
            temporary.write_bytes(gzip.compress(head.encode() + b"\n" + answer.body, mtime=0))

    def last_request(self, host):
        """When a host was last asked, by this or an earlier run; 0.0 for never."""
        try:
            return float(self._last(host).read_text())
        except (OSError, ValueError):
            return 0.0

    def note_request(self, host, when):
        with replacing(self._last(host)) as temporary:
            temporary.write_text(repr(when))

    def _last(self, host):
        return self.folder / f"last-request-{hashlib.sha256(host.encode()).hexdigest()[:16]}"
