"""A Kaggle of our own on 127.0.0.1: it keeps state and speaks what the real client speaks.

    with Kaggle() as kaggle:                       # one user, alice, with a key and a token
        kaggle.fail("GetKernelSessionStatus", 503, times=2)
        ...                                        # the real client or command, pointed at kaggle.url

The replies follow the clients' parsers and what is reported of the real server. Every request is kept in
`requests`. What a test wants to go wrong it says through fail(), lose_answer(), refuse_blob(), cut_blob()
and the attributes below (answers: {method: what to answer as it is, None to answer never}; archives: {owner/slug: bytes} instead of
a zip of the newest version; archive_cuts: after how many bytes the next archives end; expired: how many of their addresses are refused);
without, everything goes well.
"""

import base64
import contextlib
import hashlib
import io
import json
import re
import sys
import threading
import time
import zipfile
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

CORONAHACK = "praveengovi/coronahack-chest-xraydataset"
SOURCE_LIMIT = 1_000_000


@dataclass
class Kernel:
    """before: statuses still to be shown of the version before; statuses: those to be shown, the last one for good;
    cuts: how many streams of the log are still to be cut after their first piece."""

    pushes: list = field(default_factory=list)
    before: list = field(default_factory=list)
    statuses: list = field(default_factory=lambda: ["COMPLETE"])
    failure: str = ""
    files: dict = field(default_factory=dict)
    log: list = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    modified: float = field(default_factory=time.time)
    cuts: int = 0

    def status(self):
        for waiting in (self.before, self.statuses[:-1] and self.statuses):
            if waiting:
                return waiting.pop(0)
        return self.statuses[0]

    def print(self, text):
        with self.changed:
            self.log.append({"stream_name": "stdout", "time": float(len(self.log)), "data": text})
            self.changed.notify_all()

    @property
    def running(self):
        return self.statuses[-1] == "RUNNING"


@dataclass
class Dataset:
    """versions: [{name: bytes}]; processing: how many more questions find the newest one not ready."""

    title: str
    licence: str
    private: bool
    versions: list = field(default_factory=list)
    processing: int = 0


class Refused(Exception):
    def __init__(self, code, message, google=False):
        self.code, self.message, self.google = code, message, google


class Elsewhere(Exception):
    """What is asked for lies at another address, to which the client is sent."""


