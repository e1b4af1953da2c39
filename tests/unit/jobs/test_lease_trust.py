"""When a sweeper may rescue."""

from __future__ import annotations

from jobs.lease_trust import TrustWindow

START = 1_800_000_000_000


def passes(window: TrustWindow, *seconds: float) -> list[bool]:
    return [window.record_pass(START + round(each * 1000)) for each in seconds]


def test_trust_comes_after_ninety_seconds_of_passes() -> None:
    window = TrustWindow(90.0)
    assert passes(window, *range(0, 90, 2)) == [False] * 45
    assert passes(window, 90, 92, 500) == [True, True, False]


def test_gap_of_more_than_twenty_seconds_begins_anew() -> None:
    window = TrustWindow(90.0)
    passes(window, *range(0, 92, 2))
    assert passes(window, 110) == [True]
    assert passes(window, 130.001) == [False]
    assert passes(window, *range(148, 221, 18)) == [False] * 5
    assert passes(window, 221) == [True]


def test_database_clock_that_steps_back_begins_anew() -> None:
    window = TrustWindow(90.0)
    passes(window, *range(0, 92, 2))
    assert passes(window, 89) == [False]


def test_trust_of_nothing_is_immediate() -> None:
    assert passes(TrustWindow(0.0), 0) == [True]
