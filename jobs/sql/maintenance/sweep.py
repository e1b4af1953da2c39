"""One sweep: rescues chunks of crashed workers, expires and cancels jobs, finds lost notifications."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import sqlalchemy as sa

from jobs.chunk import Release
from jobs.sql.chunk_queue.failures import Failures
from jobs.sql.chunk_queue.transitions import (
    DEADLINE_FAILURE,
    cancel_waiting,
    end_if_idle,
    end_job,
    lock_job,
    stop_running,
)
from jobs.sql.clock import db_now_ms
from jobs.sql.database import Database
from jobs.sql.tables import chunks, idempotency, jobs, webhook_deliveries
from jobs.sql.worker_registry import SqlWorkerRegistry, count_live_slots
from jobs.states import ChunkState, JobState, ReleaseReason
from jobs.store import SweepResult

#: Time for a running chunk of an ended or cancelled job to learn it from a heartbeat, and to stop.
STOP_GRACE_MS = 20_000

_RUNNING: sa.ColumnElement[str] = sa.literal_column("'running'")

#: Queues with chunks that have waited for 3 s, longer than a notification takes, and their number, up to 100.
#: Skips from queue to queue in the index.
_WAITING = """
WITH RECURSIVE named(queue) AS (
    SELECT min(queue) FROM chunks WHERE state = 'ready'
    UNION ALL
    SELECT (SELECT min(c.queue) FROM chunks c WHERE c.state = 'ready' AND c.queue > named.queue)
    FROM named WHERE named.queue IS NOT NULL
)
SELECT queue, (
    SELECT count(*) FROM (
        SELECT 1 FROM chunks c WHERE c.state = 'ready' AND c.queue = named.queue AND c.available_at <= {now} - 3000
        LIMIT 100) AS due) AS ready
