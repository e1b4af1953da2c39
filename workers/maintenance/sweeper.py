"""Periodic maintenance, in every controller: one leads at a time, but correctness never depends on there being one.

Each pass rescues chunks of dead workers, expires jobs, notifies for work that nobody claimed. Every 30 seconds, and in
each pass while one is not enough, it removes the objects of jobs that are due for deletion; every ten minutes it runs
the audit and adds up the sizes of the objects: the latest results are metrics.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import structlog

from jobs.dispatch.dispatch import Dispatch
from jobs.errors import JobsError, Misconfigured, StorageUnavailable
from jobs.lease_trust import TrustWindow
from jobs.storage.object_keys import job_prefix, part_prefixes
from jobs.storage.ownership import require_own_storage
from jobs.storage.storage import Storage
from jobs.store.maintenance import Maintenance
from jobs.stored_object import StoredBytes
from jobs.worker_counters import EXPIRED_JOBS, RESCUES, WorkerCounters
from workers.periodic import Periodic

_log = structlog.get_logger(__name__)

_LEADER = "sweeper"
#: Seconds between two runs of the slow tasks.
_DELETE_EVERY_S = 30.0
#: Seconds for which one pass deletes; with more left to delete, the next pass continues.
_DELETE_FOR_S = 2.0
_AUDIT_EVERY_S = 600.0
#: Seconds between two searches for uploads of killed processes, and how old an upload is that nobody completes.
_DISCARD_EVERY_S, _STALE_UPLOAD_S = 3600.0, 48 * 3600.0
#: The first audit comes later, so that it does not slow down the start of a stack.
_FIRST_AUDIT_S = 60.0


class Sweeper:
    """The thread that sweeps."""

    def __init__(
        self,
        maintenance: Maintenance,
        storage: Storage,
        dispatch: Dispatch,
        worker_id: str,
        *,
        every_s: float,
        trust_s: float,
        counters: WorkerCounters | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._maintenance = maintenance
        self._storage = storage
        self._dispatch = dispatch
        self._worker_id = worker_id
        self._every_s = every_s
        self._window = TrustWindow(trust_s)
        self._clock = clock
        self._counters = counters or WorkerCounters()
        self._delete_at = clock()
        self._audit_at = clock() + _FIRST_AUDIT_S
        self._discard_at = clock() + _DISCARD_EVERY_S
        #: Invariant → violations found by this worker's last audit; empty before the first.
        self.audit: Mapping[str, int] = {}
        #: As of that audit; None before the first.
        self.stored: StoredBytes | None = None
        self._thread = Periodic("sweeper", self.sweep, every_s=every_s)

    def start(self) -> None:
        """Begin to sweep."""
        self._thread.start()

    def close(self) -> None:
        """Stop, and let another lead at once."""
        self._thread.close()
        try:
            self._maintenance.resign(_LEADER, self._worker_id)
        except JobsError as error:
            _log.warning("leadership_not_resigned", detail=error.detail)

    def sweep(self) -> None:
        """One pass. Raises StoreUnavailable; what the storage fails to delete is left for a later pass."""
        leads = self._maintenance.acquire_leadership(
            _LEADER, self._worker_id, term_ms=round(max(10.0, 3 * self._every_s) * 1000)
        )
        # The others watch too, so that the next leader need not wait before it may rescue.
        may_rescue = self._window.record_pass(self._maintenance.now_ms())
        if not leads:
            return
        swept = self._maintenance.sweep(may_rescue=may_rescue)
        self._counters.add(RESCUES, value=swept.rescued)
        self._counters.add(EXPIRED_JOBS, value=swept.expired)
        for queue, count in (swept.notifications or {}).items():
            self._dispatch.notify(queue, count=count)
        if swept.rescued or swept.expired or swept.cancelled:
            _log.info("swept", rescued=swept.rescued, expired=swept.expired, cancelled=swept.cancelled)
        try:
            self._slow_tasks()
        except (StorageUnavailable, Misconfigured) as error:
            _log.warning("objects_not_deleted", error=type(error).__name__, detail=error.detail)

    def _slow_tasks(self) -> None:
        if self._clock() >= self._delete_at:
            self._delete_at = self._clock() + _DELETE_EVERY_S
            if count := self._maintenance.bring_forward():
                _log.warning("times_brought_forward", count=count, detail="the database's clock was set back")
            self._delete()
            self._delete_dropped_parts()
        if self._clock() >= self._discard_at:
            self._discard_at = self._clock() + _DISCARD_EVERY_S
            require_own_storage(self._storage, self._maintenance.installation_id())
            if count := self._storage.discard_stale_uploads(older_than_s=_STALE_UPLOAD_S):
                _log.info("stale_uploads_discarded", count=count)
        if self._clock() >= self._audit_at:
            self._audit_at = self._clock() + _AUDIT_EVERY_S
            self.audit = {name: len(rows) for name, rows in self._maintenance.audit().items()}
            if broken := {name: count for name, count in self.audit.items() if count}:
                _log.error("audit_failed", **broken)
            self.stored = self._maintenance.stored_bytes()

    def _delete(self) -> None:
        """Delete objects first, then blank the row: a crash in between is repaired by the next pass.

        A long backlog is spread over many passes, each short enough for the leases that the others repair.
        """
        until = self._clock() + _DELETE_FOR_S
        deleted: set[str] = set()
        while due := [job for job in self._maintenance.due_for_purge() if job.id not in deleted]:
            if not deleted:
                require_own_storage(self._storage, self._maintenance.installation_id())
            for job in due:
                self._storage.delete_prefix(job_prefix(job.tenant_id, job.id))
                self._maintenance.purge(job.id)
                _log.info("job_deleted", job=job.id)
                deleted.add(job.id)
                if self._clock() >= until:
                    self._delete_at = self._clock()
                    return

    def _delete_dropped_parts(self) -> None:
        """Delete the parts that succeeded jobs gave up; the record says so already, so this may end anywhere."""
        until = self._clock() + _DELETE_FOR_S
        deleted: set[str] = set()
        while due := [job for job in self._maintenance.due_for_part_deletion() if job.id not in deleted]:
            if not deleted:
                require_own_storage(self._storage, self._maintenance.installation_id())
            for job in due:
                for prefix in part_prefixes(job.tenant_id, job.id):
                    self._storage.delete_prefix(prefix)
                self._maintenance.record_parts_deleted(job.id)
                deleted.add(job.id)
                if self._clock() >= until:
                    self._delete_at = self._clock()
                    return
