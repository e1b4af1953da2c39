"""Request bodies that have to arrive at a minimum rate: a client that sends slower gets 408, and its thread is free.

Only a server whose reads have a time limit can do so (`read_within`: rsgi_server.py). Under any other, the number of
bodies that arrive at once is all that is limited.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from flask import Flask, g, request

from .auth import current_key
from .context import current_services
from .errors import BodyTooSlow, TooManyTransfers
from .places import NoPlace, Place, Places

_RETRY_AFTER_S = 2


class Readable(Protocol):
    """A body as the server gives it."""

    def read(self, size: int, /) -> bytes: ...


@runtime_checkable
class TimedReadable(Protocol):
    """The same, of a server whose reads may end without a byte. Raises TimeoutError."""

    def read_within(self, size: int, timeout_s: float, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class BodyPace:
    """How slowly a body may arrive: behind `min_bytes_per_s` by `grace_s` at most, and within `max_s` in all.

    Only time in which the server waits for the client counts. Bytes that came sooner earn no credit.
    """

    min_bytes_per_s: float
    grace_s: float
    max_s: float


class PacedBody:
    """The body of one request, as `wsgi.input`. `read` may return fewer bytes than asked for; none at the end."""

    def __init__(
        self,
        stream: Readable,
        *,
        length: int | None,
        pace: BodyPace,
        take_place: Callable[[], Place],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`take_place` is called before the first byte is read."""
        self._stream, self._length, self._pace = stream, length, pace
        self._take_place, self._clock = take_place, clock
        self._place: Place | None = None
        self._received = 0
        self._waited_s = self._behind_s = 0.0

    def read(self, size: int) -> bytes:
        """The next bytes, `size` at most. Raises BodyTooSlow, TooManyTransfers."""
        if self._place is None:
            self._place = self._take_place()
        began = self._clock()
        block = self._read(size)
        took_s = self._clock() - began
        self._received += len(block)
        self._waited_s += took_s
        self._behind_s = max(0.0, self._behind_s + took_s - len(block) / self._pace.min_bytes_per_s)
        if not block or self._received == self._length:
            self.close()
        elif self._patience_s() <= 0:
            raise self._too_slow()
        return block

    def close(self) -> None:
        """Give the place back. May be called several times."""
        if self._place is not None:
            self._place.leave()

    def _read(self, size: int) -> bytes:
        if not isinstance(self._stream, TimedReadable):
            return self._stream.read(size)
        try:
            return self._stream.read_within(size, self._patience_s())
        except TimeoutError as error:
            raise self._too_slow() from error

    def _patience_s(self) -> float:
        return min(self._pace.grace_s - self._behind_s, self._pace.max_s - self._waited_s)

    def _too_slow(self) -> BodyTooSlow:
        self.close()
        return BodyTooSlow(
            f"After {self._received} bytes the body was {self._pace.grace_s:g} s behind "
            f"{self._pace.min_bytes_per_s:g} bytes a second, or had taken {self._pace.max_s:g} s in all. Nothing was "
            "kept. Send it faster: over another line, compressed (as Opus or FLAC), or through a proxy that collects "
            "requests."
        )


def install_paced_bodies(app: Flask) -> None:
    """Give back the place of a body that was not read to its end."""
    app.teardown_request(lambda _error: _end_body())


def pace_body() -> None:
    """Let the body of this request, whose key is known, arrive at the pace of the settings or not at all."""
    if "wsgi.input" not in request.environ:
        return
    services, key = current_services(), current_key()

    def take_place() -> Place:
        return take_transfer_place(services.transfers, key.tenant_id, key.id)

    g.body = request.environ["wsgi.input"] = PacedBody(
        request.environ["wsgi.input"], length=request.content_length, pace=services.body_pace, take_place=take_place
    )


def take_transfer_place(transfers: Places, tenant_id: str, key_id: str | None) -> Place:
    """A place for a body that arrives or a file that is sent. Raises TooManyTransfers."""
    try:
        return transfers.take(tenant_id, key_id)
    except NoPlace as error:
        whose = {"server": "The server has", "tenant": "This tenant has", "key": "This key has"}[error.holder]
        raise TooManyTransfers(
            f"{whose} as many uploads and downloads open as it may; finish some, or send this request again later.",
            headers={"Retry-After": str(_RETRY_AFTER_S)},
        ) from error


def _end_body() -> None:
    body: PacedBody | None = g.pop("body", None)
    if body is not None:
        body.close()
