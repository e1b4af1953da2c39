"""The registry of worker processes, live and of the last day, and the release of their leases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from jobs.worker import WorkerRow

#: Seconds after its last update for which a worker counts as live.
LIVE_S = 60.0
#: Seconds for which the row of a stopped or lost worker is kept: what ran yesterday is expected to return.
KEPT_S = 86_400.0


class WorkerRegistry(Protocol):
    """See jobs/store/store.py for what holds for every method."""

    def register(self, worker: WorkerRow) -> None:
        """Insert or refresh `workers`; `last_seen` is set to the database's now."""

    def retire(self, worker_id: str) -> None:
        """The worker has stopped: from now on it is not live. Its row stays for `list_seen`."""

    def list_live(self, *, within_s: float = LIVE_S) -> Sequence[WorkerRow]:
        """Workers that registered within so many seconds and have not stopped."""

    def list_seen(self, *, within_s: float = KEPT_S) -> Sequence[WorkerRow]:
        """Workers that registered within so many seconds, stopped and lost ones too; the latest first."""

    def release(self, worker_id: str) -> int:
        """Release, uncharged, what this worker still holds (graceful stop)."""

    def release_installation(self, worker_prefix: str) -> int:
        """Release, uncharged, every lease of workers whose id starts so (a local stack at its start)."""
