from __future__ import annotations

import pytest

from jobs.errors import LeaseLost, Misconfigured
from jobs.secret_box import SecretBox
from jobs.sql import SqlStore
from jobs.webhooks.delivery import Delivery
from tests.job_factories import claim_delivery, make_finished_job, run_sql

URL = "https://example.com/hook"


def finish(store: SqlStore, delivery: Delivery, *, next_at_ms: int | None = None, error: str | None = None) -> None:
    store.deliveries.finish(delivery, status=None, error=error, next_at_ms=next_at_ms, disable=False)


def send_tests(store: SqlStore, count: int) -> str:
    endpoint, _ = store.endpoints.create("acme", URL, ())
    for _ in range(count):
        store.endpoints.send_test("acme", endpoint.id)
    return endpoint.id


@pytest.mark.parametrize(
    ("error", "next_at_ms", "state"), [(None, None, "delivered"), ("x", None, "failed"), ("x", 5000, "pending")]
)
def test_outcome_of_an_attempt_decides_the_state(
    sqlite_store: SqlStore, error: str | None, next_at_ms: int | None, state: str
) -> None:
    send_tests(sqlite_store, 1)
    finish(sqlite_store, claim_delivery(sqlite_store), error=error, next_at_ms=next_at_ms)
    [row] = run_sql(sqlite_store, "SELECT * FROM webhook_deliveries")
    assert (row.state, row.attempt, row.lease_owner, row.last_error) == (state, 1, None, error)
    assert (row.finished_at is None) is (state == "pending")
    if next_at_ms is not None:
        assert row.next_at >= row.created_at + next_at_ms


def test_redelivery_during_an_attempt_supersedes_it(sqlite_store: SqlStore) -> None:
    send_tests(sqlite_store, 1)
    superseded = claim_delivery(sqlite_store)
    sqlite_store.deliveries.redeliver("acme", superseded.id)
    with pytest.raises(LeaseLost):
        finish(sqlite_store, superseded)
    again = claim_delivery(sqlite_store)
    assert (again.id, again.fence) == (superseded.id, superseded.fence + 2)
    finish(sqlite_store, again)


def test_log_is_paged_newest_first(sqlite_store: SqlStore) -> None:
    endpoint_id = send_tests(sqlite_store, 3)
    every = [record.id for record in sqlite_store.deliveries.list("acme", endpoint_id)]
    assert every == sorted(every, reverse=True)
    first = sqlite_store.deliveries.list("acme", endpoint_id, limit=2)
    rest = sqlite_store.deliveries.list("acme", endpoint_id, limit=2, after=first[-1].id)
    assert [record.id for record in [*first, *rest]] == every


def test_oldest_due_delivery_of_an_endpoint_is_claimed_first(sqlite_store: SqlStore) -> None:
    endpoint_id = send_tests(sqlite_store, 2)
    newest, oldest = sqlite_store.deliveries.list("acme", endpoint_id)
    run_sql(sqlite_store, "UPDATE webhook_deliveries SET next_at = next_at - 10 WHERE id = :id", id=oldest.id)
    assert [claim_delivery(sqlite_store).id for _ in range(2)] == [oldest.id, newest.id]


def test_claim_under_another_key_fails_and_leaves_the_delivery_due(sqlite_store: SqlStore, sqlite_url: str) -> None:
    make_finished_job(sqlite_store, webhook_url=URL)
    sqlite_store.endpoints.rotate_default_secret("acme")
    other = SqlStore(sqlite_url, cipher=SecretBox("another key of thirty-two letters"))
    with pytest.raises(Misconfigured, match="VOICEMILL_SECRET_KEY"):
        other.deliveries.claim("w", lease_ms=1000)
    other.close()
    assert claim_delivery(sqlite_store).fence == 1
