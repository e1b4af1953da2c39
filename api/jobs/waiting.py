"""Waiting for jobs without asking once per waiter.

One thread per process reads a mark of each watched job in one light query every 50 ms, as long as anyone watches. Only
jobs whose mark is a new one are read in full, and only their waiters wake. Where nothing has changed for long the looks
become rarer: news is late by 2 % of the time that it was waited for, half a second at most. Past `max_waiters` nobody
waits: the caller answers at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import structlog

from jobs.errors import JobsError
from jobs.job import Job
from jobs.store import Store

log = structlog.get_logger("api")


_LATENESS = 0.02
_LONGEST_PAUSE_S = 0.5


class TooManyWaiters(Exception):
    """This process holds as many waiting clients as it may; ask again in a moment."""


class Watch:
    """One waiter's view of one job. Used by one thread; fed by the watcher."""

    def __init__(self, job: Job, now: float) -> None:
        self._condition = threading.Condition()
        self._job: Job | None = job
        self._version = 0
        self._seen = 0
        #: The watcher's own notes: the mark of the last reading that was fed (none yet, for the caller read the job
        #: himself), since when nothing has changed, and when to look next.
        self.mark: object = None
        self.unchanged_since = self.due_at = now
        #: The process is about to end: tell the client to come back.
        self.is_closed = False

    def next(self, timeout_s: float) -> Job | None:
        """The job after its next change, or as it is when the time is over; None once it was deleted."""
        with self._condition:
            self._condition.wait_for(lambda: self._version > self._seen or self.is_closed, timeout=max(0.0, timeout_s))
            self._seen = self._version
            return self._job

    def until_terminal(self, timeout_s: float) -> Job | None:
        """The job at its end, or as it is when the time is over; None once it was deleted."""
        with self._condition:
            self._condition.wait_for(
                lambda: self._job is None or self._job.state.is_terminal or self.is_closed, timeout=max(0.0, timeout_s)
            )
            return self._job

    def close(self) -> None:
        """Let the waiter go."""
        with self._condition:
            self.is_closed = True
            self._condition.notify_all()

    def feed(self, job: Job | None) -> None:
        """Called by the watcher with each new reading."""
        with self._condition:
            face = _face(job)
            if face != _face(self._job):
                self._job = job if face is not None else None
                self._version += 1
                self._condition.notify_all()


class Watcher:
    """The watched jobs of this process and the thread that reads them."""

    def __init__(
        self,
        store: Store,
        *,
        max_waiters: int,
        interval_s: float = 0.05,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._max_waiters = max_waiters
        self._interval_s = interval_s
        self._clock = clock
        self._changed = threading.Condition()
        self._watches: dict[str, set[Watch]] = {}
        self._waiters = 0
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def waiters(self) -> int:
        """How many clients wait right now."""
        return self._waiters

    @contextmanager
    def watch(self, job: Job) -> Iterator[Watch]:
        """Watch a job of which the caller has just read the given state. Raises TooManyWaiters."""
        watch = Watch(job, self._clock())
        with self._changed:
            if self._waiters >= self._max_waiters or self._closed:
                raise TooManyWaiters
            self._waiters += 1
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
                watches = self._watches[job.id]
                watches.discard(watch)
                if not watches:
                    del self._watches[job.id]

    def close(self) -> None:
        """Let all waiters go, take no more, and end the thread."""
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
            self._thread = None  # whatever ended it: the next waiter starts another

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
            pause = self._interval_s
            try:
                self._look(due)
            except JobsError as error:
                # Waiters keep their last reading; the answer that follows asks the database itself.
                log.warning("watch_failed", code=error.code)
                pause = 1.0
            with self._changed:
                self._changed.wait_for(lambda: self._closed, timeout=max(0.0, pause - (self._clock() - started)))

    def _look(self, due: Sequence[tuple[str, Watch]]) -> None:
        """Feed the watches whose job has changed since they were last fed."""
        marks = self._store.marks(list({job_id for job_id, _ in due}))
        now = self._clock()
        changed = [(job_id, watch) for job_id, watch in due if watch.mark is None or watch.mark != marks.get(job_id)]
        states = self._store.states(list({job_id for job_id, _ in changed}))
        for job_id, watch in changed:
            watch.feed(states.get(job_id))
            if watch.mark is not None:
                watch.unchanged_since = now
            watch.mark = marks.get(job_id)  # older than the state, if anything: then the next look feeds it again
        for _, watch in due:
            watch.due_at = now + min(_LONGEST_PAUSE_S, _LATENESS * (now - watch.unchanged_since))


def _face(job: Job | None) -> tuple[object, ...] | None:
    """What a waiter can see of a job."""
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
