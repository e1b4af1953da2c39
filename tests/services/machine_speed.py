"""Measures how fast this machine is now, and scales the deadlines of tests by it.

Knows a fixed piece of work and the time that it takes on an idle machine; knows nothing of what is waited for. A test
names the seconds that an idle machine needs at most; they become longer on a slow machine and under load.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

#: Rounds of the fixed piece of work: several time slices of the scheduler, or other processes would go unnoticed.
_ROUNDS = 100_000
#: Wall seconds that this work takes on an idle machine of 2024.
_IDLE_S = 0.025
#: Seconds for which a measurement is valid.
_VALID_S = 2.0
#: Seconds between two measurements during a wait.
_MEASURE_EVERY_S = 1.0

_T = TypeVar("_T")


def fixed_work() -> dict[str, int]:
    """The piece of work: typical operations of interpreted code, always the same."""
    counts: dict[str, int] = {}
    for number in range(_ROUNDS):
        key = f"{number % 997:x}"
        counts[key] = counts.get(key, 0) + len(key) * number % 7
    return counts


class _Speed:
    """The last measurement of this session."""

    def __init__(self) -> None:
        self.slowdown = 1.0
        self.measured_at = float("-inf")

    def measure(self) -> None:
        """Measure in wall time, which includes what other processes and the hypervisor take.

        The scheduler may prefer a process that has just slept, so the load average of the last minute counts too: the
        number of processes that share each processor.
        """
        began = time.perf_counter()
        fixed_work()
        took_s = time.perf_counter() - began
        self.slowdown = max(1.0, took_s / _IDLE_S, os.getloadavg()[0] / (os.cpu_count() or 1))
        self.measured_at = time.monotonic()


_speed = _Speed()


def slowdown() -> float:
    """How many times longer work takes now than on an idle machine; at least 1."""
    if time.monotonic() - _speed.measured_at > _VALID_S:
        _speed.measure()
    return _speed.slowdown


def deadline(seconds: float) -> float:
    """Wall seconds for what an idle machine does within `seconds`; for timeouts that are set once."""
    return seconds * slowdown()


class LoadAwareDeadline:
    """A deadline in seconds of an idle machine: while this machine is slow, a wall second counts for less."""

    def __init__(self, seconds: float) -> None:
        self._left_s = seconds
        self._seen = time.monotonic()

    def has_expired(self) -> bool:
        """Whether the seconds are used up. Call it repeatedly: each call takes the speed of the moment into account."""
        passed_s = time.monotonic() - self._seen
        if passed_s < min(_MEASURE_EVERY_S, self._left_s):
            return False
        self._left_s -= passed_s / slowdown()
        self._seen = time.monotonic()
        return self._left_s <= 0


def poll(condition: Callable[[], _T], *, deadline_s: float = 60.0, every_s: float = 0.02) -> _T:
    """Call the condition until its value is true, or for `deadline_s` seconds; returns the last value.

    The seconds are those of an idle machine (see `LoadAwareDeadline`). Assert the value: nothing is raised.
    """
    limit = LoadAwareDeadline(deadline_s)
    while not (value := condition()):
        if limit.has_expired():
            return condition()
        time.sleep(every_s)
    return value
