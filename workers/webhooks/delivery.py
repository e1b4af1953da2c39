"""Sends one webhook delivery and records its outcome. Knows no Celery; a thread calls until nothing is due.

Delivered at least once: after a crash between the receiver's answer and our record it is sent again, with the same id.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import structlog

from jobs.errors import LeaseLost, Misconfigured, OutboundUnavailable, StoreUnavailable, UnsafeAddress
from jobs.outbound.http_client import OutboundHttp, OutboundResponse
from jobs.store.webhook_deliveries import WebhookDeliveries
from jobs.webhooks.delivery import Delivery
from jobs.webhooks.schedule import DeliveryOutcome, decide_outcome, parse_retry_after
from jobs.webhooks.signature import build_signed_headers, encode_payload

_log = structlog.get_logger(__name__)

#: Deliveries of one tenant that a worker sends at once: half of its threads, so that receivers that never answer leave
#: the other half to the other tenants.
MOST_OF_TENANT = 4
_MIN_LEASE_S = 60.0
_USER_AGENT = "Voicemill-Webhooks/1"
#: Characters of a failed answer that a tenant can read.
_SHOWN_CHARACTERS = 1024


def deliver_one(
    deliveries: WebhookDeliveries,
    http: OutboundHttp,
    worker_id: str,
    *,
    now_s: Callable[[], float] = time.time,
    jitter: Callable[[], float] = lambda: random.uniform(-1, 1),
    when_attempted: Callable[[DeliveryOutcome], None] = lambda _: None,
) -> bool:
    """Claim a due delivery, send it, record the outcome. False when none is due. Raises StoreUnavailable."""
    # Longer than any attempt may take, so that no other worker sends it meanwhile.
    lease_s = max(_MIN_LEASE_S, 2 * http.timeout_s)
    try:
        delivery = deliveries.claim(worker_id, lease_ms=round(1000 * lease_s), most_of_tenant=MOST_OF_TENANT)
    except Misconfigured as error:
        # Another key than the one that encrypted the secrets: everything stays due until the operator restores it.
        _log.error("webhook_secret_unreadable", detail=error.detail)
        return False
    if delivery is None:
        return False
    began = time.monotonic()
    status, outcome = _send(delivery, http, now_s(), jitter())
    when_attempted(outcome)
    try:
        deliveries.finish(
            delivery,
            status=status,
            error=outcome.error,
            next_at_ms=None if outcome.retry_in_s is None else round(1000 * outcome.retry_in_s),
            disable=outcome.disables_endpoint,
        )
    except LeaseLost:
        _log.warning("webhook_lease_lost", delivery=delivery.id, endpoint=delivery.endpoint_id)
        return True
    except StoreUnavailable:
        _log.warning("webhook_outcome_not_recorded", delivery=delivery.id, status=status)
        raise
    # Neither the URL (it may carry a token of the receiver) nor the payload.
    _log.info(
        "webhook_attempted",
        delivery=delivery.id,
        endpoint=delivery.endpoint_id,
        event_type=delivery.event_type,
        attempt=delivery.attempt,
        status=status,
        delivered=outcome.is_delivered,
        retry_in_s=outcome.retry_in_s,
        seconds=round(time.monotonic() - began, 3),
    )
    return True


def _send(delivery: Delivery, http: OutboundHttp, now_s: float, jitter: float) -> tuple[int | None, DeliveryOutcome]:
    body = encode_payload(delivery.payload)
    try:
        headers = build_signed_headers(delivery.secret, id=delivery.id, at_s=int(now_s), body=body)
        answer = http.post(
            delivery.url, body=body, headers={"Content-Type": "application/json", "User-Agent": _USER_AGENT, **headers}
        )
    except (OutboundUnavailable, UnsafeAddress, Misconfigured) as error:
        return None, decide_outcome(delivery.attempt, status=None, error=f"{error.code}: {error.detail}", jitter=jitter)
    wait_s = parse_retry_after(answer.headers.get("retry-after"), now_s=now_s)
    outcome = decide_outcome(delivery.attempt, status=answer.status, retry_after_s=wait_s, jitter=jitter)
    return answer.status, outcome if outcome.error is None else _with_answer(outcome, answer)


def _with_answer(outcome: DeliveryOutcome, answer: OutboundResponse) -> DeliveryOutcome:
    shown = answer.body.decode("utf-8", "replace")[:_SHOWN_CHARACTERS].strip()
    # Postgres has no NUL in text.
    error = f"{outcome.error}: {shown}".replace("\x00", "�") if shown else outcome.error
    return DeliveryOutcome(retry_in_s=outcome.retry_in_s, disables_endpoint=outcome.disables_endpoint, error=error)
