"""Notifications without a broker: each is a function call in this process, one after another, in the order sent.

A notification that is sent while another is being handled waits its turn, so nothing recurses.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

import structlog

from jobs.errors import JobsError
from jobs.states import Step

_log = structlog.get_logger(__name__)


class InlineDispatch:
    """Handles notifications in the thread that sends, or in the thread that is handling one already."""

    def __init__(self, handle: Callable[[str, str], None], *, window: int = 2) -> None:
        """`handle(queue, job_id)` does the work. `window`: pending notifications of a queue, at most."""
        self._handle, self._window = handle, window
        self._lock = threading.Lock()
        self._pending: deque[tuple[str, str]] = deque()
        self._is_handling = self._is_closed = False

    def notify(self, queue: str, *, job_id: str = "", step: Step | None = None, count: int = 1) -> None:
        with self._lock:
            if self._is_closed:
                return
            room = self._window - sum(name == queue for name, _ in self._pending)
            self._pending.extend([(queue, job_id)] * min(count, room))
            if self._is_handling:
                return
            self._is_handling = True
        self._handle_all()

    def check(self) -> None:
        """There is no broker that could be down."""

    def close(self) -> None:
        """Nothing is pending between calls; later notifications are dropped."""
        with self._lock:
            self._is_closed = True

    def _handle_all(self) -> None:
        try:
            while True:
                with self._lock:
                    if not self._pending:
                        return
                    queue, job_id = self._pending.popleft()
                try:
                    self._handle(queue, job_id)
                except JobsError as error:
                    # As with a broker, the sender does not learn how the work went.
                    _log.warning("notification_failed", queue=queue, code=error.code, detail=error.detail)
        finally:
            with self._lock:
                self._is_handling = False
