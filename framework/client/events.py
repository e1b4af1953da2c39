"""Server-sent events of a job. Pure: bytes in, events out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """One event: `progress`, `segment` (a piece of the transcript that is done) or `state`."""

    name: str
    data: Mapping[str, Any]
    #: Position in the stream, where the server gives one.
    id: str | None = None


@dataclass(slots=True)
class EventReader:
    """Cuts a stream into events, as the HTML standard says. Comments keep the connection alive and are dropped."""

    _rest: bytes = b""
    _name: str = "message"
    _data: list[str] = field(default_factory=list)
    _last_id: str | None = None

    def feed(self, piece: bytes) -> list[Event]:
        """The events that these bytes complete. A piece may end anywhere, inside a character too."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        events = (self._line(line.removesuffix(b"\r").decode("utf-8", "replace")) for line in lines)
        return [event for event in events if event is not None]

    def _line(self, line: str) -> Event | None:
        if not line:
            return self._finish()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self._last_id = value
        return None

    def _finish(self) -> Event | None:
        name, lines = self._name, self._data
        self._name, self._data = "message", []
        if not lines:
            return None
        try:
            data = json.loads("\n".join(lines))
        except ValueError:
            return None
        return Event(name, data if isinstance(data, dict) else {"value": data}, self._last_id)
