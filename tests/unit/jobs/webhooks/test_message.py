"""When a webhook is tried again, and how it is signed."""

from __future__ import annotations

import itertools
import json
import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from jobs.errors import Misconfigured
from jobs.webhooks.message import SLOTS_S, Decision, decide, encode_payload, retry_after, signed_headers

SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY="
OTHER = "whsec_" + "MTIzNDU2Nzg5MEFCQ0RFRkdISUpLTE1OT1BRUlNUVVY="
PAYLOAD = {
    "type": "job.succeeded",
    "timestamp": "2026-01-02T03:04:05.678Z",
    "data": {"id": "job_1", "labels": {"ü": "€"}},
}


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_only_a_2xx_is_delivered(status: int) -> None:
    assert decide(0, status=status) == Decision(is_delivered=True)


def test_gone_switches_the_endpoint_off() -> None:
    decision = decide(0, status=410, retry_after_s=5)
    assert decision.disables
    assert not decision.is_delivered
    assert decision.next_in_s is None


@pytest.mark.parametrize("status", [None, 100, 300, 301, 307, 400, 401, 404, 429, 500, 502, 503, 504, 599])
def test_everything_else_takes_the_next_slot(status: int | None) -> None:
    for attempt in range(len(SLOTS_S) - 1):
        decision = decide(attempt, status=status, error="reset" if status is None else None)
        assert decision.next_in_s == SLOTS_S[attempt + 1]
        assert decision.error
        assert not decision.disables


def test_a_redirect_says_that_it_is_not_followed() -> None:
    assert "not followed" in (decide(0, status=302).error or "")


def test_after_the_last_slot_nothing_is_tried() -> None:
    decision = decide(len(SLOTS_S) - 1, status=500)
    assert decision == Decision(error="status 500")


def test_the_slots_are_those_of_the_specification() -> None:
    assert [s / 3600 for s in SLOTS_S[4:]] == [2, 5, 10, 14, 20, 24]
    assert SLOTS_S[:4] == (0, 5, 300, 1800)


@given(st.lists(st.floats(-1, 1), min_size=9, max_size=9))
def test_the_spread_is_a_tenth_and_nothing_is_dropped_before_75_hours(spreads: list[float]) -> None:
    waits = [decide(n, status=500, spread=spread).next_in_s for n, spread in enumerate(spreads)]
    assert all(0.9 * slot <= wait <= 1.1 * slot for slot, wait in zip(SLOTS_S[1:], waits, strict=True))
    assert all(a <= b for a, b in itertools.pairwise(waits))
    assert sum(waits) >= 75 * 3600


def test_retry_after_lengthens_a_wait_up_to_a_day_and_never_shortens_it() -> None:
    assert decide(0, status=429, retry_after_s=120).next_in_s == 120
    assert decide(0, status=503, retry_after_s=10 * 86_400).next_in_s == 86_400
    assert decide(3, status=429, retry_after_s=1).next_in_s == SLOTS_S[4]
    assert decide(len(SLOTS_S) - 1, status=429, retry_after_s=1).next_in_s is None


def test_retry_after_is_read_as_seconds_or_as_a_date() -> None:
    now = 1_700_000_000.0
    assert retry_after("120", now_s=now) == 120
    assert retry_after(" 7 ", now_s=now) == 7
    assert retry_after(formatdate(now + 60, usegmt=True), now_s=now) == 60
    assert retry_after(formatdate(now - 60, usegmt=True), now_s=now) == 0


@pytest.mark.parametrize(
    "value", [None, "", "soon", "-5", "1.5", "nan", "inf", "١٢", "Fri, 99 Foo 2026", "1e9", "0x10"]
)
def test_an_unreadable_retry_after_says_nothing(value: str | None) -> None:
    assert retry_after(value, now_s=0) is None


@given(st.text(max_size=40))
def test_no_retry_after_of_a_stranger_breaks_the_reading(value: str) -> None:
    wait_s = retry_after(value, now_s=1_700_000_000.0)
    assert wait_s is None or wait_s >= 0


def test_a_signature_is_accepted_by_the_reference_implementation() -> None:
    body = encode_payload(PAYLOAD)
    headers = signed_headers(SECRET, id="whd_1", at_s=int(time.time()), body=body)
    assert Webhook(SECRET).verify(body, headers) == PAYLOAD
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body, {**headers, "webhook-id": "whd_2"})


def test_the_signature_is_that_of_the_specification() -> None:
    # The example of the Standard Webhooks reference libraries.
    headers = signed_headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at_s=1614265330,
        body=b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


def test_while_a_secret_is_replaced_both_sign() -> None:
    body = encode_payload(PAYLOAD)
    headers = signed_headers(f"{SECRET} {OTHER}", id="whd_1", at_s=int(time.time()), body=body)
    assert Webhook(SECRET).verify(body, headers) == Webhook(OTHER).verify(body, headers) == PAYLOAD


@pytest.mark.parametrize("secret", ["whsec_é", "whsec_", "whsec_A"])
def test_an_unusable_secret_is_named_without_being_shown(secret: str) -> None:
    with pytest.raises(Misconfigured, match="rotate") as caught:
        signed_headers(secret, id="whd_1", at_s=0, body=b"{}")
    assert secret not in str(caught.value)


def test_the_body_is_the_same_whatever_order_the_database_kept() -> None:
    body = encode_payload(PAYLOAD)
    assert body == encode_payload(dict(reversed(PAYLOAD.items())))
    assert json.loads(body) == PAYLOAD
    assert body.startswith(b'{"type":"job.succeeded","timestamp":')
