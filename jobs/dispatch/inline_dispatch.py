"""The doorbell without a broker: calls a function in this process, one bell after another, in the order rung.

For tests and for work without workers. A bell rung while another is being answered waits its turn, so nothing recurses.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

import structlog

from jobs.errors import JobsError

_log = structlog.get_logger(__name__)


class InlineDispatch:
    """Answers in the thread that rings, or in the thread that is answering already."""

    def __init__(self, answer: Callable[[str, str], None], *, window: int = 2) -> None:
        """`answer(queue, hint)` does the work. `window`: at most so many bells of a queue wait."""
        self._answer, self._window = answer, window
        self._lock = threading.Lock()
        self._waiting: deque[tuple[str, str]] = deque()
        self._is_answering = self._is_closed = False

    def ring(self, queue: str, *, hint: str = "", count: int = 1) -> None:
        with self._lock:
            if self._is_closed:
                return
            room = self._window - sum(name == queue for name, _ in self._waiting)
            self._waiting.extend([(queue, hint)] * min(count, room))
            if self._is_answering:
                return
            self._is_answering = True
        self._answer_all()

    def check(self) -> None:
        """There is nothing that could be away."""

    def close(self) -> None:
        """Nothing waits here between calls; later bells go nowhere."""
        with self._lock:
            self._is_closed = True

    def _answer_all(self) -> None:
        try:
            while True:
                with self._lock:
                    if not self._waiting:
                        return
                    queue, hint = self._waiting.popleft()
                try:
                    self._answer(queue, hint)
                except JobsError as error:
                    # As with a broker, who rings never hears how the work went.
                    _log.warning("bell_answer_failed", queue=queue, code=error.code, detail=error.detail)
        finally:
            with self._lock:
                self._is_answering = False
