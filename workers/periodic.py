"""A thread that calls one function every few seconds, and survives its errors."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from jobs.errors import JobsError

_log = structlog.get_logger(__name__)


class Periodic:
    """Calls `action` every `every_s` seconds from `start` to `close`; sooner after `wake`, or after a failure."""

    def __init__(
        self, name: str, action: Callable[[], object], *, every_s: float, retry_s: float | None = None
    ) -> None:
        """`retry_s`: seconds until the next call after one that failed; unset = `every_s`."""
        self._name = name
        self._action = action
        self._every_s = every_s
        self._retry_s = every_s if retry_s is None else min(retry_s, every_s)
        self._wake = threading.Event()
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """The first call comes after `every_s`."""
        self._thread.start()

    def wake(self) -> None:
        """Call it now."""
        self._wake.set()

    def close(self) -> None:
        """No further call; waits a few seconds for the current one."""
        self._is_closing = True
        self._wake.set()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(5.0)

    def _run(self) -> None:
        pause_s = self._every_s
        while True:
            self._wake.wait(pause_s)
            self._wake.clear()
            if self._is_closing:
                return
            pause_s = self._every_s if self._call() else self._retry_s

    def _call(self) -> bool:
        """Returns whether the action succeeded."""
        try:
            self._action()
        except JobsError as error:
            _log.warning("periodic_failed", thread=self._name, error=type(error).__name__, detail=error.detail)
        except Exception as error:  # noqa: BLE001 – a fault of ours here must not end heartbeats for all chunks
            _log.error("periodic_failed", thread=self._name, exc_info=error)
        else:
            return True
        return False
