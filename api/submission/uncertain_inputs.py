"""Inputs whose job may or may not have been recorded: the database went away in the middle of the answer.

Kept until the database says so: an input without a job is removed, one with a job is the job's. Known to this process
only; what it forgets at its end stays in the storage, under the prefix of a job that does not exist.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from jobs.errors import Deleted, JobsError, NotFound
from jobs.storage.object_keys import job_prefix
from jobs.storage.storage import Storage
from jobs.store import Store

log = structlog.get_logger("api")

#: A COMMIT whose answer was lost may still be on its way; after so many seconds it is not.
SETTLED_S = 60.0


@dataclass(frozen=True, slots=True)
class _Doubt:
    tenant_id: str
    job_id: str
    due_at: float


class Orphans:
    """Doubtful inputs and the thread that looks after them while there are any."""

    def __init__(
        self,
        store: Store,
        storage: Storage,
        *,
        settled_s: float = SETTLED_S,
        every_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._storage = storage
        self._settled_s = settled_s
        self._every_s = every_s
        self._clock = clock
        self._changed = threading.Condition()
        self._doubts: list[_Doubt] = []
        self._thread: threading.Thread | None = None
        self._closed = False

    def doubt(self, tenant_id: str, job_id: str) -> None:
        """Look later whether this job exists."""
        with self._changed:
            self._doubts.append(_Doubt(tenant_id, job_id, self._clock() + self._settled_s))
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="orphans", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread; what is in doubt stays."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(timeout=5)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed, timeout=self._every_s)
                if self._closed:
                    return
                if not self._doubts:
                    self._thread = None
                    return
                due = [doubt for doubt in self._doubts if doubt.due_at <= self._clock()]
            for doubt in due:
                if self._settle(doubt):
                    with self._changed:
                        self._doubts.remove(doubt)

    def _settle(self, doubt: _Doubt) -> bool:
        """Whether the doubt is over."""
        try:
            self._store.job(doubt.tenant_id, doubt.job_id)
        except NotFound:
            return self._remove(doubt)
        except Deleted:
            return True  # the sweeper knows it
        except JobsError:
            return False
        return True

    def _remove(self, doubt: _Doubt) -> bool:
        try:
            self._storage.delete_prefix(job_prefix(doubt.tenant_id, doubt.job_id))
        except JobsError:
            return False
        log.info("orphan_removed", job=doubt.job_id)
        return True
