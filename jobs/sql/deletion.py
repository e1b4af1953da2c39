"""Deleting jobs: the record goes first, then the objects (not here), then what the record still holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from jobs.errors import NotFound
from jobs.job import InputObject, Job
from jobs.states import JobState

from .clock import db_now_ms
from .failures import Setbacks
from .rows import to_job
from .tables import chunk_events, chunks, jobs, webhook_deliveries
from .transitions import cancel_waiting, end_job, lock_job


class Deletion(Setbacks):
    """Tombstones, what is due, and what the storage must hold."""

    def mark_deleted(self, tenant_id: str, job_id: str) -> Job:
        """See Store.mark_deleted."""

        def transaction(connection: sa.Connection) -> Job:
            job = lock_job(connection, job_id)
            if job is None or job.tenant_id != tenant_id:
                raise NotFound("There is no such job.")
            if job.finished_at is None:
                # Its running chunks learn of it from their heartbeat; their results are refused from now on.
                cancel_waiting(connection, job_id, "deleted")
                job = end_job(self._db, connection, job, JobState.CANCELLED)
            if job.deleted_at is None:
                mark = sa.update(jobs).where(jobs.c.id == job_id).values(deleted_at=db_now_ms(), updated_at=db_now_ms())
                job = connection.execute(mark.returning(jobs)).one()
            return to_job(job)

        return self._db.write(transaction)

    def due_for_deletion(self, limit: int = 50) -> Sequence[Job]:
        """See Store.due_for_deletion."""
        column = jobs.c
        due = sa.select(column.id).where(
            column.blanked_at.is_(None), column.deleted_at.is_(None), column.delete_at <= db_now_ms()
        )
        if ids := self._db.read(lambda connection: connection.scalars(due.limit(limit)).all()):
            mark = sa.update(jobs).where(column.id.in_(ids)).values(deleted_at=db_now_ms(), updated_at=db_now_ms())
            self._db.write(lambda connection: connection.execute(mark))
        # While a chunk of it runs it may still store something.
        gone = sa.select(jobs).where(column.blanked_at.is_(None), column.deleted_at.is_not(None), ~_runs())
        query = gone.order_by(column.deleted_at).limit(limit)
        return [to_job(row) for row in self._db.read(lambda connection: connection.execute(query).all())]

    def blank(self, job_id: str) -> None:
        """See Store.blank."""

        def transaction(connection: sa.Connection) -> None:
            job = lock_job(connection, job_id)
            if job is None or job.deleted_at is None:
                return
            # While a chunk runs it may still store something: then the sweeper comes by once more.
            runs = connection.scalar(sa.select(_runs()).where(jobs.c.id == job_id))
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
                    blanked_at=None if runs else db_now_ms(),
                    updated_at=db_now_ms(),
                )
            )
            if not runs:
                _drop_chunks(connection, job_id)

        self._db.write(transaction)

    def objects(self, *, after: str = "", limit: int = 100) -> Sequence[tuple[str, Sequence[InputObject]]]:
        """See Store.objects."""
        column = jobs.c
        query = sa.select(column.id, column.result).where(
            column.state == "succeeded", column.deleted_at.is_(None), column.id > after
        )

        def found(connection: sa.Connection) -> Sequence[tuple[str, Sequence[InputObject]]]:
            rows = connection.execute(query.order_by(column.id).limit(limit)).all()
            parts: dict[str, list[InputObject]] = {row.id: _files(row.result) for row in rows}
            place = chunks.c
            query_parts = sa.select(place.job_id, place.result_key, place.result_sha256, place.result_bytes).where(
                place.job_id.in_(parts), place.state == "succeeded"
            )
            for part in connection.execute(query_parts):
                parts[part.job_id].append(InputObject(part.result_key, part.result_sha256, part.result_bytes))
            return list(parts.items())

        return self._db.read(found)


def _drop_chunks(connection: sa.Connection, job_id: str) -> None:
    """Chunks, their log and what was sent about the job: the tombstone alone stays."""
    its_chunks = sa.select(chunks.c.id).where(chunks.c.job_id == job_id)
    connection.execute(sa.delete(chunk_events).where(chunk_events.c.chunk_id.in_(its_chunks)))
    connection.execute(sa.delete(chunks).where(chunks.c.job_id == job_id))
    sent = webhook_deliveries.c.state.in_(("delivered", "failed"))
    connection.execute(sa.delete(webhook_deliveries).where(webhook_deliveries.c.subject_id == job_id, sent))


def _runs() -> sa.ColumnElement[bool]:
    return sa.exists().where(chunks.c.job_id == jobs.c.id, chunks.c.state == sa.literal_column("'running'"))


def _files(result: Any) -> list[InputObject]:
    files = (result or {}).get("files", ())
    return [InputObject(each["key"], each.get("sha256"), each.get("bytes")) for each in files if each.get("key")]
