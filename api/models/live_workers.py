"""What the workers that were seen in the last minute can do: queues, models, voices. Read at most once a second,
and before a request is refused because of them.

A worker's `info` says `models` (name → {"state", "voices", …}), perhaps `voices` of its own, and `audit`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jobs.errors import StoreUnavailable
from jobs.job import WorkerRow
from jobs.store import Store
from pipelines.catalog.entry import Entry

LIVE_S = 60.0


class LiveWorkers:
    """A short-lived copy of the `workers` table."""

    def __init__(self, store: Store, *, fresh_s: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._fresh_s = fresh_s
        self._clock = clock
        self._lock = threading.Lock()
        self._rows: Sequence[WorkerRow] = ()
        #: The rows that the voices were last read from, and the voices: hundreds, which every submit asks for.
        self._listed: tuple[Sequence[WorkerRow], Sequence[Mapping[str, Any]]] = ((), ())
        self._failure: StoreUnavailable | None = None
        self._read_at = float("-inf")

    def rows(self) -> Sequence[WorkerRow]:
        """The live workers, at most a second old. Raises StoreUnavailable.

        A failure is remembered as long: requests that queue here must not each wait for a database that hangs.
        """
        with self._lock:
            if self._clock() - self._read_at >= self._fresh_s:
                self._read()
            if self._failure is not None:
                raise StoreUnavailable from self._failure
            return self._rows

    def look_again(self) -> None:
        """Read the rows now: nobody is refused for lack of a worker that came after the copy was made."""
        with self._lock:
            self._read()

    def serving(self, queue: str) -> list[WorkerRow]:
        """Workers that take work from this queue."""
        return [row for row in self.rows() if queue in row.queues]

    def able(self, entry: Entry) -> list[WorkerRow]:
        """Workers that can run this model: on its queue, and not saying that they hold only other ones."""
        return [row for row in self.serving(entry.queue) if model_state(row, entry) in {"warm", "ready"}]

    def voices(self) -> Sequence[Mapping[str, Any]]:
        """The voices of all live workers by model, each once, in the order of family, language, id and model."""
        rows = self.rows()
        read_from, voices = self._listed
        if read_from is not rows:
            voices = _voices_of(rows)
            self._listed = rows, voices
        return voices

    def _read(self) -> None:
        try:
            self._rows, self._failure = tuple(self._store.live_workers(within_s=LIVE_S)), None
        except StoreUnavailable as error:
            self._failure = error
        self._read_at = self._clock()


def model_state(row: WorkerRow, entry: Entry) -> str:
    """`warm`, `ready`, `loading`, `downloading`, `failed` or `absent`, as the worker describes the model."""
    models = row.info.get("models")
    if entry.queue not in row.queues:
        return "absent"
    if models is None:
        # A worker that has not described itself yet runs at least what needs no weights.
        return "ready" if entry.source is None else "absent"
    state = described(row, entry).get("state", "absent")
    if state == "loading" and entry.source is None:
        return "ready"  # in a moment, and nothing can be wrong with weights
    return str(state)


def described(row: WorkerRow, entry: Entry) -> Mapping[str, Any]:
    """What the worker tells of the model beside its state."""
    models = row.info.get("models")
    found = models.get(entry.name) if isinstance(models, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _voices_of(rows: Sequence[WorkerRow]) -> Sequence[Mapping[str, Any]]:
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for row in rows:
        for voice in _voices(row):
            found.setdefault((voice["model"], voice["id"]), voice)
    order = ("family", "language", "id", "model")
    return sorted(found.values(), key=lambda voice: [voice[key] for key in order])


def _voices(row: WorkerRow) -> Iterator[Mapping[str, Any]]:
    models = row.info.get("models")
    told = models.items() if isinstance(models, Mapping) else ()
    for model, source in ((None, row.info), *told):
        for voice in source.get("voices") or ():
            if isinstance(voice, Mapping) and {"id", "language", "family"} <= voice.keys():
                # A family's name stands for its first model, wherever one is asked for.
                yield {"model": model or voice["family"], **voice}
