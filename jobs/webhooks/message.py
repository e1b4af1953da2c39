"""Webhooks as the Standard Webhooks specification has them: bytes, signature, and when to try again.

Pure: sends nothing, stores nothing, reads no clock. A delivery keeps one id and one body over all its tries.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from jobs.errors import Misconfigured

#: Its bells say that deliveries may be due.
WEBHOOK_QUEUE = "webhook"

_MINUTE, _HOUR = 60.0, 3600.0

#: Seconds before each try, counted from the one before it; ten tries over about three days.
SLOTS_S = (
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
_SPREAD = 0.1
#: From here on the spread only lengthens, so that nothing is given up before 75 hours are over.
_ONLY_LATER_FROM_S = 5 * _HOUR
_LONGEST_WAIT_S = 24 * _HOUR


@dataclass(frozen=True, slots=True)
class Decision:
    """What one try came to."""

    is_delivered: bool = False
    #: Seconds until the next try; None = there is none.
    next_in_s: float | None = None
    #: The receiver wants nothing more, ever: switch its endpoint off.
    disables: bool = False
    #: Why it counts as failed; None when delivered.
    error: str | None = None


def encode_payload(payload: Mapping[str, Any]) -> bytes:
    """The bytes that are signed and sent: the same for every try, whatever order the database kept the keys in."""
    ordered = {name: payload[name] for name in ("type", "timestamp", "data") if name in payload}
    ordered |= {name: payload[name] for name in sorted(payload) if name not in ordered}
    return json.dumps(ordered, ensure_ascii=False, separators=(",", ":")).encode()


def signed_headers(secret: str, *, id: str, at_s: int, body: bytes) -> dict[str, str]:
    """`webhook-id`, `webhook-timestamp` and `webhook-signature`. `at_s`: the time of this try, Unix seconds.

    `secret` may hold two secrets, parted by a space, while one replaces the other: both sign.
    Raises Misconfigured.
    """
    at = datetime.fromtimestamp(at_s, tz=UTC)
    text = body.decode()
    try:
        signatures = [Webhook(one).sign(id, at, text) for one in secret.split()]
    except (ValueError, EmptyWebhookSecretError) as error:
        raise Misconfigured("the webhook secret of this endpoint is not one that we made; rotate it") from error
    return {"webhook-id": id, "webhook-timestamp": str(at_s), "webhook-signature": " ".join(signatures)}


def decide(
    attempt: int,
    *,
    status: int | None,
    retry_after_s: float | None = None,
    error: str | None = None,
    spread: float = 0.0,
) -> Decision:
    """What follows from try number `attempt` (0 = the first).

    `status`: HTTP status, None when there was no answer, then `error` says why. `retry_after_s`: what the receiver
    asked for; waits at least so long, 24 hours at most. `spread`: -1 … 1, drawn by the caller, moves the next slot
    by up to 10 %.
    """
    if status is not None and 200 <= status < 300:
        return Decision(is_delivered=True)
    if status == 410:
        return Decision(disables=True, error="status 410: the receiver is gone for good")
    if status is not None:
        error = f"status {status}" + (": redirects are not followed" if 300 <= status < 400 else "")
    error = error or "no answer"
    if attempt + 1 >= len(SLOTS_S):
        return Decision(error=error)
    slot_s = SLOTS_S[attempt + 1]
    spread = max(-1.0, min(1.0, spread))
    wait_s = slot_s * (1 + _SPREAD * (abs(spread) if slot_s >= _ONLY_LATER_FROM_S else spread))
    if retry_after_s is not None:
        wait_s = max(wait_s, min(retry_after_s, _LONGEST_WAIT_S))
    return Decision(next_in_s=wait_s, error=error)


def retry_after(value: str | None, *, now_s: float) -> float | None:
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
