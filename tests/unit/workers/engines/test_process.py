"""One run in an engine child, as the thread that runs the chunk sees it."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from workers.engines.channel import Channel
from workers.engines.engine import EngineDied
from workers.engines.messages import KeepAlive, StepStopped, StopStep, WorkDone
from workers.engines.process import EngineRun, describe_exit
from workers.engines.protocol import ProtocolViolation


class Process:
    """An engine process that only notes why it is killed."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def kill(self, reason: str) -> None:
        self.reasons.append(reason)

    def stall_s(self, model: str) -> float:
        return {"tone": 120.0}[model]


@pytest.fixture
def ends() -> Any:
    ours, theirs = socket.socketpair()
    channels = Channel(ours), Channel(theirs)
    yield channels
    for channel in channels:
        channel.close()


@pytest.fixture
def process() -> Process:
    return Process()


@pytest.fixture
def run(ends: Any, process: Process) -> EngineRun:
    return EngineRun(4, ends[0], process, "tone")  # type: ignore[arg-type]


def test_events_come_in_order_and_nothing_is_a_timeout(run: EngineRun) -> None:
    run.deliver(KeepAlive())
    run.deliver(StepStopped())
    assert run.next_event(0.0) == KeepAlive()
    assert not run.ended
    assert run.next_event(0.0) == StepStopped()
    assert run.ended
    with pytest.raises(TimeoutError):
        run.next_event(0.001)


def test_the_last_event_ends_the_run(run: EngineRun) -> None:
    run.deliver(WorkDone("part", 1.0))
    run.next_event(0.0)
    assert run.ended


def test_a_death_is_raised_and_ends_the_run(run: EngineRun) -> None:
    run.deliver(EngineDied("signal 11", alone=True))
    with pytest.raises(EngineDied):
        run.next_event(0.0)
    assert run.ended


def test_a_violation_is_raised_and_leaves_the_run_to_be_stopped(run: EngineRun) -> None:
    run.deliver(ProtocolViolation("nonsense"))
    with pytest.raises(ProtocolViolation):
        run.next_event(0.0)
    assert not run.ended


def test_commands_carry_the_id_of_the_run_and_a_closed_channel_is_no_error(run: EngineRun, ends: Any) -> None:
    run.send(StopStep())
    assert ends[1].receive(1.0) == {"op": "stop", "id": 4}
    ends[0].close()
    run.send(StopStep())


def test_a_hanging_run_kills_its_process(run: EngineRun, process: Process) -> None:
    assert run.stall_s == 120.0
    run.kill()
    assert process.reasons == ["it hung"]


@pytest.mark.parametrize(("status", "text"), [(-9, "signal 9"), (0, "status 0"), (137, "status 137")])
def test_an_exit_is_described(status: int, text: str) -> None:
    assert describe_exit(status) == text
