"""The engine children of one family, and which run gets which of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from jobs.worker import ModelState, ModelStatus, VoiceInfo, WorkerInfo
from jobs.worker_counters import ENGINE_STARTS, CounterValue
from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entry import Entry

from .engine import EngineDied, StepRequest
from .messages import Lane, RunStep
from .process import EngineProcess, EngineRun

#: Seconds for a child to be restarted.
_RESTART_S = 60.0
#: Seconds between two measurements of the memory of busy children: one that leaks takes a few gigabytes in that time.
_MEMORY_CHECK_EVERY_S = 0.25


class EnginePool:
    """`engine.Engines` for a family: `count` children, the least busy one first, a whole one for `solo` chunks."""

    def __init__(
        self,
        catalog: Catalog,
        preload: Sequence[Entry],
        *,
        count: int,
        device: str,
        environment: Mapping[str, str],
        models_toml: Path | None = None,
        memory_bytes: int | None = None,
        most_models: int = 1,
    ) -> None:
        """`memory_bytes`: resident memory of one child past which it is killed; unset = no limit.

        `most_models`: kept loaded in a child at once, those of `preload` included.
        """
        self._changed = threading.Condition()
        self._callback: Callable[[], None] | None = None
        stall_s = {entry.name: entry.stall_s for entry in catalog}
        self._own = [entry for entry in catalog if entry.queue in {each.queue for each in preload}]
        self._engines = [
            EngineProcess(
                preload,
                stall_s=stall_s,
                device=device,
                environment=environment,
                models_toml=models_toml,
                most_models=most_models,
                when_warm=self._became_warm,
            )
            for _ in range(count)
        ]
        self._busy = dict.fromkeys(range(count), 0)
        self._exclusive: set[int] = set()
        self._closing = False
        self._memory_bytes = memory_bytes
        if memory_bytes is not None:
            threading.Thread(target=self._watch_memory, name="engine-memory", daemon=True).start()

    def wait_until_loaded(self, timeout_s: float) -> bool:
        """Whether all preloaded models were loaded, or failed to, within the time."""
        return all(engine.settled.wait(timeout_s) for engine in self._engines)

    def call_when_warm(self, callback: Callable[[], None]) -> None:
        self._callback = callback

    def _became_warm(self) -> None:
        with self._changed:
            self._changed.notify_all()
        if self._callback is not None:
            self._callback()

    def is_warm(self) -> bool:
        return any(engine.is_warm for engine in self._engines)

    def failures(self) -> list[str]:
        """Why models could not be loaded."""
        return [
            model.detail or name
            for engine in self._engines
            for name, model in engine.models.items()
            if model.state is ModelState.FAILED
        ]

    @contextmanager
    def start_run(self, request: StepRequest, directory: Path, *, lane: Lane, solo: bool) -> Iterator[EngineRun]:
        index = self._acquire(solo=solo)
        engine = self._engines[index]
        try:
            run = engine.begin(RunStep(request.step, request.model, str(directory), lane))
            try:
                yield run
            finally:
                engine.end(run)
        finally:
            self._release(index, solo=solo)

    def _acquire(self, *, solo: bool) -> int:
        """The least busy engine that is warm; the wait for a restart after a death is part of the run."""
        until = time.monotonic() + _RESTART_S
        with self._changed:
            while not (available := self._available()):
                if self.is_warm():
                    # An engine that is used exclusively becomes free; only a dead one may never come back.
                    until = time.monotonic() + _RESTART_S
                if self._closing or time.monotonic() > until:
                    raise EngineDied("No engine came back in time.", alone=False, caused_by_chunk=False)
                self._changed.wait(1.0)
            index = min(available, key=lambda one: self._busy[one])
            if solo:
                # From now on it gets no other run; this one starts when those inside are done.
                self._exclusive.add(index)
                self._changed.wait_for(lambda: self._closing or self._busy[index] == 0)
            self._busy[index] += 1
            return index

    def _available(self) -> list[int]:
        return [index for index, engine in enumerate(self._engines) if engine.is_warm and index not in self._exclusive]

    def _release(self, index: int, *, solo: bool) -> None:
        with self._changed:
            self._busy[index] -= 1
            if solo:
                self._exclusive.discard(index)
            self._changed.notify_all()

    def _watch_memory(self) -> None:
        while not self._closing:
            for engine in self._engines:
                if engine.is_busy and engine.rss_bytes() > (self._memory_bytes or 0):
                    engine.kill(f"more than {self._memory_bytes} bytes of memory")
            time.sleep(_MEMORY_CHECK_EVERY_S)

    def describe(self) -> WorkerInfo:
        # A model without weights can be loaded on demand.
        models = {entry.name: ModelStatus(ModelState.READY) for entry in self._own if entry.source is None}
        voices: dict[tuple[str, str], VoiceInfo] = {}
        for engine in self._engines:
            for name, known in list(engine.models.items()):
                # Callers want to know the best state of any child.
                if models.get(name, ModelStatus()).state is not ModelState.WARM:
                    models[name] = replace(known, voices=())  # they are listed once for all engines
                voices |= {(name, voice.id): voice for voice in known.voices}
        rss = [engine.rss_bytes() for engine in self._engines]
        starts = CounterValue(ENGINE_STARTS.name, (), sum(engine.start_count for engine in self._engines))
        return WorkerInfo(models=models, voices=list(voices.values()), engine_rss_bytes=rss, counters=[starts])

    def close(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        for engine in self._engines:
            engine.close()
