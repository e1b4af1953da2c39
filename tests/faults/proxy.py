"""A TCP proxy that injects faults into the connections to a database, a broker, a storage or a webhook receiver.

    proxy = Proxy(server_port).start()
    proxy.delay(0.5)                                  every block is delayed by half a second, both ways
    proxy.drop("down")                                responses are lost, the connection stays open
    proxy.reset_when(lambda block: b"COMMIT" in block, "up", chance=0.1)
    proxy.change(lambda block: block.replace(b"a", b"b"), "down")
    proxy.cut_after(1000, "down")                     the connection ends in the middle of a response
    proxy.reset_now()                                 every open connection is reset
    proxy.refuse()                                    new connections are reset too
    proxy.restore()                                   everything passes again

"up" is from the client to the server, "down" from the server to the client. Rules apply to open and new connections.
`connections` and `faults` (by kind) count what really happened: a test without a counted fault proves nothing.
"""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Direction = Literal["up", "down"]
_BLOCK = 1 << 16


class ConnectionCut(Exception):
    """A rule ends the connection after sending `rest`, with RST or with FIN."""

    def __init__(self, rest: bytes, *, resets: bool) -> None:
        super().__init__(rest, resets)
        self.rest, self.resets = rest, resets


#: Maps a block of a connection to the bytes that are passed on (perhaps none), or raises ConnectionCut.
Rule = Callable[["Link", bytes], bytes]


@dataclass(eq=False)
class Link:
    """A client's connection and the proxy's connection to the server."""

    client: socket.socket
    server: socket.socket
    #: Bytes passed on so far.
    passed: Counter[str] = field(default_factory=Counter)
    is_dead: bool = False

    def end(self, *, resets: bool) -> None:
        """Close both sides, with RST or with FIN. Any thread, any number of times."""
        if self.is_dead:
            return
        self.is_dead = True
        for side in (self.client, self.server):
            with contextlib.suppress(OSError):
                if resets:
                    side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                # Wakes the thread that reads from the socket: close() alone has no effect while another thread reads.
                side.shutdown(socket.SHUT_RD if resets else socket.SHUT_RDWR)
            side.close()


class Proxy:
    """Listens on a free port of the loopback interface and forwards to `target_port` there."""

    def __init__(self, target_port: int, *, seed: int = 0) -> None:
        self._target = ("127.0.0.1", target_port)
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._rules: dict[str, list[Rule]] = {"up": [], "down": []}
        self._links: set[Link] = set()
        self._refuses = False
        self._restored = threading.Event()
        self.connections = 0
        #: Counts by kind: delayed, dropped, changed, cut, reset, refused.
        self.faults: Counter[str] = Counter()

    # -- start and stop ----------------------------------------------------------------------------------------------
    def start(self) -> Proxy:
        self._server_socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = int(self._server_socket.getsockname()[1])
        threading.Thread(target=self._accept, name=f"proxy-{self.port}", daemon=True).start()
        return self

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._server_socket.shutdown(socket.SHUT_RDWR)
        self._server_socket.close()
        self.restore()
        self._end_all(resets=False)

    # -- faults ------------------------------------------------------------------------------------------------------
    def restore(self) -> None:
        """Remove all rules. Dropped blocks stay lost; delayed blocks pass at once."""
        with self._lock:
            self._rules = {"up": [], "down": []}
            self._refuses = False
            self._restored.set()
            self._restored = threading.Event()

    def delay(self, seconds: float, direction: Direction | None = None) -> None:
        """Delay each block; the order is kept."""

        def rule(link: Link, block: bytes) -> bytes:
            self._count("delayed")
            restored.wait(seconds)
            return block

        restored = self._restored
        self._add(rule, direction)

    def drop(self, direction: Direction | None = None) -> None:
        """Read blocks and discard them; neither side notices."""

        def rule(link: Link, block: bytes) -> bytes:
            self._count("dropped")
            return b""

        self._add(rule, direction)

    def change(self, change: Callable[[bytes], bytes], direction: Direction) -> None:
        """Pass on `change(block)`; counted where it differs from the block."""

        def rule(link: Link, block: bytes) -> bytes:
            changed = change(block)
            if changed != block:
                self._count("changed")
            return changed

        self._add(rule, direction)

    def cut_after(self, size: int, direction: Direction) -> None:
        """End each connection (FIN) after so many bytes in this direction."""

        def rule(link: Link, block: bytes) -> bytes:
            room = size - link.passed[direction]
            if len(block) < room:
                return block
            self._count("cut")
            raise ConnectionCut(block[: max(0, room)], resets=False)

        self._add(rule, direction)

    def reset_when(self, condition: Callable[[bytes], bool], direction: Direction, *, chance: float = 1.0) -> None:
        """Reset (RST) a connection when a block meets the condition; the block is lost."""

        def rule(link: Link, block: bytes) -> bytes:
            with self._lock:
                resets = condition(block) and self._random.random() < chance
            if not resets:
                return block
            self._count("reset")
            raise ConnectionCut(b"", resets=True)

        self._add(rule, direction)

    def reset_now(self) -> int:
        """Reset all open connections. Returns their number."""
        ended = self._end_all(resets=True)
        self.faults["reset"] += ended
        return ended

    def refuse(self) -> None:
        """Reset all open connections, and new ones, until `restore`."""
        with self._lock:
            self._refuses = True
        self.reset_now()

    # -- forwarding --------------------------------------------------------------------------------------------------
    def _add(self, rule: Rule, direction: Direction | None) -> None:
        with self._lock:
            for name in (direction,) if direction else ("up", "down"):
                self._rules[name] = [*self._rules[name], rule]

    def _count(self, kind: str) -> None:
        with self._lock:
            self.faults[kind] += 1

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server_socket.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            # Without a server the connection is reset.
            link = Link(client, client if self._refuses else socket.create_connection(self._target, 10))
        except OSError:
            Link(client, client).end(resets=True)
            return
        if link.server is client:
            self._count("refused")
            link.end(resets=True)
            return
        for side in (link.client, link.server):
            side.settimeout(None)
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._links.add(link)
        back = threading.Thread(target=self._pump, args=(link, "down"), daemon=True)
        back.start()
        self._pump(link, "up")
        back.join()
        link.end(resets=False)
        with self._lock:
            self._links.discard(link)

    def _pump(self, link: Link, direction: Direction) -> None:
        source, sink = (link.client, link.server) if direction == "up" else (link.server, link.client)
        try:
            while block := source.recv(_BLOCK):
                for rule in self._rules[direction]:
                    block = rule(link, block)
                    if not block:
                        break
                link.passed[direction] += len(block)
                if block:
                    sink.sendall(block)
            if not link.is_dead:
                sink.shutdown(socket.SHUT_WR)  # a client may close its sending side and still read
        except ConnectionCut as cut:
            with contextlib.suppress(OSError):
                sink.sendall(cut.rest)
            link.end(resets=cut.resets)
        except ConnectionResetError:
            link.end(resets=True)
        except OSError:
            link.end(resets=False)

    def _end_all(self, *, resets: bool) -> int:
        with self._lock:
            links = [link for link in self._links if not link.is_dead]
        for link in links:
            link.end(resets=resets)
        return len(links)
