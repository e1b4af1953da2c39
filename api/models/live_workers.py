"""Queues, models and voices of the live workers: those that registered in the last minute.

Read at most once a second, and again before a request is refused because of them. A worker's `info` has `models`
(name → {"state", "voices", …}), perhaps `voices` of its own, and `audit`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jobs.errors import StoreUnavailable
from jobs.store.worker_registry import WorkerRegistry
from jobs.worker import WorkerRow
from pipelines.catalog.entry import Entry

LIVE_S = 60.0


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
        self._voices: tuple[Sequence[WorkerRow], Sequence[Mapping[str, Any]]] = ((), ())
        self._failure: StoreUnavailable | None = None
        self._read_at = float("-inf")

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

    def serving(self, queue: str) -> list[WorkerRow]:
        """Workers that consume this queue. Raises StoreUnavailable."""
        return [row for row in self.rows() if queue in row.queues]

    def able_to_run(self, entry: Entry) -> list[WorkerRow]:
        """Workers that have this model loaded, or can load it. Raises StoreUnavailable."""
        return [row for row in self.serving(entry.queue) if model_state(row, entry) in {"warm", "ready"}]

    def voices(self) -> Sequence[Mapping[str, Any]]:
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


def model_state(row: WorkerRow, entry: Entry) -> str:
    """`warm`, `ready`, `loading`, `downloading`, `failed` or `absent`, as the worker reports it."""
    models = row.info.get("models")
    if entry.queue not in row.queues:
        return "absent"
    if models is None:
        # A worker that has not reported its models yet can run those without weights.
        return "ready" if entry.source is None else "absent"
    state = model_info(row, entry).get("state", "absent")
    if state == "loading" and entry.source is None:
        return "ready"  # soon: there are no weights whose loading could fail
    return str(state)


def model_info(row: WorkerRow, entry: Entry) -> Mapping[str, Any]:
    """What the worker reports about the model."""
    models = row.info.get("models")
    found = models.get(entry.name) if isinstance(models, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _collect_voices(rows: Sequence[WorkerRow]) -> Sequence[Mapping[str, Any]]:
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for row in rows:
        for voice in _worker_voices(row):
            found.setdefault((voice["model"], voice["id"]), voice)
    order = ("family", "language", "id", "model")
    return sorted(found.values(), key=lambda voice: [voice[key] for key in order])


def _worker_voices(row: WorkerRow) -> Iterator[Mapping[str, Any]]:
    models = row.info.get("models")
    reported = models.items() if isinstance(models, Mapping) else ()
    for model, source in ((None, row.info), *reported):
        for voice in source.get("voices") or ():
            if isinstance(voice, Mapping) and {"id", "language", "family"} <= voice.keys():
                # The name of a family stands for its first model in every request.
                yield {"model": model or voice["family"], **voice}
