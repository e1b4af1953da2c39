"""HTTP to URLs of users: the host is resolved once, its addresses are checked, and a checked address is connected to.

The check is part of the connection, after the resolver and before the socket, so that a name which resolves
differently the second time (DNS rebinding) is resolved once only. Redirects are not followed, proxies of the
environment are not used, responses are read up to a limit, and one deadline covers the whole exchange, name
resolution included.
"""

from __future__ import annotations

import contextlib
import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import certifi
import httpcore

from jobs.errors import OutboundUnavailable, UnsafeAddress

from .address import IpAddress, OutboundPolicy, Target

#: (host, port) → addresses, in the order to try. May raise OSError.
Resolver = Callable[[str, int], Sequence[str]]

MAX_RESPONSE_BYTES = 64 << 10
_CONNECT_S = 5.0


@dataclass(frozen=True, slots=True)
class OutboundResponse:
    """A response. `body` is cut at the limit; `headers` have lower-case names, the last of equal ones."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class OutboundHttp:
    """A client for untrusted URLs. Threads may share one; every request has a connection of its own."""

    def __init__(
        self,
        policy: OutboundPolicy,
        *,
        timeout_s: float = 15.0,
        resolve: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`timeout_s`: from the name resolution to the last byte. `resolve`, `tls`: for tests."""
        self._policy, self.timeout_s = policy, timeout_s
        self._resolve = resolve or resolve_by_system
        self._tls = tls or ssl.create_default_context(cafile=certifi.where())

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> OutboundResponse:
        """POST `body`; any status is returned. Raises UnsafeAddress, OutboundUnavailable."""
        target = self._policy.check_url(url)
        backend = _CheckedBackend(self._policy, target, self._resolve, _Deadline(self.timeout_s))
        sent: dict[bytes | str, bytes | str] = {
            "Host": target.authority,
            "Connection": "close",
            "Accept-Encoding": "identity",
            "Content-Length": str(len(body)),
        }
        sent.update(headers)
        where = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
        try:
            with (
                httpcore.ConnectionPool(ssl_context=self._tls, network_backend=backend, max_connections=1) as pool,
                pool.stream("POST", where, headers=sent, content=body) as response,
            ):
                return OutboundResponse(
                    status=response.status,
                    headers={
                        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
                    },
                    body=_read_limited(response.iter_stream(), MAX_RESPONSE_BYTES),
                )
        except (httpcore.TimeoutException, TimeoutError) as error:
            raise OutboundUnavailable("the receiver did not answer in time") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise OutboundUnavailable(f"the receiver cannot be talked to: {_describe(error)}") from error


def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """Every address that the system's resolver knows, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class _Deadline:
    """One deadline for many steps."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def left(self, at_most: float | None = None) -> float:
        """Seconds for the next step. Raises TimeoutError when none are left."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left if at_most is None else min(left, at_most)


class _CheckedBackend(httpcore.NetworkBackend):
    """Connects to one target, at an address that was just checked."""

    def __init__(self, policy: OutboundPolicy, target: Target, resolve: Resolver, deadline: _Deadline) -> None:
        self._policy, self._target, self._resolve, self._deadline = policy, target, resolve, deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = self._filter_allowed(self._find_addresses())
        for n, address in enumerate(addresses, start=1):
            try:
                stream = self._sockets.connect_tcp(str(address), self._target.port, self._deadline.left(_CONNECT_S))
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if n == len(addresses):
                    raise
            else:
                return _TimedStream(stream, self._deadline)
        raise OutboundUnavailable("the receiver's name has no address")

    def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        raise UnsafeAddress("a local socket")

    def _find_addresses(self) -> list[IpAddress]:
        if self._target.literal is not None:
            return [self._target.literal]
        found = _run_with_deadline(self._deadline, lambda: self._resolve(self._target.host, self._target.port))
        # A scope ("fe80::1%eth0") names a link, and nothing of a link is public.
        return [ipaddress.ip_address(address.partition("%")[0]) for address in found]

    def _filter_allowed(self, addresses: list[IpAddress]) -> list[IpAddress]:
        """The addresses that may be connected to. Raises UnsafeAddress if there are addresses and none is allowed."""
        if self._target.is_allowed:
            return addresses
        good, unsafe = [], None
        for address in addresses:
            try:
                self._policy.check_address(address)
                good.append(address)
            except UnsafeAddress as error:
                unsafe = error
        if unsafe is not None and not good:
            raise unsafe
        return good


class _TimedStream(httpcore.NetworkStream):
    """A stream whose every step ends by the deadline: a peer that sends a byte a second gains nothing."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        view = memoryview(buffer)
        for start in range(0, len(view), 1 << 16):
            self._stream.write(bytes(view[start : start + (1 << 16)]), self._deadline.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, self._deadline.left()), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _run_with_deadline(deadline: _Deadline, call: Callable[[], Any]) -> Any:
    """Run an uninterruptible call in a thread. Raises TimeoutError when its result comes after the deadline."""
    outcome: queue.SimpleQueue[tuple[Any, OSError | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcome.put((call(), None))
        except OSError as error:
            outcome.put((None, error))

    threading.Thread(target=run, name="resolve", daemon=True).start()
    try:
        result, error = outcome.get(timeout=deadline.left())
    except queue.Empty:
        raise TimeoutError from None
    if error is not None:
        raise error
    return result


def _read_limited(blocks: Iterator[bytes], limit: int) -> bytes:
    """The body up to `limit` bytes, or up to where the connection broke: only the log needs it."""
    body = b""
    with contextlib.suppress(httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError):
        for block in blocks:
            body += block
            if len(body) >= limit:
                break
    return body[:limit]


def _describe(error: Exception) -> str:
    """A description for the tenant: the kind of error, no address."""
    match error:
        case socket.gaierror():
            return "its name cannot be resolved"
        case httpcore.ConnectError() if isinstance(error.__context__, ssl.SSLError):
            return "its certificate or its TLS is not accepted"
        case httpcore.ConnectError():
            return "it does not accept the connection"
        case httpcore.ProtocolError():
            return "its answer is not HTTP"
        case _:
            return "the connection broke"
