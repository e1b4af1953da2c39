"""Chunks that do not succeed: released for another attempt, failed for good, or stopped with their job."""

from __future__ import annotations

import random
from typing import Any

import sqlalchemy as sa

from jobs import retry_policy
from jobs.chunk import Claim, Release
from jobs.errors import LeaseLost
from jobs.failure import ErrorClass, Failure
from jobs.sql.clock import db_now_ms
from jobs.sql.database import Database
from jobs.sql.tables import chunks, jobs
from jobs.states import ChunkState, ReleaseReason

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
    wants_results,
)


class Failures:
    """Makes running chunks ready, failed or cancelled."""

    def __init__(self, db: Database, *, retry_base_s: float) -> None:
        self._db, self._retry_base_s = db, retry_base_s

    def release(self, claim: Claim, release: Release) -> None:
        """See ChunkQueue.release."""

        def transaction(connection: sa.Connection) -> None:
            job = lock_job(connection, claim.chunk.job_id)
            chunk = lock_claimed(connection, claim)
            if chunk is None:
                raise LeaseLost
            self.requeue(connection, job, chunk, release)

        self._db.write(transaction)

    def fail(self, claim: Claim, failure: Failure) -> None:
        """See ChunkQueue.fail."""

        def transaction(connection: sa.Connection) -> None:
            job = lock_job(connection, claim.chunk.job_id)
            if job is None:
                raise LeaseLost
            state = ChunkState.FAILED if wants_results(job) else ChunkState.CANCELLED
            if not stop_running(connection, claim.chunk.id, claim.chunk.fence, state=state, reason=failure.code):
                raise LeaseLost
            if state is ChunkState.FAILED:
                fail_job(self._db, connection, job, failure)
            else:
                end_if_idle(self._db, connection, job)

        self._db.write(transaction)

    def stop(self, claim: Claim) -> None:
        """See ChunkQueue.stop."""

        def transaction(connection: sa.Connection) -> None:
            job = lock_job(connection, claim.chunk.job_id)
            chunk = lock_claimed(connection, claim)
            if chunk is None:
                raise LeaseLost
            self.requeue(connection, job, chunk, Release(ReleaseReason.INTERRUPT))

        self._db.write(transaction)

    def requeue(self, connection: sa.Connection, job: Any, chunk: Any, release: Release) -> None:
        """Make a locked running chunk ready again; end it instead where its job stops or a limit is reached."""
        now_ms = connection.scalar(sa.select(db_now_ms())) or 0
        if job.finished_at is not None or is_stopping(job, now_ms):
            stop_running(connection, chunk.id, chunk.fence, state=ChunkState.CANCELLED, reason="stopped")
            end_if_idle(self._db, connection, job)
            return
        decision = self.decide(chunk, release)
        charged = decision.counts
        counts = {
            "error_count": charged.error,
            "crash_count": charged.crash,
            "rescue_count": charged.rescue,
            "snooze_count": charged.snooze,
        }
        if isinstance(decision, retry_policy.Exhausted):
            connection.execute(sa.update(chunks).where(chunks.c.id == chunk.id).values(counts))
            stop_running(connection, chunk.id, chunk.fence, state=ChunkState.FAILED, reason=decision.failure.code)
            fail_job(self._db, connection, job, _choose_failure(decision.failure, release))
            return
        wait_ms = max(decision.delay_ms, release.delay_ms)
        connection.execute(
            sa.update(chunks)
            .where(*still_held(chunk.id, chunk.fence))
            .values(
                state="ready", available_at=db_now_ms() + wait_ms, solo=chunk.solo or release.solo, **counts, **IDLE
            )
        )
        record_transitions(connection, [(chunk.id, chunk.fence)], "running", "ready", release.reason.value)
        if (charged.error, charged.crash, charged.rescue) != (chunk.error_count, chunk.crash_count, chunk.rescue_count):
            connection.execute(sa.update(jobs).where(jobs.c.id == job.id).values(attempts=jobs.c.attempts + 1))

    def decide(self, chunk: Any, release: Release) -> retry_policy.RetryAfter | retry_policy.Exhausted:
        """Whether and when this row of a chunk runs again after the release."""
        return retry_policy.decide_retry(
            release.reason,
            retry_policy.Counts(chunk.error_count, chunk.crash_count, chunk.rescue_count, chunk.snooze_count),
            charge=release.charge,
            base_ms=self._retry_base_s * 1000,
            random=random.random,
        )

    def requeue_if(self, seen: Any, condition: sa.ColumnElement[bool], release: Release) -> bool:
        """Requeue a chunk that was seen running (`id`, `job_id`), if `condition` holds now that it is locked."""

        def transaction(connection: sa.Connection) -> bool:
            job = lock_job(connection, seen.job_id)
            chunk = connection.execute(
                sa.select(chunks)
                .where(chunks.c.id == seen.id, chunks.c.state == "running", condition)
                .with_for_update()
            ).one_or_none()
            if chunk is not None:
                self.requeue(connection, job, chunk, release)
            return chunk is not None

        return self._db.write(transaction)


def _choose_failure(limit: Failure, release: Release) -> Failure:
    """The job's error: the last failure where it is known, but never instead of a poison."""
    return release.failure if release.failure is not None and limit.error_class is ErrorClass.ENGINE else limit
