"""A local web server for tests: pages in a dict, faults on demand, every request counted; and what browsers save."""

import datetime
import gzip
import hashlib
import io
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from PIL import Image

MONTH_AGO = str(datetime.date.today() - datetime.timedelta(30))
"""When the stand-ins gave their permission."""


class Page:
    """One answer. delay: seconds before it; drip: seconds between its bytes; cut: bytes that are really sent."""

    def __init__(self, body=b"", content_type="text/html; charset=utf-8", status=200, headers=None, delay=0, drip=0, cut=None):
        self.body = body.encode() if isinstance(body, str) else body
        self.content_type, self.status, self.headers = content_type, status, dict(headers or {})
        self.delay, self.drip, self.cut = delay, drip, cut


class Web:
    """A server; `with Web() as web:` starts and stops it.

    pages: {path with query: Page, or a function(web, path) that returns one}. faults: {path: [Page, ...]}, answers
    that come first, one for each request. requests: the requested paths in their order. headers: those of each request.
    """

    def __init__(self):
        self.pages, self.faults, self.requests, self.headers = {}, {}, [], []
        self.lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                outer.answer(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        self.host = f"127.0.0.1:{self.port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def find(self, path):
        with self.lock:
            self.requests.append(path)
            waiting = self.faults.get(path) or self.faults.get("*")
            if waiting:
                return waiting.pop(0)
        page = self.pages.get(path)
        if callable(page):
            page = page(self, path)
        return page or Page("<html><title>Not found</title></html>", status=404)

    def answer(self, handler):
        with self.lock:
            self.headers.append(dict(handler.headers))
        page = self.find(handler.path)
        time.sleep(page.delay)
        etag = '"' + hashlib.sha256(page.body).hexdigest()[:16] + '"'
        if page.status == 200 and handler.headers.get("If-None-Match") == etag:
            handler.send_response(304)
            handler.send_header("ETag", etag)
            handler.end_headers()
            return
        body = page.body
        handler.send_response(page.status)
        headers = {"Content-Type": page.content_type, "Content-Length": str(len(body)), **page.headers}
        if page.status == 200:
            headers["ETag"] = etag
        if page.headers.get("Content-Encoding") == "gzip":
            body = gzip.compress(body)
            headers["Content-Length"] = str(len(body))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        try:
            if page.drip:
                for byte in body:
                    handler.wfile.write(bytes([byte]))
                    handler.wfile.flush()
                    time.sleep(page.drip)
            else:
                handler.wfile.write(body if page.cut is None else body[: page.cut])
        except (BrokenPipeError, ConnectionResetError):
            pass
        if page.cut is not None:
            handler.close_connection = True


def address_mark(url):
    """The first lines of a page that a browser saved from this address."""
    return f"<!DOCTYPE html>\n<!-- saved from url=({len(url):04d}){url} -->\n"


def film(seed=0, width=320, height=300, format="JPEG"):
    """The bytes of a drawn picture that no reader takes for a thumbnail."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(40, 200, (12, 12), dtype=np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
    grain = random.integers(0, 24, (height, width), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(coarse) // 2 + grain).save(buffer, format, quality=85)
    return buffer.getvalue()
