"""A worker without Celery and with engines that do nothing: its queues, its row, the order of its stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jobs.errors import Misconfigured
from jobs.settings import Settings
from jobs.sql import SqlStore
from jobs.states import Step
from jobs.storage.directory_storage import DirectoryStorage
from jobs.storage.ownership import read_storage_owner
from jobs.worker import ModelState, ModelStatus, WorkerInfo
from pipelines.catalog.catalog import Catalog
from tests.job_factories import submit_job
from workers.liveness import silence_s
from workers.wiring import WorkerServices
from workers.worker import PoolConfig, Worker


class Engines:
    def __init__(self) -> None:
        self.callback: Callable[[], None] | None = None
        self.is_closed = False

    def call_when_warm(self, callback: Callable[[], None]) -> None:
        self.callback = callback

    def is_warm(self) -> bool:
        return True

    def describe(self) -> WorkerInfo:
        return WorkerInfo(models={"tone": ModelStatus(ModelState.WARM)})

    def close(self) -> None:
        self.is_closed = True


class Dispatch:
    def __init__(self) -> None:
        self.notified: list[tuple[str, int]] = []

    def notify(self, queue: str, *, job_id: str = "", step: Step | None = None, count: int = 1) -> None:
        self.notified.append((queue, count))

    def close(self) -> None:
        return


@pytest.fixture
def engines() -> Engines:
    return Engines()


@pytest.fixture
def worker(sqlite_store: SqlStore, tmp_path: Path, engines: Engines) -> Iterator[Worker]:
    storage = DirectoryStorage(tmp_path / "objects")
    settings = Settings(data_dir=tmp_path, grace_s=0.0)
    services = WorkerServices(settings, sqlite_store, storage, Dispatch(), Catalog())  # type: ignore[arg-type]
    made = Worker(services, PoolConfig("cpu", ("cpu",), 2, "cpu", sends_webhooks=True), engines)  # type: ignore[arg-type]
    yield made
    made.stop(at_once=True)


def test_every_queue_has_its_consumer(worker: Worker) -> None:
    assert worker.queues == ["cpu", "webhook"]
    assert set(worker.consumers()) == {"cpu", "webhook"}
    assert worker.consumers()["cpu"]() == 0, "there is no chunk"


def test_a_started_worker_is_registered_and_owns_its_storage(worker: Worker, sqlite_store: SqlStore) -> None:
    worker.start()
    (row,) = sqlite_store.workers.list_live()
    assert (row.id, row.slots, tuple(row.queues)) == (worker.id, 2, ("cpu", "webhook"))
    assert row.info.models == {"tone": ModelStatus(ModelState.WARM)} and row.info.audit == {}
    assert read_storage_owner(worker._services.storage) == sqlite_store.maintenance.installation_id()


def test_a_worker_with_another_storage_than_its_database_is_refused(worker: Worker, sqlite_store: SqlStore) -> None:
    sqlite_store.maintenance.pair_storage("sto_of_another_worker")
    for begin in (worker.pair_storage, worker.start):
        with pytest.raises(Misconfigured, match="is paired with: it has no object storage-ids/sto_of_another_worker"):
            begin()
    assert sqlite_store.workers.list_live() == []


def test_a_worker_starts_while_the_storage_is_down(worker: Worker, sqlite_store: SqlStore, tmp_path: Path) -> None:
    (tmp_path / "objects").rmdir()
    (tmp_path / "objects").symlink_to("objects")
    worker.start()
    assert [row.id for row in sqlite_store.workers.list_live()] == [worker.id]


def test_a_worker_without_room_for_its_scratch_files_names_the_setting(
    worker: Worker, tmp_path: Path, engines: Engines
) -> None:
    (tmp_path / "file").touch()
    services = replace(worker._services, settings=Settings(data_dir=tmp_path / "file"))
    with pytest.raises(Misconfigured, match="VOICEMILL_DATA_DIR"):
        Worker(services, worker.pool, engines)  # type: ignore[arg-type]


def test_whenever_its_engines_become_warm_it_notifies_its_queues(worker: Worker, engines: Engines) -> None:
    worker.start()
    assert engines.callback is not None
    engines.callback()
    assert worker._services.dispatch.notified == [("cpu", 3), ("webhook", 3)]  # type: ignore[attr-defined]


def test_a_stop_releases_what_it_holds_and_removes_its_row(
    worker: Worker, sqlite_store: SqlStore, engines: Engines
) -> None:
    worker.start()
    submit_job(sqlite_store)
    assert sqlite_store.chunks.claim(["cpu"], worker.id, lease_ms=60_000) is not None
    worker.stop(at_once=True)
    worker.stop()
    assert sqlite_store.workers.list_live() == []
    assert engines.is_closed
    again = sqlite_store.chunks.claim(["cpu"], "another", lease_ms=60_000)
    assert again is not None and again.chunk.rescue_count == 0
    assert worker.consumers()["cpu"]() == 0, "a stopped worker claims nothing"


def test_worker_reports_that_it_lives_until_it_has_stopped(worker: Worker, tmp_path: Path) -> None:
    assert silence_s(tmp_path) is None
    worker.start()
    assert silence_s(tmp_path, pool=worker.pool.name) is not None
    worker.stop()
    assert silence_s(tmp_path) is None
