"""Waiting for services, without any process; with processes: tests/integration/test_stack_start.py."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from workers.stack import readiness
from workers.stack.readiness import IdleTimer, StackStart
from workers.stack.supervisor import Supervisor


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(readiness.time, "monotonic", lambda: self.now)


@pytest.fixture
def supervisor(tmp_path: Path) -> Supervisor:
    return Supervisor(tmp_path, lambda line: None)


def test_without_missing_conditions_everything_is_ready(supervisor: Supervisor) -> None:
    start = StackStart(supervisor, {"api": lambda: ""}, print_line=lambda line: None)
    assert start.wait(threading.Event())
    assert start.missing == {}


def test_a_stop_ends_the_wait_without_a_reason(supervisor: Supervisor) -> None:
    start = StackStart(supervisor, {"api": lambda: "does not answer"}, print_line=lambda line: None)
    stop = threading.Event()
    stop.set()
    assert not start.wait(stop)
    assert start.reason == ""


def test_family_that_refuses_to_start_leaves_the_others_up(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "refused", lambda: ["worker-whisper"])
    checks = {"api": lambda: "", "worker-espeak": lambda: "", "worker-whisper": lambda: "has not reported"}
    families = ("worker-espeak", "worker-whisper")
    start = StackStart(supervisor, checks, print_line=lambda line: None, optional=families)
    assert start.wait(threading.Event())
    assert list(start.missing) == ["worker-whisper"]


def test_stack_whose_families_all_refuse_to_start_does_not_start(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "refused", lambda: ["worker-whisper"])
    checks = {"api": lambda: "", "worker-whisper": lambda: "has not reported"}
    start = StackStart(supervisor, checks, print_line=lambda line: None, optional=("worker-whisper",))
    assert not start.wait(threading.Event())
    assert start.reason == "worker-whisper cannot start as asked"


def test_no_use_of_the_processor_is_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    timer = IdleTimer(least_s=1.0)
    assert timer.idle_s([], missing=2) == 0.0
    clock.now += 30
    assert timer.idle_s([], missing=2) == 30.0


def test_one_service_less_that_is_missing_is_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    timer = IdleTimer(least_s=1.0)
    timer.idle_s([], missing=2)
    clock.now += 30
    assert timer.idle_s([], missing=1) == 0.0


def test_enough_use_of_the_processor_is_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    used = iter([5.0, 5.4, 6.1])

    class Process:
        pid = 7

    monkeypatch.setattr(readiness, "_measure_tree", lambda root: [(Process(), next(used))])
    timer = IdleTimer(least_s=1.0)
    assert timer.idle_s([7], missing=0) == 0.0
    clock.now += 1
    assert timer.idle_s([7], missing=0) == 1.0, "0.4 s is what an idle process uses"
    clock.now += 1
    assert timer.idle_s([7], missing=0) == 0.0
