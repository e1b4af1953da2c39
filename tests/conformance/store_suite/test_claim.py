"""Who gets which chunk, and for how long."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from jobs.job import Commit, Release
from jobs.sql import SqlStore
from jobs.states import Priority, ReleaseReason
from tests.job_factories import LEASE_MS, QUEUE, accept, broken, claim, part, planned, sql


def test_nothing_ready_means_no_claim(store: SqlStore) -> None:
    assert store.claim(["cpu"], "w", lease_ms=LEASE_MS) is None
    accept(store)
    assert store.claim(["tts.tone"], "w", lease_ms=LEASE_MS) is None
    assert store.claim([], "w", lease_ms=LEASE_MS) is None


def test_a_claim_says_when_by_the_databases_clock(store: SqlStore) -> None:
    accepted_at, claimed = accept(store).created_at, claim(store)
    assert accepted_at <= claimed.claimed_at <= store.now_ms()


def test_better_priority_goes_first(store: SqlStore) -> None:
    for priority in (Priority.BULK, Priority.NORMAL, Priority.INTERACTIVE):
        accept(store, priority=priority)
    order = [claim(store).job.priority for _ in range(3)]
    assert order == [Priority.INTERACTIVE, Priority.NORMAL, Priority.BULK]


def test_interactive_lane_takes_interactive_work_alone(store: SqlStore) -> None:
    accept(store, priority=Priority.NORMAL)
    assert store.claim(["cpu"], "w", lease_ms=LEASE_MS, interactive_only=True) is None
    urgent = accept(store, priority=Priority.INTERACTIVE)
    assert claim(store, interactive_only=True).job.id == urgent.id


def test_tenant_with_fewest_running_chunks_goes_first(store: SqlStore) -> None:
    planned(store, 6, tenant_id="big")
    planned(store, 2, tenant_id="small")
    order = [claim(store, QUEUE).job.tenant_id for _ in range(8)]
    # big is older; then they take turns until small has no more.
    assert order == ["big", "small", "big", "small", "big", "big", "big", "big"]


def test_older_job_of_a_tenant_goes_first(store: SqlStore) -> None:
    older = planned(store, 2)
    sql(store, "UPDATE chunks SET age = age - 1000 WHERE job_id = :id", id=older.id)
    younger = planned(store, 2)
    assert [claim(store, QUEUE).job.id for _ in range(4)] == [older.id] * 2 + [younger.id] * 2


def test_several_queues_are_served_by_one_claim(store: SqlStore) -> None:
    planned(store, 1, queue="stt.a")
    planned(store, 1, queue="stt.b")
    found = {store.claim(["stt.a", "stt.b"], "w", lease_ms=LEASE_MS).chunk.queue for _ in range(2)}
    assert found == {"stt.a", "stt.b"}


def test_chunk_in_backoff_is_not_claimed_and_holds_up_nobody(store: SqlStore) -> None:
    planned(store, 2)
    first = claim(store, QUEUE)
    store.release(first, Release(ReleaseReason.SNOOZE, delay_ms=3_600_000))
    second = claim(store, QUEUE)
    assert second.chunk.idx == 1
    assert not second.more_ready
    assert store.claim([QUEUE], "w", lease_ms=LEASE_MS) is None
    sql(store, "UPDATE chunks SET available_at = :at WHERE state = 'ready'", at=store.now_ms())
    again = claim(store, QUEUE)
    assert (again.chunk.idx, again.chunk.fence, again.chunk.snooze_count) == (0, 2, 1)


def test_chunks_of_cancelled_and_late_jobs_are_not_claimed(store: SqlStore) -> None:
    late, cancelled = accept(store), accept(store)
    sql(store, "UPDATE jobs SET deadline_at = :at WHERE id = :id", at=store.now_ms() - 1, id=late.id)
    store.cancel("acme", cancelled.id)
    assert store.claim(["cpu"], "w", lease_ms=LEASE_MS) is None
    # The same when one that may be claimed waits behind them.
    good = accept(store)
    assert claim(store).job.id == good.id
    assert store.claim(["cpu"], "w", lease_ms=LEASE_MS) is None


def test_heartbeat_extends_the_lease_and_brings_the_stop(store: SqlStore) -> None:
    job = planned(store, 1)
    claimed = claim(store, QUEUE)
    sql(store, "UPDATE chunks SET lease_expires_at = 1 WHERE state = 'running'")
    beat = store.beat([claimed], lease_ms=LEASE_MS, progress={})[claimed.chunk.id]
    assert (beat.alive, beat.stop) == (True, False)
    assert sql(store, "SELECT lease_expires_at FROM chunks WHERE state = 'running'")[0][0] > store.now_ms()
    store.cancel("acme", job.id)
    beat = store.beat([claimed], lease_ms=LEASE_MS, progress={})[claimed.chunk.id]
    assert (beat.alive, beat.stop) == (True, True)


def test_heartbeat_past_the_deadline_says_stop(store: SqlStore) -> None:
    job = planned(store, 1)
    claimed = claim(store, QUEUE)
    sql(store, "UPDATE jobs SET deadline_at = :at WHERE id = :id", at=store.now_ms() - 1, id=job.id)
    assert store.beat([claimed], lease_ms=LEASE_MS, progress={})[claimed.chunk.id].stop


def test_heartbeat_of_an_old_fence_is_told_so(store: SqlStore) -> None:
    planned(store, 2)
    stale, other = claim(store, QUEUE), claim(store, QUEUE)
    store.release(stale, Release(ReleaseReason.INTERRUPT))
    fresh = claim(store, QUEUE)
    assert fresh.chunk.id == stale.chunk.id
    before = sql(store, "SELECT lease_expires_at FROM chunks WHERE id = :id", id=stale.chunk.id)
    beats = store.beat([stale, other], lease_ms=10 * LEASE_MS, progress={})
    assert not beats[stale.chunk.id].alive
    assert beats[other.chunk.id].alive
    assert sql(store, "SELECT lease_expires_at FROM chunks WHERE id = :id", id=stale.chunk.id) == before
    assert store.beat([], lease_ms=LEASE_MS, progress={}) == {}


def test_many_workers_claim_every_chunk_once(store: SqlStore) -> None:
    for tenant in ("a", "b", "c"):
        planned(store, 20, tenant_id=tenant)
    seen: list[str] = []
    lock = threading.Lock()

    def work(number: int) -> None:
        while (claimed := store.claim([QUEUE], f"w{number}", lease_ms=LEASE_MS)) is not None:
            with lock:
                seen.append(claimed.chunk.id)
            store.commit(claimed, Commit(part(claimed)))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    assert len(seen) == len(set(seen)) == 60
    assert store.queue_depths() == {"cpu": 3}
    assert not broken(store)
