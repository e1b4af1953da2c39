"""Messages between a controller and its fork server."""

from __future__ import annotations

import json

import pytest

from workers.engines.protocol import ProtocolViolation
from workers.sandbox.confinement import ResourceLimits
from workers.sandbox.control_protocol import (
    Command,
    Event,
    ForkExited,
    KillFork,
    ServerReady,
    ServerRefused,
    StartFork,
    decode_command,
    decode_event,
    encode_command,
    encode_event,
)


@pytest.mark.parametrize(
    "command",
    [StartFork(1, "/work", ResourceLimits(1 << 30, 60, 1 << 20), reusable=True, imports=["json"]), KillFork(1)],
)
def test_commands_arrive_as_they_were_sent(command: Command) -> None:
    assert decode_command(encode_command(command)) == command


@pytest.mark.parametrize(
    "event", [ServerReady(["netns"]), ServerRefused("no rights"), ForkExited(3, -9), ForkExited(3, None)]
)
def test_events_arrive_as_they_were_sent(event: Event) -> None:
    assert decode_event(encode_event(event)) == event


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"\xff",
        b"[]",
        b"null",
        json.dumps({"event": "idle"}).encode(),
        json.dumps({"event": "exited", "id": "3", "status": 0}).encode(),
        json.dumps({"event": "exited", "id": 3, "status": "0"}).encode(),
        json.dumps({"event": "refused"}).encode(),
    ],
)
def test_other_messages_are_violations(data: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        decode_event(data)
