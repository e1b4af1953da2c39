"""The outcome of a chunk whose run raised an exception. Pure: an exception in, a decision out.

The only place of the workers that interprets errors. Delays and limits come from jobs/retry_policy.py, in the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.chunk import Chunk, Release
from jobs.errors import CorruptObject, LeaseLost, NotFound, ObjectMissing, StorageUnavailable, StoreUnavailable
from jobs.failure import ErrorClass, Failure
from jobs.full_disk import is_full_disk
from jobs.states import ReleaseReason
from pipelines.errors import PipelineError
from workers.engines.engine import EngineDied
from workers.engines.failures import to_failure


class JobStopped(Exception):
    """The job was cancelled, or its deadline passed."""


class WorkerStopping(Exception):
    """This worker shuts down; the chunk goes to another."""


class ChunkFailed(Exception):
    """The pipeline reported an error. `trace`: where in the child's code, for the log; not for the caller."""

    def __init__(self, failure: Failure, *, trace: str | None = None) -> None:
        super().__init__(failure.detail)
        self.failure = failure
        self.trace = trace


class PartsDamaged(Exception):
    """Parts of these chunks are gone or have other bytes; `cause` is what reading one of them raised."""

    def __init__(self, chunks: Sequence[Chunk], cause: CorruptObject | ObjectMissing) -> None:
        super().__init__(cause.detail)
        self.chunks = chunks
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Requeue:
    """The chunk goes back to ready."""

    release: Release


@dataclass(frozen=True, slots=True)
class Fail:
    """The chunk, and its job, fail for good."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The chunk waits until these chunks, whose parts are damaged, have run again."""

    damaged: Sequence[Chunk]
    #: The job's error where that was tried too often.
    failure: Failure


@dataclass(frozen=True, slots=True)
class Cancel:
    """The chunk ends with its job, which was cancelled or has expired."""


@dataclass(frozen=True, slots=True)
class Abandon:
    """Another attempt holds the chunk, or may soon: write nothing."""


Decision = Requeue | Fail | Withdraw | Cancel | Abandon

_INTERRUPT = Requeue(Release(ReleaseReason.INTERRUPT, charge=False))


def decide(error: Exception) -> Decision:
    """The decision for a claimed chunk whose run raised `error`."""
    match error:
        case LeaseLost():
            return Abandon()
        case StoreUnavailable():
            # The outcome could not be recorded; when the lease has run out a sweeper rescues the chunk.
            return Abandon()
        case JobStopped():
            return Cancel()
        case WorkerStopping():
            return _INTERRUPT
        case EngineDied(caused_by_chunk=False):
            # Not at once: what ended it may not be over.
            return Requeue(Release(ReleaseReason.INTERRUPT, delay_ms=1000, charge=False))
        case EngineDied(alone=True):
            failure = Failure.poison(error.detail, retryable=True)
            return Requeue(Release(ReleaseReason.CRASH, failure=failure))
        case EngineDied():
            # One of several caused it: each runs alone next time, and then we know.
            return Requeue(Release(ReleaseReason.CRASH, solo=True, charge=False))
        case StorageUnavailable():
            return Requeue(Release(ReleaseReason.SNOOZE, charge=False))
        case _ if is_full_disk(error):
            return Requeue(Release(ReleaseReason.SNOOZE, charge=False))
        case ChunkFailed() if error.failure.retryable:
            return Requeue(Release(ReleaseReason.RETRY, failure=error.failure))
        case ChunkFailed():
            return Fail(error.failure)
        case PipelineError() if not error.retryable:
            return Fail(to_failure(error))
        case PartsDamaged(chunks=damaged, cause=cause):
            detail = "The storage of this server damaged or lost the same part of this job again and again."
            return Withdraw(damaged, Failure(ErrorClass.STORAGE, cause.code, detail, retryable=True))
        case CorruptObject() | NotFound():
            # Read again first, over minutes: a copy on the way may have been at fault, and not the object, and a
            # storage may list what it was given only later.
            failure = Failure(ErrorClass.STORAGE, error.code, error.detail, retryable=True)
            return Requeue(Release(ReleaseReason.RETRY, failure=failure))
        case _:
            # A fault of ours: its text is for our log, not for the caller.
            failure = Failure.internal_error("The server failed unexpectedly.")
            return Requeue(Release(ReleaseReason.RETRY, failure=failure))
