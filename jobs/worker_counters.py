"""What a worker counts while it lives, for the metrics: its registration carries the sums, the API serves them.

A worker serves no HTTP, so one address is scraped however many workers there are. A worker that ends takes its sums
along: what is lost is what it counted since its last registration.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Counter:
    """A sum that only grows. `name`: without Prometheus' `_total`; the API adds the label `worker`."""

    name: str
    documentation: str
    labels: Sequence[str] = ()


CHUNKS = Counter("voicemill_chunks", "Runs of chunks that have ended.", ("model", "step", "outcome"))
CHUNK_SECONDS = Counter(
    "voicemill_chunk_seconds", "Seconds from the claim to the commit, of succeeded chunks.", ("model", "step")
)
ENGINE_SECONDS = Counter("voicemill_engine_seconds", "Seconds of computation for succeeded work chunks.", ("model",))
AUDIO_SECONDS = Counter(
    "voicemill_audio_seconds",
    "Seconds of audio that succeeded work chunks synthesised or transcribed; its rate over that of"
    " voicemill_engine_seconds is the speed (RTFx).",
    ("model",),
)
FAILURES = Counter(
    "voicemill_chunk_failures", "Errors of chunks, those that are retried too.", ("model", "class", "code")
)
RESCUES = Counter("voicemill_rescued_chunks", "Chunks taken from workers whose lease ran out.")
EXPIRED_JOBS = Counter("voicemill_expired_jobs", "Jobs that passed their deadline.")
ENGINE_STARTS = Counter("voicemill_engine_starts", "Starts of engine processes; all but the first are restarts.")
WEBHOOK_ATTEMPTS = Counter("voicemill_webhook_attempts", "Attempts to deliver a webhook.", ("outcome",))

COUNTERS: Sequence[Counter] = (
    CHUNKS,
    CHUNK_SECONDS,
    ENGINE_SECONDS,
    AUDIO_SECONDS,
    FAILURES,
    RESCUES,
    EXPIRED_JOBS,
    ENGINE_STARTS,
    WEBHOOK_ATTEMPTS,
)
_LABEL_COUNTS: Mapping[str, int] = {counter.name: len(counter.labels) for counter in COUNTERS}


@dataclass(frozen=True, slots=True)
class CounterValue:
    """A sum of one counter. `labels`: their values, in the counter's order."""

    name: str
    labels: Sequence[str]
    value: float

    @classmethod
    def from_json(cls, value: object) -> CounterValue | None:
        """None for what is no value of a counter that this version knows."""
        match value:
            case [str() as name, [*labels], int() | float() as number] if _LABEL_COUNTS.get(name) == len(labels):
                return cls(name, tuple(map(str, labels)), float(number))
        return None

    def to_json(self) -> list[Any]:
        """As `workers.info` holds it."""
        return [self.name, list(self.labels), self.value]


class WorkerCounters:
    """The sums of one worker; its threads share them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # What has no labels is one series, which begins at zero.
        self._sums: dict[tuple[str, tuple[str, ...]], float] = {
            (counter.name, ()): 0.0 for counter in (RESCUES, EXPIRED_JOBS)
        }

    def add(self, counter: Counter, *labels: str, value: float = 1.0) -> None:
        """Add to the sum with these values of the counter's labels."""
        assert len(labels) == len(counter.labels)
        with self._lock:
            key = (counter.name, labels)
            self._sums[key] = self._sums.get(key, 0.0) + value

    def values(self) -> list[CounterValue]:
        """All sums."""
        with self._lock:
            return [CounterValue(name, labels, value) for (name, labels), value in self._sums.items()]
