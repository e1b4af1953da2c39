"""Jobs: recording and reading them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from jobs.errors import Deleted, IdempotencyInFlight, IdempotencyMismatch, NotFound
from jobs.job import Chunk, Idempotency, Job, NewJob
from jobs.states import JobState, Step
from jobs.store import Accepted, JobPage

from .clock import db_now_ms
from .database import Database
from .rows import new_chunk, new_id, to_chunk, to_job, units_running
from .tables import chunks, jobs, webhook_endpoints
from .tables import idempotency as promises

#: The queue of `plan` and `stitch`.
CPU_QUEUE = "cpu"
_DAY_MS = 86_400_000


class Records:
    """Accept and read."""

    _db: Database
    _deadline_s: float
    _retain_s: float | None

    def accept(self, new: NewJob, idempotency: Idempotency | None = None) -> Accepted:
        """See Store.accept."""
        job_id = new.id or new_id("job")

        def transaction(connection: sa.Connection) -> Accepted:
            if idempotency is not None:
                earlier = self._reserve(connection, new.tenant_id, idempotency, job_id)
                if earlier is not None:
                    return Accepted(earlier, replayed=True)
            endpoint_id = self._adhoc_endpoint(connection, new.tenant_id, new.webhook_url) if new.webhook_url else None
            row = connection.execute(self._insert_job(new, job_id, endpoint_id)).one()
            plan = new_chunk(row, step=Step.PLAN, queue=CPU_QUEUE, now_ms=row.created_at)
            connection.execute(sa.insert(chunks), plan)
            return Accepted(to_job(row))

        return self._db.write(transaction)

    def replay(self, tenant_id: str, idempotency: Idempotency) -> Job | None:
        """See Store.replay."""
        return self._db.read(lambda connection: self._earlier(connection, tenant_id, idempotency))

    def job(self, tenant_id: str, job_id: str) -> Job:
        """See Store.job."""
        query = sa.select(jobs, units_running).where(jobs.c.id == job_id, jobs.c.tenant_id == tenant_id)
        row = self._db.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            raise NotFound("There is no such job.")
        if row.deleted_at is not None:
            raise Deleted("The job was deleted.")
        return to_job(row)

    def jobs(
        self, tenant_id: str, *, state: str | None = None, kind: str | None = None, batch_id: str | None = None,
        labels: Mapping[str, str] | None = None, limit: int = 20, after: str | None = None,
    ) -> JobPage:  # fmt: skip
        """See Store.jobs."""
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

    def states(self, job_ids: Sequence[str]) -> Mapping[str, Job]:
        """See Store.states."""
        if not job_ids:
            return {}
        light = [column for column in jobs.c if column.name != "params"]
        query = sa.select(*light, sa.null().label("params"), units_running).where(jobs.c.id.in_(job_ids))
        rows = self._db.read(lambda connection: connection.execute(query).all())
        return {row.id: to_job(row) for row in rows}

    def chunks(self, job_id: str, *, after_idx: int = -1, limit: int = 1000) -> Sequence[Chunk]:
        """See Store.chunks."""
        column = chunks.c
        query = (
            sa.select(chunks)
            .where(column.job_id == job_id, column.step == "work", column.state == "succeeded", column.idx > after_idx)
            .order_by(column.idx, column.round)
            .limit(limit)
        )
        rows = list(self._db.read(lambda connection: connection.execute(query).all()))
        if len(rows) == limit:
            # The next page starts behind a whole idx: its later rounds must not fall between two pages.
            rest = sa.select(chunks).where(
                column.job_id == job_id, column.step == "work", column.state == "succeeded", column.idx == rows[-1].idx,
                column.round > rows[-1].round,
            ).order_by(column.round)  # fmt: skip
            rows += self._db.read(lambda connection: connection.execute(rest).all())
        return [to_chunk(row) for row in rows]

    def plan_chunk(self, job_id: str) -> Chunk:
        """See Store.plan_chunk."""
        query = sa.select(chunks).where(chunks.c.job_id == job_id, chunks.c.step == "plan")
        row = self._db.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            raise NotFound("There is no such job.")
        return to_chunk(row)

    def job_counts(self) -> Mapping[str, int]:
        """See Store.job_counts."""
        query = sa.text("SELECT state, count(*) AS n FROM jobs WHERE deleted_at IS NULL GROUP BY state")
        return {row.state: row.n for row in self._db.read(lambda connection: connection.execute(query).all())}

    def queue_depths(self) -> Mapping[str, int]:
        """See Store.queue_depths."""
        query = sa.text("SELECT queue, count(*) AS n FROM chunks WHERE state = 'ready' GROUP BY queue")
        return {row.queue: row.n for row in self._db.read(lambda connection: connection.execute(query).all())}

    def now_ms(self) -> int:
        """See Store.now_ms."""
        return int(self._db.read(lambda connection: connection.scalar(sa.select(db_now_ms()))) or 0)

    def _insert_job(self, new: NewJob, job_id: str, endpoint_id: str | None) -> Any:
        now = db_now_ms()
        retain_s = self._retain_s if new.retain_s is None else new.retain_s
        deadline_s = self._deadline_s if new.deadline_s is None else new.deadline_s
        values = {
            "id": job_id, "tenant_id": new.tenant_id, "kind": new.kind, "model": new.model, "params": dict(new.params),
            "priority": new.priority.rank, "labels": dict(new.labels), "state": JobState.ACCEPTED.value,
            "batch_id": new.batch_id, "parent_id": new.parent_id, "input_key": new.input_key,
            "input_sha256": new.input_sha256, "input_bytes": new.input_bytes, "units_done": 0.0, "chunk_total": 0,
            "chunks_done": 0, "attempts": 1, "provenance": {}, "webhook_endpoint_id": endpoint_id,
            "retain_ms": None if retain_s is None else round(retain_s * 1000),
            "deadline_at": now + round(deadline_s * 1000), "created_at": now, "updated_at": now,
        }  # fmt: skip
        return sa.insert(jobs).values(values).returning(jobs)

    # -- idempotency -------------------------------------------------------------------------------------------------
    def _reserve(self, connection: sa.Connection, tenant_id: str, promise: Idempotency, job_id: str) -> Job | None:
        """Bind the key to `job_id`, or return the job that it is bound to."""
        if not self._db.try_lock(connection, tenant_id, promise.route, promise.key):
            raise IdempotencyInFlight
        insert = self._db.insert(promises).values(
            tenant_id=tenant_id, route=promise.route, key=promise.key, fingerprint=promise.fingerprint, job_id=job_id,
            expires_at=db_now_ms() + _DAY_MS,
        )  # fmt: skip
        fresh = insert.excluded
        bound = connection.execute(
            insert.on_conflict_do_update(
                index_elements=["tenant_id", "route", "key"],
                set_={"fingerprint": fresh.fingerprint, "job_id": fresh.job_id, "expires_at": fresh.expires_at},
                where=promises.c.expires_at <= db_now_ms(),
            ).returning(promises.c.job_id)
        ).one_or_none()
        return None if bound else self._earlier(connection, tenant_id, promise)

    def _earlier(self, connection: sa.Connection, tenant_id: str, promise: Idempotency) -> Job | None:
        row = connection.execute(
            sa.select(jobs, units_running, promises.c.fingerprint)
            .join(promises, promises.c.job_id == jobs.c.id)
            .where(
                promises.c.tenant_id == tenant_id,
                promises.c.route == promise.route,
                promises.c.key == promise.key,
                promises.c.expires_at > db_now_ms(),
            )
        ).one_or_none()
        if row is not None and row.fingerprint != promise.fingerprint:
            raise IdempotencyMismatch
        return None if row is None else to_job(row)

    # -- small queries -----------------------------------------------------------------------------------------------
    def _adhoc_endpoint(self, connection: sa.Connection, tenant_id: str, url: str) -> str:
        """The endpoint of a request's webhook_url: found, or made, or enabled again since it is asked for again."""
        ends = webhook_endpoints.c
        found = connection.execute(
            sa.select(ends.id).where(
                ends.tenant_id == tenant_id, ends.url == url, ends.adhoc.is_(sa.true()), ends.disabled_at.is_(None)
            )
        ).scalar_one_or_none()
        if found is not None:
            return str(found)
        insert = self._db.insert(webhook_endpoints).values(
            id=new_id("whe"), tenant_id=tenant_id, url=url, events=[], adhoc=True, created_at=db_now_ms(),
            updated_at=db_now_ms(),
        )  # fmt: skip
        upsert = insert.on_conflict_do_update(
            index_elements=["tenant_id", "url"],
            index_where=sa.text("adhoc"),
            set_={"disabled_at": None, "updated_at": db_now_ms()},
        )
        return str(connection.execute(upsert.returning(ends.id)).scalar_one())

    def _has_label(self, name: str, value: str) -> sa.ColumnElement[bool]:
        if self._db.is_postgres:
            return jobs.c.labels.op("->>")(name) == value
        pairs = sa.func.json_each(jobs.c.labels).table_valued("key", "value")
        return sa.exists(sa.select(1).select_from(pairs).where(pairs.c.key == name, pairs.c.value == value))
