"""A thread that survives errors."""

import threading

import pytest

from jobs.errors import StoreUnavailable
from tests.services.machine_speed import deadline
from workers.periodic import Periodic


class Counting:
    """Counts its calls and fails as it is told to."""

    def __init__(self, *failures):
        self.failures = list(failures)
        self.calls = threading.Semaphore(0)

    def __call__(self):
        self.calls.release()
        if self.failures:
            raise self.failures.pop(0)

    def called(self, times):
        return all(self.calls.acquire(timeout=deadline(30)) for _ in range(times))


@pytest.mark.parametrize("failure", [StoreUnavailable(), ZeroDivisionError("a fault of ours")])
def test_a_failure_is_not_the_end(failure):
    action = Counting(failure)
    periodic = Periodic("test", action, every_s=0.001)
    periodic.start()
    assert action.called(3)
    periodic.close()


def test_after_a_failure_it_comes_sooner():
    action = Counting(StoreUnavailable())
    periodic = Periodic("test", action, every_s=3600, retry_s=0.001)
    periodic.start()
    periodic.wake()
    assert action.called(2), "woken once, and again after the failure"
    periodic.close()


def test_it_can_be_woken():
    action = Counting()
    periodic = Periodic("test", action, every_s=3600)
    periodic.start()
    periodic.wake()
    assert action.called(1)
    periodic.close()


def test_after_closing_there_is_no_further_call():
    action = Counting()
    periodic = Periodic("test", action, every_s=0.001)
    periodic.start()
    assert action.called(1)
    periodic.close()
    while action.calls.acquire(blocking=False):
        pass
    periodic.wake()
    assert not action.calls.acquire(timeout=0.05)


def test_what_was_never_started_can_be_closed():
    Periodic("test", Counting(), every_s=1).close()
