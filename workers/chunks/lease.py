"""The lease of one running chunk, as its worker counts it by its own clock.

Without an answered heartbeat until ten seconds before its end, counted from the *sending* of the last answered request,
the chunk counts as lost: another worker may claim it soon.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from jobs.chunk import Claim
from jobs.errors import LeaseLost

from .outcomes import JobStopped, WorkerStopping

#: Seconds before the end of a lease from which nothing may be written under it; a sixth of short leases.
_MARGIN_S = 10.0


class Lease:
    """One running chunk, as its own thread and the keeper's thread see it."""

    def __init__(self, claim: Claim, *, claimed_at: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`claimed_at`: our clock just before the claim was sent."""
        self.claim = claim
        self.progress = 0.0
        #: Set while the engine is working for this chunk: when it counts as stalled if it sends nothing, by our clock.
        self.stalls_at: float | None = None
        self._clock = clock
        self._term_s = claim.lease_ms / 1000
        self._margin_s = min(_MARGIN_S, self._term_s / 6)
        self._valid_until = claimed_at + self._term_s - self._margin_s
        self._is_lost = False
        self._is_job_stopped = False
        self._is_worker_stopping = False

    def apply_heartbeat(self, *, sent_at: float, alive: bool, stop: bool) -> None:
        """Take over the store's answer to a heartbeat that was sent at `sent_at`."""
        self._is_lost = self._is_lost or not alive
        self._is_job_stopped = self._is_job_stopped or stop
        if alive:
            self._valid_until = max(self._valid_until, sent_at + self._term_s - self._margin_s)

    def interrupt(self) -> None:
        """This worker stops: the chunk's thread releases the chunk."""
        self._is_worker_stopping = True

    def is_stalled(self) -> bool:
        """Whether the engine has sent nothing for its stall limit: such a chunk gets no more heartbeats."""
        return self.stalls_at is not None and self._clock() > self.stalls_at

    def check(self) -> None:
        """To be called before every side effect. Raises LeaseLost, JobStopped, WorkerStopping."""
        if self._is_lost or self._clock() > self._valid_until:
            raise LeaseLost
        if self._is_job_stopped:
            raise JobStopped
        if self._is_worker_stopping:
            raise WorkerStopping

    def remaining_s(self) -> float:
        """Seconds in which side effects are still allowed if no further answer comes."""
        return max(0.0, self._valid_until - self._clock())
