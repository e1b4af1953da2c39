"""Checks the components that the API needs, at most once a second however many clients ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from api.services import Services
from jobs.errors import JobsError, Misconfigured, StorageUnavailable
from jobs.storage.ownership import require_own_storage

from .schemas import ComponentHealth, Health

MAX_AGE_S = 1.0


class HealthCheck:
    """The last result and when it was taken."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last: Health | None = None
        self._checked_at = 0.0

    def check(self, services: Services) -> Health:
        """The health by component, without the broker."""
        with self._lock:
            if self._last is None or self._clock() - self._checked_at >= MAX_AGE_S:
                self._last = _check(services)
                self._checked_at = self._clock()
            return self._last


def _check(services: Services) -> Health:
    components = {
        "database": _check_component(services.store.maintenance.now_ms),
        "storage": _check_component(services.storage.check),
    }
    workers = queues = None
    if components["database"].status == "ok":
        try:
            workers = len(services.workers.rows())
            queues = dict(services.store.chunks.depths())
            if components["storage"].status == "ok":
                components["storage"] = _check_owner(services, components["storage"])
        except JobsError as error:
            components["database"] = ComponentHealth(status="down", detail=error.detail)
    found = {component.status for component in components.values()}
    status = next(worst for worst in ("down", "degraded", "ok") if worst in found)
    return Health(status=status, components=components, workers=workers, queues=queues)


def _check_owner(services: Services, storage_health: ComponentHealth) -> ComponentHealth:
    """Whether the storage belongs to this database; where it does not, nothing is deleted."""
    try:
        require_own_storage(services.storage, services.store.maintenance.installation_id())
    except Misconfigured as error:
        return ComponentHealth(status="degraded", latency_ms=storage_health.latency_ms, detail=error.detail)
    except StorageUnavailable as error:
        return ComponentHealth(status="down", detail=error.detail)
    return storage_health


def check_broker(services: Services) -> ComponentHealth:
    """For the admin only: requests do not depend on the broker, and the check of a lost one takes seconds."""
    found = _check_component(services.dispatch.check)
    return found if found.status == "ok" else ComponentHealth(status="degraded", detail=found.detail)


def _check_component(check: Callable[[], object]) -> ComponentHealth:
    started = time.perf_counter()
    try:
        check()
    except JobsError as error:
        return ComponentHealth(status="down", detail=error.detail)
    return ComponentHealth(status="ok", latency_ms=round((time.perf_counter() - started) * 1000, 2))
