"""A webhook receiver on the loopback that behaves as its path says, well or badly.

/status/<code>        that status, with a short body
/status/<code>/<n>    the same with `Retry-After: n`
/redirect/<code>/<to> that status with `Location: <to>`
/big/<bytes>          200 and so many bytes
/endless              200 and bytes for as long as somebody reads
/drip-head            a byte of the status line now and then, for ever
/drip-body            200 at once, then a byte of the body now and then, for ever
/silent               reads the request and says nothing
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


@dataclass(frozen=True, slots=True)
class Received:
    """One request; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Receiver:
    """`start()`, then post to `url`. Every request is kept; `connections` counts those without one too."""

    tls: ssl.SSLContext | None = None
    requests: list[Received] = field(default_factory=list)
    connections: int = 0

    def start(self) -> Receiver:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
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
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            stream = self.tls.wrap_socket(connection, server_side=True) if self.tls else connection
            with stream, stream.makefile("rb") as file:
                request = _read(file)
                if request is not None:
                    self.requests.append(request)
                    self._answer(stream, request.path)

    def _answer(self, stream: socket.socket, path: str) -> None:
        verb, _, rest = path[1:].partition("?")[0].partition("/")
        match verb:
            case "status":
                status, _, wait = rest.partition("/")
                stream.sendall(_head(status, f"Retry-After: {wait}\r\n" if wait else "", 4) + b"said")
            case "redirect":
                status, _, location = rest.partition("/")
                stream.sendall(_head(status, f"Location: {location}\r\n", 0))
            case "big":
                stream.sendall(_head("200", "", int(rest)) + b"x" * int(rest))
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


def _head(status: str, extra: str, length: int) -> bytes:
    return f"HTTP/1.1 {status} Whatever\r\n{extra}Content-Length: {length}\r\n\r\n".encode()


def _read(file) -> Received | None:
    line = file.readline().decode()
    if not line:
        return None
    method, path, _ = line.split(" ", 2)
    headers = {}
    while (header := file.readline().decode("latin-1").strip()) != "":
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    return Received(method, path, headers, file.read(int(headers.get("content-length", 0))))
