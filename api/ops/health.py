"""Checks the components that the API needs, at most once a second however many clients ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from api.models.live_workers import LiveWorkers
from jobs.dispatch.dispatch import Dispatch
from jobs.errors import JobsError, Misconfigured, StorageUnavailable
from jobs.storage.ownership import require_own_storage
from jobs.storage.storage import Storage
from jobs.store import Store
from jobs.worker import WorkerRow

from .schemas import ComponentHealth, Health

MAX_AGE_S = 1.0


class HealthCheck:
    """The last result and when it was taken."""

    def __init__(
        self, store: Store, storage: Storage, workers: LiveWorkers, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store, self._storage, self._workers = store, storage, workers
        self._clock = clock
        self._lock = threading.Lock()
        self._last: Health | None = None
        self._checked_at = 0.0

    def check(self) -> Health:
        """The health by component, without the broker."""
        with self._lock:
            if self._last is None or self._clock() - self._checked_at >= MAX_AGE_S:
                self._last = self._check_components()
                self._checked_at = self._clock()
            return self._last

    def _check_components(self) -> Health:
        components = {
            "database": _check_component(self._store.maintenance.now_ms),
            "storage": _check_component(self._storage.check),
        }
        workers = queues = None
        if components["database"].status == "ok":
            try:
                rows = self._workers.rows()
                workers = len(rows)
                components["disk"] = _check_disks(rows)
                components["sandbox"] = _check_sandboxes(rows)
                queues = dict(self._store.chunks.depths())
                if components["storage"].status == "ok":
                    components["storage"] = self._check_owner(components["storage"])
            except JobsError as error:
                components["database"] = ComponentHealth(status="down", detail=error.detail)
        found = {component.status for component in components.values()}
        status = next(worst for worst in ("down", "degraded", "ok") if worst in found)
        return Health(status=status, components=components, workers=workers, queues=queues)

    def _check_owner(self, storage_health: ComponentHealth) -> ComponentHealth:
        """Whether the storage belongs to this database; where it does not, nothing is deleted."""
        try:
            require_own_storage(self._storage, self._store.maintenance.installation_id())
        except Misconfigured as error:
            return ComponentHealth(status="degraded", latency_ms=storage_health.latency_ms, detail=error.detail)
        except StorageUnavailable as error:
            return ComponentHealth(status="down", detail=error.detail)
        return storage_health


def _check_disks(rows: Sequence[WorkerRow]) -> ComponentHealth:
    """Whether a worker starts no chunk because its disk is nearly full."""
    short = [row for row in rows if row.info.is_short_of_space]
    if not short:
        return ComponentHealth(status="ok")
    named = ", ".join(f"{row.id} ({(row.info.free_bytes or 0) >> 20} MiB free)" for row in short[:5])
    return ComponentHealth(
        status="degraded",
        detail=f"{len(short)} of {len(rows)} workers start no chunk, for lack of disk space: {named}. Free some under "
        "VOICEMILL_DATA_DIR, or lower VOICEMILL_MIN_FREE_BYTES.",
    )


def _check_sandboxes(rows: Sequence[WorkerRow]) -> ComponentHealth:
    """Whether a worker's kernel leaves its sandboxes without a protection."""
    weak = [f"{row.id} ({', '.join(row.info.unprotected)})" for row in rows if row.info.unprotected]
    if not weak:
        return ComponentHealth(status="ok")
    return ComponentHealth(
        status="degraded",
        detail=f"Sandboxes are not kept from what is named: {', '.join(weak[:5])}. See docs/explanation/sandbox.md.",
    )


def check_broker(dispatch: Dispatch) -> ComponentHealth:
    """For the admin only: requests do not depend on the broker, and the check of a lost one takes seconds."""
    found = _check_component(dispatch.check)
    return found if found.status == "ok" else ComponentHealth(status="degraded", detail=found.detail)


def _check_component(check: Callable[[], object]) -> ComponentHealth:
    started = time.perf_counter()
    try:
        check()
    except JobsError as error:
        return ComponentHealth(status="down", detail=error.detail)
    return ComponentHealth(status="ok", latency_ms=round((time.perf_counter() - started) * 1000, 2))
