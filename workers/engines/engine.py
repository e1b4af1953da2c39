"""The interface of engines to the execution of chunks: a family's engine children, or sandboxes for the cpu queue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from jobs.worker import WorkerInfo

from .messages import Command, Lane, StepEvent, StepInput


@dataclass(frozen=True, slots=True)
class StepRequest:
    """A step to run, and which process may run it."""

    step: StepInput
    model: str
    #: The tenant whose runs may share a process with this one; None = it needs a process of its own.
    shared_by: str | None = None
    #: Modules that few runs need and that are imported before the process is confined.
    imports: Sequence[str] = ()


class EngineDied(Exception):
    """The process that ran the chunk ended before the chunk did."""

    def __init__(self, detail: str, *, alone: bool, caused_by_chunk: bool = True) -> None:
        super().__init__(detail)
        self.detail = detail
        #: No other chunk ran in that process.
        self.alone = alone
        #: False where the process ended, or did not start, for a reason of ours.
        self.caused_by_chunk = caused_by_chunk


class ChunkRun(Protocol):
    """One chunk in an engine. Used by the one thread that runs the chunk."""

    @property
    def stall_s(self) -> float:
        """Seconds without an event after which it counts as hung; longer while its model is being loaded."""

    def next_event(self, timeout_s: float) -> StepEvent:
        """Raises TimeoutError, EngineDied when there will be no further event, ProtocolViolation."""

    def send(self, command: Command) -> None:
        """Never raises: whether the engine lives is what `next_event` tells."""

    def kill(self) -> None:
        """It hangs: end its process, with all other runs in it."""


class Engines(Protocol):
    """The engines of one controller."""

    def start_run(
        self, request: StepRequest, directory: Path, *, lane: Lane, solo: bool
    ) -> AbstractContextManager[ChunkRun]:
        """Hand a chunk to an engine. Waits for one to be free where `solo` asks for one of its own.

        When the block is left before the run's end, the engine is told that nobody waits for it any more.
        """

    def call_when_warm(self, callback: Callable[[], None]) -> None:
        """Have `callback` called, in any thread, whenever an engine has become warm again."""

    def is_warm(self) -> bool:
        """Whether a chunk claimed now would start at once."""

    def describe(self) -> WorkerInfo:
        """For the worker's row: models with their state, memory."""

    def close(self) -> None: ...
