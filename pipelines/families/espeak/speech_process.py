"""The parent's side of the speech process: starts it, sends requests, reads replies, restarts it when it died."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pipelines.errors import EngineFailure, ModelUnavailable

from .protocol import NAME_BYTES, REPLY, REQUEST

_ROOT = Path(__file__).resolve().parents[3]
#: Seconds between two ticks while a reply is awaited.
_TICK_S = 0.5


class PendingReply:
    """A request that was sent; `read` waits for the reply."""

    def __init__(self, connection: socket.socket, limit_s: float) -> None:
        self._connection = connection
        self._ends_at = time.monotonic() + limit_s

    def read(self, tick: Callable[[], None]) -> tuple[dict[str, Any], bytes]:
        """The reply's JSON and samples. Raises `EngineFailure` when the process died or took too long."""
        with self._connection:
            head_bytes, sample_bytes = REPLY.unpack(self._read_exactly(REPLY.size, tick))
            head = json.loads(self._read_exactly(head_bytes, tick))
            return head, self._read_exactly(sample_bytes, tick)

    def cancel(self) -> None:
        """Discard the reply: the process ends at its next write."""
        self._connection.close()

    def _read_exactly(self, size: int, tick: Callable[[], None]) -> bytes:
        data, at = bytearray(size), 0
        view = memoryview(data)
        self._connection.settimeout(_TICK_S)
        while at < size:
            try:
                count = self._connection.recv_into(view[at:])
            except TimeoutError:
                tick()
                if time.monotonic() > self._ends_at:
                    raise EngineFailure("eSpeak NG did not finish a sentence in time.") from None
                continue
            except OSError as error:
                raise EngineFailure(f"The speech process failed: {error}.") from error
            if not count:
                raise EngineFailure("The speech process died while it synthesised a sentence.")
            at += count
        return bytes(data)


class SpeechProcess:
    """One server process. Threads may share it. Raises `ModelUnavailable` where it cannot start."""

    def __init__(self) -> None:
        if find_spec("espeakng_loader") is None:
            raise ModelUnavailable("eSpeak NG is not installed here; run: pip install 'voicemill[espeak]'.")
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        with self._lock:
            self._start()

    def send(self, request: dict[str, Any], limit_s: float, *, voice: str = "") -> PendingReply:
        """Send a request for a voice, given by the library's name of its file.

        Raises `EngineFailure` when the process died twice in a row.
        """
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            self._send_socket(voice, theirs)
        data = json.dumps({**request, "limit_s": limit_s}).encode()
        try:
            ours.settimeout(limit_s)
            ours.sendall(REQUEST.pack(len(data)) + data)
        except OSError as error:
            ours.close()
            raise EngineFailure(f"The speech process did not accept the request: {error}.") from error
        return PendingReply(ours, limit_s)

    def close(self) -> None:
        """End the process; it ends by itself when its socket is closed."""
        with self._lock:
            self._stop()

    def _send_socket(self, voice: str, connection: socket.socket) -> None:
        for _ in range(2):
            try:
                if self._control is None:
                    self._start()
                assert self._control is not None
                socket.send_fds(self._control, [voice.encode().ljust(NAME_BYTES, b"\0")], [connection.fileno()])
            except OSError:
                self._stop()
                continue
            return
        raise EngineFailure("The speech process died twice while it was started.")

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pipelines.families.espeak.speech_server", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
            )
        self._control = ours

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
