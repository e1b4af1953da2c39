"""Endpoints, and the deliveries that the end of a job leaves."""

from __future__ import annotations

import pytest

from jobs.errors import Conflict, LeaseLost, NotFound
from jobs.job import Delivery
from jobs.sql import SqlStore
from tests.job_factories import QUEUE, accept, broken, claim, finished, planned, sql

URL = "https://example.com/hook"


def _due(store: SqlStore) -> Delivery:
    found = store.claim_delivery("ins:h:cpu:1", lease_ms=30_000)
    assert found is not None
    return found


def _deliver(store: SqlStore, delivery: Delivery) -> None:
    store.finish_delivery(delivery, status=200, error=None, next_at_ms=None, disable=False)


def test_end_of_a_job_is_delivered_to_its_webhook_url(store: SqlStore) -> None:
    secret = store.rotate_default_secret("acme")
    job = finished(store, webhook_url=URL, labels={"a": "b"})
    delivery = _due(store)
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
    assert store.claim_delivery("w", lease_ms=1000) is None
    assert not broken(store)


@pytest.mark.parametrize("ending", ["succeeded", "failed", "cancelled", "expired", "deleted"])
def test_every_ending_leaves_one_delivery(store: SqlStore, ending: str) -> None:
    endpoint, _ = store.create_endpoint("acme", "https://example.com/all", ())
    if ending == "succeeded":
        job = finished(store, webhook_url=URL)
    else:
        job = planned(store, 1, webhook_url=URL)
        match ending:
            case "failed":
                store.fail(claim(store, QUEUE), {"class": "engine", "code": "x", "detail": "x", "retryable": False})
            case "cancelled":
                store.cancel("acme", job.id)
            case "expired":
                sql(store, "UPDATE jobs SET deadline_at = 1")
                store.sweep(may_rescue=False)
            case "deleted":
                store.mark_deleted("acme", job.id)
    event = "job.cancelled" if ending == "deleted" else f"job.{ending}"
    found = [_due(store), _due(store)]
    assert {(each.subject_id, each.event_type) for each in found} == {(job.id, event)}
    assert {each.endpoint_id for each in found} >= {endpoint.id}
    assert store.claim_delivery("w", lease_ms=1000) is None
    assert not broken(store)


def test_endpoint_hears_of_the_events_it_asked_for(store: SqlStore) -> None:
    store.create_endpoint("acme", URL, ["job.failed"])
    store.create_endpoint("other", URL, ())
    finished(store)
    assert store.claim_delivery("w", lease_ms=1000) is None


def test_same_webhook_url_is_one_adhoc_endpoint(store: SqlStore) -> None:
    one, two = finished(store, webhook_url=URL), finished(store, webhook_url=URL)
    finished(store)
    (endpoint,) = store.endpoints("acme")
    assert endpoint.adhoc
    assert [record.subject_id for record in store.deliveries("acme", endpoint.id)] == [two.id, one.id]
    with pytest.raises(Conflict):
        store.rotate_endpoint_secret("acme", endpoint.id)


def test_failed_try_comes_again_after_its_pause_under_the_same_id(store: SqlStore) -> None:
    finished(store, webhook_url=URL)
    first = _due(store)
    store.finish_delivery(first, status=503, error="HTTP 503", next_at_ms=3_600_000, disable=False)
    assert store.claim_delivery("w", lease_ms=1000) is None
    sql(store, "UPDATE webhook_deliveries SET next_at = :at", at=store.now_ms())
    second = _due(store)
    assert (second.id, second.attempt, second.secret) == (first.id, 1, first.secret)
    store.finish_delivery(second, status=None, error="no answer", next_at_ms=None, disable=False)
    (record,) = store.deliveries("acme", second.endpoint_id)
    assert (record.state, record.attempt, record.last_status, record.last_error) == ("failed", 2, None, "no answer")


def test_stale_sender_cannot_finish_a_delivery(store: SqlStore) -> None:
    finished(store, webhook_url=URL)
    stale = _due(store)
    sql(store, "UPDATE webhook_deliveries SET lease_expires_at = 1")
    store.sweep(may_rescue=False)
    live = _due(store)
    assert (live.id, live.fence) == (stale.id, stale.fence + 1)
    with pytest.raises(LeaseLost):
        _deliver(store, stale)
    _deliver(store, live)
    with pytest.raises(LeaseLost):
        _deliver(store, live)


