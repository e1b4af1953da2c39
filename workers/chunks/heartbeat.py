"""Heartbeats for the leases of all chunks that run in this worker, sent by one thread.

Each answered heartbeat extends a lease (lease.py) and tells whether the chunk is to stop.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from jobs.chunk import HeartbeatResult
from jobs.store.chunk_queue import ChunkQueue
from workers.periodic import Periodic

from .lease import Lease

#: Seconds until a heartbeat that was not answered is sent again.
_RETRY_S = 3.0


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
