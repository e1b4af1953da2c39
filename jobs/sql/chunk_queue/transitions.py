"""Transitions of chunks and jobs that commit, failure, cancel and sweep share, each within the caller's transaction.

The caller has locked the job's row: locks are taken in the order job, chunk.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from jobs.chunk import Claim
from jobs.failure import ErrorClass, Failure
from jobs.job import Json
from jobs.sql.clock import db_now_ms
from jobs.sql.database import Database
from jobs.sql.tables import chunk_events, chunks, jobs
from jobs.sql.webhooks.outbox import enqueue_job_webhooks
from jobs.states import ChunkState, JobState

DEADLINE_FAILURE = Failure(
    ErrorClass.DEADLINE, "deadline", "The job did not finish before its deadline.", retryable=True
)

#: Values of a chunk that does not run.
IDLE: dict[str, Any] = {"lease_owner": None, "lease_expires_at": None, "progress": 0.0}


_LOCK_JOB = sa.select(jobs).where(jobs.c.id == sa.bindparam("job")).with_for_update(key_share=True)
#: Without the columns that may be megabytes.
_LOCK_LEAN_JOB = _LOCK_JOB.with_only_columns(*(column for column in jobs.c if column.name not in ("params", "result")))
_INSERT_EVENT = sa.insert(chunk_events).values(at=db_now_ms())
_CLOSE_JOB = (
    sa.update(jobs)
    .where(jobs.c.id == sa.bindparam("of_job"), jobs.c.finished_at.is_(None))
    .values(
        state=sa.bindparam("to_state"),
        result=sa.bindparam("made"),
        error=sa.bindparam("failure"),
        finished_at=db_now_ms(),
        updated_at=db_now_ms(),
        delete_at=sa.case((jobs.c.retain_ms.is_not(None), db_now_ms() + jobs.c.retain_ms)),
        parts_dropped_at=sa.case((sa.bindparam("drops_parts", type_=sa.Boolean), db_now_ms())),
    )
    .returning(jobs)
)


def lock_job(connection: sa.Connection, job_id: str, *, lean: bool = False) -> Any:
    """The job's row, locked until the transaction ends; None where there is none. `lean`: no params, no result."""
    return connection.execute(_LOCK_LEAN_JOB if lean else _LOCK_JOB, {"job": job_id}).one_or_none()


def lock_claimed(connection: sa.Connection, claim: Claim) -> Any:
    """The row of a chunk that still runs under the claim's fence; None when the fence moved on."""
    query = sa.select(chunks).where(*still_held(claim.chunk.id, claim.chunk.fence)).with_for_update()
    return connection.execute(query).one_or_none()


def still_held(chunk_id: Any, fence: Any) -> tuple[sa.ColumnElement[bool], ...]:
    """The guard of every write to a running chunk: its state and its fence, as values or parameters."""
    return chunks.c.id == chunk_id, chunks.c.state == "running", chunks.c.fence == fence


def record_transitions(
    connection: sa.Connection,
    moved: Iterable[tuple[str, int]],
    from_state: str,
    to_state: str,
    reason: str | None = None,
) -> None:
    """Append transitions of chunks (id, fence) to `chunk_events`, which the audit reads."""
    rows = [
        {"chunk_id": chunk_id, "fence": fence, "from_state": from_state, "to_state": to_state, "reason": reason}
        for chunk_id, fence in moved
    ]
    if rows:
        # A single row avoids the batch mode of the driver.
        connection.execute(_INSERT_EVENT, rows if len(rows) > 1 else rows[0])


def stop_running(connection: sa.Connection, chunk_id: str, fence: int, *, state: ChunkState, reason: str) -> bool:
    """End one running chunk without success. False when it no longer runs under this fence."""
    stopped = connection.execute(
        sa.update(chunks)
        .where(*still_held(chunk_id, fence))
        .values(state=state.value, finished_at=db_now_ms(), **IDLE)
        .returning(chunks.c.id)
    ).one_or_none()
    if stopped is not None:
        record_transitions(connection, [(chunk_id, fence)], "running", state.value, reason)
    return stopped is not None


def cancel_waiting(connection: sa.Connection, job_id: str, reason: str) -> None:
    """Cancel the waiting chunks of a job."""
    for state in ("ready", "blocked"):
        moved = connection.execute(
            sa.update(chunks)
            .where(chunks.c.job_id == job_id, chunks.c.state == state)
            .values(state="cancelled", finished_at=db_now_ms())
            .returning(chunks.c.id, chunks.c.fence)
        ).all()
        record_transitions(connection, ((row.id, row.fence) for row in moved), state, "cancelled", reason)


def close_job(
    connection: sa.Connection,
    job: Any,
    state: JobState,
    *,
    result: Json | None = None,
    error: Failure | None = None,
    drops_parts: bool = False,
) -> Any:
    """Write the end of an open job; returns the row as it is now. Its webhooks are still to be enqueued."""
    failure = None if error is None else error.to_json()
    values = {"of_job": job.id, "to_state": state.value, "made": result, "failure": failure}
    return connection.execute(_CLOSE_JOB, {**values, "drops_parts": drops_parts}).one()


def end_job(
    db: Database,
    connection: sa.Connection,
    job: Any,
    state: JobState,
    *,
    result: Json | None = None,
    error: Failure | None = None,
) -> Any:
    """Write the end of an open job and its webhook rows; returns the row as it is now."""
    row = close_job(connection, job, state, result=result, error=error)
    enqueue_job_webhooks(db, connection, row)
    return row


def wants_results(job: Any) -> bool:
    """Whether the results of an open job are still wanted: it has neither ended nor been cancelled."""
    return job.finished_at is None and job.cancel_requested_at is None


def is_stopping(job: Any, now_ms: int) -> bool:
    """Whether an open job is to end without success: cancelled, or past its deadline."""
    return job.cancel_requested_at is not None or job.deadline_at <= now_ms


def end_if_idle(db: Database, connection: sa.Connection, job: Any) -> Any:
    """End a stopping job of which no chunk runs any more; returns the row as it is now."""
    is_running = connection.scalar(
        sa.select(sa.exists().where(chunks.c.job_id == job.id, chunks.c.state == sa.literal_column("'running'")))
    )
    if is_running or job.finished_at is not None:
        return job
    cancel_waiting(connection, job.id, "cancel")
    if job.cancel_requested_at is not None:
        return end_job(db, connection, job, JobState.CANCELLED)
    return end_job(db, connection, job, JobState.EXPIRED, error=DEADLINE_FAILURE)


def fail_job(db: Database, connection: sa.Connection, job: Any, failure: Failure) -> Any:
    """Fail the job of a chunk that failed for good: waiting chunks are cancelled, running ones stop at a heartbeat."""
    cancel_waiting(connection, job.id, "sibling_failed")
    return end_job(db, connection, job, JobState.FAILED, error=failure)
