"""A worker's row, on a real store."""

from __future__ import annotations

from itertools import chain, repeat
from typing import Any

import pytest
from structlog.testing import capture_logs

from jobs.errors import StoreUnavailable
from jobs.sql import SqlStore
from jobs.worker import ModelState, ModelStatus, WorkerInfo
from tests.services.machine_speed import poll
from workers.maintenance.worker_registration import WorkerRegistration

WARM = WorkerInfo(models={"tone": ModelStatus(ModelState.WARM)})


def register(workers: Any, *infos: WorkerInfo) -> WorkerRegistration:
    """Registers each of these in turn, and the last one from then on."""
    info = chain(infos, repeat(infos[-1])).__next__
    return WorkerRegistration(workers, "i:h:cpu:1", queues=["cpu"], slots=2, device="cpu", info=info)


def test_a_row_is_there_from_the_start_to_the_end(sqlite_store: SqlStore) -> None:
    registration = register(sqlite_store.workers, WARM)
    registration.start()
    (row,) = sqlite_store.workers.list_live()
    assert (row.id, row.slots, row.device, list(row.queues)) == ("i:h:cpu:1", 2, "cpu", ["cpu"])
    assert row.info.models == WARM.models
    assert row.info.rss_bytes is not None and row.info.rss_bytes > 0
    registration.close()
    assert sqlite_store.workers.list_live() == []


def test_a_change_is_registered_when_it_is_told(sqlite_store: SqlStore) -> None:
    registration = register(sqlite_store.workers, WorkerInfo(models={}), WARM)
    registration.start()
    registration.refresh()
    assert poll(lambda: sqlite_store.workers.list_live()[0].info.models)
    registration.close()


def test_a_row_that_cannot_be_removed_is_logged() -> None:
    class Workers:
        def retire(self, worker_id: str) -> None:
            raise StoreUnavailable

    with capture_logs() as logs:
        register(Workers(), WorkerInfo()).close()
    assert [log["event"] for log in logs] == ["worker_not_removed"]


def test_a_start_without_a_database_fails() -> None:
    class Workers:
        def register(self, row: Any) -> None:
            raise StoreUnavailable

    with pytest.raises(StoreUnavailable):
        register(Workers(), WorkerInfo()).start()


def test_worker_lives_although_the_database_is_down() -> None:
    class Workers:
        def register(self, row: Any) -> None:
            raise StoreUnavailable

        def retire(self, worker_id: str) -> None:
            pass

    reports: list[None] = []
    registration = WorkerRegistration(
        Workers(),
        "i:h:cpu:1",
        queues=["cpu"],
        slots=2,
        device="cpu",
        info=WorkerInfo,
        report_life=lambda: reports.append(None),
    )
    with pytest.raises(StoreUnavailable):
        registration.start()
    assert len(reports) == 1
