"""The demo's receiver accepts signed webhooks only."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.services.machine_speed import deadline

DEMO = Path(__file__).resolve().parents[3] / "demo"
SECRET = "whsec_c2VjcmV0IG9mIHRoZSBkZW1v"


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(DEMO))
    monkeypatch.delitem(sys.modules, "webhook_receiver", raising=False)
    with import_module("webhook_receiver").WebhookReceiver() as receiver:
        receiver.secret = SECRET
        yield receiver


def post(address: str, event: dict[str, Any], *, secret: str = SECRET) -> int:
    body, now = json.dumps(event), datetime.now(UTC)
    headers = {
        "webhook-id": "whd_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("whd_1", now, body),
    }
    request = urllib.request.Request(f"http://{address}/done", body.encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=deadline(30)) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_signed_delivery_is_accepted_and_found(receiver: Any) -> None:
    assert post(receiver.address, {"type": "job.succeeded", "data": {"id": "job_1"}}) == 204
    assert receiver.wait_for("job_1", timeout_s=30).event["type"] == "job.succeeded"


def test_forged_delivery_is_refused_and_never_found(receiver: Any) -> None:
    assert post(receiver.address, {"data": {"id": "job_1"}}, secret="whsec_Zm9yZ2Vk") == 401
    assert [delivery.is_signed for delivery in receiver.deliveries] == [False]
    assert receiver.wait_for("job_1", timeout_s=0) is None


def test_delivery_about_another_job_is_not_found(receiver: Any) -> None:
    post(receiver.address, {"data": {"id": "job_2"}})
    assert receiver.wait_for("job_1", timeout_s=0) is None
