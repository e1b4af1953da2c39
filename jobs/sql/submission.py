"""Submission of a job: its row, its `plan` chunk and its idempotency key, in one transaction.

This is the busiest code of the store, so the statements are built once. On Postgres a job without a key is one
statement: one round trip that is a transaction by itself, committed with fsync like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from jobs.errors import Conflict, Deleted, IdempotencyInFlight, IdempotencyMismatch
from jobs.ids import new_id
from jobs.job import Idempotency, Job, NewJob
from jobs.states import CPU_QUEUE, JobState
from jobs.store import SubmittedJob

from .clock import db_now_ms
from .database import Database
from .rows import to_job, units_running
from .tables import chunks, jobs, webhook_endpoints
from .tables import idempotency as idempotency_keys

_DAY_MS = 86_400_000
#: A lasting key expires with its job, not by the clock: a hundred years.
_LASTING_MS = 36_525 * _DAY_MS


def _parameter(name: str, column: sa.Column[Any]) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=column.type)


def _literal(value: str) -> sa.ColumnElement[Any]:
    return sa.literal_column(f"'{value}'")


_JOB_ID, _TENANT = _parameter("job", jobs.c.id), _parameter("tenant", jobs.c.tenant_id)
_PRIORITY = _parameter("rank", jobs.c.priority)
_ZERO: sa.ColumnElement[Any] = sa.literal_column("0")
_EMPTY = _literal("{}")
#: Columns that the request fills, each by a parameter `new_<column>`.
_REQUESTED = (
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
    "request_id",
)

_INSERT_JOB = sa.insert(jobs).values(
    {
        "id": _JOB_ID,
        "tenant_id": _TENANT,
        "priority": _PRIORITY,
        "state": _literal(JobState.ACCEPTED),
        **{name: _parameter(f"new_{name}", jobs.c[name]) for name in _REQUESTED},
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
    """Insert the `plan` chunk of the job; returns its age, which is the time at which the job was created."""
    values = {
        "id": sa.bindparam("chunk"),
        "job_id": _JOB_ID,
        "tenant_id": _TENANT,
        "priority": _PRIORITY,
        "step": _literal("plan"),
        "round": _ZERO,
        "idx": _ZERO,
        "queue": _literal(CPU_QUEUE),
        "state": _literal("ready"),
        "age": created_at,
        "available_at": created_at,
        "span": _EMPTY,
        "input_keys": _literal("[]"),
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


#: Both rows in one statement. Its clock stands still, so that both have the same creation time.
_INSERT_BOTH = _insert_plan(db_now_ms()).add_cte(_INSERT_JOB.cte("job"))
#: For SQLite, which has no INSERT inside another statement.
_INSERT_PLAN = _insert_plan(sa.select(jobs.c.created_at).where(jobs.c.id == _JOB_ID).scalar_subquery())


#: A job that a lasting key still stands for: there, and not ended without a result.
_IS_KEPT = sa.and_(
    jobs.c.deleted_at.is_(None), jobs.c.state.not_in((JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED))
)


def _is_key(tenant_id: str, idempotency: Idempotency) -> Sequence[sa.ColumnElement[bool]]:
    """The row of an idempotency key."""
    column = idempotency_keys.c
    return column.tenant_id == tenant_id, column.route == idempotency.route, column.key == idempotency.key


class JobRecorder:
    """Records jobs, and finds the job that an idempotency key stands for."""

    def __init__(self, db: Database, *, deadline_s: float, retain_s: float | None) -> None:
        self._db, self._deadline_s, self._retain_s = db, deadline_s, retain_s

    def submit(self, new: NewJob, idempotency: Idempotency | None = None) -> SubmittedJob:
        """See JobStore.submit."""
        values = self._values(new)
        if idempotency is None and new.webhook_url is None and self._db.is_postgres:
            return self._submit_in_one_statement(new, values)

        def transaction(connection: sa.Connection) -> SubmittedJob:
            if idempotency is not None:
                earlier = self._bind_key(connection, new.tenant_id, idempotency, values["job"])
                if earlier is not None:
                    return SubmittedJob(earlier, replayed=True)
            if new.webhook_url:
                values["new_webhook_endpoint_id"] = self._ensure_adhoc_endpoint(
                    connection, new.tenant_id, new.webhook_url
                )
            return SubmittedJob(self._insert(connection, new, values))

        return self._db.write(transaction)

    def find_replay(self, tenant_id: str, idempotency: Idempotency) -> Job | None:
        """See JobStore.find_replay."""
        return self._db.read(lambda connection: self._find_bound_job(connection, tenant_id, idempotency))

    def _submit_in_one_statement(self, new: NewJob, values: Mapping[str, Any]) -> SubmittedJob:
        attempts: list[sa.Connection] = []

        def statement(connection: sa.Connection) -> Job:
            attempts.append(connection)
            return self._insert(connection, new, values)

        try:
            return SubmittedJob(self._db.write_autocommit(statement))
        except Conflict:
            if len(attempts) == 1:
                raise
            # The id is this call's own: an earlier attempt was committed, and only its answer was lost.
            query = sa.select(jobs).where(jobs.c.id == values["job"], jobs.c.tenant_id == new.tenant_id)
            return SubmittedJob(to_job(self._db.read(lambda connection: connection.execute(query).one())))

    def _insert(self, connection: sa.Connection, new: NewJob, values: Mapping[str, Any]) -> Job:
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
            request_id=new.request_id,
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
            "new_request_id": new.request_id,
            "new_retain_ms": None if retain_s is None else round(retain_s * 1000),
            "deadline_ms": round(deadline_s * 1000),
        }

    # -- idempotency -------------------------------------------------------------------------------------------------
    def _bind_key(self, connection: sa.Connection, tenant_id: str, idempotency: Idempotency, job_id: str) -> Job | None:
        """Bind the key to `job_id`, or return the job that it is bound to."""
        if not self._db.try_lock(connection, tenant_id, idempotency.route, idempotency.key):
            raise IdempotencyInFlight
        if idempotency.is_lasting:
            is_void = sa.exists().where(jobs.c.id == idempotency_keys.c.job_id, ~_IS_KEPT)
            connection.execute(sa.delete(idempotency_keys).where(*_is_key(tenant_id, idempotency), is_void))
        insert = self._db.insert(idempotency_keys).values(
            tenant_id=tenant_id,
            route=idempotency.route,
            key=idempotency.key,
            fingerprint=idempotency.fingerprint,
            job_id=job_id,
            expires_at=db_now_ms() + (_LASTING_MS if idempotency.is_lasting else _DAY_MS),
        )
        new = insert.excluded
        bound = connection.execute(
            insert.on_conflict_do_update(
                index_elements=["tenant_id", "route", "key"],
                set_={"fingerprint": new.fingerprint, "job_id": new.job_id, "expires_at": new.expires_at},
                where=idempotency_keys.c.expires_at <= db_now_ms(),
            ).returning(idempotency_keys.c.job_id)
        ).one_or_none()
        return None if bound else self._find_bound_job(connection, tenant_id, idempotency)

    def _find_bound_job(self, connection: sa.Connection, tenant_id: str, idempotency: Idempotency) -> Job | None:
        query = (
            sa.select(jobs, units_running, idempotency_keys.c.fingerprint)
            .join(idempotency_keys, idempotency_keys.c.job_id == jobs.c.id)
            .where(*_is_key(tenant_id, idempotency), idempotency_keys.c.expires_at > db_now_ms())
        )
        row = connection.execute(query.where(_IS_KEPT) if idempotency.is_lasting else query).one_or_none()
        if row is not None and row.fingerprint != idempotency.fingerprint:
            raise IdempotencyMismatch
        if row is not None and row.deleted_at is not None:
            raise Deleted("The job of this Idempotency-Key was deleted; use a new key for a new job.")
        return None if row is None else to_job(row)

    # -- webhooks ----------------------------------------------------------------------------------------------------
    def _ensure_adhoc_endpoint(self, connection: sa.Connection, tenant_id: str, url: str) -> str:
        """Find, create or re-enable the ad hoc endpoint of a request's webhook_url; returns its id."""
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
