from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from jobs.sql import SqlStore
from jobs.sql.chunk_queue import claims
from jobs.states import JobState
from tests.job_factories import LEASE_MS, QUEUE, claim_chunk, make_planned_job, run_sql, submit_job


def test_claim_skips_chunks_that_another_claim_has_locked() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    assert "FOR UPDATE SKIP LOCKED" in str(claims._CLAIM_CHUNK.compile(dialect=dialect))
    assert "FOR NO KEY UPDATE SKIP LOCKED" in str(claims._BEGIN_PLANNING.compile(dialect=dialect))


def test_groups_are_searched_for_every_queue_and_priority() -> None:
    every = str(claims._build_groups_query(2, 3, "0"))
    assert every.count(" AS priority UNION ALL ") == 5
    assert all(
        f"CAST(:q{queue} AS TEXT) AS queue, {rank} AS priority" in every for queue in (0, 1) for rank in range(3)
    )
    interactive = str(claims._build_groups_query(2, 1, "0"))
    assert "1 AS priority" not in interactive
    assert interactive.count("0 AS priority") == 2


def test_search_for_groups_reads_ready_chunks_by_their_index(sqlite_store: SqlStore) -> None:
    plan = sa.text("EXPLAIN QUERY PLAN " + str(claims._build_groups_query(1, 3, "0")))
    steps = [
        row.detail for row in sqlite_store._db.read(lambda connection: connection.execute(plan, {"q0": "cpu"}).all())
    ]
    assert [step for step in steps if step.startswith("SCAN") and "chunks" in step] == []
    assert sum("ix_chunks_ready" in step for step in steps) == 3


def test_claimed_plan_starts_its_job(sqlite_store: SqlStore) -> None:
    job = submit_job(sqlite_store)
    claimed = claim_chunk(sqlite_store)
    assert claimed.job.state is JobState.PLANNING
    assert (claimed.job.started_at or 0) >= claimed.claimed_at
    assert sqlite_store.jobs.get("acme", job.id) == claimed.job


def test_claimed_work_leaves_its_job_unchanged(sqlite_store: SqlStore) -> None:
    job = make_planned_job(sqlite_store, 1)
    claim_chunk(sqlite_store, QUEUE)
    assert sqlite_store.jobs.get("acme", job.id) == job


def test_claim_starts_the_progress_anew_and_leases_from_now(sqlite_store: SqlStore) -> None:
    make_planned_job(sqlite_store, 1)
    run_sql(sqlite_store, "UPDATE chunks SET progress = 7.0 WHERE state = 'ready'")
    claimed = claim_chunk(sqlite_store, QUEUE, "worker-1")
    [row] = run_sql(
        sqlite_store, "SELECT lease_owner, lease_expires_at, started_at, progress FROM chunks WHERE state = 'running'"
    )
    assert tuple(row) == ("worker-1", claimed.claimed_at + LEASE_MS, claimed.claimed_at, 0.0)


def test_reported_progress_is_capped_at_the_units_of_the_chunk(sqlite_store: SqlStore) -> None:
    job = make_planned_job(sqlite_store, 2)
    first, second = claim_chunk(sqlite_store, QUEUE), claim_chunk(sqlite_store, QUEUE)
    progress = {first.chunk.id: 1e9, "chk_unknown": 5.0}
    sqlite_store.chunks.heartbeat([first, second], lease_ms=LEASE_MS, progress=progress)
    assert sqlite_store.jobs.get("acme", job.id).units_running == first.chunk.units
    sqlite_store.chunks.heartbeat([first, second], lease_ms=LEASE_MS, progress={second.chunk.id: 2.0})
    assert sqlite_store.jobs.get("acme", job.id).units_running == first.chunk.units + 2.0
