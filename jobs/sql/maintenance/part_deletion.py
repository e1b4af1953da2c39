"""Succeeded jobs that need their parts no more: which of them still have objects to delete."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from jobs.job import Job
from jobs.sql.clock import db_now_ms
from jobs.sql.database import Database
from jobs.sql.rows import to_job
from jobs.sql.tables import jobs


class PartDeletion:
    """The record gave the parts up in the transaction of the success, so their deletion may be interrupted anywhere.

    What a late attempt stores after it is deleted with the job.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    def due(self, limit: int) -> Sequence[Job]:
        """See Maintenance.due_for_part_deletion."""
        column = jobs.c
        query = (
            sa.select(jobs)
            .where(column.parts_dropped_at.is_not(None), column.parts_deleted_at.is_(None), column.deleted_at.is_(None))
            .order_by(column.parts_dropped_at)
            .limit(limit)
        )
        return [to_job(row) for row in self._db.read(lambda connection: connection.execute(query).all())]

    def record(self, job_id: str) -> None:
        """See Maintenance.record_parts_deleted."""
        column = jobs.c
        done = sa.update(jobs).where(
            column.id == job_id, column.parts_dropped_at.is_not(None), column.parts_deleted_at.is_(None)
        )
        self._db.write(lambda connection: connection.execute(done.values(parts_deleted_at=db_now_ms())))
