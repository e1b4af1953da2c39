"""Which workers of a stack that starts have registered in the database."""

from __future__ import annotations

import time

from jobs.sql import SqlStore
from workers.worker_id import WorkerId

#: Seconds between two queries.
_QUERY_EVERY_S = 0.1


class ReportedWorkers:
    """One query for all checks of a poll."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._families: frozenset[str] = frozenset()
        self._queried_at = float("-inf")

    def check(self, family: str) -> str:
        """A `Check` of the worker of this family."""
        if time.monotonic() - self._queried_at >= _QUERY_EVERY_S:
            pools = {WorkerId.parse(worker.id).pool for worker in self._store.workers.list_live()}
            self._families = frozenset(pool.rpartition(".")[2] for pool in pools)
            self._queried_at = time.monotonic()
        return "" if family in self._families else "has not reported to the database"
