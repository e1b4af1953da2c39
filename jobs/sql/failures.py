"""Chunks that do not succeed: released, failed, stopped; and jobs that are cancelled."""

from __future__ import annotations

import random
from typing import Any

import sqlalchemy as sa

from jobs import retry_policy
from jobs.errors import Deleted, LeaseLost, NotFound
from jobs.job import Claim, Job, Json, Release
from jobs.states import ChunkState, ReleaseReason

from .clock import db_now_ms
from .database import Database
from .rows import to_job
from .tables import chunks, jobs
from .transitions import (
    IDLE,
    cancel_waiting,
    end_if_idle,
    fail_job,
    is_stopping,
    lock_claimed,
    lock_job,
    note,
    still_held,
    stop_running,
)


class Setbacks:
    """Release, fail, stop and cancel."""

    _db: Database
    _retry_base_s: float

    def release(self, claim: Claim, release: Release) -> None:
        """See Store.release."""

        def transaction(connection: sa.Connection) -> None:
            job = lock_job(connection, claim.chunk.job_id)
            chunk = lock_claimed(connection, claim)
            if chunk is None:
                raise LeaseLost
            self._put_back(connection, job, chunk, release)

        self._db.write(transaction)

    def fail(self, claim: Claim, error: Json) -> None:
        """See Store.fail."""

        def transaction(connection: sa.Connection) -> None:
            job = lock_job(connection, claim.chunk.job_id)
            if job is None:
                raise LeaseLost
            state = ChunkState.FAILED if _wants_results(job) else ChunkState.CANCELLED
            if not stop_running(
                connection, claim.chunk.id, claim.chunk.fence, state=state, reason=error.get("code", "")
            ):
                raise LeaseLost
            if state is ChunkState.FAILED:
                fail_job(self._db, connection, job, error)
            else:
                end_if_idle(self._db, connection, job)

        self._db.write(transaction)

    def end_stopped(self, claim: Claim) -> None:
        """See Store.end_stopped."""

        def transaction(connection: sa.Connection) -> None:
            job = lock_job(connection, claim.chunk.job_id)
            chunk = lock_claimed(connection, claim)
            if chunk is None:
                raise LeaseLost
            self._put_back(connection, job, chunk, Release(ReleaseReason.INTERRUPT))

        self._db.write(transaction)

    def cancel(self, tenant_id: str, job_id: str) -> Job:
        """See Store.cancel."""

        def transaction(connection: sa.Connection) -> Job:
            job = lock_job(connection, job_id)
            if job is None or job.tenant_id != tenant_id:
                raise NotFound("There is no such job.")
            if job.deleted_at is not None:
                raise Deleted("The job was deleted.")
            return to_job(self._cancel(connection, job))

        return self._db.write(transaction)

    def _cancel(self, connection: sa.Connection, job: Any) -> Any:
        """Cancel an open job as far as that is possible without its workers; returns its row."""
        if not _wants_results(job):
            return job
        job = connection.execute(
            sa.update(jobs)
            .where(jobs.c.id == job.id)
            .values(cancel_requested_at=db_now_ms(), updated_at=db_now_ms())
            .returning(jobs)
        ).one()
        cancel_waiting(connection, job.id, "cancel")
        return end_if_idle(self._db, connection, job)

    def _put_back(self, connection: sa.Connection, job: Any, chunk: Any, release: Release) -> None:
        """A locked running chunk goes back to ready; ends instead where its job stops or a limit is reached."""
        now_ms = connection.scalar(sa.select(db_now_ms())) or 0
        if job.finished_at is not None or is_stopping(job, now_ms):
            stop_running(connection, chunk.id, chunk.fence, state=ChunkState.CANCELLED, reason="stopped")
            end_if_idle(self._db, connection, job)
            return
        decision = retry_policy.after(
            release.reason,
            retry_policy.Counts(chunk.error_count, chunk.crash_count, chunk.rescue_count, chunk.snooze_count),
            charge=release.charge,
            base_ms=self._retry_base_s * 1000,
            random=random.random,
        )
        charged = decision.counts
        counts = {
            "error_count": charged.error,
            "crash_count": charged.crash,
            "rescue_count": charged.rescue,
            "snooze_count": charged.snooze,
        }
        if isinstance(decision, retry_policy.Spent):
            connection.execute(sa.update(chunks).where(chunks.c.id == chunk.id).values(counts))
            stop_running(connection, chunk.id, chunk.fence, state=ChunkState.FAILED, reason=decision.code)
            fail_job(self._db, connection, job, _error_of(decision, release))
            return
        wait_ms = max(decision.delay_ms, release.delay_ms)
        connection.execute(
            sa.update(chunks)
            .where(*still_held(chunk.id, chunk.fence))
            .values(
                state="ready", available_at=db_now_ms() + wait_ms, solo=chunk.solo or release.solo, **counts, **IDLE
            )
        )
        note(connection, [(chunk.id, chunk.fence)], "running", "ready", release.reason.value)
        if (charged.error, charged.crash, charged.rescue) != (chunk.error_count, chunk.crash_count, chunk.rescue_count):
            connection.execute(sa.update(jobs).where(jobs.c.id == job.id).values(attempts=jobs.c.attempts + 1))


def _wants_results(job: Any) -> bool:
    return job.finished_at is None and job.cancel_requested_at is None


def _error_of(spent: retry_policy.Spent, release: Release) -> Json:
    """The job's error: what went wrong last, where that is known; a poison stays a poison."""
    if release.error is not None and spent.error_class == "engine":
        return release.error
    return {"class": spent.error_class, "code": spent.code, "detail": spent.detail, "retryable": False}
