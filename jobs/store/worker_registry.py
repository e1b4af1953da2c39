"""The registry of live worker processes, and the release of their leases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from jobs.worker import WorkerRow


class WorkerRegistry(Protocol):
    """See jobs/store/store.py for what holds for every method."""

    def register(self, worker: WorkerRow) -> None:
        """Insert or refresh `workers`; `last_seen` is set to the database's now."""

    def remove(self, worker_id: str) -> None: ...

    def list_live(self, *, within_s: float = 60.0) -> Sequence[WorkerRow]: ...

    def release(self, worker_id: str) -> int:
        """Release, uncharged, what this worker still holds (graceful stop)."""

    def release_installation(self, worker_prefix: str) -> int:
        """Release, uncharged, every lease of workers whose id starts so (a local stack at its start)."""
