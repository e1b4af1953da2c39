"""Worker rows, the leases that a restart or a stop gives back, leaders."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jobs.errors import LeaseLost
from jobs.job import Commit, WorkerRow
from jobs.sql import SqlStore
from tests.job_factories import QUEUE, accept, broken, claim, part, planned, sql


def test_workers_are_live_for_a_minute(store: SqlStore) -> None:
    row = WorkerRow("ins:host:tts:1", ["tts.tone"], 4, "cpu", 0, {"models": ["tone"]})
    store.see_worker(row)
    store.see_worker(replace(row, slots=8))
    (live,) = store.live_workers()
    assert live == replace(row, slots=8, queues=("tts.tone",), last_seen=live.last_seen)
    sql(store, "UPDATE workers SET last_seen = last_seen - 61000")
    assert store.live_workers() == []
    assert len(store.live_workers(within_s=3600)) == 1
    store.forget_worker(row.id)
    assert store.live_workers(within_s=3600) == []


def test_stopping_worker_gives_back_what_it_holds_uncharged(store: SqlStore) -> None:
    planned(store, 3)
    mine, _ = claim(store, QUEUE, "ins:h:tts:1"), claim(store, QUEUE, "ins:h:tts:1")
    other = claim(store, QUEUE, "ins:h:tts:11")
    assert store.release_worker("ins:h:tts:1") == 2
    with pytest.raises(LeaseLost):
        store.commit(mine, Commit(part(mine)))
    store.commit(other, Commit(part(other)))
    again = claim(store, QUEUE)
    assert (again.chunk.id, again.chunk.fence, again.chunk.rescue_count) == (mine.chunk.id, 2, 0)
    assert not broken(store)


def test_restarted_installation_gives_back_its_own_leases_alone(store: SqlStore) -> None:
    planned(store, 3)
    claim(store, QUEUE, "ins_%:h:tts:1"), claim(store, QUEUE, "ins_%:h:cpu:2")
    foreign = claim(store, QUEUE, "ins_x:h:tts:1")
    store.see_worker(WorkerRow("ins_%:h:tts:1", [QUEUE], 1, "cpu", 0))
    store.see_worker(WorkerRow("ins_x:h:tts:1", [QUEUE], 1, "cpu", 0))
    assert store.release_installation("ins_%:") == 2
    assert [row.id for row in store.live_workers()] == ["ins_x:h:tts:1"]
    store.commit(foreign, Commit(part(foreign)))
    assert store.queue_depths() == {QUEUE: 2}


def test_released_chunk_of_a_cancelled_job_ends_with_it(store: SqlStore) -> None:
    job = planned(store, 1)
    claim(store, QUEUE, "ins:h:tts:1")
    store.cancel("acme", job.id)
    assert store.release_worker("ins:h:tts:1") == 1
    assert store.job("acme", job.id).state == "cancelled"


def test_one_leads_until_it_resigns_or_its_term_ends(store: SqlStore) -> None:
    assert store.lead("sweeper", "a", term_ms=60_000)
    assert store.lead("sweeper", "a", term_ms=60_000)
    assert not store.lead("sweeper", "b", term_ms=60_000)
    assert store.lead("other", "b", term_ms=60_000)
    store.resign("sweeper", "b")
    assert not store.lead("sweeper", "b", term_ms=60_000)
    store.resign("sweeper", "a")
    assert store.lead("sweeper", "b", term_ms=60_000)
    sql(store, "UPDATE leaders SET until = :at", at=store.now_ms())
    assert store.lead("sweeper", "a", term_ms=60_000)


def test_installation_id_is_made_once(store: SqlStore) -> None:
    assert store.installation_id() == store.installation_id() != ""


def test_clock_is_the_databases_and_has_milliseconds(store: SqlStore) -> None:
    job = accept(store)
    assert 0 <= store.now_ms() - job.created_at < 60_000
    assert len({store.now_ms() % 1000 for _ in range(200)}) > 1
