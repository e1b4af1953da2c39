"""Purge of deleted jobs: once their objects are deleted, their rows are emptied."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from jobs.job import Job
from jobs.sql.chunk_queue.transitions import lock_job
from jobs.sql.clock import db_now_ms
from jobs.sql.database import Database
from jobs.sql.rows import to_job
from jobs.sql.tables import chunk_events, chunks, jobs, webhook_deliveries


class Purge:
    """Finds deleted jobs and empties them."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def due_for_purge(self, limit: int = 50) -> Sequence[Job]:
        """See Maintenance.due_for_purge."""
        column = jobs.c
        due = sa.select(column.id).where(
            column.blanked_at.is_(None), column.deleted_at.is_(None), column.delete_at <= db_now_ms()
        )
        if ids := self._db.read(lambda connection: connection.scalars(due.limit(limit)).all()):
            mark = sa.update(jobs).where(column.id.in_(ids)).values(deleted_at=db_now_ms(), updated_at=db_now_ms())
            self._db.write(lambda connection: connection.execute(mark))
        # A running chunk may still store objects.
        deleted = sa.select(jobs).where(
            column.blanked_at.is_(None), column.deleted_at.is_not(None), ~_has_running_chunk()
        )
        query = deleted.order_by(column.deleted_at).limit(limit)
        return [to_job(row) for row in self._db.read(lambda connection: connection.execute(query).all())]

    def purge(self, job_id: str) -> None:
        """See Maintenance.purge."""

        def transaction(connection: sa.Connection) -> None:
            job = lock_job(connection, job_id)
            if job is None or job.deleted_at is None:
                return
            # A running chunk may still store objects: then the job stays due, and is purged once more.
            is_running = connection.scalar(sa.select(_has_running_chunk()).where(jobs.c.id == job_id))
            connection.execute(
                sa.update(jobs)
                .where(jobs.c.id == job_id)
                .values(
                    params={},
                    result=None,
                    labels={},
                    input_key=None,
                    input_sha256=None,
                    input_bytes=None,
                    blanked_at=None if is_running else db_now_ms(),
                    updated_at=db_now_ms(),
                )
            )
            if not is_running:
                _drop_chunks(connection, job_id)

        self._db.write(transaction)


def _drop_chunks(connection: sa.Connection, job_id: str) -> None:
    """Delete the job's chunks, their events and its finished deliveries; only the tombstone stays."""
    its_chunks = sa.select(chunks.c.id).where(chunks.c.job_id == job_id)
    connection.execute(sa.delete(chunk_events).where(chunk_events.c.chunk_id.in_(its_chunks)))
    connection.execute(sa.delete(chunks).where(chunks.c.job_id == job_id))
    is_finished = webhook_deliveries.c.state.in_(("delivered", "failed"))
    connection.execute(sa.delete(webhook_deliveries).where(webhook_deliveries.c.subject_id == job_id, is_finished))


def _has_running_chunk() -> sa.ColumnElement[bool]:
    return sa.exists().where(chunks.c.job_id == jobs.c.id, chunks.c.state == sa.literal_column("'running'"))
