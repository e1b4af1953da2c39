"""Jobs that their tenant ends: cancelled or deleted. The sweeper's deadlines are in maintenance/sweep.py."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from jobs.errors import Deleted, NotFound
from jobs.job import Job
from jobs.sql.chunk_queue.transitions import cancel_waiting, end_if_idle, end_job, lock_job, wants_results
from jobs.states import JobState

from .clock import db_now_ms
from .database import Database
from .rows import to_job
from .tables import jobs


class JobCanceller:
    """Cancels and deletes jobs. A running chunk learns of it by its heartbeat; its commit is refused from then on."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def cancel(self, tenant_id: str, job_id: str) -> Job:
        """See JobStore.cancel."""

        def transaction(connection: sa.Connection) -> Job:
            job = _lock_job_of(connection, tenant_id, job_id)
            if job.deleted_at is not None:
                raise Deleted("The job was deleted.")
            return to_job(self._cancel(connection, job))

        return self._db.write(transaction)

    def delete(self, tenant_id: str, job_id: str) -> Job:
        """See JobStore.delete."""

        def transaction(connection: sa.Connection) -> Job:
            job = _lock_job_of(connection, tenant_id, job_id)
            if job.finished_at is None:
                # It ends at once, also while chunks run: their results are refused from now on.
                cancel_waiting(connection, job_id, "deleted")
                job = end_job(self._db, connection, job, JobState.CANCELLED)
            if job.deleted_at is None:
                mark = sa.update(jobs).where(jobs.c.id == job_id).values(deleted_at=db_now_ms(), updated_at=db_now_ms())
                job = connection.execute(mark.returning(jobs)).one()
            return to_job(job)

        return self._db.write(transaction)

    def _cancel(self, connection: sa.Connection, job: Any) -> Any:
        """Cancel an open job; it ends now unless a chunk runs. Returns its row."""
        if not wants_results(job):
            return job
        job = connection.execute(
            sa.update(jobs)
            .where(jobs.c.id == job.id)
            .values(cancel_requested_at=db_now_ms(), updated_at=db_now_ms())
            .returning(jobs)
        ).one()
        cancel_waiting(connection, job.id, "cancel")
        return end_if_idle(self._db, connection, job)


def _lock_job_of(connection: sa.Connection, tenant_id: str, job_id: str) -> Any:
    """The locked row of a tenant's job. Raises NotFound, also for a job of another tenant."""
    job = lock_job(connection, job_id)
    if job is None or job.tenant_id != tenant_id:
        raise NotFound("There is no such job.")
    return job
