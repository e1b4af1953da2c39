"""Chunks, and what workers do with them, as plain values. Times are milliseconds by the database's clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .failure import Failure
from .job import Job, Json
from .states import ChunkState, ReleaseReason, Step
from .stored_object import StoredObject


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A file of a plan that no work chunk reads: it is for the stitch, under this name."""

    name: str
    object: StoredObject

    def to_json(self) -> dict[str, Any]:
        """As the notes of a plan chunk hold it."""
        return {"name": self.name, **self.object.to_json()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> PlanFile:
        """The inverse of `to_json`. Raises KeyError where a field is missing."""
        return cls(value["name"], StoredObject.from_json(value))


@dataclass(frozen=True, slots=True)
class ChunkNotes:
    """What is recorded of a succeeded chunk beside its object; a field that was not noted is None or empty."""

    #: work: seconds of an engine that were for this chunk, shares of calls with others.
    engine_s: float | None = None
    #: work: what made the part; the job collects it.
    provenance: Json | None = None
    #: work: how many follow-ups the part asked for.
    follow_ups: int | None = None
    #: work and stitch: seconds of audio. The audit compares their sums.
    duration_s: float | None = None
    #: plan: files for the stitch.
    files: Sequence[PlanFile] = ()

    def to_json(self) -> dict[str, Any]:
        """As the database holds it: only what was noted."""
        noted = {
            "engine_s": self.engine_s,
            "provenance": None if self.provenance is None else dict(self.provenance),
            "follow_ups": self.follow_ups,
            "duration_s": self.duration_s,
            "files": [file.to_json() for file in self.files] or None,
        }
        return {name: value for name, value in noted.items() if value is not None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ChunkNotes:
        """The inverse of `to_json`."""
        return cls(
            engine_s=value.get("engine_s"),
            provenance=value.get("provenance"),
            follow_ups=value.get("follow_ups"),
            duration_s=value.get("duration_s"),
            files=tuple(PlanFile.from_json(file) for file in value.get("files", ())),
        )


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
    input_keys: Sequence[StoredObject] = ()
    error_count: int = 0
    crash_count: int = 0
    rescue_count: int = 0
    snooze_count: int = 0
    solo: bool = False
    #: Of a succeeded chunk: the object that it left, and what was recorded with it.
    part: StoredObject | None = None
    notes: ChunkNotes = field(default_factory=ChunkNotes)


@dataclass(frozen=True, slots=True)
class NewChunk:
    """A work chunk that a plan, or a follow-up of a part, asks for."""

    idx: int
    queue: str
    units: float
    span: Json
    input_keys: Sequence[StoredObject] = ()
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
class Commit:
    """The success of one claimed chunk; the store applies it in one transaction or refuses it.

    plan: `new_chunks`, `units_total`, `unit` set. work: `follow_ups` perhaps. stitch: `result` set.
    """

    #: Stored before the commit.
    part: StoredObject
    notes: ChunkNotes = field(default_factory=ChunkNotes)
    new_chunks: Sequence[NewChunk] = ()
    units_total: float | None = None
    unit: str | None = None
    result: Json | None = None
    #: stitch: nothing may read the parts of the job from now on; a sweeper deletes their objects.
    drops_parts: bool = False


@dataclass(frozen=True, slots=True)
class ReusedChunk:
    """A finished chunk of a parent whose part a retry takes over, and the copy of that part."""

    chunk: Chunk
    part: StoredObject


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
