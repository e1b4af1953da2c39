"""Limits of what a tenant sends in a minute: requests, and submissions of jobs.

A sliding window of the library `limits`, counted in Redis where that is the broker, so that all API processes share
one; else, and while Redis fails, in the memory of each process.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Literal

import structlog
from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from .errors import RateLimited

_log = structlog.get_logger("api")

#: What is counted.
Counted = Literal["requests", "jobs"]

_KEY_PREFIX = "voicemill:limits"
#: A request waits no longer for Redis, in seconds, and after a failure none asks it for a while.
_TIMEOUT_S, _PAUSE_S = 0.5, 10.0


class RateLimits:
    """Counts what each tenant sends. Safe to share between threads."""

    def __init__(self, *, broker_url: str | None, per_minute: Mapping[Counted, int | None]) -> None:
        """`per_minute`: None = no limit, and nothing is counted."""
        self._limits = {
            name: RateLimitItemPerMinute(amount, namespace=name)
            for name, amount in per_minute.items()
            if amount is not None
        }
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared = _shared_limiter(broker_url) if self._limits else None
        self._shared_after = 0.0

    def count(self, counted: Counted, tenant_id: str) -> None:
        """Count one of these. Raises RateLimited for one past the limit, which is not counted."""
        limit = self._limits.get(counted)
        if limit is None:
            return
        wait_s = self._wait_s(limit, tenant_id)
        if wait_s is None:
            return
        raise RateLimited(
            f"This tenant may send {limit.amount} {counted} a minute; send this one again in {wait_s} s.",
            headers={"Retry-After": str(wait_s)},
        )

    def _wait_s(self, limit: RateLimitItemPerMinute, tenant_id: str) -> int | None:
        """Seconds until there is room again; None where this one was counted."""
        if self._shared is not None and time.monotonic() >= self._shared_after:
            try:
                return _wait_s(self._shared, limit, tenant_id)
            except StorageError as error:
                self._shared_after = time.monotonic() + _PAUSE_S
                _log.warning("rate_limits_counted_alone", error=type(error.storage_error).__name__, pause_s=_PAUSE_S)
        return _wait_s(self._own, limit, tenant_id)


def _shared_limiter(broker_url: str | None) -> SlidingWindowCounterRateLimiter | None:
    if broker_url is None or not broker_url.startswith(("redis://", "rediss://")):
        return None
    storage = RedisStorage(
        broker_url,
        wrap_exceptions=True,
        key_prefix=_KEY_PREFIX,
        socket_timeout=_TIMEOUT_S,
        socket_connect_timeout=_TIMEOUT_S,
    )
    return SlidingWindowCounterRateLimiter(storage)


def _wait_s(limiter: SlidingWindowCounterRateLimiter, limit: RateLimitItemPerMinute, tenant_id: str) -> int | None:
    if limiter.hit(limit, tenant_id):
        return None
    free_at = limiter.get_window_stats(limit, tenant_id).reset_time
    return max(1, math.ceil(free_at - time.time()))
