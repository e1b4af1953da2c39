"""Jobs as plain values. Times are integer milliseconds since 1970 by the database's clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .failure import Failure
from .states import JobState, Priority

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """A row of `jobs`."""

    id: str
    tenant_id: str
    kind: str
    model: str
    state: JobState
    priority: Priority
    params: Json
    labels: Mapping[str, str]
    created_at: int
    updated_at: int
    deadline_at: int
    #: Always None: reserved for batches, by which the API and the database can filter already.
    batch_id: str | None = None
    parent_id: str | None = None
    input_key: str | None = None
    input_sha256: str | None = None
    input_bytes: int | None = None
    unit: str | None = None
    units_total: float | None = None
    #: Units of committed work chunks; `units_running` is what running ones have reported so far.
    units_done: float = 0.0
    units_running: float = 0.0
    #: Work chunks of all rounds.
    chunk_total: int = 0
    chunks_done: int = 0
    #: 1 + every release of a chunk that was charged.
    attempts: int = 1
    result: Json | None = None
    error: Failure | None = None
    provenance: Json = field(default_factory=dict)
    cancel_requested_at: int | None = None
    started_at: int | None = None
    finished_at: int | None = None
    delete_at: int | None = None
    deleted_at: int | None = None
    #: `X-Request-Id` of the request that submitted it; workers log it.
    request_id: str | None = None
    #: Its parts were given up when it succeeded: their objects are deleted, or will be.
    parts_dropped_at: int | None = None


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be submitted."""

    tenant_id: str
    kind: str
    model: str  # name of a catalogue entry, never "auto"
    params: Json
    #: Given where objects are stored under the job's prefix before it is submitted; None = a new id.
    id: str | None = None
    priority: Priority = Priority.NORMAL
    labels: Mapping[str, str] = field(default_factory=dict)
    input_key: str | None = None
    input_sha256: str | None = None
    input_bytes: int | None = None
    parent_id: str | None = None
    batch_id: str | None = None
    webhook_url: str | None = None
    deadline_s: float | None = None
    retain_s: float | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Idempotency:
    """An idempotency key: requests with the same key are one request."""

    route: str
    key: str
    #: SHA-256 hex over the canonical request, upload digest included.
    fingerprint: str
    #: The key counts for a day; a lasting one for as long as its job is there and has not ended without a result.
    is_lasting: bool = False
