"""The machine that runs a pushed kernel: its text alone, in a folder tree like Kaggle's, with Kaggle's variables."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

SECRETS_MODULE = """
import os, requests

class CredentialError(Exception): ...
class BackendError(Exception): ...

class UserSecretsClient:
    def __init__(self):
        if not os.environ.get("KAGGLE_USER_SECRETS_TOKEN"):
            raise CredentialError("no token")

    def get_secret(self, label):
        answer = requests.post(
            os.environ["KAGGLE_URL_BASE"] + "/requests/GetUserSecretByLabelRequest",
            json={"Label": label},
            headers={"X-Kaggle-Authorization": "Bearer " + os.environ["KAGGLE_USER_SECRETS_TOKEN"]},
        ).json()
        if not answer["wasSuccessful"]:
            raise BackendError(answer["errors"])
        return answer["result"]["secret"]
"""
"""Kaggle's image has a module like this one, which nothing else has."""


class Machine:
    """Runs kernels below `root`.

    layout: "datasets" (/kaggle/input/datasets/owner/slug) or "flat" (/kaggle/input/slug); attached: {owner/slug:
    folder}, of which a run sees those that its push names; session_token: the content of the session's token
    file; environment: further variables; isolated: start it as `python -I`; kill: the run and all its processes are
    killed once this many lines hold this text, as Kaggle ends a run after twelve hours.
    """

    def __init__(self, root, attached, layout="datasets", session_token="alice-token-1111", environment=None, isolated=False, kill=None):
        self.root, self.attached, self.layout = Path(root), attached, layout
        self.session_token, self.environment, self.isolated = session_token, environment or {}, isolated
        self.kill, self.runs, self.threads = kill, 0, []

    def start(self, server, ref, kernel):
        kernel.statuses = ["QUEUED", "RUNNING"]
        kernel.log = []
        inputs = {source: dict(server.kernels[source].files) for source in kernel.pushes[-1].get("kernelDataSources", [])}
        thread = threading.Thread(target=self._run, args=(server, kernel, kernel.pushes[-1], inputs), daemon=True)
        self.threads.append(thread)
        thread.start()

    def join(self):
        for thread in self.threads:
            thread.join()

    def _run(self, server, kernel, push, inputs):
        self.runs += 1
        home = self.root / f"run{self.runs}"
        kaggle = home / "kaggle"
        for name in ("src", "working", "input"):
            (kaggle / name).mkdir(parents=True)
        for name in ("home", "tmp", "image", "elsewhere"):
            (home / name).mkdir()
        for dataset in push.get("datasetDataSources", []):
            owner, slug = dataset.split("/")[:2]
            mount = kaggle / "input" / (f"datasets/{owner}/{slug}" if self.layout == "datasets" else slug)
            mount.parent.mkdir(parents=True, exist_ok=True)
            mount.symlink_to(self.attached[f"{owner}/{slug}"])
        for source, files in inputs.items():
            for name, content in files.items():
                path = kaggle / "input" / (f"notebooks/{source}" if self.layout == "datasets" else source.split("/")[1]) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        script = kaggle / "src" / "script.py"
        script.write_text(push["text"])
        script.chmod(0o444)
        script.parent.chmod(0o555)
        (home / "image" / "kaggle_secrets.py").write_text(SECRETS_MODULE)
        (home / "token").write_text(self.session_token)
        process = subprocess.Popen(
            [sys.executable, *(["-I"] if self.isolated else []), str(script)],
            cwd=home / "elsewhere",
            env=self._variables(server, home),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        text, times = self.kill or ("", 0)
        for line in process.stdout:
            kernel.print(line)
            times -= text in line
            if self.kill and times == 0:
                os.killpg(process.pid, signal.SIGKILL)
                self.kill = None
        code = process.wait()
        kernel.files = {
            path.relative_to(kaggle / "working").as_posix(): path.read_bytes()
            for path in sorted((kaggle / "working").rglob("*"))
            if path.is_file()
        }
        kernel.modified = time.time()
        kernel.failure = "" if code == 0 else f"Your notebook exited with code {code}"
        with kernel.changed:
            kernel.statuses = ["COMPLETE" if code == 0 else "ERROR"]
            kernel.changed.notify_all()

    def _variables(self, server, home):
        return {
            "PATH": os.environ["PATH"],
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "2"),
            "HOME": str(home / "home"),
            "TMPDIR": str(home / "tmp"),
            "PYTHONPATH": os.pathsep + str(home / "image"),
            "KAGGLE_KERNEL_RUN_TYPE": "Batch",
            "KAGGLE_URL_BASE": server.url,
            "KAGGLE_DATA_PROXY_URL": server.url,
            "KAGGLE_DATA_PROXY_TOKEN": "proxy-token-5555",
            "KAGGLE_DATA_PROXY_PROJECT": "kaggle",
            "KAGGLE_USER_SECRETS_TOKEN": server.secrets_token,
            "KAGGLE_API_V1_TOKEN": str(home / "token"),
            "KAGGLE_CONTAINER_NAME": "standin",
            "UV_SYSTEM_PYTHON": "1",
            "CXRKIT_KAGGLE": str(home / "kaggle"),
            **reach(server),
            **self.environment,
        }


def reach(server):
    """The variables that lead the real client and command to the stand-in."""
    return {"KAGGLE_API_ENVIRONMENT": "LOCALHOST", "http_proxy": server.url}
