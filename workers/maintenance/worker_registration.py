"""Registers this worker in SQL with what it can do; the API's `auto`, its voices and its progress read that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import psutil
import structlog

from jobs.errors import JobsError
from jobs.store.worker_registry import WorkerRegistry
from jobs.worker import WorkerInfo, WorkerRow
from workers.periodic import Periodic

_log = structlog.get_logger(__name__)

#: Seconds between two updates; a worker without one for a minute counts as gone.
_EVERY_S = 15.0


class WorkerRegistration:
    """The thread that keeps this worker's row."""

    def __init__(
        self,
        workers: WorkerRegistry,
        worker_id: str,
        *,
        queues: Sequence[str],
        slots: int,
        device: str,
        info: Callable[[], WorkerInfo],
        report_life: Callable[[], None] = lambda: None,
    ) -> None:
        """`info` is called for each update: models, voices, memory, the latest audit.

        `report_life` is called before each: also while the database is down.
        """
        self._workers = workers
        self._row = WorkerRow(worker_id, tuple(queues), slots, device, last_seen=0)
        self._info = info
        self._report_life = report_life
        self._thread = Periodic("worker-registration", self._register, every_s=_EVERY_S, retry_s=3.0)

    def start(self) -> None:
        """Register at once, in the calling thread, and keep the row up to date. Raises StoreUnavailable."""
        self._register()
        self._thread.start()

    def refresh(self) -> None:
        """Update the row now."""
        self._thread.wake()

    def close(self) -> None:
        """Mark the row as stopped, so that nothing counts on this worker for another minute."""
        self._thread.close()
        try:
            self._workers.retire(self._row.id)
        except JobsError as error:
            _log.warning("worker_not_removed", detail=error.detail)

    def _register(self) -> None:
        self._report_life()
        rss = psutil.Process().memory_info().rss
        row = WorkerRow(
            self._row.id,
            self._row.queues,
            self._row.slots,
            self._row.device,
            last_seen=0,
            info=replace(self._info(), rss_bytes=rss),
        )
        self._workers.register(row)
