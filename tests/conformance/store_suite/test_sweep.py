"""What the sweeper repairs, and what it leaves alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from jobs.errors import LeaseLost
from jobs.job import Commit, Idempotency, WorkerRow
from jobs.sql import SqlStore
from jobs.states import JobState
from tests.job_factories import QUEUE, accept, broken, claim, let_leases_expire, new_job, part, planned, sql


def test_expired_lease_is_rescued_once_the_sweeper_may(store: SqlStore) -> None:
    planned(store, 2)
    lost, alive = claim(store, QUEUE), claim(store, QUEUE)
    let_leases_expire(store)
    store.beat([alive], lease_ms=60_000, progress={})
    assert store.sweep(may_rescue=False).rescued == 0
    assert store.sweep(may_rescue=True).rescued == 1
    again = claim(store, QUEUE)
    assert (again.chunk.id, again.chunk.fence, again.chunk.rescue_count) == (lost.chunk.id, 2, 1)
    with pytest.raises(LeaseLost):
        store.commit(lost, Commit(part(lost)))
    store.commit(alive, Commit(part(alive)))
    assert not broken(store)


def test_second_rescue_waits(store: SqlStore) -> None:
    planned(store, 1)
    for _ in range(2):
        claim(store, QUEUE)
        let_leases_expire(store)
        assert store.sweep(may_rescue=True).rescued == 1
    assert store.claim([QUEUE], "w", lease_ms=1000) is None


def test_job_past_its_deadline_expires(store: SqlStore) -> None:
    running, waiting = planned(store, 2), accept(store)
    claimed = claim(store, QUEUE)
    fresh = accept(store, tenant_id="other")
    sql(store, "UPDATE jobs SET deadline_at = :at WHERE tenant_id = 'acme'", at=store.now_ms() - 1)
    assert store.sweep(may_rescue=False).expired == 2
    for job in (waiting, running):
        ended = store.job("acme", job.id)
        assert ended.state is JobState.EXPIRED
        assert ended.error is not None
        assert (ended.error["class"], ended.error["code"]) == ("deadline", "deadline")
    assert store.job("other", fresh.id).state is JobState.ACCEPTED
    with pytest.raises(LeaseLost):
        store.commit(claimed, Commit(part(claimed)))
    assert store.sweep(may_rescue=False).expired == 0
    assert not broken(store)


def test_deaf_worker_does_not_hold_up_a_cancel(store: SqlStore) -> None:
    job = planned(store, 2)
    claimed = claim(store, QUEUE)
    store.cancel("acme", job.id)
    assert store.sweep(may_rescue=False).cancelled == 0
    sql(store, "UPDATE jobs SET cancel_requested_at = cancel_requested_at - 21000")
    sql(store, "UPDATE chunk_events SET at = at - 21000")
    assert store.sweep(may_rescue=False).cancelled == 1
    assert store.job("acme", job.id).state is JobState.CANCELLED
    assert not store.beat([claimed], lease_ms=1000, progress={})[claimed.chunk.id].alive
    assert not broken(store)


def test_deaf_worker_of_a_failed_job_is_given_up(store: SqlStore) -> None:
    job = planned(store, 2)
    first, deaf = claim(store, QUEUE), claim(store, QUEUE)
    store.fail(first, {"class": "engine", "code": "x", "detail": "x", "retryable": False})
    before = store.job("acme", job.id)
    sql(store, "UPDATE jobs SET finished_at = finished_at - 21000, updated_at = updated_at - 21000")
    assert store.sweep(may_rescue=False).cancelled == 1
    assert not store.beat([deaf], lease_ms=1000, progress={})[deaf.chunk.id].alive
    after = store.job("acme", job.id)
    assert (after.state, after.error) == (before.state, before.error)


def test_cancelled_job_whose_ending_was_missed_is_ended(store: SqlStore) -> None:
    job = accept(store)
    sql(store, "UPDATE jobs SET cancel_requested_at = :now", now=store.now_ms())
    assert store.sweep(may_rescue=False).cancelled == 1
    assert store.job("acme", job.id).state is JobState.CANCELLED


def test_old_idempotency_keys_are_dropped(store: SqlStore) -> None:
    old, fresh = Idempotency("/r", "old", "a"), Idempotency("/r", "fresh", "a")
    store.accept(new_job(), old)
    sql(store, "UPDATE idempotency SET expires_at = :at", at=store.now_ms() - 1)
    store.accept(new_job(), fresh)
    assert store.sweep(may_rescue=False).idempotency_dropped == 1
    assert store.replay("acme", fresh) is not None


def _wait_longer(store: SqlStore) -> None:
    sql(store, "UPDATE chunks SET available_at = available_at - 5000 WHERE state = 'ready'")


def test_work_that_nobody_heard_of_is_rung_for(store: SqlStore) -> None:
    accept(store)
    assert store.sweep(may_rescue=False).bells == {}
    _wait_longer(store)
    assert store.sweep(may_rescue=False).bells == {"cpu": 1}


def test_bells_are_for_idle_slots_and_for_as_many_chunks(store: SqlStore) -> None:
    planned(store, 5)
    store.see_worker(WorkerRow("w1", [QUEUE, "cpu"], 2, "cpu", 0))
    store.see_worker(WorkerRow("w2", [QUEUE], 1, "cpu", 0))
    store.see_worker(WorkerRow("w3", ["stt.other"], 8, "cpu", 0))
    _wait_longer(store)
    assert store.sweep(may_rescue=False).bells == {QUEUE: 3}
    claim(store, QUEUE), claim(store, QUEUE)
    assert store.sweep(may_rescue=False).bells == {QUEUE: 1}
    claim(store, QUEUE)
    assert store.sweep(may_rescue=False).bells == {}


def test_chunk_in_backoff_is_not_rung_for(store: SqlStore) -> None:
    planned(store, 1)
    sql(store, "UPDATE chunks SET available_at = :at WHERE state = 'ready'", at=store.now_ms() + 60_000)
    assert store.sweep(may_rescue=False).bells == {}


def test_sweepers_side_by_side_do_not_charge_twice(store: SqlStore) -> None:
    planned(store, 10)
    for _ in range(10):
        claim(store, QUEUE)
    let_leases_expire(store)
    with ThreadPoolExecutor(4) as threads:
        rescued = sum(swept.rescued for swept in threads.map(lambda _: store.sweep(may_rescue=True), range(4)))
    assert rescued == 10
    assert {claim(store, QUEUE).chunk.rescue_count for _ in range(10)} == {1}
    assert not broken(store)
