"""Queues, models and voices of the live workers: those that registered in the last minute.

Read at most once a second, and again before a request is refused because of them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

from jobs.errors import StoreUnavailable
from jobs.store.worker_registry import LIVE_S, WorkerRegistry
from jobs.worker import ModelState, ModelStatus, VoiceInfo, WorkerRow
from pipelines.catalog.entry import Entry


class LiveWorkers:
    """A cached copy of the live rows of `workers`. Safe to share between threads."""

    def __init__(
        self, workers: WorkerRegistry, *, fresh_s: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._workers = workers
        self._fresh_s = fresh_s
        self._clock = clock
        self._lock = threading.Lock()
        self._rows: Sequence[WorkerRow] = ()
        #: The rows that the voices were last collected from, and the voices: hundreds, which every submission reads.
        self._voices: tuple[Sequence[WorkerRow], Sequence[VoiceInfo]] = ((), ())
        self._failure: StoreUnavailable | None = None
        self._read_at = float("-inf")
        self._seen: Sequence[WorkerRow] = ()
        self._seen_at = float("-inf")

    def rows(self) -> Sequence[WorkerRow]:
        """The live workers, as of at most a second ago. Raises StoreUnavailable.

        A failure is cached as long: requests that wait for the lock must not each wait for a database that hangs.
        """
        with self._lock:
            if self._clock() - self._read_at >= self._fresh_s:
                self._read()
            if self._failure is not None:
                raise StoreUnavailable from self._failure
            return self._rows

    def refresh(self) -> None:
        """Read the rows now: a worker may have started since they were read."""
        with self._lock:
            self._read()
            self._seen_at = float("-inf")

    def serving(self, queue: str) -> list[WorkerRow]:
        """Workers that consume this queue. Raises StoreUnavailable."""
        return [row for row in self.rows() if queue in row.queues]

    def able_to_run(self, entry: Entry) -> list[WorkerRow]:
        """Workers that have this model loaded, or can load it. Raises StoreUnavailable."""
        return [row for row in self.serving(entry.queue) if model_state(row, entry).is_able]

    def is_expected(self, entry: Entry) -> bool:
        """Whether a worker will soon have this model: one loads it, or one that has stopped since yesterday had it.

        What live workers report of the model counts more than what stopped ones did. Raises StoreUnavailable.
        """
        live = [row for row in self.serving(entry.queue) if row.info.models is not None]
        if live:
            return any(model_state(row, entry).is_expected for row in live)
        return any(model_state(row, entry).is_expected for row in self._rows_of_a_day() if entry.queue in row.queues)

    def features(self, queue: str) -> frozenset[str] | None:
        """What every worker of the queue can do with its optional packages; None where none has reported it.

        Any of them may get a chunk, so what one lacks counts as missing. Without a live worker the last one that
        stopped since yesterday is asked. Raises StoreUnavailable.
        """
        live = [frozenset(row.info.features) for row in self.serving(queue) if row.info.features is not None]
        if live:
            return frozenset.intersection(*live)
        stopped = (row.info.features for row in self._rows_of_a_day() if queue in row.queues)
        return next((frozenset(features) for features in stopped if features is not None), None)

    def _rows_of_a_day(self) -> Sequence[WorkerRow]:
        """The workers of the last day, the latest first, as of at most a second ago."""
        with self._lock:
            if self._clock() - self._seen_at >= self._fresh_s:
                self._seen, self._seen_at = tuple(self._workers.list_seen()), self._clock()
            return self._seen

    def voices(self) -> Sequence[VoiceInfo]:
        """The voices of all live workers, each once for a model; ordered by family, language, id and model."""
        rows = self.rows()
        source, voices = self._voices
        if source is not rows:
            voices = _collect_voices(rows)
            self._voices = rows, voices
        return voices

    def _read(self) -> None:
        try:
            self._rows, self._failure = tuple(self._workers.list_live(within_s=LIVE_S)), None
        except StoreUnavailable as error:
            self._failure = error
        self._read_at = self._clock()


def model_state(row: WorkerRow, entry: Entry) -> ModelState:
    """What the worker can do with the model, as it reports it."""
    if entry.queue not in row.queues:
        return ModelState.ABSENT
    if row.info.models is None:
        # A worker that has not reported its models yet can run those without weights.
        return ModelState.READY if entry.source is None else ModelState.ABSENT
    state = model_status(row, entry).state
    if state is ModelState.LOADING and entry.source is None:
        return ModelState.READY  # soon: there are no weights whose loading could fail
    return state


def model_status(row: WorkerRow, entry: Entry) -> ModelStatus:
    """What the worker reports about the model."""
    return (row.info.models or {}).get(entry.name, ModelStatus())


def _collect_voices(rows: Sequence[WorkerRow]) -> Sequence[VoiceInfo]:
    found: dict[tuple[str, str], VoiceInfo] = {}
    for row in rows:
        for voice in _worker_voices(row):
            found.setdefault((voice.model, voice.id), voice)
    return sorted(found.values(), key=lambda voice: (voice.family, voice.language, voice.id, voice.model))


def _worker_voices(row: WorkerRow) -> Iterator[VoiceInfo]:
    yield from row.info.voices or ()
    for status in (row.info.models or {}).values():
        yield from status.voices
