"""Framed JSON messages over a socket pair, between a controller and its child.

Knows frames and the end of file; workers/engines/protocol.py knows the messages. What a child sends is never trusted: a
frame that is larger than `MAX_FRAME` or not a JSON object closes the channel.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import threading
from collections.abc import Mapping
from typing import Any

#: Bytes of one message. A span of text is a few kilobytes; a model's list of voices some tens.
MAX_FRAME = 32 << 20

#: Seconds that a send may wait for a peer that does not read.
SEND_TIMEOUT_S = 60

_LENGTH = struct.Struct("!I")

Message = dict[str, Any]


class ChannelClosed(Exception):
    """The other end has closed, or sent what is no message."""


class Channel:
    """One end. `send` may be called by any thread; `receive` by one at a time."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._sending = threading.Lock()
        self._buffer = bytearray()
        # A timeout for sends alone: `settimeout` would cut receives short too.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_TIMEOUT_S, 0))

    def send(self, message: Mapping[str, Any]) -> None:
        """Raises ChannelClosed."""
        data = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        with self._sending:
            try:
                self._socket.sendall(_LENGTH.pack(len(data)) + data)
            except OSError as error:
                raise ChannelClosed(str(error)) from error

    def receive(self, timeout_s: float | None = None) -> Message:
        """The next message. Raises ChannelClosed, and TimeoutError when none came within `timeout_s`."""
        while (message := self._take()) is None:
            self._fill(timeout_s)
        return message

    def _take(self) -> Message | None:
        if len(self._buffer) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer)
        if length > MAX_FRAME:
            raise ChannelClosed(f"a frame of {length} bytes; the limit is {MAX_FRAME}")
        end = _LENGTH.size + length
        if len(self._buffer) < end:
            return None
        data = bytes(self._buffer[_LENGTH.size : end])
        del self._buffer[:end]
        try:
            message = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise ChannelClosed("a frame that is not JSON") from error
        if not isinstance(message, dict):
            raise ChannelClosed("a frame that is not a JSON object")
        return message

    def _fill(self, timeout_s: float | None) -> None:
        try:
            if timeout_s is not None:
                waiting = select.poll()
                waiting.register(self._socket, select.POLLIN)
                if not waiting.poll(max(0.0, timeout_s) * 1000):
                    raise TimeoutError
            block = self._socket.recv(1 << 18)
        except TimeoutError:
            raise
        except (OSError, ValueError) as error:
            raise ChannelClosed(str(error)) from error
        if not block:
            raise ChannelClosed("the other end closed the channel")
        self._buffer += block

    def close(self) -> None:
        """End `receive` on both ends; may be called twice."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()


def pair() -> tuple[Channel, socket.socket]:
    """This end as a channel, and the other as a socket to hand to a child."""
    ours, theirs = socket.socketpair()
    return Channel(ours), theirs
