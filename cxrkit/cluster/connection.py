"""The connection to a Ray cluster: who joins it, which nodes it has, and Ray's errors in a line."""

import contextlib
import os
import signal
import socket
import threading
from pathlib import Path

import ray
from ray.exceptions import ActorDiedError, ActorUnavailableError, NodeDiedError, RayError, RayTaskError

import cxrkit
from cxrkit.cluster.nodes import Node
from cxrkit.errors import WrongUse

KNOCK_SECONDS = 10.0
START_RAY = "start one, see .github/CLUSTER.md: ray start --head"


def connect(address: str) -> None:
    """Join the cluster at an address: "auto" for the one that runs here, HOST:PORT, or ray://HOST:PORT. Raises WrongUse."""
    _knock(address)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    main = threading.current_thread() is threading.main_thread()
    usual = signal.getsignal(signal.SIGTERM)
    code = {"py_modules": [str(Path(cxrkit.__file__).parent)], "excludes": ["__pycache__"]}
    try:
        ray.init(address, runtime_env=code, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, RuntimeError, ValueError, RayError) as error:
        reason = (str(error) or type(error).__name__).strip().splitlines()[0]
        raise WrongUse(f"There is no Ray cluster to join: {reason}", address, START_RAY) from error
    finally:
        if main and usual is not None:
            signal.signal(signal.SIGTERM, usual)  # Ray takes it over, and a run that is told to end must end its trainings


def _knock(address):
    """Raise WrongUse at once where nobody answers at an address, or it is none; Ray would try for minutes."""
    if address == "auto":
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), KNOCK_SECONDS).close()
    except (OSError, ValueError) as error:
        raise WrongUse(f"There is no Ray cluster to join: {error}", address, START_RAY) from error


def listed() -> list[Node]:
    """The nodes that are there, those without processors left out."""
    found = []
    for node in ray.nodes():
        offers = node["Resources"]
        if node["Alive"] and offers.get("CPU", 0) >= 1:
            found.append(
                Node(node["NodeID"], f"{node['NodeManagerHostname']} ({node['NodeID'][:6]})", int(offers["CPU"]), int(offers.get("GPU", 0)))
            )
    return found


def kill(actor):
    with contextlib.suppress(RayError, ConnectionError, RuntimeError, ValueError):  # it may be gone, as may the cluster
        ray.kill(actor, no_restart=True)


IN_WORDS = {ActorDiedError: "it died", ActorUnavailableError: "it is out of reach", NodeDiedError: "its node died"}


def words(error: BaseException) -> str:
    """Ray's error in one line, without what it advises."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    known = next((known for kind, known in IN_WORDS.items() if isinstance(error, kind)), "")
    if known and "creation task" not in lines[0]:
        return known
    return lines[-1 if isinstance(error, (RayTaskError, ActorDiedError)) else 0][:300]
