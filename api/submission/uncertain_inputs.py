"""Inputs whose job may or may not be recorded, because the database failed while it was committing.

They stay until the database can tell: the inputs of a job that does not exist are removed. Known to this process only:
when it ends, the rest stays in the storage, under the prefix of a job that does not exist.
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
from jobs.store.job_store import JobStore

log = structlog.get_logger("api")

#: Seconds after which a COMMIT without an answer can no longer take effect.
SETTLED_S = 60.0


@dataclass(frozen=True, slots=True)
class _UncertainJob:
    tenant_id: str
    job_id: str
    due_at: float


class UncertainInputs:
    """Jobs with uncertain inputs, and a thread that checks them. The thread runs only while there are any."""

    def __init__(
        self,
        jobs: JobStore,
        storage: Storage,
        *,
        settled_s: float = SETTLED_S,
        interval_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._jobs = jobs
        self._storage = storage
        self._settled_s = settled_s
        self._interval_s = interval_s
        self._clock = clock
        self._changed = threading.Condition()
        self._pending: list[_UncertainJob] = []
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def job_ids(self) -> list[str]:
        """The jobs that have not been checked yet."""
        with self._changed:
            return [job.job_id for job in self._pending]

    def mark_uncertain(self, tenant_id: str, job_id: str) -> None:
        """Check later whether this job exists, and remove its inputs if it does not."""
        with self._changed:
            self._pending.append(_UncertainJob(tenant_id, job_id, self._clock() + self._settled_s))
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="uncertain-inputs", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Stop the thread. Inputs that are still uncertain stay."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(timeout=5)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed, timeout=self._interval_s)
                if self._closed:
                    return
                if not self._pending:
                    self._thread = None
                    return
                due = [job for job in self._pending if job.due_at <= self._clock()]
            for job in due:
                if self._settle(job):
                    with self._changed:
                        self._pending.remove(job)

    def _settle(self, job: _UncertainJob) -> bool:
        """Whether nothing is left to do: the job exists, or its inputs are removed."""
        try:
            self._jobs.get(job.tenant_id, job.job_id)
        except NotFound:
            return self._remove(job)
        except Deleted:
            return True  # the sweeper removes the objects of deleted jobs
        except JobsError:
            return False
        return True

    def _remove(self, job: _UncertainJob) -> bool:
        try:
            self._storage.delete_prefix(job_prefix(job.tenant_id, job.job_id))
        except JobsError:
            return False
        log.info("uncertain_input_removed", job=job.job_id)
        return True
