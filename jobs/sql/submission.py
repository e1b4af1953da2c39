"""Accepting a job: its row, its `plan` chunk and the promise of its idempotency key, in one transaction.

This is the road of every submit, so its statements are made once, and on Postgres a job without a key is one statement:
one round trip that is a transaction by itself, committed with fsync like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from jobs.errors import Conflict, IdempotencyInFlight, IdempotencyMismatch
from jobs.job import Idempotency, Job, NewJob
from jobs.states import JobState
from jobs.store import Accepted

from .clock import db_now_ms
from .database import Database
from .rows import CPU_QUEUE, new_id, to_job, units_running
from .tables import chunks, jobs, webhook_endpoints
from .tables import idempotency as promises

_DAY_MS = 86_400_000
#: A lasting promise ends with its job, not by the clock: a hundred years.
_LASTING_MS = 36_525 * _DAY_MS


def _given(name: str, column: sa.Column[Any]) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=column.type)


def _text(value: str) -> sa.ColumnElement[Any]:
    return sa.literal_column(f"'{value}'")


_JOB_ID, _TENANT = _given("job", jobs.c.id), _given("tenant", jobs.c.tenant_id)
_PRIORITY = _given("rank", jobs.c.priority)
_ZERO: sa.ColumnElement[Any] = sa.literal_column("0")
_EMPTY = _text("{}")
#: Columns that the request fills, each by a parameter `new_<column>`.
_ASKED = (
    "kind",
    "model",
    "params",
    "labels",
    "batch_id",
    "parent_id",
    "input_key",
    "input_sha256",
    "input_bytes",
    "webhook_endpoint_id",
    "retain_ms",
)

_INSERT_JOB = sa.insert(jobs).values(
    {
        "id": _JOB_ID,
        "tenant_id": _TENANT,
        "priority": _PRIORITY,
        "state": _text(JobState.ACCEPTED),
        **{name: _given(f"new_{name}", jobs.c[name]) for name in _ASKED},
        "units_done": _ZERO,
        "chunk_total": _ZERO,
        "chunks_done": _ZERO,
        "attempts": sa.literal_column("1"),
        "provenance": _EMPTY,
        "deadline_at": db_now_ms() + sa.bindparam("deadline_ms", type_=sa.BigInteger),
        "created_at": db_now_ms(),
        "updated_at": db_now_ms(),
    }
)


def _insert_plan(created_at: sa.ColumnElement[int]) -> sa.Insert:
    """The `plan` chunk of the job; answers with its age, which is the job's."""
    values = {
        "id": sa.bindparam("chunk"),
        "job_id": _JOB_ID,
        "tenant_id": _TENANT,
        "priority": _PRIORITY,
        "step": _text("plan"),
        "round": _ZERO,
        "idx": _ZERO,
        "queue": _text(CPU_QUEUE),
        "state": _text("ready"),
        "age": created_at,
        "available_at": created_at,
        "span": _EMPTY,
        "input_keys": _text("[]"),
        "notes": _EMPTY,
        "units": _ZERO,
        "progress": _ZERO,
        "fence": _ZERO,
        "solo": sa.false(),
        "error_count": _ZERO,
        "crash_count": _ZERO,
        "rescue_count": _ZERO,
        "snooze_count": _ZERO,
    }
    return sa.insert(chunks).values(values).returning(chunks.c.age)


#: Both rows in one statement; the clock stands still in it, so that they agree on when the job was made.
_INSERT_BOTH = _insert_plan(db_now_ms()).add_cte(_INSERT_JOB.cte("job"))
#: For SQLite, which knows no INSERT inside another statement.
_INSERT_PLAN = _insert_plan(sa.select(jobs.c.created_at).where(jobs.c.id == _JOB_ID).scalar_subquery())


#: A job that a lasting promise still stands for.
_IS_GOOD = sa.and_(
    jobs.c.deleted_at.is_(None), jobs.c.state.not_in((JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED))
)


def _of(tenant_id: str, promise: Idempotency) -> Sequence[sa.ColumnElement[bool]]:
    """The row of a promise."""
    column = promises.c
    return column.tenant_id == tenant_id, column.route == promise.route, column.key == promise.key


