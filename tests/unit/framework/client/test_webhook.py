"""Signatures of webhooks, good and forged."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from framework import verify_webhook
from framework.client.errors import BadArgument, InvalidSignature

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
PAYLOAD = json.dumps({"type": "job.succeeded", "data": {"id": "job_1"}}).encode()


def signed(payload: bytes = PAYLOAD, *, secret: str = SECRET, age_s: float = 0.0) -> dict[str, str]:
    # The library strips the zone from what it is given, so it wants UTC.
    at = datetime.now(UTC) - timedelta(seconds=age_s)
    return {
        "Webhook-Id": "whd_1",
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": Webhook(secret).sign("whd_1", at, payload.decode()),
    }


def test_signed_event_is_returned() -> None:
    assert verify_webhook(PAYLOAD, signed(), SECRET)["data"] == {"id": "job_1"}


def test_text_and_lower_case_headers_are_accepted() -> None:
    headers = {name.lower(): value for name, value in signed().items()}
    assert verify_webhook(PAYLOAD.decode(), headers, SECRET)["type"] == "job.succeeded"


def test_one_valid_signature_among_others_is_enough() -> None:
    """While a secret is changed the server signs with both."""
    headers = signed()
    headers["Webhook-Signature"] = (
        f"v1a,AAAA {signed(secret='whsec_b2xkZXI=')['Webhook-Signature']} " + headers["Webhook-Signature"]
    )
    assert verify_webhook(PAYLOAD, headers, SECRET)["type"] == "job.succeeded"


def test_changed_body_is_refused() -> None:
    with pytest.raises(InvalidSignature):
        verify_webhook(PAYLOAD + b" ", signed(), SECRET)


def test_other_secret_is_refused() -> None:
    with pytest.raises(InvalidSignature):
        verify_webhook(PAYLOAD, signed(secret="whsec_b3RoZXI="), SECRET)


@pytest.mark.parametrize("age_s", [-600.0, 600.0])
def test_replay_from_another_time_is_refused(age_s: float) -> None:
    with pytest.raises(InvalidSignature, match="too"):
        verify_webhook(PAYLOAD, signed(age_s=age_s), SECRET)


@pytest.mark.parametrize("signature", ["", "v1", "v1,", "v1,%%%", "nonsense", "v1,a,b", " "])
def test_malformed_signature_is_refused(signature: str) -> None:
    with pytest.raises(InvalidSignature):
        verify_webhook(PAYLOAD, {**signed(), "Webhook-Signature": signature}, SECRET)


def test_missing_headers_and_invalid_times_are_refused() -> None:
    with pytest.raises(InvalidSignature):
        verify_webhook(PAYLOAD, {}, SECRET)
    with pytest.raises(InvalidSignature):
        verify_webhook(PAYLOAD, {**signed(), "Webhook-Timestamp": "yesterday"}, SECRET)


@pytest.mark.parametrize("payload", [b"\xff\xfe", b"not json", b"[1]"])
def test_body_that_is_no_object_is_refused(payload: bytes) -> None:
    headers = signed() if payload.startswith(b"\xff") else signed(payload)
    with pytest.raises(InvalidSignature):
        verify_webhook(payload, headers, SECRET)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_a"])
def test_invalid_secret_is_a_bad_argument(secret: str) -> None:
    with pytest.raises(BadArgument, match="secret"):
        verify_webhook(PAYLOAD, signed(), secret)
