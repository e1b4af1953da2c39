"""Selection of the engine for a model, and the names of devices. Imports no model runtime.

An entry may name an engine. Otherwise the family loads its candidates, best first, and uses the first one whose
deviation from float32 on a fixed input is within the family's limit. It is measured in the engine process at every
load, because it depends on the processor, on the version of the library, and on the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable
from pipelines.family import EngineSelection, EngineTrial

#: Limit for a recogniser's error, the mean absolute difference of its token probabilities from those in float32. With
#: 0.02, sampling would choose another token once in fifty; greedy decoding, which changes only where two tokens are
#: almost equally likely, less often. 8-bit weights with exact sums are at 0.01; saturated sums have been measured at
#: 0.09 (docs/measurements/benchmarks-engines.md).
PROBABILITY_LIMIT = 0.02


@dataclass(frozen=True, slots=True)
class Device:
    """A processor: "cpu", or a CUDA device by its index."""

    kind: str
    index: int = 0

    @classmethod
    def parse(cls, name: str) -> Device:
        """From "cpu", "cuda" or "cuda:1"."""
        kind, _, index = name.partition(":")
        return cls(kind, int(index or 0))

    def __str__(self) -> str:
        return self.kind if self.kind == "cpu" else f"{self.kind}:{self.index}"


def resolve_engine(entry: Entry) -> str:
    """The engine that the entry names, else its first. Raises `ModelUnavailable` for one that it does not list."""
    if entry.engine is None:
        return entry.engines[0]
    if entry.engine not in entry.engines:
        known = ", ".join(entry.engines)
        raise ModelUnavailable(f"{entry.name} does not run on the engine {entry.engine!r}; it runs on: {known}.")
    return entry.engine


class LoadedModel(Protocol):
    """A model loaded for one engine."""

    @property
    def engine(self) -> str:
        """Engine and precision, for provenance."""

    def close(self) -> None: ...


_M = TypeVar("_M", bound=LoadedModel)


def select_engine(
    loaders: Sequence[Callable[[], _M]],
    measure_error: Callable[[_M], float | None],
    *,
    limit: float = PROBABILITY_LIMIT,
) -> tuple[_M, EngineSelection]:
    """The model in the first engine whose error is within the limit, else in the last one; and what was tried.

    `loaders`: load the model in each engine, best first; not empty. An error of None, where nothing could be measured,
    counts as within the limit. Models that are not chosen are closed. Raises what loading raises.
    """
    tried: list[EngineTrial] = []
    for number, load in enumerate(loaders, 1):
        model = load()
        error = measure_error(model)
        tried.append(EngineTrial(model.engine, error))
        if error is None:
            return model, EngineSelection(limit, tried, _warn_unmeasured(model.engine))
        if error <= limit:
            return model, EngineSelection(limit, tried)
        if number < len(loaders):
            model.close()
    return model, EngineSelection(limit, tried, _warn_inaccurate(tried[-1], limit))


def _warn_unmeasured(engine: str) -> str:
    return f"{engine} was not compared with float32: there is too little memory to load the model in float32."


def _warn_inaccurate(chosen: EngineTrial, limit: float) -> str:
    return (
        f"{chosen.engine} is further from float32 than the limit: {chosen.error:.3f} instead of {limit:.3f}. "
        "Leave `engine` out in models.toml, or name an engine in float32."
    )
