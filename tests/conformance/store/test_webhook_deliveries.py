"""The deliveries that the end of a job leaves."""

from __future__ import annotations

import pytest

from jobs.errors import LeaseLost, NotFound
from jobs.failure import ErrorClass, Failure
from jobs.sql import SqlStore
from jobs.webhooks.delivery import Delivery
from tests.job_factories import (
    QUEUE,
    claim_chunk,
    claim_delivery,
    find_violations,
    make_finished_job,
    make_planned_job,
    run_sql,
)

URL = "https://example.com/hook"


def _deliver(store: SqlStore, delivery: Delivery) -> None:
    store.deliveries.finish(delivery, status=200, error=None, next_at_ms=None, disable=False)


def test_end_of_a_job_is_delivered_to_its_webhook_url(store: SqlStore) -> None:
    secret = store.endpoints.rotate_default_secret("acme")
    job = make_finished_job(store, webhook_url=URL, labels={"a": "b"})
    delivery = claim_delivery(store)
    assert (delivery.url, delivery.secret, delivery.attempt) == (URL, secret, 0)
    assert (delivery.subject_id, delivery.event_type) == (job.id, "job.succeeded")
    assert delivery.payload["type"] == "job.succeeded"
    assert delivery.payload["timestamp"].endswith("Z")
    assert delivery.payload["data"] == {
        "id": job.id,
        "kind": "tts.synthesize",
        "state": "succeeded",
        "labels": {"a": "b"},
    }
    _deliver(store, delivery)
    assert store.deliveries.claim("w", lease_ms=1000) is None
    assert not find_violations(store)


@pytest.mark.parametrize("ending", ["succeeded", "failed", "cancelled", "expired", "deleted"])
def test_every_end_of_a_job_leaves_one_delivery(store: SqlStore, ending: str) -> None:
    endpoint, _ = store.endpoints.create("acme", "https://example.com/all", ())
    if ending == "succeeded":
        job = make_finished_job(store, webhook_url=URL)
    else:
        job = make_planned_job(store, 1, webhook_url=URL)
        match ending:
            case "failed":
                store.chunks.fail(claim_chunk(store, QUEUE), Failure(ErrorClass.ENGINE, "x", "x"))
            case "cancelled":
                store.jobs.cancel("acme", job.id)
            case "expired":
                run_sql(store, "UPDATE jobs SET deadline_at = 1")
                store.maintenance.sweep(may_rescue=False)
            case "deleted":
                store.jobs.delete("acme", job.id)
    event = "job.cancelled" if ending == "deleted" else f"job.{ending}"
    found = [claim_delivery(store), claim_delivery(store)]
    assert {(each.subject_id, each.event_type) for each in found} == {(job.id, event)}
    assert {each.endpoint_id for each in found} >= {endpoint.id}
    assert store.deliveries.claim("w", lease_ms=1000) is None
    assert not find_violations(store)


def test_endpoint_gets_only_its_events(store: SqlStore) -> None:
    store.endpoints.create("acme", URL, ["job.failed"])
    store.endpoints.create("other", URL, ())
    make_finished_job(store)
    assert store.deliveries.claim("w", lease_ms=1000) is None


def test_failed_attempt_is_repeated_after_its_delay_under_the_same_id(store: SqlStore) -> None:
    make_finished_job(store, webhook_url=URL)
    first = claim_delivery(store)
    store.deliveries.finish(first, status=503, error="HTTP 503", next_at_ms=3_600_000, disable=False)
    assert store.deliveries.claim("w", lease_ms=1000) is None
    run_sql(store, "UPDATE webhook_deliveries SET next_at = :at", at=store.maintenance.now_ms())
    second = claim_delivery(store)
    assert (second.id, second.attempt, second.secret) == (first.id, 1, first.secret)
    store.deliveries.finish(second, status=None, error="no answer", next_at_ms=None, disable=False)
    (record,) = store.deliveries.list("acme", second.endpoint_id)
    assert (record.state, record.attempt, record.last_status, record.last_error) == ("failed", 2, None, "no answer")


