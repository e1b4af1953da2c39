"""Sends one webhook delivery and records what came of it. Knows no Celery; a task calls until nothing is due.

Delivered at least once: a crash between the receiver's answer and our record sends again, under the same id.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import structlog

from jobs.errors import LeaseLost, Misconfigured, OutboundUnavailable, StoreUnavailable, UnsafeAddress
from jobs.job import Delivery
from jobs.outbound.http_client import Answer, OutboundHttp
from jobs.store import Store
from jobs.webhooks.message import Decision, decide, encode_payload, retry_after, signed_headers

_log = structlog.get_logger(__name__)

_MIN_LEASE_S = 60.0
_USER_AGENT = "Voicemill-Webhooks/1"
#: How much of a failed answer a tenant gets to see.
_SHOWN_CHARACTERS = 1024


def deliver_one(
    store: Store,
    http: OutboundHttp,
    worker_id: str,
    *,
    now_s: Callable[[], float] = time.time,
    spread: Callable[[], float] = lambda: random.uniform(-1, 1),
) -> bool:
    """Claim a due delivery, send it, record the outcome. False when none is due. Raises StoreUnavailable."""
    # Longer than any exchange may take, so that nobody else sends meanwhile.
    lease_s = max(_MIN_LEASE_S, 2 * http.timeout_s)
    try:
        delivery = store.claim_delivery(worker_id, lease_ms=round(1000 * lease_s))
    except Misconfigured as error:
        # Another key than the secrets were sealed with: everything stays due until the operator mends it.
        _log.error("webhook_secret_unreadable", detail=error.detail)
        return False
    if delivery is None:
        return False
    began = time.monotonic()
    status, decision = _send(delivery, http, now_s(), spread())
    try:
        store.finish_delivery(
            delivery,
            status=status,
            error=decision.error,
            next_at_ms=None if decision.next_in_s is None else round(1000 * decision.next_in_s),
            disable=decision.disables,
        )
    except LeaseLost:
        _log.warning("webhook_lease_lost", delivery=delivery.id, endpoint=delivery.endpoint_id)
        return True
    except StoreUnavailable:
        _log.warning("webhook_outcome_not_recorded", delivery=delivery.id, status=status)
        raise
    # Neither the URL (it may carry a token of the receiver) nor the payload.
    _log.info(
        "webhook_tried",
        delivery=delivery.id,
        endpoint=delivery.endpoint_id,
        event_type=delivery.event_type,
        attempt=delivery.attempt,
        status=status,
        delivered=decision.is_delivered,
        next_in_s=decision.next_in_s,
        seconds=round(time.monotonic() - began, 3),
    )
    return True


def _send(delivery: Delivery, http: OutboundHttp, now_s: float, spread: float) -> tuple[int | None, Decision]:
    body = encode_payload(delivery.payload)
    try:
        headers = signed_headers(delivery.secret, id=delivery.id, at_s=int(now_s), body=body)
        answer = http.post(
            delivery.url, body=body, headers={"Content-Type": "application/json", "User-Agent": _USER_AGENT, **headers}
        )
    except (OutboundUnavailable, UnsafeAddress, Misconfigured) as error:
        return None, decide(delivery.attempt, status=None, error=f"{error.code}: {error.detail}", spread=spread)
    wait_s = retry_after(answer.headers.get("retry-after"), now_s=now_s)
    decision = decide(delivery.attempt, status=answer.status, retry_after_s=wait_s, spread=spread)
    return answer.status, decision if decision.error is None else _with_answer(decision, answer)


def _with_answer(decision: Decision, answer: Answer) -> Decision:
    shown = answer.body.decode("utf-8", "replace")[:_SHOWN_CHARACTERS].strip()
    # Postgres has no NUL in text.
    error = f"{decision.error}: {shown}".replace("\x00", "�") if shown else decision.error
    return Decision(next_in_s=decision.next_in_s, disables=decision.disables, error=error)
