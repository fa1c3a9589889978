"""The demo's server: a page, what the run says of itself, and an answer to each upload, on this machine alone.

The standard library's server is enough for one person's page. It answers on 127.0.0.1 only, and only to a browser that was
sent there: the Host must be its own, so that no name which a stranger pointed at this machine is served (DNS rebinding), and
an upload must come from its own page (Origin, and a header that no form of another page can send). Nothing of a film is kept,
written or logged; its name never leaves the browser.
"""

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any

from cxrkit.demo.answering import Demo
from cxrkit.errors import CxrkitError, UnreadableImage, WrongUse
from cxrkit.progress import say

ADDRESS = "127.0.0.1"
LARGEST_UPLOAD = 80_000_000
"""Bytes."""
PIECE = 65536
AT_ONCE, ARRIVING = 4, 12
"""Films that may be decoded or waiting at a time, and uploads that may be on their way; another is told to come again.

An upload on its way holds no film's place, so that some which stand still do not keep out those that arrive."""
SILENCE, PATIENCE = 10.0, 60.0
"""Seconds that an upload may stand still, and that it may take in all: 80 MB from a slow disk take 20."""
FILES = {"/": ("page.html", "text/html"), "/page.css": ("page.css", "text/css"), "/page.js": ("page.js", "text/javascript")}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def hosts(port: int) -> set[str]:
    """What a browser that was sent here says in Host; it leaves 80 out, as that is http's own port."""
    return {name + (f":{port}" if port != 80 else "") for name in (ADDRESS, "localhost")}


def require_free(port: int) -> None:
    """Raise WrongUse where the page could not be served at this port, before anything is read for it."""
    with socket.socket() as probe:
        try:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(Server.allow_reuse_address))
            probe.bind((ADDRESS, port))
            probe.listen()
        except (OSError, OverflowError) as error:
            raise _refused(port, error) from error


def _refused(port: int, error: Exception) -> WrongUse:
    reason = getattr(error, "strerror", None) or str(error).removeprefix("bind(): ").rstrip(".")
    return WrongUse(f"The page cannot be served: {reason}.", f"port {port}", "name another one with --port")


@contextlib.contextmanager
def _place(places: threading.Semaphore) -> Iterator[None]:
    """One of the places for as long as the block takes. Raises BlockingIOError where none is free."""
    if not places.acquire(blocking=False):
        raise BlockingIOError
    try:
        yield
    finally:
        places.release()


