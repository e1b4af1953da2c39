from __future__ import annotations

from jobs.sql import SqlStore
from jobs.sql.worker_registry import count_live_slots
from jobs.worker import WorkerRow
from tests.job_factories import QUEUE, claim_chunk, claim_delivery, make_finished_job, make_planned_job, run_sql


def worker(worker_id: str, *queues: str, slots: int = 1) -> WorkerRow:
    return WorkerRow(worker_id, queues, slots, "cpu", 0)


def test_slots_of_a_queue_are_those_of_the_workers_that_serve_it() -> None:
    rows = [worker("1", "a", "b", slots=2), worker("2", "b", slots=3), worker("3", slots=9)]
    assert [count_live_slots(rows, queue) for queue in ("a", "b", "c")] == [2, 5, 0]


def test_last_seen_is_the_databases_time_and_not_the_workers(sqlite_store: SqlStore) -> None:
    before = sqlite_store.maintenance.now_ms()
    sqlite_store.workers.register(worker("1", "a"))
    [row] = sqlite_store.workers.list_live()
    assert before <= row.last_seen <= sqlite_store.maintenance.now_ms()


def test_release_of_a_worker_that_holds_nothing_does_nothing(sqlite_store: SqlStore) -> None:
    make_planned_job(sqlite_store, 1)
    claimed = claim_chunk(sqlite_store, QUEUE, "w1")
    assert sqlite_store.workers.release("w2") == 0
    assert sqlite_store.workers.release_installation("w2") == 0
    assert sqlite_store.chunks.heartbeat([claimed], lease_ms=1000, progress={})[claimed.chunk.id].alive


def test_release_takes_chunks_and_deliveries_of_the_worker(sqlite_store: SqlStore) -> None:
    make_finished_job(sqlite_store, webhook_url="https://example.com/hook")
    make_planned_job(sqlite_store, 1)
    claim_chunk(sqlite_store, QUEUE, "ins:host:cpu:1")
    claim_delivery(sqlite_store)
    assert sqlite_store.workers.release("ins:host:cpu:1") == 1
    held = "SELECT id FROM {} WHERE lease_owner IS NOT NULL"
    assert (
        run_sql(sqlite_store, held.format("chunks")) == run_sql(sqlite_store, held.format("webhook_deliveries")) == []
    )
    events = run_sql(sqlite_store, "SELECT reason FROM chunk_events ORDER BY id DESC LIMIT 1")
    assert events[0].reason == "interrupt"
