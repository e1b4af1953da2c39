"""Waiting for changes of jobs, without a query for each waiting client.

One thread per process reads a version of every watched job in one small query, every 50 ms while anybody waits. Only
jobs with a new version are read in full, and only their waiters wake up. Jobs that do not change are read less often: a
change is reported late by at most 2 % of the time waited, and by at most half a second. Beyond `max_waiters`, and for a
tenant or a key beyond its own number, nobody waits: the caller answers at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import structlog

from api.http.places import NoPlace, Places
from jobs.errors import JobsError
from jobs.job import Job
from jobs.store.job_store import JobStore

log = structlog.get_logger("api")

_MAX_DELAY_RATIO = 0.02
_MAX_DELAY_S = 0.5
#: Pause after a failed query.
_RETRY_S = 1.0


class TooManyWaiters(Exception):
    """This process holds as many waiting clients as it may; retry in a moment."""


class JobWatch:
    """One waiter's view of one job. One thread waits; the watcher's thread calls `update`."""

    def __init__(self, job: Job, now: float) -> None:
        self._condition = threading.Condition()
        self._job: Job | None = job
        # The watcher reads no requests: they never change, and may be long.
        self._params = job.params
        self._update_count = 0
        self._seen_count = 0
        #: Of the watcher alone: the version of the last state (None before the first: the caller read that state),
        #: since when the job has not changed, and when it is due to be read.
        self.version: object = None
        self.unchanged_since = self.due_at = now
        #: The process is shutting down: the client has to reconnect.
        self.is_closed = False

    def next(self, timeout_s: float) -> Job | None:
        """The job after its next change, or as it is when the time is over; None once it was deleted."""
        with self._condition:
            self._condition.wait_for(
                lambda: self._update_count > self._seen_count or self.is_closed, timeout=max(0.0, timeout_s)
            )
            self._seen_count = self._update_count
            return self._job

    def until_terminal(self, timeout_s: float) -> Job | None:
        """The job at its end, or as it is when the time is over; None once it was deleted."""
        with self._condition:
            self._condition.wait_for(
                lambda: self._job is None or self._job.state.is_terminal or self.is_closed, timeout=max(0.0, timeout_s)
            )
            return self._job

    def close(self) -> None:
        """Wake the waiter up for good."""
        with self._condition:
            self.is_closed = True
            self._condition.notify_all()

    def update(self, job: Job | None) -> None:
        """Set the state of the job; wake the waiter up if it is a new one."""
        with self._condition:
            state = _visible_state(job)
            if state != _visible_state(self._job):
                self._job = replace(job, params=self._params) if job is not None and state is not None else None
                self._update_count += 1
                self._condition.notify_all()


class JobWatcher:
    """The watched jobs of this process and the thread that reads them."""

    def __init__(
        self,
        jobs: JobStore,
        *,
        max_waiters: int,
        max_tenant_waiters: int | None = None,
        max_key_waiters: int | None = None,
        interval_s: float = 0.05,
        clock: Callable[[], float] = time.monotonic,
        report_waiters: Callable[[int], None] | None = None,
    ) -> None:
        """`report_waiters` gets the number of waiting clients after each change."""
        self._jobs = jobs
        self._report_waiters = report_waiters or (lambda _count: None)
        self._places = Places(
            total=max_waiters,
            tenant=max_waiters if max_tenant_waiters is None else max_tenant_waiters,
            key=max_waiters if max_key_waiters is None else max_key_waiters,
        )
        self._interval_s = interval_s
        self._clock = clock
        self._changed = threading.Condition()
        self._watches: dict[str, set[JobWatch]] = {}
        self._waiters = 0
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def waiters(self) -> int:
        """The number of clients that wait now."""
        return self._waiters

    @contextmanager
    def watch(self, job: Job, *, key_id: str | None = None) -> Iterator[JobWatch]:
        """Watch a job, from the state that the caller has just read. `key_id`: who waits. Raises TooManyWaiters."""
        watch = JobWatch(job, self._clock())
        with self._changed:
            if self._closed:
                raise TooManyWaiters
            try:
                place = self._places.take(job.tenant_id, key_id)
            except NoPlace as error:
                raise TooManyWaiters from error
            self._waiters += 1
            self._report_waiters(self._waiters)
            self._watches.setdefault(job.id, set()).add(watch)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="job-watcher", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        try:
            yield watch
        finally:
            with self._changed:
                self._waiters -= 1
                self._report_waiters(self._waiters)
                place.leave()
                watches = self._watches[job.id]
                watches.discard(watch)
                if not watches:
                    del self._watches[job.id]

    def close(self) -> None:
        """Wake all waiters up, accept no more, and stop the thread."""
        with self._changed:
            self._closed = True
            for watches in self._watches.values():
                for watch in watches:
                    watch.close()
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(timeout=5)

    def _run(self) -> None:
        try:
            self._read_until_closed()
        finally:
            self._thread = None  # even after an unexpected error: the next waiter starts another

    def _read_until_closed(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._watches or self._closed)
                if self._closed:
                    return
                started = self._clock()
                due = [
                    (job_id, watch)
                    for job_id, watches in self._watches.items()
                    for watch in watches
                    if watch.due_at <= started
                ]
            pause_s = self._interval_s
            try:
                self._read(due)
            except JobsError as error:
                # Waiters keep their last state; the response that follows reads the database itself.
                log.warning("watch_failed", code=error.code)
                pause_s = _RETRY_S
            with self._changed:
                self._changed.wait_for(lambda: self._closed, timeout=max(0.0, pause_s - (self._clock() - started)))

    def _read(self, due: Sequence[tuple[str, JobWatch]]) -> None:
        """Update the watches whose job has changed since they were last updated."""
        versions = self._jobs.versions(list({job_id for job_id, _ in due}))
        now = self._clock()
        changed = [
            (job_id, watch) for job_id, watch in due if watch.version is None or watch.version != versions.get(job_id)
        ]
        jobs = self._jobs.get_many(list({job_id for job_id, _ in changed}))
        for job_id, watch in changed:
            watch.update(jobs.get(job_id))
            if watch.version is not None:
                watch.unchanged_since = now
            # The version was read before the state: if the job changed in between, the next round updates it again.
            watch.version = versions.get(job_id)
        for _, watch in due:
            watch.due_at = now + min(_MAX_DELAY_S, _MAX_DELAY_RATIO * (now - watch.unchanged_since))


def _visible_state(job: Job | None) -> tuple[object, ...] | None:
    """What a waiter can see of a job; None for a deleted one."""
    if job is None or job.deleted_at is not None:
        return None
    return (
        job.state,
        job.units_done,
        job.units_running,
        job.units_total,
        job.chunks_done,
        job.chunk_total,
        job.finished_at,
    )
