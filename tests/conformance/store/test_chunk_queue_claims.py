"""Which chunk a claim returns, and how heartbeats keep its lease."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from jobs.chunk import Commit, Release
from jobs.sql import SqlStore
from jobs.states import Priority, ReleaseReason
from tests.job_factories import (
    LEASE_MS,
    QUEUE,
    claim_chunk,
    expire_deadline,
    find_violations,
    make_part,
    make_planned_job,
    run_sql,
    skip_backoff,
    submit_job,
)


def test_nothing_ready_means_no_claim(store: SqlStore) -> None:
    assert store.chunks.claim(["cpu"], "w", lease_ms=LEASE_MS) is None
    submit_job(store)
    assert store.chunks.claim(["tts.tone"], "w", lease_ms=LEASE_MS) is None
    assert store.chunks.claim([], "w", lease_ms=LEASE_MS) is None


def test_claim_time_is_from_the_databases_clock(store: SqlStore) -> None:
    accepted_at, claimed = submit_job(store).created_at, claim_chunk(store)
    assert accepted_at <= claimed.claimed_at <= store.maintenance.now_ms()


def test_higher_priority_is_claimed_first(store: SqlStore) -> None:
    for priority in (Priority.BULK, Priority.NORMAL, Priority.INTERACTIVE):
        submit_job(store, priority=priority)
    order = [claim_chunk(store).job.priority for _ in range(3)]
    assert order == [Priority.INTERACTIVE, Priority.NORMAL, Priority.BULK]


def test_interactive_lane_claims_only_interactive_chunks(store: SqlStore) -> None:
    submit_job(store, priority=Priority.NORMAL)
    assert store.chunks.claim(["cpu"], "w", lease_ms=LEASE_MS, interactive_only=True) is None
    urgent = submit_job(store, priority=Priority.INTERACTIVE)
    assert claim_chunk(store, interactive_only=True).job.id == urgent.id


def test_tenant_with_fewest_running_chunks_is_claimed_first(store: SqlStore) -> None:
    make_planned_job(store, 6, tenant_id="big")
    make_planned_job(store, 2, tenant_id="small")
    order = [claim_chunk(store, QUEUE).job.tenant_id for _ in range(8)]
    # big is older; then they take turns until small has no more.
    assert order == ["big", "small", "big", "small", "big", "big", "big", "big"]


def test_older_job_of_a_tenant_is_claimed_first(store: SqlStore) -> None:
    older = make_planned_job(store, 2)
    run_sql(store, "UPDATE chunks SET age = age - 1000 WHERE job_id = :id", id=older.id)
    younger = make_planned_job(store, 2)
    assert [claim_chunk(store, QUEUE).job.id for _ in range(4)] == [older.id] * 2 + [younger.id] * 2


def test_several_queues_are_served_by_one_claim(store: SqlStore) -> None:
    make_planned_job(store, 1, queue="stt.a")
    make_planned_job(store, 1, queue="stt.b")
    found = [store.chunks.claim(["stt.a", "stt.b"], "w", lease_ms=LEASE_MS) for _ in range(2)]
    assert {claimed.chunk.queue for claimed in found if claimed} == {"stt.a", "stt.b"}


def test_chunk_in_backoff_is_not_claimed_and_blocks_no_other(store: SqlStore) -> None:
    make_planned_job(store, 2)
    first = claim_chunk(store, QUEUE)
    store.chunks.release(first, Release(ReleaseReason.SNOOZE, delay_ms=3_600_000))
    second = claim_chunk(store, QUEUE)
    assert second.chunk.idx == 1
    assert not second.more_ready
    assert store.chunks.claim([QUEUE], "w", lease_ms=LEASE_MS) is None
    skip_backoff(store)
    again = claim_chunk(store, QUEUE)
    assert (again.chunk.idx, again.chunk.fence, again.chunk.snooze_count) == (0, 2, 1)


def test_chunks_of_cancelled_and_overdue_jobs_are_not_claimed(store: SqlStore) -> None:
    late, cancelled = submit_job(store), submit_job(store)
    expire_deadline(store, late)
    store.jobs.cancel("acme", cancelled.id)
    assert store.chunks.claim(["cpu"], "w", lease_ms=LEASE_MS) is None
    # The same when one that may be claimed waits behind them.
    good = submit_job(store)
    assert claim_chunk(store).job.id == good.id
    assert store.chunks.claim(["cpu"], "w", lease_ms=LEASE_MS) is None


def test_heartbeat_extends_the_lease_and_returns_a_cancel(store: SqlStore) -> None:
    job = make_planned_job(store, 1)
    claimed = claim_chunk(store, QUEUE)
    run_sql(store, "UPDATE chunks SET lease_expires_at = 1 WHERE state = 'running'")
    answer = store.chunks.heartbeat([claimed], lease_ms=LEASE_MS, progress={})[claimed.chunk.id]
    assert (answer.alive, answer.stop) == (True, False)
    assert (
        run_sql(store, "SELECT lease_expires_at FROM chunks WHERE state = 'running'")[0][0] > store.maintenance.now_ms()
    )
    store.jobs.cancel("acme", job.id)
    answer = store.chunks.heartbeat([claimed], lease_ms=LEASE_MS, progress={})[claimed.chunk.id]
    assert (answer.alive, answer.stop) == (True, True)


def test_heartbeat_past_the_deadline_says_stop(store: SqlStore) -> None:
    job = make_planned_job(store, 1)
    claimed = claim_chunk(store, QUEUE)
    expire_deadline(store, job)
    assert store.chunks.heartbeat([claimed], lease_ms=LEASE_MS, progress={})[claimed.chunk.id].stop


def test_heartbeat_of_an_old_fence_extends_nothing(store: SqlStore) -> None:
    make_planned_job(store, 2)
    stale, other = claim_chunk(store, QUEUE), claim_chunk(store, QUEUE)
    store.chunks.release(stale, Release(ReleaseReason.INTERRUPT))
    fresh = claim_chunk(store, QUEUE)
    assert fresh.chunk.id == stale.chunk.id
    before = run_sql(store, "SELECT lease_expires_at FROM chunks WHERE id = :id", id=stale.chunk.id)
    answers = store.chunks.heartbeat([stale, other], lease_ms=10 * LEASE_MS, progress={})
    assert not answers[stale.chunk.id].alive
    assert answers[other.chunk.id].alive
    assert run_sql(store, "SELECT lease_expires_at FROM chunks WHERE id = :id", id=stale.chunk.id) == before
    assert store.chunks.heartbeat([], lease_ms=LEASE_MS, progress={}) == {}


def test_many_workers_claim_every_chunk_once(store: SqlStore) -> None:
    for tenant in ("a", "b", "c"):
        make_planned_job(store, 20, tenant_id=tenant)
    seen: list[str] = []
    lock = threading.Lock()

    def work(number: int) -> None:
        while (claimed := store.chunks.claim([QUEUE], f"w{number}", lease_ms=LEASE_MS)) is not None:
            with lock:
                seen.append(claimed.chunk.id)
            store.chunks.commit(claimed, Commit(make_part(claimed)))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    assert len(seen) == len(set(seen)) == 60
    assert store.chunks.depths() == {"cpu": 3}
    assert not find_violations(store)
