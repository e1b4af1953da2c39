"""Which engine a run gets; the engines themselves are in tests/integration/test_engine_pool.py."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs.worker import ModelState, ModelStatus, VoiceInfo
from jobs.worker_counters import CounterValue
from pipelines.catalog.catalog import Catalog
from tests.services.machine_speed import deadline, poll
from workers.engines import pool as engine_pool
from workers.engines.engine import EngineDied, StepRequest
from workers.engines.messages import StitchInput
from workers.engines.pool import EnginePool

VOICE = VoiceInfo("tone", "Tone", "en", "tone", model="tone")
REQUEST = StepRequest(StitchInput("tts.synthesize", {}), "tone")


class Engine:
    """An engine that is always warm and only notes its runs."""

    def __init__(self, *_: Any, when_warm: Any, **__: Any) -> None:
        self.settled = threading.Event()
        self.settled.set()
        self.is_warm = True
        self.is_busy = False
        self.models: dict[str, Any] = {}
        self.runs = 0
        self.start_count = 2
        self.when_warm = when_warm

    def begin(self, command: Any) -> Any:
        self.runs += 1
        return self

    def end(self, run: Any) -> None:
        self.runs -= 1

    def rss_bytes(self) -> int:
        return 7

    def close(self) -> None:
        self.is_warm = False


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[EnginePool]:
    monkeypatch.setattr(engine_pool, "EngineProcess", Engine)
    catalog = Catalog()
    made = EnginePool(catalog, [catalog.get("tone", "tts")], count=2, device="cpu", environment={})
    yield made
    made.close()


def test_the_least_busy_engine_gets_the_run(pool: EnginePool, tmp_path: Path) -> None:
    def start_run() -> Any:
        return pool.start_run(REQUEST, tmp_path, lane="bulk", solo=False)

    with start_run(), start_run():
        assert [engine.runs for engine in pool._engines] == [1, 1]  # type: ignore[attr-defined]
    assert [engine.runs for engine in pool._engines] == [0, 0]  # type: ignore[attr-defined]


def test_a_solo_run_gets_an_engine_of_its_own(pool: EnginePool, tmp_path: Path) -> None:
    with pool.start_run(REQUEST, tmp_path, lane="bulk", solo=True):
        for _ in range(3):
            with pool.start_run(REQUEST, tmp_path, lane="bulk", solo=False):
                assert [engine.runs for engine in pool._engines] == [1, 1]  # type: ignore[attr-defined]


def test_a_run_waits_for_an_engine_to_come_back(pool: EnginePool, tmp_path: Path) -> None:
    for engine in pool._engines:
        engine.is_warm = False  # type: ignore[misc]
    started = threading.Event()

    def run() -> None:
        with pool.start_run(REQUEST, tmp_path, lane="bulk", solo=False):
            started.set()

    thread = threading.Thread(target=run)
    thread.start()
    assert not started.wait(0.05)
    pool._engines[1].is_warm = True  # type: ignore[misc]
    pool._engines[1].when_warm()  # type: ignore[attr-defined]
    assert started.wait(deadline(10))
    thread.join()


def test_engines_that_do_not_come_back_are_no_chunks_fault(
    pool: EnginePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_pool, "_RESTART_S", 0.0)
    for engine in pool._engines:
        engine.is_warm = False  # type: ignore[misc]
    with pytest.raises(EngineDied) as died, pool.start_run(REQUEST, tmp_path, lane="bulk", solo=False):
        pass
    assert not died.value.caused_by_chunk


def test_closing_ends_the_wait(pool: EnginePool, tmp_path: Path) -> None:
    for engine in pool._engines:
        engine.is_warm = False  # type: ignore[misc]
    ended = []

    def run() -> None:
        try:
            with pool.start_run(REQUEST, tmp_path, lane="bulk", solo=False):
                pass
        except EngineDied as died:
            ended.append(died)

    thread = threading.Thread(target=run)
    thread.start()
    pool.close()
    assert poll(lambda: ended)
    thread.join()


def test_the_best_state_of_any_engine_is_described(pool: EnginePool) -> None:
    pool._engines[0].models["tone"] = ModelStatus(ModelState.FAILED, detail="no weights")
    pool._engines[1].models["tone"] = ModelStatus(ModelState.WARM, voices=[VOICE])
    described = pool.describe()
    assert described.models is not None and described.models["tone"].state == "warm"
    assert described.voices == [VOICE]
    assert described.engine_rss_bytes == [7, 7]
    assert described.counters == [CounterValue("voicemill_engine_starts", (), 4)]
    assert pool.failures() == ["no weights"]
