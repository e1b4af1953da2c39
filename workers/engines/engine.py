"""What execution asks of an engine, be it a family's warm child or the sandbox of the cpu queue."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from .channel import Message


class EngineDied(Exception):
    """The process that ran the chunk is gone before its end."""

    def __init__(self, detail: str, *, alone: bool, to_blame: bool = True) -> None:
        super().__init__(detail)
        self.detail = detail
        #: No other chunk ran in that process.
        self.alone = alone
        #: False where we ended the process ourselves for another reason.
        self.to_blame = to_blame


class Run(Protocol):
    """One chunk in an engine. Used by the one thread that runs the chunk."""

    @property
    def stall_s(self) -> float:
        """Seconds without an event after which it counts as hung; longer while its model is being loaded."""

    def next(self, timeout_s: float) -> Message:
        """The next event. Raises TimeoutError, and EngineDied when there will be none any more."""

    def send(self, message: Message) -> None:
        """Never raises: whether the engine lives is what `next` tells."""

    def kill(self) -> None:
        """It hangs: end its process, whoever else is in there."""


class Engines(Protocol):
    """The engines of one controller."""

    def running(self, message: Message, directory: Path, *, lane: str, solo: bool) -> AbstractContextManager[Run]:
        """Hand a chunk to an engine. Waits for one to be free where `solo` asks for one of its own.

        When the block is left before the chunk's end, nobody waits for its answer any more and the engine is told.
        """

    def call_when_warm(self, callback: Callable[[], None]) -> None:
        """Have `callback` called, in any thread, whenever an engine has become warm again."""

    def is_warm(self) -> bool:
        """Whether a chunk claimed now would start at once."""

    def describe(self) -> dict[str, Any]:
        """For the worker's row: models with their state, memory."""

    def close(self) -> None: ...
