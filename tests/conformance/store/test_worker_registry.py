"""Live workers, and the leases that a stop or a restart releases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jobs.chunk import Commit
from jobs.errors import LeaseLost
from jobs.sql import SqlStore
from jobs.worker import LoadReport, ModelState, ModelStatus, VoiceInfo, WorkerInfo, WorkerRow
from tests.job_factories import (
    QUEUE,
    claim_chunk,
    claim_delivery,
    find_violations,
    make_finished_job,
    make_part,
    make_planned_job,
    run_sql,
)

URL = "https://example.com/hook"


def test_release_of_an_installation_releases_its_deliveries(store: SqlStore) -> None:
    make_finished_job(store, webhook_url=URL)
    claim_delivery(store)
    store.workers.release_installation("ins:")
    assert claim_delivery(store).fence == 2


def test_workers_are_live_for_a_minute(store: SqlStore) -> None:
    info = WorkerInfo(
        models={"tone": ModelStatus(ModelState.WARM, loaded=LoadReport("1", "numpy", {"limit": 0.1}, 2.5))},
        voices=(VoiceInfo("a", "A", "en-GB", "tone", "tone", "female", 22_050),),
        restrictions=["seccomp"],
        engine_rss_bytes=[1, 2],
        audit={"06_one_success": 0},
        rss_bytes=3,
    )
    row = WorkerRow("ins:host:tts:1", ["tts.tone"], 4, "cpu", 0, info)
    store.workers.register(row)
    store.workers.register(replace(row, slots=8))
    (live,) = store.workers.list_live()
    assert live == replace(row, slots=8, queues=("tts.tone",), last_seen=live.last_seen)
    run_sql(store, "UPDATE workers SET last_seen = last_seen - 61000")
    assert store.workers.list_live() == []
    assert len(store.workers.list_live(within_s=3600)) == 1


def test_stopped_worker_is_listed_for_a_day_and_is_not_live(store: SqlStore) -> None:
    for name in ("first", "second"):
        store.workers.register(WorkerRow(f"ins:host:{name}:1", ["tts.tone"], 1, "cpu", 0))
    store.workers.retire("ins:host:first:1")
    assert [row.id for row in store.workers.list_live()] == ["ins:host:second:1"]
    assert [row.id for row in store.workers.list_seen()] == ["ins:host:second:1", "ins:host:first:1"]
    store.workers.register(WorkerRow("ins:host:first:1", ["tts.tone"], 1, "cpu", 0))
    assert len(store.workers.list_live()) == 2
    run_sql(store, "UPDATE workers SET last_seen = last_seen - 86400000 WHERE id = 'ins:host:first:1'")
    assert [row.id for row in store.workers.list_seen()] == ["ins:host:second:1"]
    store.maintenance.sweep(may_rescue=False)
    assert [row.id for row in store.workers.list_seen(within_s=1e6)] == ["ins:host:second:1"]


def test_stopping_worker_releases_its_chunks_uncharged(store: SqlStore) -> None:
    make_planned_job(store, 3)
    mine, _ = claim_chunk(store, QUEUE, "ins:h:tts:1"), claim_chunk(store, QUEUE, "ins:h:tts:1")
    other = claim_chunk(store, QUEUE, "ins:h:tts:11")
    assert store.workers.release("ins:h:tts:1") == 2
    with pytest.raises(LeaseLost):
        store.chunks.commit(mine, Commit(make_part(mine)))
    store.chunks.commit(other, Commit(make_part(other)))
    again = claim_chunk(store, QUEUE)
    assert (again.chunk.id, again.chunk.fence, again.chunk.rescue_count) == (mine.chunk.id, 2, 0)
    assert not find_violations(store)


def test_restarted_installation_releases_only_its_own_leases(store: SqlStore) -> None:
    make_planned_job(store, 3)
    claim_chunk(store, QUEUE, "ins_%:h:tts:1"), claim_chunk(store, QUEUE, "ins_%:h:cpu:2")
    foreign = claim_chunk(store, QUEUE, "ins_x:h:tts:1")
    store.workers.register(WorkerRow("ins_%:h:tts:1", [QUEUE], 1, "cpu", 0))
    store.workers.register(WorkerRow("ins_x:h:tts:1", [QUEUE], 1, "cpu", 0))
    assert store.workers.release_installation("ins_%:") == 2
    assert [row.id for row in store.workers.list_live()] == ["ins_x:h:tts:1"]
    store.chunks.commit(foreign, Commit(make_part(foreign)))
    assert store.chunks.depths() == {QUEUE: 2}


def test_released_chunk_of_a_cancelled_job_ends_with_it(store: SqlStore) -> None:
    job = make_planned_job(store, 1)
    claim_chunk(store, QUEUE, "ins:h:tts:1")
    store.jobs.cancel("acme", job.id)
    assert store.workers.release("ins:h:tts:1") == 1
    assert store.jobs.get("acme", job.id).state == "cancelled"
