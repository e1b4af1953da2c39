"""What becomes of a chunk that goes back: when it runs again, or why it may not. Pure; chance comes in by argument."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

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
    """How often a chunk went back, by what is held against it."""

    error: int = 0
    crash: int = 0
    rescue: int = 0
    snooze: int = 0


@dataclass(frozen=True, slots=True)
class Again:
    """Ready again in `delay_ms`."""

    counts: Counts
    delay_ms: int


@dataclass(frozen=True, slots=True)
class Spent:
    """A limit is reached: the chunk fails with this class, code and sentence."""

    counts: Counts
    error_class: str
    code: str
    detail: str


def after(
    reason: ReleaseReason, counts: Counts, *, charge: bool, base_ms: float, random: Callable[[], float]
) -> Again | Spent:
    """Decide on a release. `base_ms` is the first backoff after an error; `random` gives numbers in [0, 1)."""
    match reason:
        case ReleaseReason.RETRY if charge:
            counts = replace(counts, error=counts.error + 1)
            if counts.error >= ERROR_LIMIT:
                return Spent(counts, "engine", "retries_exhausted", f"The engine failed {ERROR_LIMIT} times.")
            return Again(counts, round(base_ms * 2 ** (counts.error - 1) * (0.8 + 0.4 * random())))
        case ReleaseReason.CRASH if charge:
            counts = replace(counts, crash=counts.crash + 1)
            if counts.crash >= CRASH_LIMIT:
                return Spent(counts, "poison", "poison", f"This input killed the engine {CRASH_LIMIT} times.")
            return Again(counts, 0)
        case ReleaseReason.RESCUE if charge:
            counts = replace(counts, rescue=counts.rescue + 1)
            if counts.rescue >= RESCUE_LIMIT:
                return Spent(counts, "poison", "workers_lost", f"{RESCUE_LIMIT} workers were lost over this input.")
            # The first rescue waits for nothing: a lost node says nothing about the input.
            return Again(
                counts, _doubled(_RESCUE_MS, counts.rescue - 1, _LONGEST_RESCUE_MS) if counts.rescue > 1 else 0
            )
        case ReleaseReason.SNOOZE:
            counts = replace(counts, snooze=counts.snooze + 1)
            return Again(
                counts, round(_doubled(_SNOOZE_MS, counts.snooze, _LONGEST_SNOOZE_MS) * (0.8 + 0.4 * random()))
            )
        case _:
            return Again(counts, 0)


def _doubled(first_ms: int, nth: int, longest_ms: int) -> int:
    # The exponent is bounded, since snoozes are not.
    return min(longest_ms, first_ms * 2 ** min(nth - 1, 30))
