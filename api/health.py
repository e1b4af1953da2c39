"""Looks whether the parts that the API needs answer. At most once a second, whoever asks how often."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from jobs.errors import JobsError

from .schemas import ComponentHealth, Health

if TYPE_CHECKING:
    from .wiring import Services

FRESH_S = 1.0


class HealthWatch:
    """The last look and when it was."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: Health | None = None
        self._seen_at = 0.0

    def look(self, services: Services) -> Health:
        """Health by component. The broker is no part of it: clients never notice whether it is there."""
        with self._lock:
            if self._seen is None or self._clock() - self._seen_at >= FRESH_S:
                self._seen = _look(services)
                self._seen_at = self._clock()
            return self._seen


def _look(services: Services) -> Health:
    components = {
        "database": _ask(services.store.now_ms),
        "storage": _ask(services.storage.check),
    }
    workers = queues = None
    if components["database"].status == "ok":
        try:
            workers = len(services.workers.rows())
            queues = dict(services.store.queue_depths())
        except JobsError as error:
            components["database"] = ComponentHealth(status="down", detail=error.detail)
    down = any(component.status == "down" for component in components.values())
    return Health(status="down" if down else "ok", components=components, workers=workers, queues=queues)


def _ask(question: Callable[[], object]) -> ComponentHealth:
    started = time.perf_counter()
    try:
        question()
    except JobsError as error:
        return ComponentHealth(status="down", detail=error.detail)
    return ComponentHealth(status="ok", latency_ms=round((time.perf_counter() - started) * 1000, 2))
