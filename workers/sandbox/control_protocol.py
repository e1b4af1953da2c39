"""The messages between a controller and its fork server: dataclasses here, one JSON object a datagram on their socket.

Commands go to the fork server, events come from it. The socket of a new fork travels beside its `StartFork`; controller
and fork use it for all further messages (workers/engines/protocol.py).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from workers.engines.protocol import ProtocolViolation

from .confinement import ResourceLimits

#: Bytes of one message, at most.
MAX_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class StartFork:
    """Fork a process confined to `directory`; `reusable`: for more than one run.

    `imports`: modules that it needs and the fork server has not imported.
    """

    id: int
    directory: str
    limits: ResourceLimits
    reusable: bool
    imports: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class KillFork:
    """End a fork, where it still runs."""

    id: int


@dataclass(frozen=True, slots=True)
class ServerReady:
    """Forks may be asked for; they have these restrictions, of which the fork server has the network's."""

    restrictions: Sequence[str]


@dataclass(frozen=True, slots=True)
class ServerRefused:
    """There will be no forks on this machine."""

    detail: str


@dataclass(frozen=True, slots=True)
class ForkExited:
    """A fork has ended. `status`: an exit status, minus the signal's number, or None where it could not start."""

    id: int
    status: int | None


Command = StartFork | KillFork
Event = ServerReady | ServerRefused | ForkExited


def encode_command(command: Command) -> bytes:
    """A command as the socket carries it."""
    name = "start" if isinstance(command, StartFork) else "kill"
    return json.dumps({"op": name, **asdict(command)}).encode()


def decode_command(data: bytes) -> Command:
    """The inverse of `encode_command`, in the fork server, which trusts its controller."""
    values = json.loads(data)
    if values.pop("op") == "kill":
        return KillFork(**values)
    return StartFork(**{**values, "limits": ResourceLimits(**values["limits"])})


def encode_event(event: Event) -> bytes:
    """An event as the socket carries it."""
    names = {ServerReady: "ready", ServerRefused: "refused", ForkExited: "exited"}
    return json.dumps({"event": names[type(event)], **asdict(event)}).encode()


def decode_event(data: bytes) -> Event:
    """The inverse of `encode_event`. Raises ProtocolViolation."""
    try:
        values: Any = json.loads(data)
    except ValueError as error:
        raise ProtocolViolation("the fork server sent no JSON") from error
    match values:
        case {"event": "ready", "restrictions": [*restrictions]}:
            return ServerReady([str(each) for each in restrictions])
        case {"event": "refused", "detail": str(detail)}:
            return ServerRefused(detail)
        case {"event": "exited", "id": int(number), "status": int() | None as status}:
            return ForkExited(number, status)
        case _:
            raise ProtocolViolation("the fork server sent an unknown event")
