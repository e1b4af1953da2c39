"""What waits, as the metrics show it."""

from __future__ import annotations

from jobs.sql import SqlStore
from jobs.store.maintenance import Backlog
from tests.job_factories import (
    QUEUE,
    claim_chunk,
    claim_delivery,
    make_finished_job,
    make_planned_job,
    run_sql,
    submit_job,
)


def test_an_idle_store_has_no_backlog(store: SqlStore) -> None:
    assert store.maintenance.backlog() == Backlog(chunk_age_ms={}, webhooks=0, webhook_age_ms=0)


def test_the_chunk_that_waits_longest_counts_in_each_queue(store: SqlStore) -> None:
    make_planned_job(store, 2)
    submit_job(store)
    run_sql(store, "UPDATE chunks SET available_at = available_at - 60000 WHERE state = 'ready' AND queue = 'cpu'")
    run_sql(store, "UPDATE chunks SET available_at = available_at - 5000 WHERE idx = 1 AND queue = :q", q=QUEUE)
    ages = store.maintenance.backlog().chunk_age_ms
    assert ages.keys() == {"cpu", QUEUE}
    assert ages["cpu"] >= 60_000 and 5_000 <= ages[QUEUE] < 60_000 + ages["cpu"]


def test_running_chunks_and_those_of_a_later_time_do_not_wait(store: SqlStore) -> None:
    submit_job(store)
    claim_chunk(store)
    submit_job(store)
    run_sql(store, "UPDATE chunks SET available_at = available_at + 3600000 WHERE state = 'ready'")
    assert store.maintenance.backlog().chunk_age_ms == {}


def test_webhooks_wait_until_they_are_delivered(store: SqlStore) -> None:
    make_finished_job(store, webhook_url="https://example.com/hook")
    run_sql(store, "UPDATE webhook_deliveries SET created_at = created_at - 7000")
    backlog = store.maintenance.backlog()
    assert backlog.webhooks == 1 and backlog.webhook_age_ms >= 7000
    delivery = claim_delivery(store)
    assert store.maintenance.backlog().webhooks == 1, "one that is being sent still waits"
    store.deliveries.finish(delivery, status=200, error=None, next_at_ms=None, disable=False)
    assert store.maintenance.backlog().webhooks == 0
