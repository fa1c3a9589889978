"""SSRF guard: no DNS answer and no redirect leads a request into a private network."""

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

NEVER = tuple(map(ipaddress.ip_network, ("fec0::/10", "3fff::/20", "192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")))
"""Not public, though Python's tables of 2023 call them so or do not know them: site-local, documentation, protocol
assignments, 6to4 relays, and the address under which Azure answers its own machines."""
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class ForbiddenAddress(Exception):
    """A host name led to an address that is not public."""


def allowed(address: str, allow_loopback: bool = False) -> bool:
    """Whether an IP address is public, or this machine's own where that is allowed."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if ip.version == 6:
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in NAT64:
            inner = ipaddress.ip_address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return allowed(str(inner), allow_loopback)
    if any(ip in network for network in NEVER if network.version == ip.version):
        return False
    if ip.is_loopback:
        return allow_loopback
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def resolve(host: str, port: int, allow_loopback: bool = False, lookup: Callable = socket.getaddrinfo) -> list[str]:
    """The addresses of a host. Raises ForbiddenAddress when any of them is not allowed, OSError when there is none."""
    found = list(dict.fromkeys(entry[4][0] for entry in lookup(host.strip("[]"), port, type=socket.SOCK_STREAM)))
    if not found:
        raise OSError(f"{host} has no address")
    for address in found:
        if not allowed(address, allow_loopback):
            raise ForbiddenAddress(f"{host} leads to {address}, which is no public address")
    return found


class Exchange:
    """The sockets of one exchange, which end together when its time is over, whatever is being sent or awaited.

    The timeout of a socket begins anew with every byte, so a server that drips its headers, or sends "100 Continue"
    for ever, is stopped by nothing else.
    """

    def __init__(self) -> None:
        self.expired = threading.Event()
        self._handles: list[socket.socket] = []

    def watch(self, connection: socket.socket) -> None:
        """Let a connection end with the exchange. A second handle reaches it under TLS, too."""
        self._handles.append(connection.dup())

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Hold the exchange to this time. Raises requests.Timeout, whatever the block raised or returned, when it was over."""
        self.expired.clear()
        timer = threading.Timer(seconds, self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (requests.RequestException, HTTPError, OSError) as error:
            if not self.expired.is_set():
                raise
            raise requests.Timeout(f"the answer took longer than {seconds:g} s") from error
        finally:
            timer.cancel()
            for handle in self._handles:
                handle.close()
            self._handles.clear()
        if self.expired.is_set():
            raise requests.Timeout(f"the answer took longer than {seconds:g} s")

    def _end(self) -> None:
        self.expired.set()
        for handle in list(self._handles):
            try:
                handle.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the server was faster


def guarded_adapter(allow_loopback: bool = False, lookup: Callable = socket.getaddrinfo, exchange: Exchange | None = None) -> HTTPAdapter:
    """An adapter for requests that connects to checked addresses only. exchange: with which its connections end.

    The check and the connection use the same DNS answer, so a name that resolves differently the second time
    (DNS rebinding) gains nothing; TLS still verifies the certificate against the name.
    """

    class Guard:
        def _new_conn(self):
            try:
                addresses = resolve(self.host, self.port, allow_loopback, lookup)
            except socket.gaierror as error:
                raise NameResolutionError(self.host, self, error) from error
            error = None
            for address in addresses:
                if exchange and exchange.expired.is_set():
                    break
                try:
                    made = create_connection(
                        (address, self.port), self.timeout, source_address=self.source_address, socket_options=self.socket_options
                    )
                    if exchange:
                        exchange.watch(made)
                    return made
                except TimeoutError as failed:
                    error = ConnectTimeoutError(self, f"{self.host} did not answer within {self.timeout} s")
                    error.__cause__ = failed
                except OSError as failed:
                    error = NewConnectionError(self, f"{self.host} cannot be reached: {failed}")
                    error.__cause__ = failed
            raise error or ConnectTimeoutError(self, f"{self.host} did not answer in time")

    class GuardedHTTP(Guard, HTTPConnection):
        pass

    class GuardedHTTPS(Guard, HTTPSConnection):
        pass

    class HTTPPool(HTTPConnectionPool):
        ConnectionCls = GuardedHTTP

    class HTTPSPool(HTTPSConnectionPool):
        ConnectionCls = GuardedHTTPS

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *arguments, **options):
            super().init_poolmanager(*arguments, **options)
            self.poolmanager.pool_classes_by_scheme = {"http": HTTPPool, "https": HTTPSPool}

    return Adapter(max_retries=0)
