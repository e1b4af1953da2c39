"""Chunks, and what workers do with them, as plain values. Times are milliseconds by the database's clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .failure import Failure
from .job import Job, Json
from .states import ChunkState, ReleaseReason, Step


@dataclass(frozen=True, slots=True)
class InputObject:
    """An object that a chunk reads, with the SHA-256 of its bytes (None only where it is not known yet)."""

    key: str
    sha256: str | None
    bytes: int | None


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
    #: JSON that was committed with the object: engine seconds, provenance, stitched duration.
    notes: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewChunk:
    """A work chunk that a plan, or a follow-up of a part, asks for."""

    idx: int
    queue: str
    units: float
    span: Json
    input_keys: Sequence[InputObject] = ()
    round: int = 1


@dataclass(frozen=True, slots=True)
class Claim:
    """A chunk leased to this worker under `chunk.fence`, with its job as of now."""

    job: Job
    chunk: Chunk
    lease_ms: int
    #: More chunks of this queue are ready right now: notify again.
    more_ready: bool = False
    #: The database's clock at the claim.
    claimed_at: int = 0


@dataclass(frozen=True, slots=True)
class StoredPart:
    """The immutable object that holds the part of a chunk; written before the commit."""

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
    """How a running chunk becomes ready again."""

    reason: ReleaseReason
    #: At least so many milliseconds before it may be claimed again; the store adds the backoff of jobs/retry_policy.py.
    delay_ms: int = 0
    #: Run alone in its engine next time.
    solo: bool = False
    #: Count this release against its limit (a crash of an engine that ran other chunks too is not charged).
    charge: bool = True
    #: What went wrong; becomes the job's error if this release reaches the limit of retries.
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class HeartbeatResult:
    """The result of a heartbeat for one chunk."""

    #: False: the fence moved on; stop all side effects.
    alive: bool
    #: The job was cancelled, or its deadline passed.
    stop: bool = False
