from __future__ import annotations

import pytest

from jobs.sql import SqlStore
from jobs.sql.maintenance.sweep import STOP_GRACE_MS
from jobs.store import SweepResult
from jobs.worker import WorkerRow
from tests.job_factories import (
    QUEUE,
    claim_chunk,
    claim_delivery,
    expire_deadline,
    expire_leases,
    make_finished_job,
    make_planned_job,
    run_sql,
    submit_job,
)


def age_waiting_chunks(store: SqlStore, by_ms: int) -> None:
    run_sql(store, "UPDATE chunks SET available_at = available_at - :by WHERE state = 'ready'", by=by_ms)


def test_sweep_of_an_empty_database_finds_nothing(sqlite_store: SqlStore) -> None:
    assert sqlite_store.maintenance.sweep(may_rescue=True) == SweepResult()


def test_repairs_of_one_pass_are_limited(sqlite_store: SqlStore) -> None:
    jobs = [submit_job(sqlite_store) for _ in range(3)]
    for job in jobs:
        expire_deadline(sqlite_store, job)
    assert [sqlite_store.maintenance.sweep(may_rescue=False, limit=2).expired for _ in range(3)] == [2, 1, 0]


def test_oldest_lease_is_rescued_first(sqlite_store: SqlStore) -> None:
    make_planned_job(sqlite_store, 2)
    first, second = claim_chunk(sqlite_store, QUEUE), claim_chunk(sqlite_store, QUEUE)
    expire_leases(sqlite_store)
    run_sql(sqlite_store, "UPDATE chunks SET lease_expires_at = 1 WHERE id = :id", id=second.chunk.id)
    sqlite_store.maintenance.sweep(may_rescue=True, limit=1)
    running = run_sql(sqlite_store, "SELECT id FROM chunks WHERE state = 'running'")
    assert [row.id for row in running] == [first.chunk.id]


@pytest.mark.parametrize(("age_ms", "cancelled"), [(0, 0), (STOP_GRACE_MS, 1)])
def test_cancelled_chunk_has_the_grace_period_to_stop(sqlite_store: SqlStore, age_ms: int, cancelled: int) -> None:
    job = make_planned_job(sqlite_store, 1)
    claim_chunk(sqlite_store, QUEUE)
    at = sqlite_store.jobs.cancel("acme", job.id).cancel_requested_at or 0
    run_sql(sqlite_store, "UPDATE jobs SET cancel_requested_at = :at", at=at - age_ms)
    assert sqlite_store.maintenance.sweep(may_rescue=False).cancelled == cancelled


def test_delivery_of_a_dead_sender_is_due_again(sqlite_store: SqlStore) -> None:
    make_finished_job(sqlite_store, webhook_url="https://example.com/hook")
    lost = claim_delivery(sqlite_store)
    sqlite_store.maintenance.sweep(may_rescue=False)
    assert sqlite_store.deliveries.claim("w", lease_ms=1000) is None
    run_sql(sqlite_store, "UPDATE webhook_deliveries SET lease_expires_at = 1")
    sqlite_store.maintenance.sweep(may_rescue=False)
    assert claim_delivery(sqlite_store).id == lost.id


def test_chunks_that_wait_three_seconds_are_notified(sqlite_store: SqlStore) -> None:
    make_planned_job(sqlite_store, 4)
    sqlite_store.workers.register(WorkerRow("w1", [QUEUE], 8, "cpu", 0))
    age_waiting_chunks(sqlite_store, 3000)
    assert sqlite_store.maintenance.sweep(may_rescue=False).notifications == {QUEUE: 4}


def test_notifications_are_a_hundred_at_most(sqlite_store: SqlStore) -> None:
    make_planned_job(sqlite_store, 150)
    sqlite_store.workers.register(WorkerRow("w1", [QUEUE], 500, "cpu", 0))
    age_waiting_chunks(sqlite_store, 5000)
    assert sqlite_store.maintenance.sweep(may_rescue=False).notifications == {QUEUE: 100}


def test_every_queue_with_waiting_chunks_is_notified(sqlite_store: SqlStore) -> None:
    for queue in ("a", "b", "c"):
        make_planned_job(sqlite_store, 1, queue=queue)
    age_waiting_chunks(sqlite_store, 5000)
    assert sqlite_store.maintenance.sweep(may_rescue=False).notifications == {"a": 1, "b": 1, "c": 1}
