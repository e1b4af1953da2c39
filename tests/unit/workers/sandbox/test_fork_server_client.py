"""How the end of a confined process is reported."""

from __future__ import annotations

import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from workers.engines.channel import Channel
from workers.engines.messages import Idle, KeepAlive
from workers.engines.protocol import encode_event
from workers.sandbox.fork_server_client import Sandbox, _describe_exit


class Server:
    """A fork server client that only notes which forks are killed."""

    def __init__(self) -> None:
        self.killed: list[int] = []

    def kill(self, number: int) -> None:
        self.killed.append(number)


@pytest.fixture
def ends() -> Any:
    ours, theirs = socket.socketpair()
    channels = Channel(ours), Channel(theirs)
    yield channels
    for channel in channels:
        channel.close()


@pytest.fixture
def sandbox(ends: Any, tmp_path: Path) -> Sandbox:
    return Sandbox(1, ends[0], Server(), tmp_path)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (3, "status 3"),
        (137, "out of memory"),
        (-signal.SIGKILL, "killed, perhaps for its memory"),
        (-signal.SIGXCPU, "CPU time used up"),
        (-signal.SIGSEGV, "signal 11"),
        (None, "its fork server ended"),
    ],
)
def test_an_exit_is_described(status: int | None, text: str) -> None:
    assert _describe_exit(status) == text


def test_a_process_that_ended_by_itself_was_ended_by_its_chunk(sandbox: Sandbox) -> None:
    sandbox.on_exit(-11)
    error = sandbox.exit_error()
    assert (error.alone, error.caused_by_chunk) == (True, True)
    assert "signal 11" in error.detail


def test_the_end_of_the_fork_server_is_caused_by_no_chunk(sandbox: Sandbox) -> None:
    sandbox.on_exit(None)
    assert not sandbox.exit_error().caused_by_chunk


def test_a_hanging_process_that_was_killed_is_the_cause(sandbox: Sandbox) -> None:
    sandbox.kill()
    sandbox.on_exit(None)
    assert sandbox.exit_error().caused_by_chunk


def test_only_an_idle_event_means_idle(sandbox: Sandbox, ends: Any) -> None:
    ends[1].send(encode_event(Idle()))
    assert sandbox.is_idle()
    ends[1].send(encode_event(KeepAlive()))
    assert not sandbox.is_idle()
    ends[1].send({"event": "something else"})
    assert not sandbox.is_idle()
    ends[1].close()
    assert not sandbox.is_idle()
