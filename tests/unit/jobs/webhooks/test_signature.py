"""The bytes of a webhook and their signature."""

from __future__ import annotations

import json
import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from jobs.errors import Misconfigured
from jobs.webhooks.signature import build_signed_headers, encode_payload

SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY="
OTHER = "whsec_" + "MTIzNDU2Nzg5MEFCQ0RFRkdISUpLTE1OT1BRUlNUVVY="
PAYLOAD = {
    "type": "job.succeeded",
    "timestamp": "2026-01-02T03:04:05.678Z",
    "data": {"id": "job_1", "labels": {"ü": "€"}},
}


def test_a_signature_is_accepted_by_the_reference_implementation() -> None:
    body = encode_payload(PAYLOAD)
    headers = build_signed_headers(SECRET, id="whd_1", at_s=int(time.time()), body=body)
    assert Webhook(SECRET).verify(body, headers) == PAYLOAD
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body, {**headers, "webhook-id": "whd_2"})


def test_the_signature_is_that_of_the_specification() -> None:
    # The example of the Standard Webhooks reference libraries.
    headers = build_signed_headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at_s=1614265330,
        body=b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


def test_while_a_secret_is_replaced_both_sign() -> None:
    body = encode_payload(PAYLOAD)
    headers = build_signed_headers(f"{SECRET} {OTHER}", id="whd_1", at_s=int(time.time()), body=body)
    assert Webhook(SECRET).verify(body, headers) == Webhook(OTHER).verify(body, headers) == PAYLOAD


@pytest.mark.parametrize("secret", ["whsec_é", "whsec_", "whsec_A"])
def test_an_unusable_secret_is_named_without_being_shown(secret: str) -> None:
    with pytest.raises(Misconfigured, match="rotate") as caught:
        build_signed_headers(secret, id="whd_1", at_s=0, body=b"{}")
    assert secret not in str(caught.value)


def test_the_body_is_the_same_whatever_order_the_database_kept() -> None:
    body = encode_payload(PAYLOAD)
    assert body == encode_payload(dict(reversed(PAYLOAD.items())))
    assert json.loads(body) == PAYLOAD
    assert body.startswith(b'{"type":"job.succeeded","timestamp":')
