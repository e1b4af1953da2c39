"""Maintenance of the database on SQL: sweeps, leadership, purges and the audit as one port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from jobs.errors import NotFound
from jobs.job import Job
from jobs.sql.clock import db_now_ms
from jobs.sql.database import Database
from jobs.sql.tables import chunks, installation, jobs, voices, webhook_deliveries
from jobs.store.maintenance import Backlog, ExpectedObject, SweepResult
from jobs.stored_object import StoredBytes

from .audit import Audit
from .future_times import bring_forward
from .leadership import Leadership
from .part_deletion import PartDeletion
from .purge import Purge
from .stored_bytes import sum_stored_bytes
from .sweep import Sweep

_NO_INSTALLATION = "The database has no installation id: run `python -m migrations`."


class SqlMaintenance:
    """See `Maintenance`."""

    def __init__(self, db: Database, sweep: Sweep) -> None:
        self._db = db
        self._sweep = sweep
        self._leadership = Leadership(db)
        self._purge = Purge(db)
        self._part_deletion = PartDeletion(db)
        self._audit = Audit(db)

    def sweep(self, *, may_rescue: bool, limit: int = 200) -> SweepResult:
        """See Maintenance.sweep."""
        return self._sweep.sweep(may_rescue=may_rescue, limit=limit)

    def acquire_leadership(self, name: str, holder: str, *, term_ms: int) -> bool:
        """See Maintenance.acquire_leadership."""
        return self._leadership.acquire_leadership(name, holder, term_ms=term_ms)

    def resign(self, name: str, holder: str) -> None:
        """See Maintenance.resign."""
        self._leadership.resign(name, holder)

    def due_for_purge(self, limit: int = 50) -> Sequence[Job]:
        """See Maintenance.due_for_purge."""
        return self._purge.due_for_purge(limit)

    def purge(self, job_id: str) -> None:
        """See Maintenance.purge."""
        self._purge.purge(job_id)

    def due_for_part_deletion(self, limit: int = 50) -> Sequence[Job]:
        """See Maintenance.due_for_part_deletion."""
        return self._part_deletion.due(limit)

    def record_parts_deleted(self, job_id: str) -> None:
        """See Maintenance.record_parts_deleted."""
        self._part_deletion.record(job_id)

    def audit(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """See Maintenance.audit."""
        return self._audit.audit()

    def bring_forward(self) -> int:
        """See Maintenance.bring_forward."""
        return bring_forward(self._db)

    def backlog(self) -> Backlog:
        """See Maintenance.backlog."""
        now, due, made = db_now_ms(), chunks.c.available_at, webhook_deliveries.c.created_at
        waiting = (
            sa.select(chunks.c.queue, (now - sa.func.min(due)).label("age_ms"))
            .where(chunks.c.state == "ready", due <= now)
            .group_by(chunks.c.queue)
        )
        undelivered = sa.select(sa.func.count().label("n"), (now - sa.func.min(made)).label("age_ms")).where(
            webhook_deliveries.c.state.in_(("pending", "sending"))
        )

        def read(connection: sa.Connection) -> Backlog:
            webhooks = connection.execute(undelivered).one()
            ages = {row.queue: row.age_ms for row in connection.execute(waiting)}
            return Backlog(chunk_age_ms=ages, webhooks=webhooks.n, webhook_age_ms=webhooks.age_ms or 0)

        return self._db.read(read)

    def stored_objects(self, *, after: str = "", limit: int = 100) -> Sequence[tuple[str, Sequence[ExpectedObject]]]:
        """See Maintenance.stored_objects."""
        column = jobs.c
        query = sa.select(column.id, column.result).where(
            column.state == "succeeded", column.deleted_at.is_(None), column.id > after
        )

        def read(connection: sa.Connection) -> Sequence[tuple[str, Sequence[ExpectedObject]]]:
            rows = connection.execute(query.order_by(column.id).limit(limit)).all()
            parts: dict[str, list[ExpectedObject]] = {row.id: _list_result_files(row.result) for row in rows}
            chunk = chunks.c
            stored = (
                sa.select(chunk.job_id, chunk.result_key, chunk.result_sha256, chunk.result_bytes)
                .join(jobs, column.id == chunk.job_id)
                .where(
                    chunk.job_id.in_(parts),
                    chunk.state == "succeeded",
                    # The part of a stitch is a file of the result.
                    sa.or_(column.parts_dropped_at.is_(None), chunk.step == "stitch"),
                )
            )
            for part in connection.execute(stored):
                parts[part.job_id].append(ExpectedObject(part.result_key, part.result_sha256, part.result_bytes))
            return list(parts.items())

        return self._db.read(read)

    def stored_voice_objects(
        self, *, after: str = "", limit: int = 100
    ) -> Sequence[tuple[str, Sequence[ExpectedObject]]]:
        """See Maintenance.stored_voice_objects."""
        query = sa.select(voices).where(voices.c.id > after).order_by(voices.c.id).limit(limit)
        rows = self._db.read(lambda connection: connection.execute(query).all())
        return [
            (row.id, (ExpectedObject(row.reference_key, row.reference_sha256, row.reference_bytes),)) for row in rows
        ]

    def stored_bytes(self) -> StoredBytes:
        """See Maintenance.stored_bytes."""
        return sum_stored_bytes(self._db)

    def installation_id(self) -> str:
        """See Maintenance.installation_id."""
        found = self._db.read(lambda connection: connection.scalar(sa.select(installation.c.id)))
        if found is None:
            raise NotFound(_NO_INSTALLATION)
        return str(found)

    def paired_storage_id(self) -> str | None:
        """See Maintenance.paired_storage_id."""
        return self._db.read(lambda connection: connection.scalar(sa.select(installation.c.storage_id)))

    def pair_storage(self, storage_id: str, *, replace: bool = False) -> str:
        """See Maintenance.pair_storage."""
        record = sa.update(installation).values(storage_id=storage_id)
        if not replace:
            record = record.where(installation.c.storage_id.is_(None))

        def write(connection: sa.Connection) -> str | None:
            connection.execute(record)
            return connection.scalar(sa.select(installation.c.storage_id))

        if (recorded := self._db.write(write)) is None:
            raise NotFound(_NO_INSTALLATION)
        return recorded

    def now_ms(self) -> int:
        """See Maintenance.now_ms."""
        return int(self._db.read(lambda connection: connection.scalar(sa.select(db_now_ms()))) or 0)


def _list_result_files(result: Any) -> list[ExpectedObject]:
    files = (result or {}).get("files", ())
    return [ExpectedObject(each["key"], each.get("sha256"), each.get("bytes")) for each in files if each.get("key")]
