"""Withdrawals: parts that were found damaged are taken back, and their chunks run again in the same job.

See docs/dev/architecture.md, "Damaged parts". The lock of the job keeps counters and chunks together, as in a commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from jobs import retry_policy
from jobs.chunk import Chunk, Claim, Release
from jobs.errors import LeaseLost
from jobs.failure import Failure
from jobs.sql.clock import db_now_ms
from jobs.sql.database import Database
from jobs.sql.tables import chunks, jobs
from jobs.states import ChunkState, JobState, ReleaseReason

from .failures import Failures
from .transitions import (
    IDLE,
    end_if_idle,
    fail_job,
    is_stopping,
    lock_claimed,
    lock_job,
    record_transitions,
    still_held,
    stop_running,
)

_REASON = "damaged"


class Withdrawals:
    """Makes succeeded work chunks ready again, and the chunk that needs their parts blocked."""

    def __init__(self, db: Database, failures: Failures) -> None:
        self._db, self._failures = db, failures

    def withdraw(self, claim: Claim, damaged: Sequence[Chunk], failure: Failure) -> Sequence[str]:
        """See ChunkQueue.withdraw."""

        def transaction(connection: sa.Connection) -> Sequence[str]:
            job = lock_job(connection, claim.chunk.job_id)
            finder = lock_claimed(connection, claim)
            if finder is None:
                raise LeaseLost
            now_ms = connection.scalar(sa.select(db_now_ms())) or 0
            if job.finished_at is not None or is_stopping(job, now_ms):
                stop_running(connection, finder.id, finder.fence, state=ChunkState.CANCELLED, reason="stopped")
                end_if_idle(self._db, connection, job)
                return ()
            return self._withdraw(connection, job, finder, damaged, failure)

        return self._db.write(transaction)

    def _withdraw(
        self, connection: sa.Connection, job: Any, finder: Any, damaged: Sequence[Chunk], failure: Failure
    ) -> Sequence[str]:
        release = Release(ReleaseReason.RETRY, failure=failure)
        rows = [row for each in damaged if (row := _lock_part(connection, job.id, each)) is not None]
        if not rows:
            # Nothing of what was reported is in the record any more: look again.
            self._failures.requeue(connection, job, finder, release)
            return ()
        decided = [(row, self._failures.decide(row, release)) for row in rows]
        if any(isinstance(decision, retry_policy.Exhausted) for _, decision in decided):
            stop_running(connection, finder.id, finder.fence, state=ChunkState.FAILED, reason=failure.code)
            fail_job(self._db, connection, job, failure)
            return ()
        for row, decision in decided:
            assert isinstance(decision, retry_policy.RetryAfter), "no limit is reached"
            _make_ready(connection, row, decision)
        record_transitions(connection, ((row.id, row.fence) for row in rows), "succeeded", "ready", _REASON)
        blocked = sa.update(chunks).where(*still_held(finder.id, finder.fence)).values(state="blocked", **IDLE)
        connection.execute(blocked)
        record_transitions(connection, [(finder.id, finder.fence)], "running", "blocked", _REASON)
        uncounted = {
            "state": JobState.RUNNING.value,
            "chunks_done": jobs.c.chunks_done - len(rows),
            "units_done": jobs.c.units_done - sum(row.units for row in rows),
            "attempts": jobs.c.attempts + 1,
            "updated_at": db_now_ms(),
        }
        connection.execute(sa.update(jobs).where(jobs.c.id == job.id).values(uncounted))
        return tuple(sorted({row.queue for row in rows}))


def _lock_part(connection: sa.Connection, job_id: str, chunk: Chunk) -> Any:
    """The row of a work chunk of this job, if its part is the one that was found damaged and nothing came of it."""
    if chunk.part is None or chunk.notes.follow_ups:
        return None
    query = sa.select(chunks).where(
        chunks.c.id == chunk.id,
        chunks.c.job_id == job_id,
        chunks.c.step == "work",
        chunks.c.state == "succeeded",
        chunks.c.result_key == chunk.part.key,
    )
    return connection.execute(query.with_for_update()).one_or_none()


def _make_ready(connection: sa.Connection, row: Any, decision: retry_policy.RetryAfter) -> None:
    """The next claim raises the fence, which is in the name of the new part: no object is overwritten."""
    values: dict[str, Any] = {
        "state": "ready",
        "result_key": None,
        "result_sha256": None,
        "result_bytes": None,
        "notes": {},
        "finished_at": None,
        "error_count": decision.counts.error,
        "available_at": db_now_ms() + decision.delay_ms,
    }
    connection.execute(sa.update(chunks).where(chunks.c.id == row.id).values(values))
