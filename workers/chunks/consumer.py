"""What a bell sets off: claim the best chunk of the queue and run it, and again, while there is more.

Knows slots and bells; what becomes of a chunk is execution's business.
"""

from __future__ import annotations

import threading
import time

import structlog

from jobs.dispatch.dispatch import Dispatch
from jobs.errors import StoreUnavailable
from jobs.job import Claim
from jobs.states import Priority
from jobs.store import Store

from .execution import Execution
from .slots import Slots

_log = structlog.get_logger(__name__)

#: Seconds for which one bell goes on claiming; then another takes over, so that Flower sees tasks of a sane length.
_ONE_BELL_S = 2.0
#: Seconds between two bells for workers elsewhere while no bulk slot is free here: each chunk had a bell of its own.
_FOR_OTHERS_EVERY_S = 0.25


class Claiming:
    """Answers bells in the threads of the Celery worker."""

    def __init__(
        self, *, store: Store, dispatch: Dispatch, execution: Execution, slots: Slots, worker_id: str, lease_s: float
    ) -> None:
        self._store = store
        self._dispatch = dispatch
        self._execution = execution
        self._slots = slots
        self._worker_id = worker_id
        self._lease_ms = round(lease_s * 1000)
        self._stopping = threading.Event()
        #: Queues with a bell that found no bulk slot free, so that it could not look for bulk chunks.
        self._unanswered: set[str] = set()
        self._rung_at: dict[str, float] = {}

    def stop(self) -> None:
        """Claim nothing more."""
        self._stopping.set()

    def answer(self, queue: str) -> int:
        """Claim and run chunks of this queue, for two seconds or until there is none. Returns how many."""
        until = time.monotonic() + _ONE_BELL_S
        done, is_more = 0, True
        while is_more:
            claim = self._one(queue)
            done += claim is not None
            is_more = (claim is not None and claim.more_ready) or self._was_missed(queue)
            if is_more and time.monotonic() > until:
                self._dispatch.ring(queue)
                break
        for other in tuple(self._unanswered):
            if self._was_missed(other):
                self._dispatch.ring(other)
        return done

    def _was_missed(self, queue: str) -> bool:
        """Whether a bell could not look for bulk chunks, and now there is a slot for them.

        To be asked after a slot was given back and after a bell was noted, so that one of two threads sees both.
        """
        if queue in self._unanswered and self._slots.is_bulk_free:
            self._unanswered.discard(queue)
            return True
        return False

    def _one(self, queue: str) -> Claim | None:
        """Claim a chunk and run it. Returns the claim; None where there was none."""
        if self._stopping.is_set() or not self._execution.engines.is_warm():
            return None
        lane = self._slots.take()
        if lane != "bulk":
            self._unanswered.add(queue)
        if lane is None:
            return None
        try:
            claimed_at = time.monotonic()
            claim = self._store.claim(
                [queue], self._worker_id, lease_ms=self._lease_ms, interactive_only=lane == "interactive"
            )
            if claim is None:
                return None
            if claim.more_ready:
                # Before the chunk, not after: other slots, here or elsewhere, may start at once.
                self._ring_for_others(queue)
            if claim.job.priority is Priority.INTERACTIVE:
                lane = self._slots.move_to_interactive(lane)
            self._execution.run(
                claim,
                lane="interactive" if claim.job.priority is Priority.INTERACTIVE else "bulk",
                claimed_at=claimed_at,
            )
            return claim
        except StoreUnavailable as error:
            _log.warning("claim_unanswered", queue=queue, detail=error.detail)
            return None
        finally:
            self._slots.give_back(lane)

    def _ring_for_others(self, queue: str) -> None:
        now = time.monotonic()
        if self._slots.is_bulk_free or now - self._rung_at.get(queue, float("-inf")) >= _FOR_OTHERS_EVERY_S:
            self._rung_at[queue] = now
            self._dispatch.ring(queue)
