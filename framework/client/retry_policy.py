"""When a call is worth another try, and after how long. Pure: a failure and a count in, seconds or None out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import random

from .errors import ApiError, CorruptDownload, Unreachable, VoicemillError


@dataclass(frozen=True, slots=True)
class Retries:
    """How patient a client is. With the defaults it bears an outage of about fifteen seconds."""

    #: Tries after the first one.
    limit: int = 5
    #: Seconds before the first of them; each later one waits twice as long, ± 20 %, up to `slowest_delay_s`.
    first_delay_s: float = 0.5
    slowest_delay_s: float = 10.0
    #: A server that asks for more than these seconds gets no retry; the caller sees `retry_after_s`.
    longest_delay_s: float = 60.0

    def delay_s(
        self, failure: VoicemillError, done: int, *, repeatable: bool, jitter: Callable[[], float] = random
    ) -> float | None:
        """Seconds to wait before trying again, None = give up. `done` = retries so far.

        `repeatable`: the server will not do the work twice if it gets the request twice.
        """
        if done >= self.limit or not _is_worth_it(failure, repeatable):
            return None
        delay = min(self.first_delay_s * 2**done, self.slowest_delay_s) * (0.8 + 0.4 * jitter())
        asked = failure.retry_after_s if isinstance(failure, ApiError) else None
        if asked is None:
            return delay
        return max(delay, asked) if asked <= self.longest_delay_s else None

    def for_waiting(self) -> Retries:
        """About two minutes more: a job outlives a restart of its server, and so should whoever waits for it."""
        return replace(self, limit=self.limit + 12) if self.limit else self


def _is_worth_it(failure: VoicemillError, repeatable: bool) -> bool:
    if isinstance(failure, Unreachable):
        return repeatable or not failure.maybe_sent
    if isinstance(failure, CorruptDownload):
        return True
    if not isinstance(failure, ApiError):
        return False
    if failure.status in {429, 503} or failure.code in {"idempotency_in_flight", "body_cut_off"}:
        # Refused before anything was done; the server may still say that it is no use.
        return failure.retryable
    return failure.status in {502, 504} and repeatable
