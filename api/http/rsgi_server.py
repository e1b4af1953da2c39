"""Runs the WSGI application under an RSGI server: the event loop receives and sends, and requests have threads.

A WSGI server's `read` cannot be interrupted: whoever stops to send keeps a thread. Here a read and a write have a time
limit, and what must answer while all else is busy has threads of its own.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol, cast

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]  # public by its documentation only

from .shutdown import on_loop_shutdown

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

Headers = list[tuple[str, str]]
#: Bytes that are sent at a time, each time within the limit.
SEND_BYTES = 64 << 10
#: Threads of each path that has its own.
_OWN_THREADS = 4
#: In place of a header's value that is not ASCII, which granian leaves out: U+FFFD, as WSGI writes it. No key, no
#: Idempotency-Key and no number has it, so such a header is refused where it counts, and not taken for one not sent.
_UNREADABLE_VALUE = "\N{REPLACEMENT CHARACTER}".encode().decode("latin-1")


class Scope(Protocol):
    """The head of a request; part of RSGI."""

    proto: str
    http_version: str
    server: str
    client: str
    scheme: str
    method: str
    path: str
    query_string: str
    authority: str | None
    headers: Any  # granian gives its class no public name


class Transport(Protocol):
    """A response that is sent in pieces; part of RSGI."""

    def send_bytes(self, data: bytes) -> Any: ...  # an awaitable of granian's own


class HttpProtocol(Protocol):
    """The body of a request and the way to answer it; part of RSGI."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...
    def response_empty(self, status: int, headers: Headers) -> None: ...
    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None: ...
    def response_stream(self, status: int, headers: Headers) -> Transport: ...


class WebsocketProtocol(Protocol):
    """A WebSocket that a client asks for; part of RSGI."""

    def close(self, status: int | None = None) -> None: ...


class ArrivingBody:
    """The body of a request as `wsgi.input`. For one thread, which is not that of the event loop."""

    def __init__(self, protocol: HttpProtocol, loop: asyncio.AbstractEventLoop) -> None:
        self._protocol, self._loop = protocol, loop
        self._blocks: AsyncIterator[bytes] | None = None
        self._left = b""
        self._has_ended = False

    def read(self, size: int = -1) -> bytes:
        """Some bytes, `size` at most (-1: whatever comes next); none at the end."""
        return self.read_within(size, None)

    def read_within(self, size: int, timeout_s: float | None) -> bytes:
        """The same, waiting for the client so many seconds. Raises TimeoutError; then nothing more can be read."""
        if not self._left and not self._has_ended:
            future = asyncio.run_coroutine_threadsafe(self._next(), self._loop)
            try:
                self._left = future.result(timeout_s)
            except TimeoutError:
                future.cancel()
                self._has_ended = True
                raise
            self._has_ended = not self._left
        cut = len(self._left) if size < 0 else size
        block, self._left = self._left[:cut], self._left[cut:]
        return block

    async def _next(self) -> bytes:
        if self._blocks is None:  # not before the application reads: the client may wait for 100 Continue
            self._blocks = aiter(self._protocol)
        return await anext(self._blocks, b"")


class RsgiServer:
    """The callbacks that an RSGI server looks for."""

    def __init__(
        self,
        app: WSGIApplication,
        *,
        threads: int,
        own_threads_of: Collection[str],
        send_stall_s: float,
        on_stop: Callable[[], None],
    ) -> None:
        """`own_threads_of`: paths that never wait for others. `send_stall_s`: seconds in which a client has to take the
        next SEND_BYTES of a response. `on_stop` is called at the first SIGTERM or SIGINT.
        """
        self._app = app
        self._send_stall_s = send_stall_s
        self._on_stop = on_stop
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self._own_threads = {path: ThreadPoolExecutor(_OWN_THREADS, thread_name_prefix=path) for path in own_threads_of}

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        on_loop_shutdown(self._on_stop)

    async def __rsgi__(self, scope: Scope, protocol: HttpProtocol | WebsocketProtocol) -> None:
        if scope.proto != "http":
            cast(WebsocketProtocol, protocol).close(HTTPStatus.NOT_FOUND)  # there is no address for WebSockets
            return
        threads = self._own_threads.get(scope.path, self._threads)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(threads, self._answer, scope, cast(HttpProtocol, protocol), loop)

    def _answer(self, scope: Scope, protocol: HttpProtocol, loop: asyncio.AbstractEventLoop) -> None:
        started: list[tuple[int, Headers]] = []

        def start_response(status: str, headers: Headers, _error: object = None) -> Callable[[bytes], object]:
            started.append((int(status.split(" ", 1)[0]), headers))
            return _write_nothing

        result = self._app(make_environ(scope, ArrivingBody(protocol, loop)), start_response)
        try:
            self._send(protocol, loop, started, result)
        finally:
            if hasattr(result, "close"):
                result.close()

    def _send(
        self,
        protocol: HttpProtocol,
        loop: asyncio.AbstractEventLoop,
        started: list[tuple[int, Headers]],
        result: Iterable[bytes],
    ) -> None:
        blocks = iter(result)
        block: bytes | None = next(blocks, None)
        status, headers = started[-1]
        if block is None:
            protocol.response_empty(status, headers)
            return
        length = next((value for name, value in headers if name.lower() == "content-length"), None)
        if length == str(len(block)):
            protocol.response_bytes(status, headers, block)
            return
        transport = protocol.response_stream(status, headers)
        while block is not None:
            if not self._send_block(transport, loop, block):
                return
            block = next(blocks, None)

    def _send_block(self, transport: Transport, loop: asyncio.AbstractEventLoop, block: bytes) -> bool:
        """Whether the client took it. One that does not is cut off: it notices by Content-Length, or asks again."""
        for start in range(0, len(block), SEND_BYTES):
            future = asyncio.run_coroutine_threadsafe(_send_bytes(transport, block[start : start + SEND_BYTES]), loop)
            try:
                future.result(self._send_stall_s)
            except ProtocolClosed:
                return False
            except TimeoutError:
                future.cancel()
                return False
        return True


def make_environ(scope: Scope, body: ArrivingBody) -> dict[str, Any]:
    """The environment of the request as WSGI (PEP 3333) has it."""
    server, _, server_port = scope.server.rpartition(":")
    client, _, client_port = scope.client.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "SERVER_NAME": server.strip("[]"),
        "SERVER_PORT": server_port,
        "REMOTE_ADDR": client.strip("[]"),
        "REMOTE_PORT": client_port,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        if variable := _header_variable(name):
            environ[variable] = f"{environ[variable]},{value}" if variable in environ else value
    for name in scope.headers.keys():  # noqa: SIM118  # granian's headers cannot be iterated
        if variable := _header_variable(name):
            environ.setdefault(variable, _UNREADABLE_VALUE)
    if scope.authority:
        environ.setdefault("HTTP_HOST", scope.authority)
    return environ


def _header_variable(name: str) -> str | None:
    """What WSGI calls a header; None for one to leave out."""
    if "_" in name:
        return None  # it would pass for the name with hyphens, which a proxy may set and a client must not
    variable = name.upper().replace("-", "_")
    return variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}"


async def _send_bytes(transport: Transport, data: bytes) -> None:
    await transport.send_bytes(data)


def _write_nothing(_data: bytes) -> None:
    """WSGI's old way to write; the application does not use it."""
