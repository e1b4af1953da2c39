"""Engine time is divided among the calls that compute at the same time."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.engines.engine_time import EngineClock


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_call_alone_gets_all_of_its_time() -> None:
    clock = Clock()
    with EngineClock(clock).measure() as share:
        clock.now += 2.5
    clock.now += 10.0
    assert share.seconds == 2.5


def test_calls_at_the_same_time_get_equal_parts_of_it() -> None:
    clock = Clock()
    engine = EngineClock(clock)
    with engine.measure() as long:
        clock.now += 1.0
        with engine.measure() as short:
            clock.now += 4.0
        clock.now += 1.0
    assert (long.seconds, short.seconds) == (4.0, 2.0)


def test_call_that_fails_takes_part_until_its_end() -> None:
    clock = Clock()
    engine = EngineClock(clock)
    with pytest.raises(ValueError, match="no"), engine.measure() as failed:
        clock.now += 1.0
        raise ValueError("no")
    with engine.measure() as after:
        clock.now += 3.0
    assert (failed.seconds, after.seconds) == (1.0, 3.0)


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0.0, 10.0)), max_size=60))
def test_all_shares_together_are_the_time_in_which_any_call_ran(steps: list[tuple[int, float]]) -> None:
    """Each step: a call begins or, where it runs, ends; then time passes."""
    clock = Clock()
    engine = EngineClock(clock)
    running: dict[int, ExitStack] = {}
    shares, busy_s = [], 0.0
    for call, seconds in steps:
        if call in running:
            running.pop(call).close()
        else:
            running[call] = ExitStack()
            shares.append(running[call].enter_context(engine.measure()))
        clock.now += seconds
        busy_s += seconds if running else 0.0
    for stack in running.values():
        stack.close()
    assert sum(share.seconds for share in shares) == pytest.approx(busy_s)
    assert all(share.seconds >= 0 for share in shares)
