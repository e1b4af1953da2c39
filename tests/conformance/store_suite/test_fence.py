"""What an attempt that lost its chunk may do: nothing. Each write is refused by state and fence."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from jobs.errors import LeaseLost
from jobs.job import Claim, Commit, Release
from jobs.sql import SqlStore
from jobs.states import ReleaseReason
from tests.job_factories import QUEUE, broken, claim, finished, part, plan, planned, result, sql

ERROR = {"class": "engine", "code": "engine_failure", "detail": "x", "retryable": False}

WRITES: dict[str, Callable[[SqlStore, Claim], object]] = {
    "commit": lambda store, claimed: store.commit(claimed, Commit(part(claimed))),
    "adopt": lambda store, claimed: store.adopt(claimed, claimed.chunk, [], Commit(part(claimed))),
    "retry": lambda store, claimed: store.release(claimed, Release(ReleaseReason.RETRY)),
    "interrupt": lambda store, claimed: store.release(claimed, Release(ReleaseReason.INTERRUPT)),
    "fail": lambda store, claimed: store.fail(claimed, ERROR),
    "end_stopped": lambda store, claimed: store.end_stopped(claimed),
}


def _rows(store: SqlStore) -> object:
    return [sql(store, f"SELECT * FROM {table} ORDER BY id") for table in ("jobs", "chunks", "chunk_events")]


@pytest.mark.parametrize("name", WRITES)
def test_stale_attempt_changes_nothing_while_another_runs(store: SqlStore, name: str) -> None:
    planned(store, 2)
    stale = claim(store, QUEUE)
    store.release(stale, Release(ReleaseReason.RESCUE))
    live = claim(store, QUEUE)
    assert live.chunk.id == stale.chunk.id
    before = _rows(store)
    with pytest.raises(LeaseLost):
        WRITES[name](store, stale)
    assert _rows(store) == before
    store.commit(live, Commit(part(live)))
    assert not broken(store)


@pytest.mark.parametrize("name", WRITES)
def test_stale_attempt_changes_nothing_after_the_chunk_succeeded(store: SqlStore, name: str) -> None:
    planned(store, 2)
    claimed = claim(store, QUEUE)
    store.commit(claimed, Commit(part(claimed)))
    before = _rows(store)
    with pytest.raises(LeaseLost):
        WRITES[name](store, claimed)
    assert _rows(store) == before


@pytest.mark.parametrize("name", WRITES)
def test_stale_attempt_changes_nothing_while_the_chunk_waits(store: SqlStore, name: str) -> None:
    planned(store, 1)
    claimed = claim(store, QUEUE)
    store.release(claimed, Release(ReleaseReason.INTERRUPT))
    before = _rows(store)
    with pytest.raises(LeaseLost):
        WRITES[name](store, claimed)
    assert _rows(store) == before


def test_second_plan_of_a_job_is_refused(store: SqlStore) -> None:
    from tests.job_factories import accept

    accept(store)
    stale = claim(store)
    store.release(stale, Release(ReleaseReason.RESCUE))
    live = claim(store)
    store.commit(live, plan(live, 3))
    with pytest.raises(LeaseLost):
        store.commit(stale, plan(stale, 2))
    assert store.queue_depths() == {QUEUE: 3}
    assert not broken(store)


def test_only_one_of_many_simultaneous_commits_is_taken(store: SqlStore) -> None:
    job = planned(store, 2)
    claimed = claim(store, QUEUE)

    def commit(_: int) -> bool:
        try:
            store.commit(claimed, Commit(part(claimed)))
        except LeaseLost:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(commit, range(16))) == 1
    assert store.job("acme", job.id).chunks_done == 1
    assert not broken(store)


def test_whether_a_commit_happened_can_be_asked_afterwards(store: SqlStore) -> None:
    planned(store, 1)
    claimed = claim(store, QUEUE)
    stored = part(claimed)
    assert not store.committed(claimed, stored.key)
    store.commit(claimed, Commit(stored))
    assert store.committed(claimed, stored.key)
    assert not store.committed(claimed, stored.key + "x")


def test_late_stitch_of_an_ended_job_is_refused(store: SqlStore) -> None:
    job = finished(store)
    before = _rows(store)
    stitch = sql(store, "SELECT id FROM chunks WHERE step = 'stitch'")[0].id
    (chunk,) = [row for row in store.chunks(job.id) if row.idx == 0]
    forged = Claim(job, chunk, 1000)
    assert chunk.id != stitch
    with pytest.raises(LeaseLost):
        store.commit(forged, result(forged))
    assert _rows(store) == before