def test_stale_sender_cannot_finish_a_delivery(store: SqlStore) -> None:
    make_finished_job(store, webhook_url=URL)
    stale = claim_delivery(store)
    run_sql(store, "UPDATE webhook_deliveries SET lease_expires_at = 1")
    store.maintenance.sweep(may_rescue=False)
    live = claim_delivery(store)
    assert (live.id, live.fence) == (stale.id, stale.fence + 1)
    with pytest.raises(LeaseLost):
        _deliver(store, stale)
    _deliver(store, live)
    with pytest.raises(LeaseLost):
        _deliver(store, live)


def test_finish_with_disable_switches_the_endpoint_off(store: SqlStore) -> None:
    make_finished_job(store, webhook_url=URL), make_finished_job(store, webhook_url=URL)
    store.deliveries.finish(claim_delivery(store), status=410, error="HTTP 410", next_at_ms=None, disable=True)
    assert store.deliveries.claim("w", lease_ms=1000) is None
    (endpoint,) = store.endpoints.list("acme")
    assert endpoint.disabled_at is not None
    assert {record.state for record in store.deliveries.list("acme", endpoint.id)} == {"failed"}
    # A new request that names the URL asks for it again.
    make_finished_job(store, webhook_url=URL)
    assert store.endpoints.get("acme", endpoint.id).disabled_at is None
    _deliver(store, claim_delivery(store))
    assert not find_violations(store)


def test_slow_receiver_does_not_delay_another(store: SqlStore) -> None:
    slow = [make_finished_job(store, webhook_url="https://slow.example/") for _ in range(3)]
    assert claim_delivery(store).subject_id == slow[0].id
    quick = make_finished_job(store, webhook_url="https://quick.example/")
    assert claim_delivery(store).subject_id == quick.id
    assert claim_delivery(store).subject_id == slow[1].id


def test_tenant_with_many_slow_receivers_does_not_delay_another(store: SqlStore) -> None:
    for number in range(3):
        make_finished_job(store, webhook_url=f"https://slow{number}.example/")
    assert claim_delivery(store).tenant_id == "acme"
    for _ in range(2):
        make_finished_job(store, webhook_url="https://quick.example/", tenant_id="other")
    assert [claim_delivery(store).tenant_id for _ in range(3)] == ["other", "acme", "other"]


def test_worker_holds_only_so_many_deliveries_of_a_tenant(store: SqlStore) -> None:
    for number in range(4):
        make_finished_job(store, webhook_url=f"https://slow{number}.example/")

    def claim(worker_id: str) -> Delivery | None:
        return store.deliveries.claim(worker_id, lease_ms=60_000, most_of_tenant=2)

    held = [claim("a"), claim("a")]
    assert all(held) and claim("a") is None
    assert claim("b") is not None
    assert held[0] is not None
    _deliver(store, held[0])
    assert claim("a") is not None


def test_delivery_can_be_redelivered(store: SqlStore) -> None:
    make_finished_job(store, webhook_url=URL)
    delivery = claim_delivery(store)
    _deliver(store, delivery)
    record = store.deliveries.redeliver("acme", delivery.id)
    assert (record.state, record.attempt) == ("pending", 0)
    assert claim_delivery(store).id == delivery.id
    with pytest.raises(NotFound):
        store.deliveries.redeliver("other", delivery.id)


def test_test_event_is_sent_to_one_endpoint(store: SqlStore) -> None:
    endpoint, secret = store.endpoints.create("acme", URL, ["job.failed"])
    store.endpoints.create("acme", URL + "2", ())
    record = store.endpoints.send_test("acme", endpoint.id)
    delivery = claim_delivery(store)
    assert (delivery.id, delivery.event_type, delivery.secret) == (record.id, "webhook.test", secret)
    assert store.deliveries.claim("w", lease_ms=1000) is None
