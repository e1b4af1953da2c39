"""Says in SQL that this worker is here and what it can do; the API's `auto`, its voices and its progress read that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psutil
import structlog

from jobs.errors import JobsError
from jobs.job import WorkerRow
from jobs.store import Store
from workers.periodic import Periodic

_log = structlog.get_logger(__name__)

#: Seconds between two signs of life; a worker unseen for a minute counts as gone.
_EVERY_S = 15.0


class Presence:
    """The thread that keeps this worker's row."""

    def __init__(
        self,
        store: Store,
        worker_id: str,
        *,
        queues: Sequence[str],
        slots: int,
        device: str,
        info: Callable[[], Mapping[str, Any]],
    ) -> None:
        """`info` is asked each time: models, voices, memory, the latest audit."""
        self._store = store
        self._row = WorkerRow(worker_id, tuple(queues), slots, device, last_seen=0)
        self._info = info
        self._thread = Periodic("presence", self._show, every_s=_EVERY_S, again_s=3.0)

    def start(self) -> None:
        """Show up at once, in the thread that calls, and stay. Raises StoreUnavailable."""
        self._show()
        self._thread.start()

    def refresh(self) -> None:
        """Something changed: say so now."""
        self._thread.wake()

    def close(self) -> None:
        """Leave, so that nobody counts on this worker for another minute."""
        self._thread.close()
        try:
            self._store.forget_worker(self._row.id)
        except JobsError as error:
            _log.warning("farewell_unheard", detail=error.detail)

    def _show(self) -> None:
        rss = psutil.Process().memory_info().rss
        row = WorkerRow(
            self._row.id,
            self._row.queues,
            self._row.slots,
            self._row.device,
            last_seen=0,
            info={**self._info(), "rss_bytes": rss},
        )
        self._store.see_worker(row)
