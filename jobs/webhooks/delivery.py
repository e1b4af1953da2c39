"""Webhook endpoints and deliveries as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.job import Json

#: Its notifications say that deliveries may be due.
WEBHOOK_QUEUE = "webhook"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where webhooks go, without its secret."""

    id: str
    tenant_id: str
    url: str
    #: Event types that it gets; () = all.
    events: Sequence[str]
    #: Created by a request's `webhook_url`: gets events of such requests alone, signed by the tenant's default secret.
    adhoc: bool
    created_at: int
    #: Its receiver answered 410, or its owner switched it off.
    disabled_at: int | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A claimed webhook delivery, ready to be sent."""

    id: str
    endpoint_id: str
    tenant_id: str
    url: str
    secret: str
    event_type: str
    subject_id: str
    payload: Json
    attempt: int  # attempts before this one
    fence: int


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """The record of one delivery so far."""

    id: str
    endpoint_id: str
    subject_id: str
    event_type: str
    state: str  # pending, sending, delivered, failed
    attempt: int  # attempts so far
    created_at: int
    next_at: int
    last_status: int | None = None
    last_error: str | None = None
    finished_at: int | None = None
