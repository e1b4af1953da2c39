"""What a sweep repairs, and what it leaves alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from jobs.chunk import Commit
from jobs.errors import LeaseLost
from jobs.failure import ErrorClass, Failure
from jobs.job import Idempotency
from jobs.sql import SqlStore
from jobs.states import JobState
from jobs.worker import WorkerRow
from tests.job_factories import (
    QUEUE,
    claim_chunk,
    expire_leases,
    find_violations,
    make_part,
    make_planned_job,
    new_job,
    run_sql,
    submit_job,
)


def _age_waiting_chunks(store: SqlStore) -> None:
    run_sql(store, "UPDATE chunks SET available_at = available_at - 5000 WHERE state = 'ready'")


def test_expired_lease_is_rescued_once_the_sweeper_may(store: SqlStore) -> None:
    make_planned_job(store, 2)
    lost, alive = claim_chunk(store, QUEUE), claim_chunk(store, QUEUE)
    expire_leases(store)
    store.chunks.heartbeat([alive], lease_ms=60_000, progress={})
    assert store.maintenance.sweep(may_rescue=False).rescued == 0
    assert store.maintenance.sweep(may_rescue=True).rescued == 1
    again = claim_chunk(store, QUEUE)
    assert (again.chunk.id, again.chunk.fence, again.chunk.rescue_count) == (lost.chunk.id, 2, 1)
    with pytest.raises(LeaseLost):
        store.chunks.commit(lost, Commit(make_part(lost)))
    store.chunks.commit(alive, Commit(make_part(alive)))
    assert not find_violations(store)


def test_second_rescue_waits_for_a_backoff(store: SqlStore) -> None:
    make_planned_job(store, 1)
    for _ in range(2):
        claim_chunk(store, QUEUE)
        expire_leases(store)
        assert store.maintenance.sweep(may_rescue=True).rescued == 1
    assert store.chunks.claim([QUEUE], "w", lease_ms=1000) is None


def test_job_past_its_deadline_expires(store: SqlStore) -> None:
    running, waiting = make_planned_job(store, 2), submit_job(store)
    claimed = claim_chunk(store, QUEUE)
    fresh = submit_job(store, tenant_id="other")
    run_sql(store, "UPDATE jobs SET deadline_at = :at WHERE tenant_id = 'acme'", at=store.maintenance.now_ms() - 1)
    assert store.maintenance.sweep(may_rescue=False).expired == 2
    for job in (waiting, running):
        ended = store.jobs.get("acme", job.id)
        assert ended.state is JobState.EXPIRED
        assert ended.error is not None
        assert (ended.error.error_class, ended.error.code) == ("deadline", "deadline")
    assert store.jobs.get("other", fresh.id).state is JobState.ACCEPTED
    with pytest.raises(LeaseLost):
        store.chunks.commit(claimed, Commit(make_part(claimed)))
    assert store.maintenance.sweep(may_rescue=False).expired == 0
    assert not find_violations(store)


def test_unresponsive_worker_does_not_block_a_cancel(store: SqlStore) -> None:
    job = make_planned_job(store, 2)
    claimed = claim_chunk(store, QUEUE)
    store.jobs.cancel("acme", job.id)
    assert store.maintenance.sweep(may_rescue=False).cancelled == 0
    run_sql(store, "UPDATE jobs SET cancel_requested_at = cancel_requested_at - 21000")
    run_sql(store, "UPDATE chunk_events SET at = at - 21000")
    assert store.maintenance.sweep(may_rescue=False).cancelled == 1
    assert store.jobs.get("acme", job.id).state is JobState.CANCELLED
    assert not store.chunks.heartbeat([claimed], lease_ms=1000, progress={})[claimed.chunk.id].alive
    assert not find_violations(store)


def test_chunk_of_an_unresponsive_worker_ends_with_its_failed_job(store: SqlStore) -> None:
    job = make_planned_job(store, 2)
    first, unresponsive = claim_chunk(store, QUEUE), claim_chunk(store, QUEUE)
    store.chunks.fail(first, Failure(ErrorClass.ENGINE, "x", "x"))
    before = store.jobs.get("acme", job.id)
    run_sql(store, "UPDATE jobs SET finished_at = finished_at - 21000, updated_at = updated_at - 21000")
    assert store.maintenance.sweep(may_rescue=False).cancelled == 1
    assert not store.chunks.heartbeat([unresponsive], lease_ms=1000, progress={})[unresponsive.chunk.id].alive
    after = store.jobs.get("acme", job.id)
    assert (after.state, after.error) == (before.state, before.error)


def test_cancelled_job_without_running_chunks_is_ended(store: SqlStore) -> None:
    job = submit_job(store)
    run_sql(store, "UPDATE jobs SET cancel_requested_at = :now", now=store.maintenance.now_ms())
    assert store.maintenance.sweep(may_rescue=False).cancelled == 1
    assert store.jobs.get("acme", job.id).state is JobState.CANCELLED


def test_expired_idempotency_keys_are_deleted(store: SqlStore) -> None:
    old, fresh = Idempotency("/r", "old", "a"), Idempotency("/r", "fresh", "a")
    store.jobs.submit(new_job(), old)
    run_sql(store, "UPDATE idempotency SET expires_at = :at", at=store.maintenance.now_ms() - 1)
    store.jobs.submit(new_job(), fresh)
    assert store.maintenance.sweep(may_rescue=False).idempotency_dropped == 1
    assert store.jobs.find_replay("acme", fresh) is not None


def test_waiting_work_is_notified_again(store: SqlStore) -> None:
    submit_job(store)
    assert store.maintenance.sweep(may_rescue=False).notifications == {}
    _age_waiting_chunks(store)
    assert store.maintenance.sweep(may_rescue=False).notifications == {"cpu": 1}


def test_notifications_are_as_many_as_idle_slots_at_most(store: SqlStore) -> None:
    make_planned_job(store, 5)
    store.workers.register(WorkerRow("w1", [QUEUE, "cpu"], 2, "cpu", 0))
    store.workers.register(WorkerRow("w2", [QUEUE], 1, "cpu", 0))
    store.workers.register(WorkerRow("w3", ["stt.other"], 8, "cpu", 0))
    _age_waiting_chunks(store)
    assert store.maintenance.sweep(may_rescue=False).notifications == {QUEUE: 3}
    claim_chunk(store, QUEUE), claim_chunk(store, QUEUE)
    assert store.maintenance.sweep(may_rescue=False).notifications == {QUEUE: 1}
    claim_chunk(store, QUEUE)
    assert store.maintenance.sweep(may_rescue=False).notifications == {}


def test_chunk_in_backoff_is_not_notified(store: SqlStore) -> None:
    make_planned_job(store, 1)
    run_sql(store, "UPDATE chunks SET available_at = :at WHERE state = 'ready'", at=store.maintenance.now_ms() + 60_000)
    assert store.maintenance.sweep(may_rescue=False).notifications == {}


def test_concurrent_sweeps_charge_a_rescue_once(store: SqlStore) -> None:
    make_planned_job(store, 10)
    for _ in range(10):
        claim_chunk(store, QUEUE)
    expire_leases(store)
    with ThreadPoolExecutor(4) as threads:
        rescued = sum(
            swept.rescued for swept in threads.map(lambda _: store.maintenance.sweep(may_rescue=True), range(4))
        )
    assert rescued == 10
    assert {claim_chunk(store, QUEUE).chunk.rescue_count for _ in range(10)} == {1}
    assert not find_violations(store)
