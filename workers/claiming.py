"""What a bell sets off: claim the best chunk of the queue and run it, and again, while there is more.

Knows slots and bells; what becomes of a chunk is execution's business.
"""

from __future__ import annotations

import threading
import time

import structlog

from jobs.dispatch import Dispatch
from jobs.errors import StoreUnavailable
from jobs.states import Priority
from jobs.store import Store
from workers.execution import Execution
from workers.slots import Slots

_log = structlog.get_logger(__name__)

#: Seconds for which one bell goes on claiming; then another takes over, so that Flower sees tasks of a sane length.
_ONE_BELL_S = 2.0


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

    def stop(self) -> None:
        """Claim nothing more."""
        self._stopping.set()

    def answer(self, queue: str) -> int:
        """Claim and run chunks of this queue, for two seconds or until there is none. Returns how many."""
        until = time.monotonic() + _ONE_BELL_S
        done = 0
        while self._one(queue):
            done += 1
            if time.monotonic() > until:
                self._dispatch.ring(queue)
                break
        return done

    def _one(self, queue: str) -> bool:
        if self._stopping.is_set() or not self._execution.engines.is_warm():
            return False
        lane = self._slots.take()
        if lane is None:
            return False
        try:
            claimed_at = time.monotonic()
            claim = self._store.claim(
                [queue], self._worker_id, lease_ms=self._lease_ms, interactive_only=lane == "interactive"
            )
            if claim is None:
                return False
            if claim.more_ready:
                # Before the chunk, not after: other slots, here or elsewhere, may start at once.
                self._dispatch.ring(queue)
            if claim.job.priority is Priority.INTERACTIVE:
                lane = self._slots.move_to_interactive(lane)
            self._execution.run(claim, lane="interactive" if claim.job.priority is Priority.INTERACTIVE else "bulk",
                                claimed_at=claimed_at)  # fmt: skip
            return True
        except StoreUnavailable as error:
            _log.warning("claim_unanswered", queue=queue, detail=error.detail)
            return False
        finally:
            self._slots.give_back(lane)
