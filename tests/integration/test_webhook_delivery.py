"""Deliveries from the outbox to a receiver that behaves badly; with a real store and real sockets. Fault test 15."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator

import pytest
from standardwebhooks import Webhook
from structlog.testing import capture_logs

from jobs.errors import StoreUnavailable
from jobs.outbound.address import OutboundPolicy
from jobs.outbound.http_client import OutboundHttp
from jobs.secret_box import SecretBox
from jobs.sql import SqlStore
from jobs.webhooks.schedule import DELAYS_S
from tests.services.machine_speed import deadline, poll
from tests.services.process import free_port
from tests.services.webhook_receiver import WebhookReceiver
from workers.webhooks.delivery import deliver_one

TENANT = "acme"
WORKER = "w:host:cpu:1"


@pytest.fixture
def store(sqlite_url: str) -> Iterator[SqlStore]:
    store = SqlStore(sqlite_url, cipher=SecretBox("k" * 32))
    store.keys.ensure_tenant(TENANT)
    yield store
    store.close()


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    receiver = WebhookReceiver().start()
    yield receiver
    receiver.stop()


def http_to(*receivers: WebhookReceiver, timeout_s: float = 30.0) -> OutboundHttp:
    return OutboundHttp(OutboundPolicy([receiver.authority for receiver in receivers]), timeout_s=deadline(timeout_s))


def make_due(url: str, delivery_id: str) -> int:
    """Milliseconds that the delivery would have waited; it is due now."""
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        (next_at,) = connection.execute(
            "SELECT next_at FROM webhook_deliveries WHERE id = ?", (delivery_id,)
        ).fetchone()
        connection.execute("UPDATE webhook_deliveries SET next_at = 0 WHERE id = ?", (delivery_id,))
    connection.close()
    return int(next_at - time.time() * 1000)


def queue(store: SqlStore, url: str) -> tuple[str, str, str]:
    """A waiting delivery to a new endpoint: (endpoint, secret, delivery)."""
    endpoint, secret = store.endpoints.create(TENANT, url, ())
    return endpoint.id, secret, store.endpoints.send_test(TENANT, endpoint.id).id


def test_a_delivery_arrives_signed_and_is_done(store: SqlStore, receiver: WebhookReceiver) -> None:
    endpoint, secret, delivery = queue(store, f"{receiver.url}/status/204")
    assert deliver_one(store.deliveries, http_to(receiver), WORKER)
    assert not deliver_one(store.deliveries, http_to(receiver), WORKER)
    (request,) = receiver.requests
    assert Webhook(secret).verify(request.body, dict(request.headers))["type"] == "webhook.test"
    assert request.headers["webhook-id"] == delivery
    assert request.headers["content-type"] == "application/json"
    (record,) = store.deliveries.list(TENANT, endpoint)
    assert (record.state, record.attempt, record.last_status, record.last_error) == ("delivered", 1, 204, None)


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/status/500", 500, "text"),
        ("/status/404", 404, "status 404"),
        ("/redirect/302/http://127.0.0.1:1/", 302, "not followed"),
        ("/rst", None, "cannot be talked to"),
        ("/garbage", None, "not HTTP"),
        ("/silent", None, "in time"),
        ("/drip-head", None, "in time"),
    ],
)
def test_a_failed_try_waits_for_the_next_slot(
    store: SqlStore, sqlite_url: str, receiver: WebhookReceiver, path: str, status: int | None, says: str
) -> None:
    endpoint, _, delivery = queue(store, receiver.url + path)
    assert deliver_one(store.deliveries, http_to(receiver, timeout_s=0.5), WORKER, jitter=lambda: 0.0)
    (record,) = store.deliveries.list(TENANT, endpoint)
    assert (record.state, record.last_status) == ("pending", status)
    assert says in (record.last_error or "")
    assert not deliver_one(store.deliveries, http_to(receiver), WORKER)  # not due yet
    assert 0 < make_due(sqlite_url, delivery) <= 5000


def test_all_tries_have_one_id_and_one_body_and_follow_the_slots(
    store: SqlStore, sqlite_url: str, receiver: WebhookReceiver
) -> None:
    endpoint, secret, delivery = queue(store, f"{receiver.url}/status/500")
    waits = []
    while deliver_one(store.deliveries, http_to(receiver), WORKER, jitter=lambda: 0.0):
        if store.deliveries.list(TENANT, endpoint)[0].state == "pending":
            waits.append(make_due(sqlite_url, delivery) / 1000)
    assert len(receiver.requests) == len(DELAYS_S)
    assert waits == pytest.approx(DELAYS_S[1:], abs=60)
    assert {(request.headers["webhook-id"], request.body) for request in receiver.requests} == {
        (delivery, receiver.requests[0].body)
    }
    for request in receiver.requests:
        Webhook(secret).verify(request.body, dict(request.headers))
    (record,) = store.deliveries.list(TENANT, endpoint)
    assert (record.state, record.attempt) == ("failed", len(DELAYS_S))


def test_a_receiver_that_comes_back_gets_what_waited(store: SqlStore, sqlite_url: str) -> None:
    receiver = WebhookReceiver()
    port = free_port()
    endpoint, _, delivery = queue(store, f"http://127.0.0.1:{port}/status/200")
    http = OutboundHttp(OutboundPolicy([f"127.0.0.1:{port}"]))
    for _ in range(5):
        assert deliver_one(store.deliveries, http, WORKER)
        make_due(sqlite_url, delivery)
    receiver.start()
    store.endpoints.update(TENANT, endpoint, url=f"{receiver.url}/status/200")
    assert deliver_one(store.deliveries, http_to(receiver), WORKER)
    receiver.stop()
    assert [request.headers["webhook-id"] for request in receiver.requests] == [delivery]
    assert store.deliveries.list(TENANT, endpoint)[0].state == "delivered"


def test_retry_after_is_honoured(store: SqlStore, sqlite_url: str, receiver: WebhookReceiver) -> None:
    _, _, delivery = queue(store, f"{receiver.url}/status/429/7200")
    assert deliver_one(store.deliveries, http_to(receiver), WORKER)
    assert make_due(sqlite_url, delivery) / 1000 == pytest.approx(7200, abs=60)


def test_gone_switches_the_endpoint_off_and_nothing_more_is_sent(store: SqlStore, receiver: WebhookReceiver) -> None:
    endpoint, _, _ = queue(store, f"{receiver.url}/status/410")
    store.endpoints.send_test(TENANT, endpoint)
    while deliver_one(store.deliveries, http_to(receiver), WORKER):
        pass
    assert len(receiver.requests) == 1
    assert store.endpoints.get(TENANT, endpoint).disabled_at is not None
    assert {record.state for record in store.deliveries.list(TENANT, endpoint)} == {"failed"}


@pytest.mark.parametrize("path", ["/big/10000000", "/endless", "/drip-body"])
def test_a_body_without_end_is_delivered_and_not_read(store: SqlStore, receiver: WebhookReceiver, path: str) -> None:
    endpoint, _, _ = queue(store, receiver.url + path)
    assert deliver_one(store.deliveries, http_to(receiver, timeout_s=2), WORKER)
    assert store.deliveries.list(TENANT, endpoint)[0].state == "delivered"


def test_an_unsafe_address_is_a_failed_try_and_no_connection(store: SqlStore, receiver: WebhookReceiver) -> None:
    endpoint, _, _ = queue(store, receiver.url)
    assert deliver_one(store.deliveries, OutboundHttp(OutboundPolicy()), WORKER)
    assert receiver.connections == 0
    (record,) = store.deliveries.list(TENANT, endpoint)
    assert record.state == "pending"
    assert "unsafe_address" in (record.last_error or "")


def test_what_is_shown_of_a_failed_answer_is_short_and_plain(store: SqlStore, receiver: WebhookReceiver) -> None:
    endpoint, _, _ = queue(store, f"{receiver.url}/status/500")
    http = http_to(receiver)
    post = http.post

    def with_a_long_answer(url: str, **rest):
        answer = post(url, **rest)
        return type(answer)(answer.status, answer.headers, b"\x00\xff" + b"x" * 60_000)

    http.post = with_a_long_answer  # type: ignore[method-assign]
    assert deliver_one(store.deliveries, http, WORKER)
    error = store.deliveries.list(TENANT, endpoint)[0].last_error or ""
    assert len(error) < 1100
    assert "\x00" not in error


def test_a_slow_receiver_holds_up_no_other(store: SqlStore, receiver: WebhookReceiver) -> None:
    slow, _, _ = queue(store, f"{receiver.url}/silent")
    http = http_to(receiver, timeout_s=60)
    thread = threading.Thread(target=deliver_one, args=(store.deliveries, http, "w:host:cpu:2"))
    thread.start()
    assert poll(lambda: len(receiver.requests) == 1, deadline_s=20)
    good, _, _ = queue(store, f"{receiver.url}/status/200")
    assert deliver_one(store.deliveries, http, WORKER)
    assert store.deliveries.list(TENANT, good)[0].state == "delivered"
    assert store.deliveries.list(TENANT, slow)[0].state == "sending"
    receiver.stop()
    thread.join()
    assert store.deliveries.list(TENANT, slow)[0].state == "pending"


def test_an_outcome_that_cannot_be_recorded_is_sent_again_under_the_same_id(
    store: SqlStore, sqlite_url: str, receiver: WebhookReceiver
) -> None:
    _, _, delivery = queue(store, f"{receiver.url}/status/200")
    claimed = store.deliveries.claim(WORKER, lease_ms=1)

    class Forgetful:
        """Breaks off where a database does that dies between the answer and the record."""

        def claim(self, worker_id: str, *, lease_ms: int, most_of_tenant: int | None = None):
            return claimed

        def finish(self, *_args: object, **_kwargs: object) -> None:
            raise StoreUnavailable

    with pytest.raises(StoreUnavailable):
        deliver_one(Forgetful(), http_to(receiver), WORKER)  # type: ignore[arg-type]
    store.deliveries.redeliver(TENANT, delivery)
    assert deliver_one(store.deliveries, http_to(receiver), WORKER)
    assert [request.headers["webhook-id"] for request in receiver.requests] == [delivery, delivery]


def test_a_delivery_that_somebody_else_took_over_is_left_to_them(store: SqlStore, receiver: WebhookReceiver) -> None:
    endpoint, _, delivery = queue(store, f"{receiver.url}/status/200")

    class Overtaken:
        """The deliveries, with somebody sending the same delivery again while we wait for the answer."""

        def claim(self, worker_id: str, *, lease_ms: int, most_of_tenant: int | None = None):
            taken = store.deliveries.claim(worker_id, lease_ms=lease_ms)
            store.deliveries.redeliver(TENANT, delivery)
            return taken

        def finish(self, *args, **kwargs) -> None:
            store.deliveries.finish(*args, **kwargs)

    with capture_logs() as logs:
        assert deliver_one(Overtaken(), http_to(receiver), WORKER)  # type: ignore[arg-type]
    assert [entry["event"] for entry in logs] == ["webhook_lease_lost"]
    assert store.deliveries.list(TENANT, endpoint)[0].state == "pending"


def test_the_log_has_neither_secret_nor_url_nor_payload(store: SqlStore, receiver: WebhookReceiver) -> None:
    _, secret, _ = queue(store, f"{receiver.url}/status/500?token=of-the-receiver")
    with capture_logs() as logs:
        assert deliver_one(store.deliveries, http_to(receiver), WORKER)
    assert logs[0]["event"] == "webhook_attempted"
    assert logs[0]["status"] == 500
    for hidden in (secret, "of-the-receiver", receiver.authority, "webhook-signature"):
        assert hidden not in str(logs)


def test_a_changed_secret_key_holds_deliveries_up_and_loses_none(
    store: SqlStore, sqlite_url: str, receiver: WebhookReceiver
) -> None:
    endpoint, _, _ = queue(store, f"{receiver.url}/status/200")
    wrong = SqlStore(sqlite_url, cipher=SecretBox("o" * 32))
    with capture_logs() as logs:
        assert not deliver_one(wrong.deliveries, http_to(receiver), WORKER)
    wrong.close()
    assert [entry["event"] for entry in logs] == ["webhook_secret_unreadable"]
    assert receiver.connections == 0
    assert deliver_one(store.deliveries, http_to(receiver), WORKER)
    assert store.deliveries.list(TENANT, endpoint)[0].state == "delivered"
