"""Claiming ready chunks and keeping their leases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from jobs.chunk import Claim, HeartbeatResult
from jobs.sql.clock import db_now_ms
from jobs.sql.database import Database
from jobs.sql.rows import to_chunk, to_job
from jobs.sql.tables import chunks, jobs
from jobs.states import JobState, Step

from .transitions import record_transitions

_READY: sa.ColumnElement[str] = sa.literal_column("'ready'")

#: Groups (queue, priority, tenant) with claimable chunks, best first. Skips from tenant to tenant in the index, so that
#: it costs the same whether a tenant has one chunk waiting or a hundred thousand.
_GROUPS = """
WITH RECURSIVE tenant_group(queue, priority, tenant_id) AS (
    SELECT seed.queue, seed.priority, (
        SELECT min(c.tenant_id) FROM chunks c
        WHERE c.state = 'ready' AND c.queue = seed.queue AND c.priority = seed.priority)
    FROM ({seeds}) AS seed
    UNION ALL
    SELECT tenant_group.queue, tenant_group.priority, (
        SELECT min(c.tenant_id) FROM chunks c
        WHERE c.state = 'ready' AND c.queue = tenant_group.queue AND c.priority = tenant_group.priority
        AND c.tenant_id > tenant_group.tenant_id)
    FROM tenant_group WHERE tenant_group.tenant_id IS NOT NULL
), waiting AS MATERIALIZED (
    SELECT tenant_group.queue, tenant_group.priority, tenant_group.tenant_id,
        (SELECT count(*) FROM chunks r WHERE r.state = 'running' AND r.tenant_id = tenant_group.tenant_id) AS running,
        (SELECT c.age FROM chunks c
         WHERE c.state = 'ready' AND c.queue = tenant_group.queue AND c.priority = tenant_group.priority
         AND c.tenant_id = tenant_group.tenant_id AND c.available_at <= {now}
         AND (SELECT j.finished_at IS NULL AND j.cancel_requested_at IS NULL AND j.deadline_at > {now}
              FROM jobs j WHERE j.id = c.job_id)
         ORDER BY c.age, c.id LIMIT 1) AS age
    FROM tenant_group WHERE tenant_group.tenant_id IS NOT NULL
)
SELECT queue AS of_queue, priority AS of_priority, tenant_id AS of_tenant
FROM waiting WHERE age IS NOT NULL ORDER BY priority, running, age LIMIT 50
"""


# Statements are built once, because building them takes longer than running them.

#: A subquery and not a join: a planner without statistics would walk through all open jobs.
_JOB_WANTS_RESULTS = (
    sa.select(jobs.c.finished_at.is_(None) & jobs.c.cancel_requested_at.is_(None) & (jobs.c.deadline_at > db_now_ms()))
    .where(jobs.c.id == chunks.c.job_id)
    .scalar_subquery()
)
#: The oldest ready chunk of a group that no other claim is about to take.
_OLDEST_CHUNK = (
    sa.select(chunks.c.id)
    .where(
        chunks.c.state == _READY,
        chunks.c.queue == bindparam("of_queue"),
        chunks.c.priority == bindparam("of_priority"),
        chunks.c.tenant_id == bindparam("of_tenant"),
        chunks.c.available_at <= db_now_ms(),
        _JOB_WANTS_RESULTS,
    )
    .order_by(chunks.c.age, chunks.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)
    .correlate(None)
    .scalar_subquery()
)
_CLAIM_CHUNK = (
    sa.update(chunks)
    .where(chunks.c.id == _OLDEST_CHUNK)
    .values(
        state="running",
        fence=chunks.c.fence + 1,
        lease_owner=bindparam("worker"),
        lease_expires_at=db_now_ms() + bindparam("lease_ms", type_=sa.BigInteger),
        started_at=db_now_ms(),
        progress=0.0,
    )
    .returning(chunks)
)

#: Never waits for the job's row, because this transaction already holds a chunk and the lock order is job, chunk.
#: Where the row is locked, the commit of the plan sets the state.
_BEGIN_PLANNING = (
    sa.update(jobs)
    .where(
        jobs.c.id
        == sa.select(jobs.c.id)
        .where(jobs.c.id == bindparam("job"), jobs.c.state == "accepted")
        .with_for_update(skip_locked=True, key_share=True)
        .correlate(None)
        .scalar_subquery()
    )
    .values(
        state=JobState.PLANNING.value,
        started_at=sa.func.coalesce(jobs.c.started_at, db_now_ms()),
        updated_at=db_now_ms(),
    )
)

_MORE_READY = sa.exists().where(
    chunks.c.state == _READY, chunks.c.queue == bindparam("of_queue"), chunks.c.available_at <= db_now_ms()
)
_JOB_AND_MORE_READY = sa.select(jobs, _MORE_READY.label("more_ready")).where(jobs.c.id == bindparam("job"))


class Claims:
    """Claims make ready chunks running; heartbeats extend their leases."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def claim(
        self, queues: Sequence[str], worker_id: str, *, lease_ms: int, interactive_only: bool = False
    ) -> Claim | None:
        """See ChunkQueue.claim."""
        if not queues:
            return None
        groups = _build_groups_query(len(queues), 1 if interactive_only else 3, self._db.now_sql)
        names = {f"q{number}": queue for number, queue in enumerate(queues)}

        def transaction(connection: sa.Connection) -> Claim | None:
            for group in connection.execute(groups, names).mappings().all():
                row = connection.execute(
                    _CLAIM_CHUNK, {**group, "worker": worker_id, "lease_ms": lease_ms}
                ).one_or_none()
                if row is None:
                    continue  # other claims took every chunk of this group
                record_transitions(connection, [(row.id, row.fence)], "ready", "running")
                if row.step == Step.PLAN:
                    connection.execute(_BEGIN_PLANNING, {"job": row.job_id})
                job = connection.execute(_JOB_AND_MORE_READY, {"job": row.job_id, "of_queue": row.queue}).one()
                return Claim(
                    to_job(job), to_chunk(row), lease_ms, more_ready=bool(job.more_ready), claimed_at=row.started_at
                )
            return None

        return self._db.write(transaction)

    def heartbeat(
        self, running: Sequence[Claim], *, lease_ms: int, progress: Mapping[str, float]
    ) -> Mapping[str, HeartbeatResult]:
        """See ChunkQueue.heartbeat."""
        if not running:
            return {}
        claimed = [(claim.chunk.id, claim.chunk.fence) for claim in running]
        done = {
            claim.chunk.id: min(progress[claim.chunk.id], claim.chunk.units)
            for claim in running
            if claim.chunk.id in progress
        }
        values: dict[str, Any] = {"lease_expires_at": db_now_ms() + lease_ms}
        if done:
            values["progress"] = sa.case(done, value=chunks.c.id, else_=chunks.c.progress)
        extend = (
            sa.update(chunks)
            .where(chunks.c.state == "running", sa.tuple_(chunks.c.id, chunks.c.fence).in_(claimed))
            .values(values)
            .returning(chunks.c.id)
        )
        stop = sa.or_(
            jobs.c.cancel_requested_at.is_not(None), jobs.c.finished_at.is_not(None), jobs.c.deadline_at <= db_now_ms()
        )

        def transaction(connection: sa.Connection) -> Mapping[str, bool]:
            alive = connection.scalars(extend).all()
            if not alive:
                return {}
            query = sa.select(chunks.c.id, stop.label("stop")).join(jobs).where(chunks.c.id.in_(alive))
            return {row.id: bool(row.stop) for row in connection.execute(query)}

        stops = self._db.write(transaction)
        return {
            claim.chunk.id: HeartbeatResult(alive=claim.chunk.id in stops, stop=stops.get(claim.chunk.id, False))
            for claim in running
        }


@lru_cache
def _build_groups_query(queues: int, priorities: int, now: str) -> sa.TextClause:
    seeds = " UNION ALL ".join(
        f"SELECT CAST(:q{queue} AS TEXT) AS queue, {rank} AS priority"
        for queue in range(queues)
        for rank in range(priorities)
    )
    return sa.text(_GROUPS.format(seeds=seeds, now=now))
