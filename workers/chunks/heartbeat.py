"""The leases of all chunks that run in this worker, kept by one thread.

Each answered heartbeat extends a lease. Without one until ten seconds before its end, counted by our own clock from the
*sending* of the last answered request, the chunk counts as lost: another worker may claim it soon.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from jobs.chunk import Claim, HeartbeatResult
from jobs.errors import LeaseLost
from jobs.store.chunk_queue import ChunkQueue
from workers.periodic import Periodic

from .outcomes import JobStopped, WorkerStopping

#: Seconds before the end of a lease from which nothing may be written under it; a sixth of short leases.
_MARGIN_S = 10.0
#: Seconds until a heartbeat that was not answered is sent again.
_RETRY_S = 3.0


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


class LeaseKeeper:
    """The thread that sends heartbeats for all leases at once."""

    def __init__(self, chunks: ChunkQueue, *, every_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._chunks = chunks
        self._clock = clock
        self._lock = threading.Lock()
        self._leases: dict[str, Lease] = {}
        self._thread = Periodic("heartbeat", self.send_heartbeats, every_s=every_s, retry_s=_RETRY_S)

    def start(self) -> None:
        """Begin to send heartbeats."""
        self._thread.start()

    def close(self) -> None:
        """Stop. Leases that are still kept run out, or the worker releases them."""
        self._thread.close()

    def add(self, lease: Lease) -> None:
        """Send heartbeats for it from now on."""
        with self._lock:
            self._leases[lease.claim.chunk.id] = lease

    def remove(self, lease: Lease) -> None:
        """Its chunk has ended."""
        with self._lock:
            self._leases.pop(lease.claim.chunk.id, None)

    def leases(self) -> list[Lease]:
        """The leases of this moment."""
        with self._lock:
            return list(self._leases.values())

    def send_heartbeats(self) -> None:
        """One heartbeat for all. Raises StoreUnavailable."""
        leases = {lease.claim.chunk.id: lease for lease in self.leases() if not lease.is_stalled()}
        if not leases:
            return
        sent_at = self._clock()
        claims = [lease.claim for lease in leases.values()]
        progress = {chunk_id: lease.progress for chunk_id, lease in leases.items()}
        results = self._chunks.heartbeat(claims, lease_ms=claims[0].lease_ms, progress=progress)
        for chunk_id, lease in leases.items():
            # Without its row the chunk is lost.
            result = results.get(chunk_id, HeartbeatResult(alive=False))
            lease.apply_heartbeat(sent_at=sent_at, alive=result.alive, stop=result.stop)