class Acceptance:
    """Accept jobs, and find again what an idempotency key was promised."""

    _db: Database
    _deadline_s: float
    _retain_s: float | None

    def accept(self, new: NewJob, idempotency: Idempotency | None = None) -> Accepted:
        """See Store.accept."""
        values = self._values(new)
        if idempotency is None and new.webhook_url is None and self._db.is_postgres:
            return self._accept_alone(new, values)

        def transaction(connection: sa.Connection) -> Accepted:
            if idempotency is not None:
                earlier = self._reserve(connection, new.tenant_id, idempotency, values["job"])
                if earlier is not None:
                    return Accepted(earlier, replayed=True)
            if new.webhook_url:
                values["new_webhook_endpoint_id"] = self._adhoc_endpoint(connection, new.tenant_id, new.webhook_url)
            return Accepted(self._record(connection, new, values))

        return self._db.write(transaction)

    def replay(self, tenant_id: str, idempotency: Idempotency) -> Job | None:
        """See Store.replay."""
        return self._db.read(lambda connection: self._earlier(connection, tenant_id, idempotency))

    def _accept_alone(self, new: NewJob, values: Mapping[str, Any]) -> Accepted:
        tries: list[sa.Connection] = []

        def statement(connection: sa.Connection) -> Job:
            tries.append(connection)
            return self._record(connection, new, values)

        try:
            return Accepted(self._db.write_at_once(statement))
        except Conflict:
            if len(tries) == 1:
                raise
            # The id is this call's own: an earlier try was committed, and only its answer was lost.
            query = sa.select(jobs).where(jobs.c.id == values["job"], jobs.c.tenant_id == new.tenant_id)
            return Accepted(to_job(self._db.read(lambda connection: connection.execute(query).one())))

    def _record(self, connection: sa.Connection, new: NewJob, values: Mapping[str, Any]) -> Job:
        if not self._db.is_postgres:
            connection.execute(_INSERT_JOB, values)
        created_at = connection.execute(_INSERT_BOTH if self._db.is_postgres else _INSERT_PLAN, values).scalar_one()
        return Job(
            id=values["job"],
            tenant_id=new.tenant_id,
            kind=new.kind,
            model=new.model,
            state=JobState.ACCEPTED,
            priority=new.priority,
            params=new.params,
            labels=new.labels,
            batch_id=new.batch_id,
            parent_id=new.parent_id,
            input_key=new.input_key,
            input_sha256=new.input_sha256,
            input_bytes=new.input_bytes,
            created_at=created_at,
            updated_at=created_at,
            deadline_at=created_at + values["deadline_ms"],
        )

    def _values(self, new: NewJob) -> dict[str, Any]:
        retain_s = self._retain_s if new.retain_s is None else new.retain_s
        deadline_s = self._deadline_s if new.deadline_s is None else new.deadline_s
        return {
            "job": new.id or new_id("job"),
            "chunk": new_id("chk"),
            "tenant": new.tenant_id,
            "rank": new.priority.rank,
            "new_kind": new.kind,
            "new_model": new.model,
            "new_params": dict(new.params),
            "new_labels": dict(new.labels),
            "new_batch_id": new.batch_id,
            "new_parent_id": new.parent_id,
            "new_input_key": new.input_key,
            "new_input_sha256": new.input_sha256,
            "new_input_bytes": new.input_bytes,
            "new_webhook_endpoint_id": None,
            "new_retain_ms": None if retain_s is None else round(retain_s * 1000),
            "deadline_ms": round(deadline_s * 1000),
        }

    # -- idempotency -------------------------------------------------------------------------------------------------
    def _reserve(self, connection: sa.Connection, tenant_id: str, promise: Idempotency, job_id: str) -> Job | None:
        """Bind the key to `job_id`, or return the job that it is bound to."""
        if not self._db.try_lock(connection, tenant_id, promise.route, promise.key):
            raise IdempotencyInFlight
        if promise.is_lasting:
            over = sa.exists().where(jobs.c.id == promises.c.job_id, ~_IS_GOOD)
            connection.execute(sa.delete(promises).where(*_of(tenant_id, promise), over))
        insert = self._db.insert(promises).values(
            tenant_id=tenant_id,
            route=promise.route,
            key=promise.key,
            fingerprint=promise.fingerprint,
            job_id=job_id,
            expires_at=db_now_ms() + (_LASTING_MS if promise.is_lasting else _DAY_MS),
        )
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
        query = (
            sa.select(jobs, units_running, promises.c.fingerprint)
            .join(promises, promises.c.job_id == jobs.c.id)
            .where(*_of(tenant_id, promise), promises.c.expires_at > db_now_ms())
        )
        row = connection.execute(query.where(_IS_GOOD) if promise.is_lasting else query).one_or_none()
        if row is not None and row.fingerprint != promise.fingerprint:
            raise IdempotencyMismatch
        return None if row is None else to_job(row)

    # -- webhooks ----------------------------------------------------------------------------------------------------
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
            id=new_id("whe"),
            tenant_id=tenant_id,
            url=url,
            events=[],
            adhoc=True,
            created_at=db_now_ms(),
            updated_at=db_now_ms(),
        )
        upsert = insert.on_conflict_do_update(
            index_elements=["tenant_id", "url"],
            index_where=sa.text("adhoc"),
            set_={"disabled_at": None, "updated_at": db_now_ms()},
        )
        return str(connection.execute(upsert.returning(ends.id)).scalar_one())
