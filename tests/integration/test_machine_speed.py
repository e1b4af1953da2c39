"""Waiting that knows how slow the machine is: by a clock and a speed of the test's own."""

from __future__ import annotations

import time

import pytest

from tests.services import machine_speed
from tests.services.machine_speed import LoadAwareDeadline, deadline, fixed_work, poll, slowdown


class Machine:
    """A machine that is so many times slower than a quiet one, and whose clock goes on with every sleep."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slowdown = 1.0
        self.measured = 0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def look(self) -> float:
        self.measured += 1
        return self.slowdown


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(machine_speed, "time", made)
    monkeypatch.setattr(made, "monotonic", lambda: made.now, raising=False)
    monkeypatch.setattr(machine_speed, "slowdown", made.look)
    return made


def waited_s(machine: Machine, seconds: float, **options: float) -> float:
    """How long `poll` asks for what never comes."""
    began = machine.now
    assert not poll(lambda: False, deadline_s=seconds, **options)
    return machine.now - began


def test_quiet_machine_waits_as_long_as_it_is_told(machine: Machine) -> None:
    assert waited_s(machine, 10) == pytest.approx(10, abs=1.1)
    assert waited_s(machine, 0.2) == pytest.approx(0.2, abs=0.1)


def test_slow_machine_waits_longer_in_proportion(machine: Machine) -> None:
    machine.slowdown = 5.0
    assert waited_s(machine, 10) == pytest.approx(50, abs=1.1)
    assert deadline(10) == 50


def test_load_that_comes_while_we_wait_counts_from_then(machine: Machine) -> None:
    def comes_late() -> bool:
        machine.slowdown = 4.0 if machine.now >= 1005 else 1.0
        return False

    assert not poll(comes_late, deadline_s=10)
    assert machine.now - 1000 == pytest.approx(5 + 5 * 4, abs=4.1)


def test_what_comes_soon_costs_no_measurement(machine: Machine) -> None:
    answers = iter([0, 0, 7])
    assert poll(lambda: next(answers)) == 7
    assert machine.measured == 0


def test_condition_is_asked_once_more_at_the_end(machine: Machine) -> None:
    answers = iter([0, 0, 5])
    assert poll(lambda: next(answers), deadline_s=1.0, every_s=2.0) == 5


def test_patience_of_nothing_is_over_at_once(machine: Machine) -> None:
    assert LoadAwareDeadline(0).has_expired()


def test_this_machine_is_never_faster_than_a_quiet_one() -> None:
    assert slowdown() >= 1
    assert deadline(3) >= 3


def test_speed_is_believed_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = []
    monkeypatch.setattr(machine_speed, "fixed_work", lambda: measured.append(time.monotonic()))
    monkeypatch.setattr(machine_speed._speed, "measured_at", float("-inf"))
    monkeypatch.setattr(machine_speed, "_VALID_S", 3600.0)
    slowdown()
    slowdown()
    assert len(measured) == 1


def test_fixed_work_is_always_the_same() -> None:
    assert fixed_work() == fixed_work()
