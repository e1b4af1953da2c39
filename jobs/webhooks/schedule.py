"""The schedule of webhook deliveries: whether and when a delivery is retried. Pure: sends nothing, reads no clock."""

from __future__ import annotations

import math
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

_MINUTE, _HOUR = 60.0, 3600.0

#: Seconds before each attempt, counted from the one before it; ten attempts over about three days.
DELAYS_S = (
    0.0,
    5.0,
    5 * _MINUTE,
    30 * _MINUTE,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    24 * _HOUR,
)
_JITTER = 0.1
#: From here on the jitter only lengthens a delay, so that nothing is given up before 75 hours are over.
_ONLY_LATER_FROM_S = 5 * _HOUR
_LONGEST_DELAY_S = 24 * _HOUR


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """The result of one attempt."""

    is_delivered: bool = False
    #: Seconds until the next attempt; None = there is none.
    retry_in_s: float | None = None
    #: The receiver wants no further deliveries: switch its endpoint off.
    disables_endpoint: bool = False
    #: Why the attempt counts as failed; None when delivered.
    error: str | None = None


def decide_outcome(
    attempt: int,
    *,
    status: int | None,
    retry_after_s: float | None = None,
    error: str | None = None,
    jitter: float = 0.0,
) -> DeliveryOutcome:
    """Decide on attempt number `attempt` (0 = the first).

    `status`: HTTP status, None when there was no answer, then `error` says why. `retry_after_s`: what the receiver
    asked for; the delay is at least so long, 24 hours at most. `jitter`: -1 … 1, drawn by the caller, moves the next
    attempt by up to 10 % of its delay.
    """
    if status is not None and 200 <= status < 300:
        return DeliveryOutcome(is_delivered=True)
    if status == 410:
        return DeliveryOutcome(disables_endpoint=True, error="status 410: the receiver is gone for good")
    if status is not None:
        error = f"status {status}" + (": redirects are not followed" if 300 <= status < 400 else "")
    error = error or "no answer"
    if attempt + 1 >= len(DELAYS_S):
        return DeliveryOutcome(error=error)
    delay_s = DELAYS_S[attempt + 1]
    jitter = max(-1.0, min(1.0, jitter))
    wait_s = delay_s * (1 + _JITTER * (abs(jitter) if delay_s >= _ONLY_LATER_FROM_S else jitter))
    if retry_after_s is not None:
        wait_s = max(wait_s, min(retry_after_s, _LONGEST_DELAY_S))
    return DeliveryOutcome(retry_in_s=wait_s, error=error)


def parse_retry_after(value: str | None, *, now_s: float) -> float | None:
    """Seconds that a Retry-After header asks for, given as seconds or as a date; None where it says nothing usable."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdecimal():
        return float(value[:12])
    try:
        wait_s = parsedate_to_datetime(value).timestamp() - now_s
    except (ValueError, OverflowError, OSError):
        return None
    return max(0.0, wait_s) if math.isfinite(wait_s) else None
