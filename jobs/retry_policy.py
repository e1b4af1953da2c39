"""Retry policy of chunks: limits and backoff. Pure; randomness comes in by argument."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from .failure import ErrorClass, Failure
from .states import ReleaseReason

#: A chunk fails for good at its n-th error, engine death alone in its engine, lost worker.
ERROR_LIMIT = 5
CRASH_LIMIT = 3
RESCUE_LIMIT = 20

_SNOOZE_MS = 5_000
_LONGEST_SNOOZE_MS = 60_000
_RESCUE_MS = 2_000
_LONGEST_RESCUE_MS = 300_000


@dataclass(frozen=True, slots=True)
class Counts:
    """How often a chunk was released, by reason."""

    error: int = 0
    crash: int = 0
    rescue: int = 0
    snooze: int = 0


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Ready again in `delay_ms`."""

    counts: Counts
    delay_ms: int


@dataclass(frozen=True, slots=True)
class Exhausted:
    """A limit is reached: the chunk fails for good."""

    counts: Counts
    failure: Failure


def decide_retry(
    reason: ReleaseReason, counts: Counts, *, charge: bool, base_ms: float, random: Callable[[], float]
) -> RetryAfter | Exhausted:
    """Decide whether and when a released chunk is retried.

    `base_ms` is the first backoff after an error; `random` gives numbers in [0, 1).
    """
    match reason:
        case ReleaseReason.RETRY if charge:
            counts = replace(counts, error=counts.error + 1)
            if counts.error >= ERROR_LIMIT:
                failure = Failure(ErrorClass.ENGINE, "retries_exhausted", f"The engine failed {ERROR_LIMIT} times.")
                return Exhausted(counts, failure)
            return RetryAfter(counts, round(base_ms * 2 ** (counts.error - 1) * (0.8 + 0.4 * random())))
        case ReleaseReason.CRASH if charge:
            counts = replace(counts, crash=counts.crash + 1)
            if counts.crash >= CRASH_LIMIT:
                failure = Failure.poison(f"This input killed the engine {CRASH_LIMIT} times.")
                return Exhausted(counts, failure)
            return RetryAfter(counts, 0)
        case ReleaseReason.RESCUE if charge:
            counts = replace(counts, rescue=counts.rescue + 1)
            if counts.rescue >= RESCUE_LIMIT:
                detail = f"{RESCUE_LIMIT} workers were lost over this input."
                failure = Failure(ErrorClass.POISON, "workers_lost", detail)
                return Exhausted(counts, failure)
            # The first rescue waits for nothing: a lost node says nothing about the input.
            delay_ms = _backoff_ms(_RESCUE_MS, counts.rescue - 1, _LONGEST_RESCUE_MS) if counts.rescue > 1 else 0
            return RetryAfter(counts, delay_ms)
        case ReleaseReason.SNOOZE:
            counts = replace(counts, snooze=counts.snooze + 1)
            delay_ms = _backoff_ms(_SNOOZE_MS, counts.snooze, _LONGEST_SNOOZE_MS)
            return RetryAfter(counts, round(delay_ms * (0.8 + 0.4 * random())))
        case _:
            return RetryAfter(counts, 0)


def _backoff_ms(first_ms: int, nth: int, longest_ms: int) -> int:
    """`first_ms`, doubled at each further time, `longest_ms` at most."""
    # The exponent is bounded, since the number of snoozes is not.
    return min(longest_ms, first_ms << min(nth - 1, 30))