class Server(ThreadingHTTPServer):
    """The demo of a run at a port; 0 takes a free one."""

    daemon_threads = True
    allow_reuse_address = os.name != "nt"  # where it would let two servers have one port

    def __init__(self, demo: Demo, port: int = 0):
        self.demo = demo
        self.places, self.arriving = threading.BoundedSemaphore(AT_ONCE), threading.BoundedSemaphore(ARRIVING)
        try:
            super().__init__((ADDRESS, port), Handler)
        except (OSError, OverflowError) as error:
            raise _refused(port, error) from error
        self.hosts = hosts(self.server_port)

    @property
    def address(self) -> str:
        return f"http://{ADDRESS}:{self.server_port}/"

    def shutdown_request(self, request: Any) -> None:
        """Read what is left of a refused upload: a connection that is closed before is reset, and the browser never sees the reason."""
        ends = time.monotonic() + SILENCE
        with contextlib.suppress(OSError):
            request.shutdown(socket.SHUT_WR)
            request.settimeout(2)
            while request.recv(PIECE) and time.monotonic() < ends:
                pass
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away in the middle is no error worth a word."""


class Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = 60
    """Seconds that a browser may be silent."""
    server_version, sys_version, default_request_version = "cxrkit", "", "HTTP/1.0"

    def do_GET(self) -> None:
        if not self._from_here():
            return
        if self.path in FILES:
            name, kind = FILES[self.path]
            self._send(HTTPStatus.OK, (resources.files("cxrkit.demo") / name).read_bytes(), kind)
        elif self.path == "/run.json":
            self._send_json(HTTPStatus.OK, asdict(self.server.demo.facts) | {"largest_upload": LARGEST_UPLOAD})
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such page")

    def do_POST(self) -> None:
        if not self._from_here() or not self._from_own_page():
            return
        if self.path != "/film":
            return self._refuse(HTTPStatus.NOT_FOUND, "there is no such page")
        told = self.headers.get("Content-Length", "")
        if not (told.isascii() and told.isdigit()):
            return self._refuse(HTTPStatus.LENGTH_REQUIRED, "an upload says how long it is")
        if len(told) > 12 or int(told) > LARGEST_UPLOAD:
            return self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"it is larger than {LARGEST_UPLOAD // 10**6} MB")
        try:
            with _place(self.server.arriving):
                content = self._body(int(told))
            if len(content) < int(told):
                return self._refuse(HTTPStatus.BAD_REQUEST, "the upload broke off")
            with _place(self.server.places):
                status, value = self._asked(content)
        except BlockingIOError:
            return self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "other films are being read: try again in a moment")
        except TimeoutError:
            return self._refuse(HTTPStatus.REQUEST_TIMEOUT, "the upload stood still, or took too long")
        self._send_json(status, value)

    def _body(self, length: int) -> bytes:
        """The upload, shorter where it broke off. Raises TimeoutError where it stands still or takes too long."""
        content, ends = bytearray(), time.monotonic() + PATIENCE
        while len(content) < length:
            left = ends - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.connection.settimeout(min(left, SILENCE))
            piece = self.rfile.read1(min(PIECE, length - len(content)))
            if not piece:
                break
            content += piece
        self.connection.settimeout(self.timeout)
        return bytes(content)

    def _asked(self, content: bytes) -> tuple[HTTPStatus, dict[str, Any]]:
        try:
            return HTTPStatus.OK, asdict(self.server.demo.film(content))
        except UnreadableImage as error:
            return HTTPStatus.UNPROCESSABLE_ENTITY, {"reason": f"{error.what} ({error.next})" if error.next else str(error.what)}
        except CxrkitError as error:
            return HTTPStatus.INTERNAL_SERVER_ERROR, {"reason": str(error.what)}
        except Exception as error:  # whatever a film does to a network: the page says so, and goes on with the next
            return HTTPStatus.INTERNAL_SERVER_ERROR, {"reason": f"the networks could not be asked: {type(error).__name__}"}

    def _from_here(self) -> bool:
        if self.headers.get("Host", "").lower() in self.server.hosts:
            return True
        self._refuse(HTTPStatus.FORBIDDEN, f"this page is served as {self.server.address} alone")
        return False

    def _from_own_page(self) -> bool:
        origin, site = self.headers.get("Origin"), self.headers.get("Sec-Fetch-Site", "same-origin")
        own = origin == f"http://{self.headers['Host'].lower()}"
        if own and site == "same-origin" and self.headers.get("X-Film") == "1":
            return True
        self._refuse(HTTPStatus.FORBIDDEN, "films are taken from this page alone")
        return False

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        self._send_json(status, {"reason": reason})

    def _send_json(self, status: HTTPStatus, value: dict[str, Any]) -> None:
        self._send(status, json.dumps(value, ensure_ascii=False).encode(), "application/json")

    def _send(self, status: HTTPStatus, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library refuses by itself (methods, broken requests), with the headers of all else."""
        self._refuse(HTTPStatus(code), message or HTTPStatus(code).phrase)

    def log_message(self, *_: Any) -> None:
        """Nothing: what is asked here is nobody's business."""


def serve(demo: Demo, port: int, opened: bool) -> None:
    """Serve until Ctrl-C. opened: whether to open the page in the user's browser. Raises WrongUse for a port that is taken."""
    with Server(demo, port) as server:
        say(f"Research use only. The demo is at {server.address} until Ctrl-C; films stay on this machine, and none is kept.")
        if opened:
            import webbrowser

            webbrowser.open(server.address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("The demo has ended.")
