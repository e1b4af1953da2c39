"""Which engine runs a model, and what the name of a device means. Imports no model runtime.

An entry names an engine or leaves the choice open. Where it is open, the family loads its candidates, best first, and
takes the first whose error beside float32 on a fixed input is within the family's limit. The error is measured in the
engine process at every load: it depends on the processor, on the version of the library, and on the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable
from pipelines.family import Candidate, Selection

#: The limit of a recogniser's error, which is the mean change of the probabilities that it gives to the tokens of its
#: text in float32. 0.02: if tokens were drawn, one in fifty would be another one; greedy decoding, which changes only
#: where two tokens are nearly as likely, stays below that. 8-bit weights whose products add up exactly are at 0.01, and
#: sums that are cut have been seen at 0.09 (docs/benchmarks-engines.md, tests/unit/pipelines/families/whisper).
PROBABILITY_LIMIT = 0.02


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


class Model(Protocol):
    """A model loaded for one engine."""

    @property
    def engine(self) -> str:
        """Engine and precision, for provenance."""

    def close(self) -> None: ...


_M = TypeVar("_M", bound=Model)


def select(
    loads: Sequence[Callable[[], _M]],
    error_of: Callable[[_M], float | None],
    *,
    limit: float = PROBABILITY_LIMIT,
) -> tuple[_M, Selection]:
    """The model in the first of its engines whose error is within the limit, else in the last; what was tried.

    `loads`: what loads the model in each engine, best first; not empty. An error of None, where nothing could be
    measured, counts as within the limit. Models that are not taken are closed. Raises what loading raises.
    """
    tried: list[Candidate] = []
    for number, load in enumerate(loads, 1):
        model = load()
        error = error_of(model)
        tried.append(Candidate(model.engine, error))
        if error is None:
            return model, Selection(limit, tried, _unmeasured(model.engine))
        if error <= limit:
            return model, Selection(limit, tried)
        if number < len(loads):
            model.close()
    return model, Selection(limit, tried, _inaccurate(tried[-1], limit))


def _unmeasured(engine: str) -> str:
    return f"{engine} was not compared with float32: there is too little memory to load the model in float32."


def _inaccurate(chosen: Candidate, limit: float) -> str:
    return (
        f"{chosen.engine} is further from float32 than the limit: {chosen.error:.3f} instead of {limit:.3f}. "
        "Leave `engine` out in models.toml, or name an engine in float32."
    )
