"""Backoff and limits, as a table."""

from __future__ import annotations

from itertools import pairwise

import pytest

from jobs.retry_policy import CRASH_LIMIT, ERROR_LIMIT, RESCUE_LIMIT, Counts, Exhausted, RetryAfter, decide_retry
from jobs.states import ReleaseReason


def decide(
    reason: ReleaseReason, counts: Counts, *, charge: bool = True, random: float = 0.5
) -> RetryAfter | Exhausted:
    return decide_retry(reason, counts, charge=charge, base_ms=10_000, random=lambda: random)


@pytest.mark.parametrize(
    ("reason", "before", "again"),
    [
        (ReleaseReason.RETRY, Counts(), RetryAfter(Counts(error=1), 10_000)),
        (ReleaseReason.RETRY, Counts(error=1, crash=2), RetryAfter(Counts(error=2, crash=2), 20_000)),
        (ReleaseReason.RETRY, Counts(error=3), RetryAfter(Counts(error=4), 80_000)),
        (ReleaseReason.CRASH, Counts(), RetryAfter(Counts(crash=1), 0)),
        (ReleaseReason.RESCUE, Counts(), RetryAfter(Counts(rescue=1), 0)),
        (ReleaseReason.RESCUE, Counts(rescue=1), RetryAfter(Counts(rescue=2), 2_000)),
        (ReleaseReason.RESCUE, Counts(rescue=18), RetryAfter(Counts(rescue=19), 300_000)),
        (ReleaseReason.SNOOZE, Counts(), RetryAfter(Counts(snooze=1), 5_000)),
        (ReleaseReason.SNOOZE, Counts(snooze=2), RetryAfter(Counts(snooze=3), 20_000)),
        (ReleaseReason.SNOOZE, Counts(snooze=10_000), RetryAfter(Counts(snooze=10_001), 60_000)),
        (
            ReleaseReason.INTERRUPT,
            Counts(error=4, crash=2, rescue=19),
            RetryAfter(Counts(error=4, crash=2, rescue=19), 0),
        ),
    ],
)
def test_chunk_runs_again_after(reason: ReleaseReason, before: Counts, again: RetryAfter) -> None:
    assert decide(reason, before) == again


@pytest.mark.parametrize(
    ("reason", "before", "counts", "error_class"),
    [
        (ReleaseReason.RETRY, Counts(error=ERROR_LIMIT - 1), Counts(error=5), "engine"),
        (ReleaseReason.CRASH, Counts(crash=CRASH_LIMIT - 1), Counts(crash=3), "poison"),
        (ReleaseReason.RESCUE, Counts(rescue=RESCUE_LIMIT - 1), Counts(rescue=20), "poison"),
    ],
)
def test_chunk_fails_at_its_limit(reason: ReleaseReason, before: Counts, counts: Counts, error_class: str) -> None:
    spent = decide(reason, before)
    assert isinstance(spent, Exhausted)
    assert (spent.counts, spent.failure.error_class) == (counts, error_class)


@pytest.mark.parametrize("reason", [ReleaseReason.RETRY, ReleaseReason.CRASH, ReleaseReason.RESCUE])
def test_uncharged_release_counts_nothing_and_waits_for_nothing(reason: ReleaseReason) -> None:
    spent = Counts(error=4, crash=2, rescue=19)
    assert decide(reason, spent, charge=False) == RetryAfter(spent, 0)


def test_backoff_varies_by_a_fifth_both_ways() -> None:
    delays = [decide(ReleaseReason.RETRY, Counts(), random=chance).delay_ms for chance in (0.0, 0.25, 0.5, 0.75, 1.0)]  # type: ignore[union-attr]
    assert (delays[0], delays[-1]) == (8_000, 12_000)
    assert all(first < second for first, second in pairwise(delays))