def test_gone_receiver_switches_its_endpoint_off(store: SqlStore) -> None:
    finished(store, webhook_url=URL), finished(store, webhook_url=URL)
    store.finish_delivery(_due(store), status=410, error="HTTP 410", next_at_ms=None, disable=True)
    assert store.claim_delivery("w", lease_ms=1000) is None
    (endpoint,) = store.endpoints("acme")
    assert endpoint.disabled_at is not None
    assert {record.state for record in store.deliveries("acme", endpoint.id)} == {"failed"}
    # A new request that names the URL asks for it again.
    finished(store, webhook_url=URL)
    assert store.endpoint("acme", endpoint.id).disabled_at is None
    _deliver(store, _due(store))
    assert not broken(store)


def test_busy_receiver_does_not_hold_up_another(store: SqlStore) -> None:
    slow = [finished(store, webhook_url="https://slow.example/") for _ in range(3)]
    assert _due(store).subject_id == slow[0].id
    quick = finished(store, webhook_url="https://quick.example/")
    assert _due(store).subject_id == quick.id
    assert _due(store).subject_id == slow[1].id


def test_delivery_can_be_sent_again(store: SqlStore) -> None:
    finished(store, webhook_url=URL)
    delivery = _due(store)
    _deliver(store, delivery)
    record = store.redeliver("acme", delivery.id)
    assert (record.state, record.attempt) == ("pending", 0)
    assert _due(store).id == delivery.id
    with pytest.raises(NotFound):
        store.redeliver("other", delivery.id)


def test_test_event_goes_to_one_endpoint(store: SqlStore) -> None:
    endpoint, secret = store.create_endpoint("acme", URL, ["job.failed"])
    store.create_endpoint("acme", URL + "2", ())
    record = store.test_endpoint("acme", endpoint.id)
    delivery = _due(store)
    assert (delivery.id, delivery.event_type, delivery.secret) == (record.id, "webhook.test", secret)
    assert store.claim_delivery("w", lease_ms=1000) is None


def test_endpoints_are_changed_and_deleted_by_their_owner(store: SqlStore) -> None:
    endpoint, secret = store.create_endpoint("acme", URL, ())
    assert secret.startswith("whsec_")
    changed = store.update_endpoint("acme", endpoint.id, url=URL + "2", events=["job.failed"], enabled=False)
    assert (changed.url, changed.events, changed.disabled_at is None) == (URL + "2", ("job.failed",), False)
    assert store.update_endpoint("acme", endpoint.id, enabled=True).disabled_at is None
    assert store.rotate_endpoint_secret("acme", endpoint.id) != secret
    for ask in (store.endpoint, store.delete_endpoint, store.test_endpoint, store.deliveries, store.update_endpoint):
        with pytest.raises(NotFound):
            ask("other", endpoint.id)
    store.test_endpoint("acme", endpoint.id)
    store.delete_endpoint("acme", endpoint.id)
    assert store.endpoints("acme") == []
    assert store.claim_delivery("w", lease_ms=1000) is None
    with pytest.raises(NotFound):
        store.endpoint("acme", endpoint.id)


def test_secrets_are_sealed_in_the_database(store: SqlStore) -> None:
    _, secret = store.create_endpoint("acme", URL, ())
    default = store.rotate_default_secret("acme")
    kept = sql(store, "SELECT secret FROM webhook_endpoints UNION ALL SELECT webhook_secret FROM tenants")
    assert len(kept) == 2
    assert not {secret, default} & {row[0] for row in kept}


def test_deliveries_of_a_dead_worker_are_released_with_its_chunks(store: SqlStore) -> None:
    finished(store, webhook_url=URL)
    _due(store)
    store.release_installation("ins:")
    assert _due(store).fence == 2


def test_accepting_needs_no_secret(store: SqlStore) -> None:
    assert accept(store, webhook_url=URL).id
