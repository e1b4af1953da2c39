"""The states of jobs and chunks, steps, priorities and reasons of a release."""

from __future__ import annotations

from enum import StrEnum


class JobState(StrEnum):
    """`accepted → planning → running → stitching → succeeded`; any open state may end otherwise."""

    #: Recorded; its plan chunk waits.
    ACCEPTED = "accepted"
    #: The plan chunk was claimed.
    PLANNING = "planning"
    #: Work chunks exist.
    RUNNING = "running"
    #: All work is done; the stitch chunk waits or runs.
    STITCHING = "stitching"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    #: Cancelled by the caller.
    CANCELLED = "cancelled"
    #: The deadline passed.
    EXPIRED = "expired"

    @property
    def is_terminal(self) -> bool:
        """Terminal is final: a retry is a new job."""
        return self in TERMINAL_JOB_STATES


TERMINAL_JOB_STATES = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED})


class ChunkState(StrEnum):
    """`blocked → ready → running → succeeded | failed | cancelled`, and back from running to ready.

    Damage of a stored part leads back as well: its chunk from succeeded to ready, the stitch from running to blocked.
    """

    #: Waits for other chunks.
    BLOCKED = "blocked"
    READY = "ready"
    #: Leased by `lease_owner` under the row's fence.
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Step(StrEnum):
    """Which of the pipeline's three functions a chunk runs."""

    PLAN = "plan"
    WORK = "work"
    STITCH = "stitch"


#: The queue of `plan` and `stitch` chunks; its workers are started as the family of this name.
CPU_QUEUE = "cpu"


class Priority(StrEnum):
    """How soon a job is run; stored as `rank`."""

    INTERACTIVE = "interactive"
    NORMAL = "normal"
    BULK = "bulk"

    @property
    def rank(self) -> int:
        """0 is served first."""
        return list(Priority).index(self)


class ReleaseReason(StrEnum):
    """Why a running chunk was released."""

    #: A retryable error: error_count + 1, backoff.
    RETRY = "retry"
    #: The engine died: crash_count + 1 if the chunk was alone in it, else `solo`.
    CRASH = "crash"
    #: Its lease ran out: rescue_count + 1, backoff.
    RESCUE = "rescue"
    #: A graceful stop: nothing charged.
    INTERRUPT = "interrupt"
    #: A dependency is down: snooze_count + 1, bounded by the job's deadline only.
    SNOOZE = "snooze"
