"""Server-sent events of a job. Pure: bytes in, events out.

Not `httpx-sse` (0.4.3): it reads from an httpx response only, so the rules of waiting could not stay free of I/O, and
its comments never reach the caller, so a wait would run past its timeout while the server sends nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """One event: `progress`, `segment` (a finished part of the transcript) or `state`."""

    name: str
    #: The event's JSON; a value that is no object stands under "value".
    data: Mapping[str, Any]
    #: Position in the stream, where the server sends one.
    id: str | None = None


@dataclass(slots=True)
class EventReader:
    """Parses a stream by the rules of the HTML standard, for lines that end in LF or CRLF.

    Comments (the server's keep-alive) and events whose data is not JSON are skipped.
    """

    _buffer: bytes = b""
    _name: str = "message"
    _data: list[str] = field(default_factory=list)
    _last_id: str | None = None

    def feed(self, block: bytes) -> list[Event]:
        """The events that these bytes complete. A block may end anywhere, even inside a character."""
        *lines, self._buffer = (self._buffer + block).split(b"\n")
        events = (self._read_line(line.removesuffix(b"\r").decode("utf-8", "replace")) for line in lines)
        return [event for event in events if event is not None]

    def _read_line(self, line: str) -> Event | None:
        if not line:
            return self._build_event()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self._last_id = value
        return None

    def _build_event(self) -> Event | None:
        name, lines = self._name, self._data
        self._name, self._data = "message", []
        if not lines:
            return None
        try:
            data = json.loads("\n".join(lines))
        except ValueError:
            return None
        return Event(name, data if isinstance(data, dict) else {"value": data}, self._last_id)
