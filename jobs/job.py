"""Jobs, chunks and deliveries as plain values. Times are integer milliseconds since 1970 by the database's clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .states import ChunkState, JobState, Priority, ReleaseReason, Step

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
    error: Json | None = None  # {"class", "code", "detail", "field"?, "retryable"}
    provenance: Json = field(default_factory=dict)
    cancel_requested_at: int | None = None
    started_at: int | None = None
    finished_at: int | None = None
    delete_at: int | None = None
    deleted_at: int | None = None


@dataclass(frozen=True, slots=True)
class NewJob:
    """What `accept` records."""

    tenant_id: str
    kind: str
    model: str  # name of a catalogue entry, never "auto"
    params: Json
    #: Made by the caller where objects are stored under the job's prefix before it is recorded; None = made here.
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


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A caller's promise that equal keys are the same request."""

    route: str
    key: str
    #: SHA-256 hex over the canonical request, upload digest included.
    fingerprint: str
    #: The key counts for a day; a lasting one for as long as its job is there and has not ended without a result.
    is_lasting: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """A row of `chunks`."""

    id: str
    job_id: str
    tenant_id: str
    step: Step
    round: int
    idx: int
    queue: str
    state: ChunkState
    fence: int
    units: float
    span: Json
    input_keys: Sequence[InputObject] = ()
    error_count: int = 0
    crash_count: int = 0
    rescue_count: int = 0
    snooze_count: int = 0
    solo: bool = False
    result_key: str | None = None
    result_sha256: str | None = None
    result_bytes: int | None = None
    #: JSON that the chunk left beside its object: engine seconds, provenance, stitched duration.
    notes: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InputObject:
    """An object that a chunk reads, with what its bytes must hash to (None only where nobody has hashed it yet)."""

    key: str
    sha256: str | None
    bytes: int | None


@dataclass(frozen=True, slots=True)
class NewVoice:
    """What `add_voice` records: somebody's voice, with that person's consent."""

    id: str
    tenant_id: str
    name: str
    reference: InputObject
    language: str | None = None  # BCP 47
    gender: str | None = None


@dataclass(frozen=True, slots=True)
class EnrolledVoice(NewVoice):
    """A row of `voices`."""

    consented_at: int = 0
    created_at: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """A chunk leased to this worker under `chunk.fence`, with its job as of now."""

    job: Job
    chunk: Chunk
    lease_ms: int
    #: More chunks of this queue are ready right now: ring again.
    more_ready: bool = False
    #: The database's clock at the claim.
    claimed_at: int = 0


@dataclass(frozen=True, slots=True)
class NewChunk:
    """A work chunk that a plan or a part asks for."""

    idx: int
    queue: str
    units: float
    span: Json
    input_keys: Sequence[InputObject] = ()
    round: int = 1


@dataclass(frozen=True, slots=True)
class StoredPart:
    """The immutable object that a chunk leaves; written before the commit."""

    key: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Commit:
    """The success of one claimed chunk; the store applies it in one transaction or refuses it.

    plan: `new_chunks`, `units_total`, `unit` set. work: `follow_ups` perhaps. stitch: `result` set.
    """

    part: StoredPart
    notes: Json = field(default_factory=dict)
    new_chunks: Sequence[NewChunk] = ()
    units_total: float | None = None
    unit: str | None = None
    result: Json | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """A running chunk goes back to ready."""

    reason: ReleaseReason
    #: At least so many milliseconds before it may be claimed again; the store adds the backoff of jobs/retry_policy.py.
    delay_ms: int = 0
    #: Run alone in its engine next time.
    solo: bool = False
    #: Count this release against its limit (a crash in company is not charged).
    charge: bool = True
    #: What went wrong; becomes the job's error if this release reaches the limit of retries.
    error: Json | None = None


@dataclass(frozen=True, slots=True)
class Beat:
    """Answer to a heartbeat."""

    #: False: the fence moved on; stop all side effects.
    alive: bool
    #: Cancel was asked for, or the deadline passed.
    stop: bool = False


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker process as it last described itself."""

    id: str
    queues: Sequence[str]
    slots: int
    device: str
    last_seen: int
    #: Names of catalogue entries that are loaded, and {"rss_bytes": …} and the like.
    info: Json = field(default_factory=dict)


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
    attempt: int  # tries before this one
    fence: int


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where webhooks go, without its secret."""

    id: str
    tenant_id: str
    url: str
    #: Event types that it hears of; () = all.
    events: Sequence[str]
    #: Made by a request's `webhook_url`: hears of such requests alone, signed with the tenant's default secret.
    adhoc: bool
    created_at: int
    #: Its receiver answered 410, or its owner switched it off.
    disabled_at: int | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """What became of one delivery so far."""

    id: str
    endpoint_id: str
    subject_id: str
    event_type: str
    state: str  # pending, sending, delivered, failed
    attempt: int  # tries so far
    created_at: int
    next_at: int
    last_status: int | None = None
    last_error: str | None = None
    finished_at: int | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key's row, without its secret."""

    id: str
    tenant_id: str
    name: str
    scopes: Sequence[str]
    created_at: int
    expires_at: int | None = None
    last_used_at: int | None = None
    revoked_at: int | None = None
