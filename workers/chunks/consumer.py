"""The consumer of notifications: claims the best chunk of the queue and runs it, and repeats while there is more.

Knows slots and notifications; workers/chunks/execution.py runs a chunk.
"""

from __future__ import annotations

import threading
import time

import structlog

from jobs.chunk import Claim
from jobs.dispatch.dispatch import Dispatch
from jobs.errors import StoreUnavailable
from jobs.states import Priority
from jobs.store.chunk_queue import ChunkQueue
from workers.engines.messages import Lane

from .execution import Execution
from .slots import Slots

_log = structlog.get_logger(__name__)

#: Seconds for which one notification claims; then a new one takes over, so that Flower shows tasks of a normal length.
_MAX_CONSUME_S = 2.0
#: Seconds between two notifications of other workers while no bulk slot is free here: each chunk had one of its own.
_NOTIFY_OTHERS_EVERY_S = 0.25


class Consumer:
    """Consumes notifications in the threads of the Celery worker."""

    def __init__(
        self,
        *,
        chunks: ChunkQueue,
        dispatch: Dispatch,
        execution: Execution,
        slots: Slots,
        worker_id: str,
        lease_s: float,
    ) -> None:
        self._chunks = chunks
        self._dispatch = dispatch
        self._execution = execution
        self._slots = slots
        self._worker_id = worker_id
        self._lease_ms = round(lease_s * 1000)
        self._stopping = threading.Event()
        #: Queues with a notification that found no bulk slot free, so that it could not claim bulk chunks.
        self._deferred: set[str] = set()
        self._notified_at: dict[str, float] = {}

    def stop(self) -> None:
        """Claim nothing more."""
        self._stopping.set()

    def consume(self, queue: str) -> int:
        """Claim and run chunks of this queue, for two seconds or until there is none. Returns how many."""
        until = time.monotonic() + _MAX_CONSUME_S
        done, is_more = 0, True
        while is_more:
            claim = self._claim_and_run(queue)
            done += claim is not None
            is_more = (claim is not None and claim.more_ready) or self._resume_deferred(queue)
            if is_more and time.monotonic() > until:
                self._dispatch.notify(queue)
                break
        for other in tuple(self._deferred):
            if self._resume_deferred(other):
                self._dispatch.notify(other)
        return done

    def _resume_deferred(self, queue: str) -> bool:
        """Whether a notification of the queue was deferred and a bulk slot is free for it now.

        To be called after a slot was released and after a queue was deferred, so that one of two threads sees both.
        """
        if queue in self._deferred and self._slots.is_bulk_free:
            self._deferred.discard(queue)
            return True
        return False

    def _claim_and_run(self, queue: str) -> Claim | None:
        """Claim a chunk and run it. Returns the claim; None where there was none."""
        if self._stopping.is_set() or not self._execution.engines.is_warm():
            return None
        if self._execution.space.is_short():
            # The chunk stays ready; the sweeper notifies again.
            return None
        lane = self._slots.acquire()
        if lane is not Lane.BULK:
            self._deferred.add(queue)
        if lane is None:
            return None
        try:
            claimed_at = time.monotonic()
            claim = self._chunks.claim(
                [queue], self._worker_id, lease_ms=self._lease_ms, interactive_only=lane is Lane.INTERACTIVE
            )
            if claim is None:
                return None
            if claim.more_ready:
                # Before the chunk, not after: other slots, here or elsewhere, may start at once.
                self._notify_others(queue)
            if claim.job.priority is Priority.INTERACTIVE:
                lane = self._slots.move_to_interactive(lane)
            self._execution.run(
                claim,
                lane=Lane.INTERACTIVE if claim.job.priority is Priority.INTERACTIVE else Lane.BULK,
                claimed_at=claimed_at,
            )
            return claim
        except StoreUnavailable as error:
            _log.warning("claim_failed", queue=queue, detail=error.detail)
            return None
        finally:
            self._slots.release(lane)

    def _notify_others(self, queue: str) -> None:
        now = time.monotonic()
        if self._slots.is_bulk_free or now - self._notified_at.get(queue, float("-inf")) >= _NOTIFY_OTHERS_EVERY_S:
            self._notified_at[queue] = now
            self._dispatch.notify(queue)
