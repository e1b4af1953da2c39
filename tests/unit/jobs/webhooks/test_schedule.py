"""When a webhook delivery is retried, as a table."""

from __future__ import annotations

import itertools
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.webhooks.schedule import DELAYS_S, DeliveryOutcome, decide_outcome, parse_retry_after


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_only_a_2xx_is_delivered(status: int) -> None:
    assert decide_outcome(0, status=status) == DeliveryOutcome(is_delivered=True)


def test_gone_switches_the_endpoint_off() -> None:
    outcome = decide_outcome(0, status=410, retry_after_s=5)
    assert outcome.disables_endpoint
    assert not outcome.is_delivered
    assert outcome.retry_in_s is None


@pytest.mark.parametrize("status", [None, 100, 300, 301, 307, 400, 401, 404, 429, 500, 502, 503, 504, 599])
def test_everything_else_is_retried_after_the_next_delay(status: int | None) -> None:
    for attempt in range(len(DELAYS_S) - 1):
        outcome = decide_outcome(attempt, status=status, error="reset" if status is None else None)
        assert outcome.retry_in_s == DELAYS_S[attempt + 1]
        assert outcome.error
        assert not outcome.disables_endpoint


def test_a_redirect_says_that_it_is_not_followed() -> None:
    assert "not followed" in (decide_outcome(0, status=302).error or "")


def test_after_the_last_attempt_there_is_no_retry() -> None:
    outcome = decide_outcome(len(DELAYS_S) - 1, status=500)
    assert outcome == DeliveryOutcome(error="status 500")


def test_the_delays_are_those_of_the_specification() -> None:
    assert [s / 3600 for s in DELAYS_S[4:]] == [2, 5, 10, 14, 20, 24]
    assert DELAYS_S[:4] == (0, 5, 300, 1800)


@given(st.lists(st.floats(-1, 1), min_size=9, max_size=9))
def test_the_jitter_is_a_tenth_and_nothing_is_dropped_before_75_hours(jitters: list[float]) -> None:
    waits = [decide_outcome(n, status=500, jitter=jitter).retry_in_s for n, jitter in enumerate(jitters)]
    assert all(0.9 * delay <= wait <= 1.1 * delay for delay, wait in zip(DELAYS_S[1:], waits, strict=True))
    assert all(a <= b for a, b in itertools.pairwise(waits))
    assert sum(waits) >= 75 * 3600


def test_retry_after_lengthens_a_wait_up_to_a_day_and_never_shortens_it() -> None:
    assert decide_outcome(0, status=429, retry_after_s=120).retry_in_s == 120
    assert decide_outcome(0, status=503, retry_after_s=10 * 86_400).retry_in_s == 86_400
    assert decide_outcome(3, status=429, retry_after_s=1).retry_in_s == DELAYS_S[4]
    assert decide_outcome(len(DELAYS_S) - 1, status=429, retry_after_s=1).retry_in_s is None


def test_retry_after_is_read_as_seconds_or_as_a_date() -> None:
    now = 1_700_000_000.0
    assert parse_retry_after("120", now_s=now) == 120
    assert parse_retry_after(" 7 ", now_s=now) == 7
    assert parse_retry_after(formatdate(now + 60, usegmt=True), now_s=now) == 60
    assert parse_retry_after(formatdate(now - 60, usegmt=True), now_s=now) == 0


@pytest.mark.parametrize(
    "value", [None, "", "soon", "-5", "1.5", "nan", "inf", "١٢", "Fri, 99 Foo 2026", "1e9", "0x10"]
)
def test_an_unreadable_retry_after_says_nothing(value: str | None) -> None:
    assert parse_retry_after(value, now_s=0) is None


@given(st.text(max_size=40))
def test_any_text_of_a_receiver_can_be_parsed(value: str) -> None:
    wait_s = parse_retry_after(value, now_s=1_700_000_000.0)
    assert wait_s is None or wait_s >= 0
