"""Looks whether the parts that the API needs answer. At most once a second, whoever asks how often."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from api.http.schemas import ComponentHealth, Health
from jobs.errors import JobsError, Misconfigured, StorageUnavailable
from jobs.storage.ownership import require_own_storage

if TYPE_CHECKING:
    from api.wiring import Services

FRESH_S = 1.0


class HealthWatch:
    """The last look and when it was."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: Health | None = None
        self._seen_at = 0.0

    def look(self, services: Services) -> Health:
        """Health by component, without the broker."""
        with self._lock:
            if self._seen is None or self._clock() - self._seen_at >= FRESH_S:
                self._seen = _look(services)
                self._seen_at = self._clock()
            return self._seen


def _look(services: Services) -> Health:
    components = {"database": _ask(services.store.now_ms), "storage": _ask(services.storage.check)}
    workers = queues = None
    if components["database"].status == "ok":
        try:
            workers = len(services.workers.rows())
            queues = dict(services.store.queue_depths())
            if components["storage"].status == "ok":
                components["storage"] = _own(services, components["storage"])
        except JobsError as error:
            components["database"] = ComponentHealth(status="down", detail=error.detail)
    found = {component.status for component in components.values()}
    status = next(worst for worst in ("down", "degraded", "ok") if worst in found)
    return Health(status=status, components=components, workers=workers, queues=queues)


def _own(services: Services, answered: ComponentHealth) -> ComponentHealth:
    """Whether the storage is this database's own; where it is not, nothing is deleted."""
    try:
        require_own_storage(services.storage, services.store.installation_id())
    except Misconfigured as error:
        return ComponentHealth(status="degraded", latency_ms=answered.latency_ms, detail=error.detail)
    except StorageUnavailable as error:
        return ComponentHealth(status="down", detail=error.detail)
    return answered


def broker_health(services: Services) -> ComponentHealth:
    """Looked at for the admin alone: clients never notice whether the broker is there, and a lost one takes seconds."""
    found = _ask(services.dispatch.check)
    return found if found.status == "ok" else ComponentHealth(status="degraded", detail=found.detail)


def _ask(question: Callable[[], object]) -> ComponentHealth:
    started = time.perf_counter()
    try:
        question()
    except JobsError as error:
        return ComponentHealth(status="down", detail=error.detail)
    return ComponentHealth(status="ok", latency_ms=round((time.perf_counter() - started) * 1000, 2))
