"""Which engine runs a model, and what the name of a device means. Imports no model runtime."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.entry import Entry
from pipelines.errors import ModelUnavailable


@dataclass(frozen=True, slots=True)
class Device:
    """A processor: "cpu", or the index-th of CUDA."""

    kind: str
    index: int = 0

    @classmethod
    def of(cls, name: str) -> Device:
        """From "cpu", "cuda" or "cuda:1"."""
        kind, _, index = name.partition(":")
        return cls(kind, int(index or 0))

    def __str__(self) -> str:
        return self.kind if self.kind == "cpu" else f"{self.kind}:{self.index}"


def engine_of(entry: Entry) -> str:
    """The engine that the entry asks for, else its first. Raises `ModelUnavailable` for one that it does not list."""
    if entry.engine is None:
        return entry.engines[0]
    if entry.engine not in entry.engines:
        known = ", ".join(entry.engines)
        raise ModelUnavailable(f"{entry.name} does not run on the engine {entry.engine!r}; it runs on: {known}.")
    return entry.engine
