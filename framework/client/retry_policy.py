"""Whether a request is worth a retry, and after what delay. Pure: an error and a count in, seconds or None out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import random

from .errors import ApiError, CorruptDownload, Unreachable, VoicemillError


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with jitter. The defaults bridge an outage of about fifteen seconds."""

    #: Attempts after the first one; 0 = no retry.
    limit: int = 5
    #: Seconds before the first retry; each later one waits twice as long, ± 20 %, up to `max_delay_s`.
    first_delay_s: float = 0.5
    max_delay_s: float = 10.0
    #: A server whose Retry-After is longer than these seconds gets no retry; the caller reads `retry_after_s`. Limits
    #: of requests or jobs in a minute ask for two minutes at most.
    max_retry_after_s: float = 120.0

    def delay_s(
        self, error: VoicemillError, retries_done: int, *, idempotent: bool, jitter: Callable[[], float] = random
    ) -> float | None:
        """Seconds to wait before the next attempt, None = do not retry.

        `idempotent`: the server does the work once even if it receives the request twice. `jitter`: 0.0 to 1.0.
        """
        if retries_done >= self.limit or not _is_retryable(error, idempotent):
            return None
        backoff: float = min(self.first_delay_s * 2**retries_done, self.max_delay_s)
        delay = backoff * (0.8 + 0.4 * jitter())
        retry_after = error.retry_after_s if isinstance(error, ApiError) else None
        if retry_after is None:
            return delay
        return max(delay, retry_after) if retry_after <= self.max_retry_after_s else None

    def for_waiting(self) -> RetryPolicy:
        """About two minutes more: a job outlives a restart of its server, and so should whoever waits for it."""
        return replace(self, limit=self.limit + 12) if self.limit else self


def _is_retryable(error: VoicemillError, idempotent: bool) -> bool:
    if isinstance(error, Unreachable):
        return idempotent or not error.maybe_sent
    if isinstance(error, CorruptDownload):
        return True
    if not isinstance(error, ApiError):
        return False
    if error.status in {408, 429, 503} or error.code in {"idempotency_in_flight", "body_cut_off"}:
        # Refused before anything was done; the server may still say that a retry cannot help.
        return error.retryable
    return error.status in {502, 504} and idempotent
