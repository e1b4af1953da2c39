"""Which errors are retried, and after what delay."""

from __future__ import annotations

import pytest

from framework.client.errors import (
    ApiError,
    Conflict,
    CorruptDownload,
    InvalidRequest,
    NotFound,
    RateLimited,
    ServerError,
    Unavailable,
    Unreachable,
    VoicemillError,
    WaitTimeout,
)
from framework.client.retry_policy import RetryPolicy

POLICY = RetryPolicy(limit=3, first_delay_s=1.0, max_retry_after_s=60.0)


def delay(
    error: VoicemillError, retries_done: int = 0, *, idempotent: bool = True, jitter: float = 0.5
) -> float | None:
    return POLICY.delay_s(error, retries_done, idempotent=idempotent, jitter=lambda: jitter)


def test_delay_doubles_and_ends_at_the_limit() -> None:
    assert [delay(Unreachable(), done) for done in range(5)] == [1.0, 2.0, 4.0, None, None]


def test_delay_varies_by_a_fifth() -> None:
    assert delay(Unreachable(), jitter=0.0) == pytest.approx(0.8)
    assert delay(Unreachable(), jitter=1.0) == pytest.approx(1.2)


def test_retry_after_is_honoured_and_never_shortened() -> None:
    assert delay(Unavailable(status=503, retry_after_s=7.0)) == 7.0
    assert delay(Unavailable(status=503, retry_after_s=0.0)) == 1.0


def test_delay_grows_no_further_than_its_limit() -> None:
    many = RetryPolicy(limit=30, first_delay_s=1.0, max_delay_s=10.0)
    delays = [many.delay_s(Unreachable(), done, idempotent=True, jitter=lambda: 0.5) for done in range(30)]
    assert delays[:5] == [1.0, 2.0, 4.0, 8.0, 10.0]
    assert set(delays[5:]) == {10.0}


def test_waiting_for_a_job_allows_more_retries_unless_there_are_none() -> None:
    assert RetryPolicy(limit=5).for_waiting().limit > 5
    assert RetryPolicy(limit=0).for_waiting().limit == 0


def test_client_waits_as_long_as_a_limit_of_requests_in_a_minute_may_ask() -> None:
    limited = RateLimited(status=429, retry_after_s=120.0)
    assert RetryPolicy().delay_s(limited, 0, idempotent=False, jitter=lambda: 0.5) == 120.0


def test_server_with_too_long_a_retry_after_gets_no_retry() -> None:
    assert delay(RateLimited(status=429, retry_after_s=3600.0)) is None


@pytest.mark.parametrize(
    ("error", "idempotent", "retried"),
    [
        (Unreachable(maybe_sent=True), True, True),
        (Unreachable(maybe_sent=True), False, False),
        (Unreachable(maybe_sent=False), False, True),
        (Unavailable(status=503), False, True),
        (Unavailable(status=503, retryable=False), True, False),
        (Unavailable(status=502), True, True),
        (Unavailable(status=504), False, False),
        (RateLimited(status=429), False, True),
        (RateLimited(status=429, retry_after_s=120.0), False, False),
        (InvalidRequest(status=408, code="body_too_slow", retryable=True), False, True),
        (InvalidRequest(status=408), True, False),
        (Conflict(status=409, code="idempotency_in_flight", retryable=True), True, True),
        (Conflict(status=409, code="not_finished", retryable=True), True, False),
        (InvalidRequest(status=400, code="body_cut_off", retryable=True), True, True),
        (InvalidRequest(status=422), True, False),
        (NotFound(status=404), True, False),
        (ServerError(status=500), True, False),
        (CorruptDownload(), True, True),
    ],
)
def test_only_temporary_errors_are_retried(error: ApiError, idempotent: bool, retried: bool) -> None:
    assert (delay(error, idempotent=idempotent) is not None) is retried


def test_client_can_be_told_not_to_retry() -> None:
    assert RetryPolicy(limit=0).delay_s(Unreachable(), 0, idempotent=True) is None


def test_wait_timeout_is_not_retried() -> None:
    from framework.client.job import Job

    job = Job.parse({"id": "job_1", "state": "running"})
    assert delay(WaitTimeout(job, 5.0)) is None
