"""The parent's side of the speech process: starts it, sends requests, reads answers, starts it again when it died."""

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

from .protocol import ANSWER, NAME_BYTES, REQUEST

_ROOT = Path(__file__).resolve().parents[3]
#: Seconds between two ticks while an answer is awaited.
_TICK_S = 0.5


class Pending:
    """A request on its way; `read` waits for the answer."""

    def __init__(self, connection: socket.socket, limit_s: float) -> None:
        self._connection = connection
        self._ends_at = time.monotonic() + limit_s

    def read(self, tick: Callable[[], None]) -> tuple[dict[str, Any], bytes]:
        """The answer's JSON and samples. Raises `EngineFailure` when the fork died or took too long."""
        with self._connection:
            head_bytes, sound_bytes = ANSWER.unpack(self._exactly(ANSWER.size, tick))
            head = json.loads(self._exactly(head_bytes, tick))
            return head, self._exactly(sound_bytes, tick)

    def abandon(self) -> None:
        """Nobody waits any more; the fork fails at its next write."""
        self._connection.close()

    def _exactly(self, size: int, tick: Callable[[], None]) -> bytes:
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
                raise EngineFailure(f"The speech process is gone: {error}.") from error
            if not count:
                raise EngineFailure("The speech process died over a sentence.")
            at += count
        return bytes(data)


class SpeechProcess:
    """One server process; safe to ask from several threads. Raises `ModelUnavailable` where it cannot start."""

    def __init__(self) -> None:
        if find_spec("espeakng_loader") is None:
            raise ModelUnavailable("eSpeak NG is not installed here; run: pip install 'voicemill[espeak]'.")
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        with self._lock:
            self._start()

    def ask(self, request: dict[str, Any], limit_s: float, *, voice: str = "") -> Pending:
        """Send a request to be done with `voice`, a name of the library's, loaded.

        Raises `EngineFailure` when the process cannot be kept alive.
        """
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            self._hand_over(voice, theirs)
        data = json.dumps({**request, "limit_s": limit_s}).encode()
        try:
            ours.settimeout(limit_s)
            ours.sendall(REQUEST.pack(len(data)) + data)
        except OSError as error:
            ours.close()
            raise EngineFailure(f"The speech process took no request: {error}.") from error
        return Pending(ours, limit_s)

    def close(self) -> None:
        """End the process; it goes by itself when its socket closes."""
        with self._lock:
            self._stop()

    def _hand_over(self, voice: str, connection: socket.socket) -> None:
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
