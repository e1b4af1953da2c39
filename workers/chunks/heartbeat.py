"""The leases of all chunks that run in this worker, kept by one thread.

A lease lives by answers of the store. Without one until ten seconds before its end, counted by our own clock from the
*sending* of the last answered request, the chunk counts as lost: another worker may have it soon.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from jobs.errors import LeaseLost
from jobs.job import Claim
from jobs.store import Store
from workers.periodic import Periodic

from .outcomes import Interrupted, Stopped

#: Seconds before the end of a lease from which nothing may be written under it; a sixth of short leases.
_MARGIN_S = 10.0
#: Seconds until a heartbeat that nobody answered is sent again.
_AGAIN_S = 3.0


class Lease:
    """One running chunk, as its own thread and the keeper's thread see it."""

    def __init__(self, claim: Claim, *, claimed_at: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`claimed_at`: our clock just before the claim was sent."""
        self.claim = claim
        self.progress = 0.0
        #: Set while the engine is working for this chunk: until when it may stay silent, by our clock.
        self.silent_until: float | None = None
        self._clock = clock
        self._term_s = claim.lease_ms / 1000
        self._margin_s = min(_MARGIN_S, self._term_s / 6)
        self._valid_until = claimed_at + self._term_s - self._margin_s
        self._is_lost = False
        self._is_stopped = False
        self._is_interrupted = False

    def answered(self, *, asked_at: float, alive: bool, stop: bool) -> None:
        """The store's answer to a heartbeat that was sent at `asked_at`."""
        self._is_lost = self._is_lost or not alive
        self._is_stopped = self._is_stopped or stop
        if alive:
            self._valid_until = max(self._valid_until, asked_at + self._term_s - self._margin_s)

    def interrupt(self) -> None:
        """This worker stops: the chunk's thread gives the chunk back."""
        self._is_interrupted = True

    def is_engine_silent(self) -> bool:
        """Whether the engine has had its time and said nothing: such a chunk gets no more heartbeats."""
        return self.silent_until is not None and self._clock() > self.silent_until

    def check(self) -> None:
        """To be called before every side effect. Raises LeaseLost, Stopped, Interrupted."""
        if self._is_lost or self._clock() > self._valid_until:
            raise LeaseLost
        if self._is_stopped:
            raise Stopped
        if self._is_interrupted:
            raise Interrupted

    def remaining_s(self) -> float:
        """Seconds in which side effects are still allowed if no further answer comes."""
        return max(0.0, self._valid_until - self._clock())


class LeaseKeeper:
    """The thread that sends heartbeats for all leases at once."""

    def __init__(self, store: Store, *, every_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._leases: dict[str, Lease] = {}
        self._thread = Periodic("heartbeat", self.beat, every_s=every_s, again_s=_AGAIN_S)

    def start(self) -> None:
        """Begin to send heartbeats."""
        self._thread.start()

    def close(self) -> None:
        """Stop. Leases still held run out, or are released by whoever stops us."""
        self._thread.close()

    def hold(self, lease: Lease) -> None:
        """Keep it from now on."""
        with self._lock:
            self._leases[lease.claim.chunk.id] = lease

    def drop(self, lease: Lease) -> None:
        """It is over."""
        with self._lock:
            self._leases.pop(lease.claim.chunk.id, None)

    def held(self) -> list[Lease]:
        """The leases of this moment."""
        with self._lock:
            return list(self._leases.values())

    def beat(self) -> None:
        """One heartbeat for all. Raises StoreUnavailable."""
        leases = {lease.claim.chunk.id: lease for lease in self.held() if not lease.is_engine_silent()}
        if not leases:
            return
        asked_at = self._clock()
        claims = [lease.claim for lease in leases.values()]
        progress = {chunk_id: lease.progress for chunk_id, lease in leases.items()}
        answers = self._store.beat(claims, lease_ms=claims[0].lease_ms, progress=progress)
        for chunk_id, lease in leases.items():
            answer = answers.get(chunk_id)
            # No row any more is an answer too.
            lease.answered(
                asked_at=asked_at, alive=answer is not None and answer.alive, stop=answer is not None and answer.stop
            )
