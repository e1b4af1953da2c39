"""One delivery against a receiver that answers as the test says; over real HTTP: tests/integration."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from jobs.errors import LeaseLost, Misconfigured, OutboundUnavailable, StoreUnavailable
from jobs.webhooks.delivery import Delivery
from workers.webhooks.delivery import deliver_one

SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY="


class Receiver:
    timeout_s = 5.0

    def __init__(self, status: int = 200, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.response: Any = type("Response", (), {"status": status, "body": body, "headers": headers or {}})()
        self.error: Exception | None = None
        self.requests: list[Any] = []

    def post(self, url: str, *, body: bytes, headers: dict[str, str]) -> Any:
        self.requests.append((url, body, headers))
        if self.error is not None:
            raise self.error
        return self.response


class Deliveries:
    def __init__(self, *, attempt: int = 0) -> None:
        self.due: list[Any] = [
            Delivery("whd_1", "ep_1", "t", "https://r.test/x", SECRET, "job.succeeded", "job_1", {"a": 1}, attempt, 1)
        ]
        self.finished: list[dict[str, Any]] = []
        self.error: Exception | None = None

    def claim(self, worker_id: str, *, lease_ms: int, most_of_tenant: int | None = None) -> Any:
        assert lease_ms >= 2_000 * Receiver.timeout_s
        if self.due and isinstance(self.due[0], Exception):
            raise self.due.pop(0)
        return self.due.pop(0) if self.due else None

    def finish(self, delivery: Delivery, **outcome: Any) -> None:
        if self.error is not None:
            raise self.error
        self.finished.append(outcome)


def deliver(deliveries: Deliveries, receiver: Receiver) -> bool:
    return deliver_one(deliveries, receiver, "w", now_s=lambda: 1_700_000_000.0, jitter=lambda: 0.0)  # type: ignore[arg-type]


def test_a_delivery_is_signed_and_recorded() -> None:
    deliveries, receiver = Deliveries(), Receiver()
    assert deliver(deliveries, receiver)
    ((url, body, headers),) = receiver.requests
    assert (url, body) == ("https://r.test/x", b'{"a":1}')
    assert headers["webhook-id"] == "whd_1" and headers["webhook-signature"].startswith("v1,")
    assert deliveries.finished == [{"status": 200, "error": None, "next_at_ms": None, "disable": False}]
    assert not deliver(deliveries, receiver), "nothing else is due"


def test_an_error_response_is_retried_later_and_quoted_in_part() -> None:
    deliveries = Deliveries()
    deliver(deliveries, Receiver(503, b"busy\x00" + b"x" * 5_000, {"retry-after": "60"}))
    (outcome,) = deliveries.finished
    assert (outcome["status"], outcome["next_at_ms"]) == (503, 60_000)
    assert outcome["error"].startswith("status 503: busy�") and len(outcome["error"]) < 1_100


def test_a_receiver_that_is_gone_for_good_is_disabled() -> None:
    deliveries = Deliveries()
    deliver(deliveries, Receiver(410))
    assert deliveries.finished[0]["disable"] is True and deliveries.finished[0]["next_at_ms"] is None


def test_no_answer_is_retried() -> None:
    deliveries, receiver = Deliveries(), Receiver()
    receiver.error = OutboundUnavailable("no route")
    deliver(deliveries, receiver)
    (outcome,) = deliveries.finished
    assert (outcome["status"], outcome["next_at_ms"]) == (None, 5_000)
    assert outcome["error"] == "outbound_unavailable: no route"


def test_the_log_names_neither_url_nor_payload() -> None:
    with capture_logs() as logs:
        deliver(Deliveries(), Receiver())
    (log,) = logs
    assert (log["event"], log["delivered"], log["status"]) == ("webhook_attempted", True, 200)
    assert "r.test" not in str(log)


def test_a_lost_lease_and_an_unreadable_secret_are_no_errors() -> None:
    lost = Deliveries()
    lost.error = LeaseLost()
    assert deliver(lost, Receiver())
    unreadable = Deliveries()
    unreadable.due.insert(0, Misconfigured("another key"))
    assert not deliver(unreadable, Receiver())


def test_an_outcome_that_cannot_be_recorded_is_raised() -> None:
    deliveries = Deliveries()
    deliveries.error = StoreUnavailable()
    with pytest.raises(StoreUnavailable):
        deliver(deliveries, Receiver())
