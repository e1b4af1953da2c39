"""How fast this machine is at this moment, and waiting that takes it into account.

Knows a fixed piece of work and what it takes on a quiet machine; knows nothing of what is waited for. A test names the
seconds that a quiet machine needs at most; here they become longer on a slow machine and while neighbours are busy.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

#: Rounds of the fixed piece of work. It has to outlast several time slices of the scheduler, or no neighbour is seen.
_ROUNDS = 100_000
#: Seconds of the clock that the piece takes on a quiet machine of 2024.
_QUIET_S = 0.025
#: Seconds for which a measurement is believed.
_BELIEVED_S = 2.0
#: Seconds of a wait before the speed is first looked at.
_LOOK_EVERY_S = 1.0

_T = TypeVar("_T")


def fixed_work() -> dict[str, int]:
    """The piece of work: what interpreted code does most, and always the same."""
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
        """By the clock of the wall: what neighbours and the hypervisor take away counts.

        A process that has just slept may be let through at once, so the load of the last minute is looked at too: how
        many processes share each processor.
        """
        began = time.perf_counter()
        fixed_work()
        took_s = time.perf_counter() - began
        self.slowdown = max(1.0, took_s / _QUIET_S, os.getloadavg()[0] / (os.cpu_count() or 1))
        self.measured_at = time.monotonic()


_speed = _Speed()


def slowdown() -> float:
    """How many times longer than on a quiet machine work takes here and now; at least 1."""
    if time.monotonic() - _speed.measured_at > _BELIEVED_S:
        _speed.measure()
    return _speed.slowdown


def deadline(seconds: float) -> float:
    """Seconds of the clock to grant to what a quiet machine does within `seconds`, for timeouts that are set once."""
    return seconds * slowdown()


class Patience:
    """So many seconds of a quiet machine: while this one is slow, a second of the clock counts for less."""

    def __init__(self, seconds: float) -> None:
        self._left_s = seconds
        self._seen = time.monotonic()

    def is_over(self) -> bool:
        """Whether the seconds are used up. To be asked again and again: the speed is that of the moment."""
        passed_s = time.monotonic() - self._seen
        if passed_s < min(_LOOK_EVERY_S, self._left_s):
            return False
        self._left_s -= passed_s / slowdown()
        self._seen = time.monotonic()
        return self._left_s <= 0


def poll(condition: Callable[[], _T], *, deadline_s: float = 60.0, every_s: float = 0.02) -> _T:
    """What the condition gives as soon as that is true, or else what it gives after `deadline_s` seconds, which is not.

    The seconds are those of a quiet machine (see `Patience`). Assert the answer: nothing is raised.
    """
    patience = Patience(deadline_s)
    while not (found := condition()):
        if patience.is_over():
            return condition()
        time.sleep(every_s)
    return found
