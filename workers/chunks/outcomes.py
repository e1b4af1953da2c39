"""The outcome of a chunk whose run raised an exception. Pure: an exception in, a decision out.

The only place of the workers that interprets errors. Delays and limits come from jobs/retry_policy.py, in the store.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jobs.errors import CorruptObject, LeaseLost, NotFound, StorageUnavailable, StoreUnavailable
from jobs.job import Release
from jobs.states import ReleaseReason
from pipelines.errors import PipelineError
from workers.engines.engine import EngineDied


class Stopped(Exception):
    """Cancel was asked for, or the deadline passed."""


class Interrupted(Exception):
    """This worker stops; the chunk goes to another."""


class ChunkFailed(Exception):
    """The pipeline said what is wrong."""

    def __init__(
        self,
        detail: str,
        *,
        error_class: str,
        code: str,
        field: str | None = None,
        retryable: bool = False,
        trace: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.error: dict[str, Any] = {"class": error_class, "code": code, "detail": detail, "retryable": retryable}
        if field is not None:
            self.error["field"] = field
        #: Where the child stumbled, for our log; not for the caller.
        self.trace = trace


class Misbehaved(Exception):
    """A child sent what no child of ours sends; it is not believed in anything else either."""


@dataclass(frozen=True, slots=True)
class GiveBack:
    """The chunk goes back to ready."""

    release: Release


@dataclass(frozen=True, slots=True)
class Fail:
    """The chunk, and its job, fail for good."""

    error: dict[str, Any]


@dataclass(frozen=True, slots=True)
class End:
    """The caller wanted it to stop."""


@dataclass(frozen=True, slots=True)
class Drop:
    """It is no longer ours: write nothing."""


Decision = GiveBack | Fail | End | Drop

_INTERRUPT = GiveBack(Release(ReleaseReason.INTERRUPT, charge=False))


def decide(error: Exception) -> Decision:
    """The decision for a claimed chunk whose run raised `error`."""
    match error:
        case LeaseLost():
            return Drop()
        case StoreUnavailable():
            # Nobody could be told; when the lease has run out a sweeper rescues it.
            return Drop()
        case Stopped():
            return End()
        case Interrupted():
            return _INTERRUPT
        case EngineDied(to_blame=False):
            # Not at once: what ended it may not be over.
            return GiveBack(Release(ReleaseReason.INTERRUPT, delay_ms=1000, charge=False))
        case EngineDied(alone=True):
            return GiveBack(Release(ReleaseReason.CRASH, error=_error("poison", "poison", error.detail)))
        case EngineDied():
            # One of several was to blame: each runs alone next time, and then we know.
            return GiveBack(Release(ReleaseReason.CRASH, solo=True, charge=False))
        case StorageUnavailable():
            return GiveBack(Release(ReleaseReason.SNOOZE, charge=False))
        case ChunkFailed() if error.error["retryable"]:
            return GiveBack(Release(ReleaseReason.RETRY, error=error.error))
        case ChunkFailed():
            return Fail(error.error)
        case PipelineError() if not error.retryable:
            return Fail(_error(error.error_class, error.code, error.detail, retryable=False))
        case CorruptObject() | NotFound():
            # Read again first: a copy on the way may have been at fault, not the object.
            return GiveBack(Release(ReleaseReason.RETRY, error=_error("storage", error.code, error.detail)))
        case _:
            # A fault of ours: its text is for our log, not for the caller.
            detail = "The server failed unexpectedly."
            return GiveBack(Release(ReleaseReason.RETRY, error=_error("engine", "internal_error", detail)))


def _error(error_class: str, code: str, detail: str, *, retryable: bool = True) -> dict[str, Any]:
    return {"class": error_class, "code": code, "detail": detail, "retryable": retryable}
