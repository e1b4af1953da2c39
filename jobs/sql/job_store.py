"""Jobs, read by tenants, watchers and metrics. Writing them is in submission.py and cancellation.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from jobs.chunk import Chunk
from jobs.errors import Deleted, NotFound
from jobs.job import Idempotency, Job, NewJob
from jobs.store import JobPage, SubmittedJob

from .cancellation import JobCanceller
from .database import Database
from .rows import to_chunk, to_job, units_running
from .submission import JobRecorder
from .tables import chunks, jobs


def _build_versions_query(is_watched: Callable[[sa.Column[str]], sa.ColumnElement[bool]]) -> sa.Select[Any]:
    """The query of `JobStore.versions`. Built once: each API process with waiting clients runs it 20 times a second."""
    running = (
        sa.select(chunks.c.job_id, sa.func.sum(chunks.c.progress).label("units_running"))
        .where(chunks.c.state == sa.literal_column("'running'"), is_watched(chunks.c.job_id))
        .group_by(chunks.c.job_id)
        .subquery()
    )
    column = jobs.c
    return (
        sa.select(
            column.id,
            column.state,
            column.units_done,
            column.units_total,
            column.chunks_done,
            column.chunk_total,
            column.finished_at,
            column.deleted_at,
            running.c.units_running,
        )
        .select_from(jobs.outerjoin(running, running.c.job_id == column.id))
        .where(is_watched(column.id))
    )


#: One parameter for all ids: hundreds of parameters would cost more than the query.
_VERSIONS = _build_versions_query(lambda column: column == sa.any_(sa.bindparam("ids", type_=ARRAY(sa.Text))))
_VERSIONS_ON_SQLITE = _build_versions_query(lambda column: column.in_(sa.bindparam("ids", expanding=True)))


class SqlJobStore:
    """See `JobStore`."""

    def __init__(self, db: Database, recorder: JobRecorder, canceller: JobCanceller) -> None:
        self._db = db
        self._recorder = recorder
        self._canceller = canceller

    def submit(self, new: NewJob, idempotency: Idempotency | None = None) -> SubmittedJob:
        """See JobStore.submit."""
        return self._recorder.submit(new, idempotency)

    def find_replay(self, tenant_id: str, idempotency: Idempotency) -> Job | None:
        """See JobStore.find_replay."""
        return self._recorder.find_replay(tenant_id, idempotency)

    def cancel(self, tenant_id: str, job_id: str) -> Job:
        """See JobStore.cancel."""
        return self._canceller.cancel(tenant_id, job_id)

    def delete(self, tenant_id: str, job_id: str) -> Job:
        """See JobStore.delete."""
        return self._canceller.delete(tenant_id, job_id)

    def get(self, tenant_id: str, job_id: str) -> Job:
        """See JobStore.get."""
        query = sa.select(jobs, units_running).where(jobs.c.id == job_id, jobs.c.tenant_id == tenant_id)
        row = self._db.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            raise NotFound("There is no such job.")
        if row.deleted_at is not None:
            raise Deleted("The job was deleted.")
        return to_job(row)

    def list(
        self,
        tenant_id: str,
        *,
        state: str | None = None,
        kind: str | None = None,
        batch_id: str | None = None,
        labels: Mapping[str, str] | None = None,
        limit: int = 20,
        after: str | None = None,
    ) -> JobPage:
        """See JobStore.list."""
        column = jobs.c
        query = sa.select(jobs, units_running).where(column.tenant_id == tenant_id, column.deleted_at.is_(None))
        for field, wanted in ((column.state, state), (column.kind, kind), (column.batch_id, batch_id)):
            if wanted is not None:
                query = query.where(field == wanted)
        for name, value in (labels or {}).items():
            query = query.where(self._has_label(name, value))
        if after is not None:
            query = query.where(column.id < after)
        query = query.order_by(column.id.desc()).limit(limit + 1)
        rows = self._db.read(lambda connection: connection.execute(query).all())
        page = [to_job(row) for row in rows[:limit]]
        return JobPage(page, page[-1].id if len(rows) > limit else None)

    def get_many(self, job_ids: Sequence[str]) -> Mapping[str, Job]:
        """See JobStore.get_many."""
        if not job_ids:
            return {}
        columns = [column for column in jobs.c if column.name != "params"]
        query = sa.select(*columns, sa.null().label("params"), units_running).where(jobs.c.id.in_(job_ids))
        rows = self._db.read(lambda connection: connection.execute(query).all())
        return {row.id: to_job(row) for row in rows}

    def versions(self, job_ids: Sequence[str]) -> Mapping[str, object]:
        """See JobStore.versions."""
        if not job_ids:
            return {}
        query = _VERSIONS if self._db.is_postgres else _VERSIONS_ON_SQLITE
        rows = self._db.read(lambda connection: connection.execute(query, {"ids": list(job_ids)}).all())
        return {row.id: tuple(row) for row in rows}

    def finished_chunks(self, job_id: str, *, after_idx: int = -1, limit: int = 1000) -> Sequence[Chunk]:
        """See JobStore.finished_chunks."""
        column = chunks.c
        query = (
            sa.select(chunks)
            .where(column.job_id == job_id, column.step == "work", column.state == "succeeded", column.idx > after_idx)
            .order_by(column.idx, column.round)
            .limit(limit)
        )
        rows = list(self._db.read(lambda connection: connection.execute(query).all()))
        if len(rows) == limit:
            # The next page starts after this idx, so its later rounds belong to this page.
            rest = (
                sa.select(chunks)
                .where(
                    column.job_id == job_id,
                    column.step == "work",
                    column.state == "succeeded",
                    column.idx == rows[-1].idx,
                    column.round > rows[-1].round,
                )
                .order_by(column.round)
            )
            rows += self._db.read(lambda connection: connection.execute(rest).all())
        return [to_chunk(row) for row in rows]

    def plan_chunk(self, job_id: str) -> Chunk:
        """See JobStore.plan_chunk."""
        query = sa.select(chunks).where(chunks.c.job_id == job_id, chunks.c.step == "plan")
        row = self._db.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            raise NotFound("There is no such job.")
        return to_chunk(row)

    def count_by_state(self) -> Mapping[str, int]:
        """See JobStore.count_by_state."""
        query = sa.text("SELECT state, count(*) AS n FROM jobs WHERE deleted_at IS NULL GROUP BY state")
        return {row.state: row.n for row in self._db.read(lambda connection: connection.execute(query).all())}

    def active_queues(self, job_id: str) -> Sequence[str]:
        """See JobStore.active_queues."""
        mine = chunks.c.job_id == job_id
        query = sa.select(chunks.c.queue).where(mine, chunks.c.state.in_(("ready", "running"))).distinct()
        return self._db.read(lambda connection: connection.scalars(query).all())

    def _has_label(self, name: str, value: str) -> sa.ColumnElement[bool]:
        if self._db.is_postgres:
            return jobs.c.labels.op("->>")(name) == value
        pairs = sa.func.json_each(jobs.c.labels).table_valued("key", "value")
        return sa.exists(sa.select(1).select_from(pairs).where(pairs.c.key == name, pairs.c.value == value))
