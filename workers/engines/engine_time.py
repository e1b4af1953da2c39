"""Engine time: the wall time of one engine process, divided among the calls that compute in it at the same time.

Calls of two lanes, of several models, or of an encoder that each run calls itself, overlap. While n of them compute,
each gets an n-th of the time. So all shares together are never more than the time that the process was alive.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class EngineShare:
    """The seconds of one call; complete once the call is over."""

    seconds: float = 0.0


class EngineClock:
    """Measures the calls of one process. Threads share it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._running: list[EngineShare] = []
        self._divided_until = 0.0

    @contextmanager
    def measure(self) -> Iterator[EngineShare]:
        """The share of the block, however it ends."""
        share = EngineShare()
        with self._lock:
            self._divide()
            self._running.append(share)
        try:
            yield share
        finally:
            with self._lock:
                self._divide()
                self._running.remove(share)

    def _divide(self) -> None:
        """Give the time since the last call began or ended to those that ran meanwhile."""
        now = self._clock()
        for share in self._running:
            share.seconds += (now - self._divided_until) / len(self._running)
        self._divided_until = now
