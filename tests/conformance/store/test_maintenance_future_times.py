"""The database's clock was set back: what waited goes on at once, and what backs off keeps its backoff."""

from __future__ import annotations

from jobs.chunk import Release
from jobs.failure import ErrorClass, Failure
from jobs.sql import SqlStore
from jobs.states import ReleaseReason
from tests.job_factories import (
    claim_chunk,
    claim_delivery,
    find_violations,
    make_finished_job,
    make_planned_job,
    run_sql,
    submit_job,
)

HOUR_MS = 3_600_000


def set_back(store: SqlStore, hours: int) -> None:
    """As if the clock had been ahead by so many hours until now."""
    for table, column in (
        ("chunks", "available_at"),
        ("chunks", "lease_expires_at"),
        ("webhook_deliveries", "next_at"),
    ):
        run_sql(store, f"UPDATE {table} SET {column} = {column} + :ms", ms=hours * HOUR_MS)


def test_what_waited_is_claimed_at_once(store: SqlStore) -> None:
    make_planned_job(store, 3)
    set_back(store, 5)
    assert store.chunks.claim(["tts.tone"], "ins:host:cpu:1", lease_ms=1000) is None
    assert store.maintenance.bring_forward() == 3
    claim_chunk(store, "tts.tone")
    assert not find_violations(store)
    assert store.maintenance.bring_forward() == 0


def test_a_backoff_stays_what_it_is(store: SqlStore) -> None:
    submit_job(store)
    failure = Failure(ErrorClass.ENGINE, "engine_failure", "It failed.", retryable=True)
    store.chunks.release(claim_chunk(store), Release(ReleaseReason.RETRY, failure=failure))
    run_sql(store, "UPDATE chunks SET available_at = available_at + 300000")
    assert store.maintenance.bring_forward() == 0
    set_back(store, 5)
    assert store.maintenance.bring_forward() == 1


def test_the_lease_of_a_dead_worker_ends_within_the_hour_and_a_live_one_keeps_its_own(store: SqlStore) -> None:
    submit_job(store)
    claim = claim_chunk(store)
    assert store.maintenance.bring_forward() == 0
    set_back(store, 5)
    assert store.maintenance.bring_forward() == 1
    left = "SELECT lease_expires_at FROM chunks WHERE state = 'running'"
    assert run_sql(store, left)[0][0] <= store.maintenance.now_ms() + HOUR_MS
    assert store.chunks.heartbeat([claim], lease_ms=60_000, progress={})
    assert run_sql(store, left)[0][0] <= store.maintenance.now_ms() + 60_000


def test_webhooks_that_were_never_tried_are_due(store: SqlStore) -> None:
    make_finished_job(store, webhook_url="https://example.com/hook")
    set_back(store, 5)
    assert store.deliveries.claim("ins:host:cpu:1", lease_ms=1000) is None
    assert store.maintenance.bring_forward() == 1
    delivery = claim_delivery(store)
    store.deliveries.finish(delivery, status=500, error="no", next_at_ms=5 * HOUR_MS, disable=False)
    assert store.maintenance.bring_forward() == 0, "the schedule of a webhook that was tried stays"