FROM named WHERE queue IS NOT NULL
"""


class Sweep:
    """One pass. Every repair is a transaction of its own, so that a bad row affects nothing but itself."""

    def __init__(self, db: Database, failures: Failures, workers: SqlWorkerRegistry) -> None:
        self._db, self._failures, self._workers = db, failures, workers

    def sweep(self, *, may_rescue: bool, limit: int = 200) -> SweepResult:
        """See Maintenance.sweep."""
        self._release_deliveries()
        self._workers.drop_old()
        return SweepResult(
            expired=self._expire(limit),
            cancelled=self._finish_stopped(limit),
            rescued=self._rescue(limit) if may_rescue else 0,
            idempotency_dropped=self._drop_idempotency(limit),
            notifications=self._find_lost_notifications(),
        )

    def _expire(self, limit: int) -> int:
        # Cancelled ones end as cancelled: see _finish_stopped.
        overdue = sa.select(jobs.c.id).where(
            jobs.c.finished_at.is_(None), jobs.c.cancel_requested_at.is_(None), jobs.c.deadline_at <= db_now_ms()
        )
        return self._repair_each(overdue.order_by(jobs.c.deadline_at).limit(limit), self._expire_job)

    def _expire_job(self, connection: sa.Connection, job: Any) -> bool:
        if job.finished_at is not None or job.cancel_requested_at is not None:
            return False
        cancel_waiting(connection, job.id, "deadline")
        end_job(self._db, connection, job, JobState.EXPIRED, error=DEADLINE_FAILURE)
        return True

    def _finish_stopped(self, limit: int) -> int:
        """Stop chunks of ended or cancelled jobs whose worker does not respond; end cancelled jobs that run nothing."""
        since = sa.func.coalesce(jobs.c.finished_at, jobs.c.cancel_requested_at)
        unresponsive = (
            sa.select(chunks.c.job_id)
            .join(jobs)
            .where(chunks.c.state == _RUNNING, since <= db_now_ms() - STOP_GRACE_MS)
            .distinct()
            .limit(limit)
        )
        idle = (
            sa.select(jobs.c.id)
            .where(
                jobs.c.finished_at.is_(None),
                jobs.c.cancel_requested_at.is_not(None),
                ~sa.exists().where(chunks.c.job_id == jobs.c.id, chunks.c.state == _RUNNING),
            )
            .limit(limit)
        )
        return self._repair_each(unresponsive, self._stop_chunks) + self._repair_each(idle, self._end_idle)

    def _stop_chunks(self, connection: sa.Connection, job: Any) -> bool:
        running = connection.execute(
            sa.select(chunks.c.id, chunks.c.fence)
            .where(chunks.c.job_id == job.id, chunks.c.state == _RUNNING)
            .order_by(chunks.c.id)
            .with_for_update()
        ).all()
        for row in running:
            stop_running(connection, row.id, row.fence, state=ChunkState.CANCELLED, reason="deaf")
        end_if_idle(self._db, connection, job)
        return bool(running)

    def _end_idle(self, connection: sa.Connection, job: Any) -> bool:
        return end_if_idle(self._db, connection, job).finished_at is not None

    def _rescue(self, limit: int) -> int:
        expired = chunks.c.lease_expires_at <= db_now_ms()
        query = (
            sa.select(chunks.c.id, chunks.c.job_id)
            .where(chunks.c.state == _RUNNING, expired)
            .order_by(chunks.c.lease_expires_at)
            .limit(limit)
        )
        found = self._db.read(lambda connection: connection.execute(query).all())
        return sum(self._failures.requeue_if(row, expired, Release(ReleaseReason.RESCUE)) for row in found)

    def _release_deliveries(self) -> None:
        """Make deliveries whose sender died due at once: a receiver recognises duplicates by their id."""
        column = webhook_deliveries.c
        expired = column.state == sa.literal_column("'sending'"), column.lease_expires_at <= db_now_ms()
        if self._db.read(lambda connection: connection.execute(sa.select(column.id).where(*expired).limit(1)).all()):
            release = sa.update(webhook_deliveries).where(*expired)
            release = release.values(state="pending", lease_owner=None, lease_expires_at=None)
            self._db.write(lambda connection: connection.execute(release))

    def _drop_idempotency(self, limit: int) -> int:
        key = sa.tuple_(idempotency.c.tenant_id, idempotency.c.route, idempotency.c.key)
        old = sa.select(*key).where(idempotency.c.expires_at <= db_now_ms()).limit(limit)
        if not self._db.read(lambda connection: connection.execute(old).all()):
            return 0
        return self._db.write(
            lambda connection: connection.execute(sa.delete(idempotency).where(key.in_(old))).rowcount
        )

    def _find_lost_notifications(self) -> Mapping[str, int]:
        """Chunks by queue that wait although slots are idle; at most one where no live worker has the queue."""
        ready_sql = sa.text(_WAITING.format(now=self._db.now_sql))
        busy = sa.select(chunks.c.queue, sa.func.count().label("n")).where(chunks.c.state == _RUNNING)

        def read(connection: sa.Connection) -> tuple[Any, Any]:
            return connection.execute(ready_sql).all(), connection.execute(busy.group_by(chunks.c.queue)).all()

        waiting, running = self._db.read(read)
        if not any(row.ready for row in waiting):
            return {}
        live = self._workers.list_live()
        busy_slots = {row.queue: row.n for row in running}
        idle = {row.queue: max(1, count_live_slots(live, row.queue)) - busy_slots.get(row.queue, 0) for row in waiting}
        return {row.queue: min(row.ready, idle[row.queue]) for row in waiting if row.ready and idle[row.queue] > 0}

    def _repair_each(self, query: Any, repair: Callable[[sa.Connection, Any], bool]) -> int:
        """Run a repair on every job of the query, each locked in its own transaction. Returns the number of repairs."""
        ids = self._db.read(lambda connection: connection.scalars(query).all())

        def transaction(job_id: str, connection: sa.Connection) -> bool:
            return repair(connection, lock_job(connection, job_id))

        return sum(self._db.write(partial(transaction, job_id)) for job_id in ids)
