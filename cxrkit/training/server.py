"""The server of trainings: a process that has loaded torch and fastai once, from which each training's process is forked.

multiprocessing's forkserver; where the system has none, each process begins anew.
"""

import contextlib
import multiprocessing
import sys
import tempfile
from multiprocessing import util
from multiprocessing.context import BaseContext

METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() and sys.platform != "darwin" else "spawn"
"""macOS has a server too, but its libraries, Accelerate among them, may not be used in a process forked after they were loaded."""
LOADED = ["torchvision", "fastai.vision.learner", "fastai.metrics", "cxrkit.training.work"]
"""What the server loads. None of it asks for a GPU as it is loaded, which a fork would not survive."""
LONGEST_FOLDER = 70
"""Characters of a folder in which multiprocessing can make a socket: a system allows its whole path 104 or 108."""


def context() -> BaseContext:
    """The multiprocessing context whose processes come from the server, which need not run yet."""
    found = multiprocessing.get_context(METHOD)
    if METHOD == "forkserver":
        found.set_forkserver_preload(LOADED)
        _shorten_sockets()
    return found


def begin() -> None:
    """Let the server load, which takes seconds, while this process has other things to do. It ends with this process."""
    context()
    if METHOD == "forkserver":
        from multiprocessing import forkserver

        forkserver.ensure_running()


def _shorten_sockets() -> None:
    """Let multiprocessing's sockets, which lie in the folder of temporary files, lie in /tmp where that one's path is too long."""
    usual = tempfile.tempdir
    if len(tempfile.gettempdir()) > LONGEST_FOLDER:
        tempfile.tempdir = "/tmp"
        with contextlib.suppress(OSError):
            util.get_temp_dir()  # made at the first call, and remembered
        tempfile.tempdir = usual
