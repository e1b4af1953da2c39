"""A webhook receiver on the loopback interface that answers as the request's path says.

/status/<code>        that status, with a short body
/status/<code>/<n>    the same with `Retry-After: n`
/redirect/<code>/<to> that status with `Location: <to>`
/big/<bytes>          200 and so many bytes
/endless              200 and an endless body
/drip-head            an endless status line, a byte at a time
/drip-body            200 at once, then an endless body, a byte at a time
/silent               reads the request and does not answer
/rst                  reads the request and resets the connection
/garbage              something that is not HTTP
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """One request; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class WebhookReceiver:
    """`start()`, then post to `url`. Keeps all requests; `connections` also counts connections without a request."""

    tls: ssl.SSLContext | None = None
    requests: list[ReceivedRequest] = field(default_factory=list)
    connections: int = 0

    def start(self) -> WebhookReceiver:
        self._server_socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server_socket.getsockname()[1])
        self._stopped = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.authority}"

    def stop(self) -> None:
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._server_socket.shutdown(socket.SHUT_RDWR)
        self._server_socket.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server_socket.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            stream = self.tls.wrap_socket(connection, server_side=True) if self.tls else connection
            with stream, stream.makefile("rb") as file:
                request = _read_request(file)
                if request is not None:
                    self.requests.append(request)
                    self._respond(stream, request.path)

    def _respond(self, stream: socket.socket, path: str) -> None:
        verb, _, rest = path[1:].partition("?")[0].partition("/")
        match verb:
            case "status":
                status, _, wait = rest.partition("/")
                stream.sendall(_build_head(status, f"Retry-After: {wait}\r\n" if wait else "", 4) + b"text")
            case "redirect":
                status, _, location = rest.partition("/")
                stream.sendall(_build_head(status, f"Location: {location}\r\n", 0))
            case "big":
                stream.sendall(_build_head("200", "", int(rest)) + b"x" * int(rest))
            case "endless":
                stream.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                while not self._stopped.is_set():
                    stream.sendall(b"x" * 65536)
            case "drip-head":
                self._drip(stream, b"HTTP/1.1 200 OK" + b" " * 100_000)
            case "drip-body":
                stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                self._drip(stream, b"x" * 100_000)
            case "silent":
                self._stopped.wait()
            case "rst":
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            case "garbage":
                stream.sendall(b"220 mail.example ESMTP\r\n\r\n")

    def _drip(self, stream: socket.socket, data: bytes) -> None:
        for n in range(len(data)):
            if self._stopped.wait(0.02):
                return
            stream.sendall(data[n : n + 1])


def _build_head(status: str, extra: str, length: int) -> bytes:
    return f"HTTP/1.1 {status} Whatever\r\n{extra}Content-Length: {length}\r\n\r\n".encode()


def _read_request(file: BinaryIO) -> ReceivedRequest | None:
    line = file.readline().decode()
    if not line:
        return None
    method, path, _ = line.split(" ", 2)
    headers = {}
    while (header := file.readline().decode("latin-1").strip()) != "":
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    return ReceivedRequest(method, path, headers, file.read(int(headers.get("content-length", 0))))