class Kaggle(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.keys, self.tokens = {("alice", "alice-key-0000"): "alice"}, {"alice-token-1111": "alice"}
        self.secrets, self.secrets_token = {}, "secrets-token-2222"
        self.kernels, self.datasets, self.blobs, self.requests = {}, {}, {}, []
        self.may_not_write, self.known_datasets = set(), {CORONAHACK}
        self.soft_error, self.processing, self.stale, self.machine = "", 1, 0, None
        self.faults, self.lost, self.blob_faults, self.output_faults = {}, {}, {}, {}
        self.archives, self.archive_cuts, self.expired = {}, [], 0
        self.answers, self.same_page, self.downloads, self.stalled = {}, False, [], threading.Event()
        self.lock = threading.RLock()

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        """A client that reads no further than it cares to is no error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def fail(self, method, code, times=1, headers=None, message="Service unavailable"):
        """Answer the next calls of a method with this code, without doing anything; 0 drops the connection."""
        self.faults[method] = [times, code, headers or {}, message]

    def lose_answer(self, method, times=1):
        """Do what the next calls of a method ask for, and drop the connection instead of answering."""
        self.lost[method] = times

    def refuse_blob(self, name, code=400, times=99):
        self.blob_faults[name] = ["refuse", code, times]

    def cut_blob(self, name, after):
        """Take only so many bytes of the first upload of a file, and answer 503."""
        self.blob_faults[name] = ["cut", after, 1]

    def refuse_output(self, name, code=403, times=99):
        self.output_faults[name] = [code, times]

    # --- what each call does; `user` is who is signed in -----------------------------------------------------------

    def IntrospectToken(self, body, user):
        owner = self.tokens.get(body["token"])
        return {"active": bool(owner), "username": owner} if owner else {"active": False}

    def SaveKernel(self, body, user):
        if len(body["text"].encode()) > SOURCE_LIMIT:
            raise Refused(400, "The kernel source must be less than 1 megabytes in size.", google=True)
        if self.soft_error:
            return {"error": self.soft_error, "versionNumber": None}
        if body["slug"].partition("/")[0] != user:
            return {"error": "Notebook not found"}
        kernel = self.kernels.setdefault(body["slug"], Kernel())
        kernel.before = [kernel.statuses[-1]] * self.stale if kernel.pushes else []
        kernel.pushes.append(body)
        if body.get("kernelExecutionType") == "QUICK_SAVE":
            return {"ref": f"/code/{body['slug']}", "url": "https://www.kaggle.com", "versionNumber": len(kernel.pushes)}
        invalid = [ref for ref in body.get("datasetDataSources", []) if "/".join(ref.split("/")[:2]) not in self.known_datasets]
        if self.machine:
            self.machine.start(self, body["slug"], kernel)
        url = f"https://www.kaggle.com/code/{body['slug']}"
        return {
            "ref": f"/code/{body['slug']}",
            "url": url,
            "versionNumber": len(kernel.pushes),
            "kernelId": 1,
            "invalidDatasetSources": invalid,
            "invalidKernelSources": [ref for ref in body.get("kernelDataSources", []) if ref not in self.kernels],
        }

    def _kernel(self, body):
        kernel = self.kernels.get(f"{body['userName']}/{body['kernelSlug']}")
        if kernel is None:
            raise Refused(403, "Permission 'kernels.get' was denied")
        return kernel

    def GetKernel(self, body, user):
        kernel = self._kernel(body)
        source = kernel.pushes[-1]["text"] if kernel.pushes else ""
        return {
            "metadata": {"ref": f"{body['userName']}/{body['kernelSlug']}", "currentVersionNumber": len(kernel.pushes)},
            "blob": {"source": source},
        }

    def DeleteKernel(self, body, user):
        self._kernel(body)
        del self.kernels[f"{body['userName']}/{body['kernelSlug']}"]
        return {}

    def GetKernelSessionStatus(self, body, user):
        kernel = self._kernel(body)
        return {"status": kernel.status(), "failureMessage": kernel.failure}

    def ListKernelSessionOutput(self, body, user):
        kernel, size = self._kernel(body), body.get("pageSize") or 20
        start = int(body.get("pageToken") or 0)
        names = sorted(kernel.files)
        ref = f"{body['userName']}/{body['kernelSlug']}"
        page = [
            {"fileName": name, "url": f"{self.url}/output/{ref}/{name}?signature=output-key-3333"} for name in names[start : start + size]
        ]
        more = "1" if self.same_page else str(start + size) if start + size < len(names) else ""
        return {"files": page, "log": json.dumps(kernel.log) if kernel.log and not kernel.running else "", "nextPageToken": more}

    def StartBlobUpload(self, body, user):
        token = f"blob-{len(self.blobs)}-key-4444"
        self.blobs[token] = {"name": body["name"], "length": body.get("contentLength", 0), "data": b""}
        return {"token": token, "createUrl": f"{self.url}/blob/{token}"}

    def _files_of(self, body):
        files = {}
        for token in (item["token"] for item in body.get("files", [])):
            name, data = self.blobs[token]["name"], self.blobs[token]["data"]
            if name.endswith(".zip"):
                with zipfile.ZipFile(io.BytesIO(data)) as archive:
                    files |= {f"{name[:-4]}/{member}": archive.read(member) for member in archive.namelist() if not member.endswith("/")}
            else:
                files[name] = data
        return files

    def _dataset(self, body):
        ref = f"{body['ownerSlug']}/{body['datasetSlug']}"
        if ref not in self.datasets:
            raise Refused(404, f"Dataset {ref} not found")
        return self.datasets[ref]

    def CreateDataset(self, body, user):
        ref = f"{body['ownerSlug']}/{body['slug']}"
        if body["ownerSlug"] != user or user in self.may_not_write:
            raise Refused(403, "Permission 'datasets.create' was denied")
        self.datasets[ref] = Dataset(
            body["title"], body["licenseName"], body.get("isPrivate", False), [self._files_of(body)], self.processing
        )
        return {"ref": f"/{ref}", "url": f"https://www.kaggle.com/datasets/{ref}", "status": "ok"}

    def CreateDatasetVersion(self, body, user):
        dataset = self.datasets.get(f"{body['ownerSlug']}/{body['datasetSlug']}")
        if dataset is None or dataset.processing or body["ownerSlug"] != user or user in self.may_not_write:
            raise Refused(403, "Permission 'datasets.update' was denied")
        dataset.versions.append(self._files_of(body["body"]))
        dataset.processing = self.processing
        return {"ref": f"/{body['ownerSlug']}/{body['datasetSlug']}", "url": "https://www.kaggle.com/datasets", "status": "ok"}

    def GetDatasetStatus(self, body, user):
        dataset = self._dataset(body)
        if dataset.processing:
            dataset.processing -= 1
            return {"status": "BLOBS_RECEIVED"}
        return {"status": "READY"}

    def GetDataset(self, body, user):
        if f"{body['ownerSlug']}/{body['datasetSlug']}" in self.known_datasets - self.datasets.keys():
            return {"ref": f"{body['ownerSlug']}/{body['datasetSlug']}", "currentVersionNumber": 1}
        dataset = self._dataset(body)
        return {
            "ref": f"{body['ownerSlug']}/{body['datasetSlug']}",
            "title": dataset.title,
            "licenseName": dataset.licence,
            "totalBytes": sum(map(len, dataset.versions[-1].values())) if dataset.versions else 0,
            "currentVersionNumber": len(dataset.versions),
        }

    def DownloadDataset(self, body, user):
        self._dataset(body)
        raise Elsewhere(f"{self.url}/archive/{body['ownerSlug']}/{body['datasetSlug']}?signature=output-key-3333")

    def archive(self, ref):
        """The bytes of a data set's archive, the same ones each time."""
        if ref not in self.archives:
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, data in self.datasets[ref].versions[-1].items():
                    archive.writestr(zipfile.ZipInfo(name), data)
            self.archives[ref] = packed.getvalue()
        return self.archives[ref]

    def ListDatasetFiles(self, body, user):
        files = sorted(self._dataset(body).versions[-1].items())
        start, size = int(body.get("pageToken") or 0), body.get("pageSize") or 20
        page = [
            {"name": name, "totalBytes": len(data), "creationDate": "2026-10-01T00:00:00.000Z"}
            for name, data in files[start : start + size]
        ]
        return {"datasetFiles": page, "nextPageToken": str(start + size) if start + size < len(files) else ""}

    def GetAcceleratorQuotaStatistics(self, body, user):
        return {"quotaRefreshTime": "2026-10-01T00:00:00.000Z", "gpuQuota": {"timeUsed": "3600s", "totalTimeAllowed": "108000s"}}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        path, body = urlsplit(self.path).path, self._body()
        method = path.rsplit("/", 1)[1]
        self.server.requests.append((method, body, self.headers.get("Authorization", "")))
        if method == "GetUserSecretByLabelRequest":
            return self._secret(body)
        try:
            with self.server.lock:
                answer = self._answer(method, body)
        except Elsewhere as address:
            return self._send(302, b"", {"Location": str(address), "Content-Type": "text/plain"})
        except Refused as error:
            told = (
                {"error": {"code": error.code, "message": error.message}}
                if error.google
                else {"code": error.code, "message": error.message}
            )
            return self._send(error.code, told)
        if answer is not None:
            self._send(200, answer)

    def _answer(self, method, body):
        server = self.server
        times, code, headers, message = server.faults.get(method, [0, 0, {}, ""])
        if times:
            server.faults[method][0] -= 1
            return self._drop() if code == 0 else self._send(code, {"code": code, "message": message}, headers)
        if method in server.answers:
            answer = server.answers[method]
            return server.stalled.wait(60) and None if answer is None else self._send(200, answer)
        user = self._user()
        if user is None and method != "IntrospectToken":
            raise Refused(401, "Unauthenticated")
        answer = getattr(server, method)(body, user)
        if server.lost.get(method):
            server.lost[method] -= 1
            return self._drop()
        return answer

    def _user(self):
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        if kind == "Bearer":
            return self.server.tokens.get(value)
        if kind == "Basic":
            return self.server.keys.get(tuple(base64.b64decode(value).decode().split(":", 1)))
        return None

    def _secret(self, body):
        if self.headers.get("X-Kaggle-Authorization") != f"Bearer {self.server.secrets_token}":
            return self._send(401, {"wasSuccessful": False})
        label = body["Label"]
        if label in self.server.secrets:
            return self._send(200, {"wasSuccessful": True, "result": {"secret": self.server.secrets[label]}})
        self._send(
            200, {"wasSuccessful": False, "errors": [f"No user secrets exist for kernel id 1 and label {label}."], "error": {"code": 5}}
        )

    def do_PUT(self):
        token = self.path.rsplit("/", 1)[1]
        blob, data = self.server.blobs[token], self._raw()
        asked = re.fullmatch(r"bytes \*/(\d+)", self.headers.get("Content-Range", ""))
        fault = self.server.blob_faults.get(blob["name"], ["", 0, 0])
        if asked:
            range_header = {"Range": f"bytes=0-{len(blob['data']) - 1}"} if blob["data"] else {}
            return self._send(200 if len(blob["data"]) == int(asked[1]) else 308, {}, range_header)
        if fault[2]:
            fault[2] -= 1
            if fault[0] == "refuse":
                return self._send(fault[1], {"error": "refused"})
            blob["data"] += data[: fault[1]]
            return self._send(503, {})
        blob["data"] += data
        self._send(200, {})

    def do_GET(self):
        path = unquote(urlsplit(self.path).path)
        if path.startswith("/output/"):
            _, _, owner, slug, name = path.split("/", 4)
            return self._output(self.server.kernels[f"{owner}/{slug}"], name)
        if path.startswith("/archive/"):
            return self._archive(path.removeprefix("/archive/"))
        stream = re.search(r"/v1/kernels/logs/stream/([^/]+/[^/]+)$", path)
        if stream and self._user():
            return self._stream(self.server.kernels[stream[1]])
        self._send(404, {"code": 404, "message": "Not found"})

    def _output(self, kernel, name):
        self.server.downloads.append(name)
        fault = self.server.output_faults.get(name, [0, 0])
        if fault[1]:
            fault[1] -= 1
            return self._send(fault[0], b"<html><body>Access denied</body></html>", {"Content-Type": "text/html"})
        self._send(
            200, kernel.files[name], {"Content-Type": "application/octet-stream", "Last-Modified": formatdate(kernel.modified, usegmt=True)}
        )

    def _archive(self, ref):
        """As Google's store serves a file: with its hash, and from any byte on, of the state that If-Range names."""
        whole, wanted = self.server.archive(ref), self.headers.get("Range", "")
        tag = f'"{hashlib.sha256(whole).hexdigest()[:16]}"'
        begin = int(wanted[6:-1]) if wanted and self.headers.get("If-Range", tag) == tag else 0
        self.server.downloads.append((ref, begin))
        reads = "Authorization" not in self.headers  # the client's own look at the address, on this one host, brings its key along
        if self.server.expired and reads:
            self.server.expired -= 1
            return self._send(403, b"<Error><Code>ExpiredToken</Code></Error>", {"Content-Type": "application/xml"})
        self.send_response(206 if begin else 200)
        told = {"Content-Type": "application/zip", "ETag": tag, "Accept-Ranges": "bytes", "Content-Length": str(len(whole) - begin)}
        told["x-goog-hash"] = "crc32c=AAAAAA==, md5=" + base64.b64encode(hashlib.md5(whole).digest()).decode()
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()
        cut = self.server.archive_cuts.pop(0) if reads and self.server.archive_cuts else None
        with contextlib.suppress(ConnectionError):
            self.wfile.write(whole[begin:][:cut])
        if cut is not None:
            self._drop()

    def _stream(self, kernel):
        """The live log, as server-sent events, until the run has ended."""
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        sent = 0
        while True:
            if sent and kernel.cuts:
                kernel.cuts -= 1
                return
            with kernel.changed:
                kernel.changed.wait_for(lambda: len(kernel.log) > sent or not kernel.running, timeout=30)
                new, ended = kernel.log[sent:], not kernel.running
            for entry in new:
                self.wfile.write(f"data: {json.dumps(entry)}\n\n".encode())
            sent += len(new)
            if ended:
                self.wfile.write(b"data: END_OF_LOG\n\n")
                return

    def _raw(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            data = b""
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return data
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _body(self):
        return json.loads(self._raw() or b"{}")

    def _send(self, code, content, headers=None):
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(code)
        for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _drop(self):
        self.close_connection = True
        self.connection.close()
