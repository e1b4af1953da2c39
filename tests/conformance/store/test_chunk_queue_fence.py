"""An attempt that lost its chunk changes nothing: each write is refused by state and fence."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from jobs.chunk import Claim, Commit, Release
from jobs.errors import LeaseLost
from jobs.failure import ErrorClass, Failure
from jobs.sql import SqlStore
from jobs.states import ReleaseReason
from tests.job_factories import (
    QUEUE,
    claim_chunk,
    find_violations,
    make_finished_job,
    make_part,
    make_plan,
    make_planned_job,
    make_result,
    run_sql,
    submit_job,
)

ERROR = Failure(ErrorClass.ENGINE, "engine_failure", "x")


WRITES: dict[str, Callable[[SqlStore, Claim], object]] = {
    "commit": lambda store, claimed: store.chunks.commit(claimed, Commit(make_part(claimed))),
    "commit_reused": lambda store, claimed: store.chunks.commit_reused(claimed, [], Commit(make_part(claimed))),
    "retry": lambda store, claimed: store.chunks.release(claimed, Release(ReleaseReason.RETRY)),
    "interrupt": lambda store, claimed: store.chunks.release(claimed, Release(ReleaseReason.INTERRUPT)),
    "fail": lambda store, claimed: store.chunks.fail(claimed, ERROR),
    "stop": lambda store, claimed: store.chunks.stop(claimed),
}


def _rows(store: SqlStore) -> object:
    return [run_sql(store, f"SELECT * FROM {table} ORDER BY id") for table in ("jobs", "chunks", "chunk_events")]


@pytest.mark.parametrize("name", WRITES)
def test_stale_attempt_changes_nothing_while_another_runs(store: SqlStore, name: str) -> None:
    make_planned_job(store, 2)
    stale = claim_chunk(store, QUEUE)
    store.chunks.release(stale, Release(ReleaseReason.RESCUE))
    live = claim_chunk(store, QUEUE)
    assert live.chunk.id == stale.chunk.id
    before = _rows(store)
    with pytest.raises(LeaseLost):
        WRITES[name](store, stale)
    assert _rows(store) == before
    store.chunks.commit(live, Commit(make_part(live)))
    assert not find_violations(store)


@pytest.mark.parametrize("name", WRITES)
def test_stale_attempt_changes_nothing_after_the_chunk_succeeded(store: SqlStore, name: str) -> None:
    make_planned_job(store, 2)
    claimed = claim_chunk(store, QUEUE)
    store.chunks.commit(claimed, Commit(make_part(claimed)))
    before = _rows(store)
    with pytest.raises(LeaseLost):
        WRITES[name](store, claimed)
    assert _rows(store) == before


@pytest.mark.parametrize("name", WRITES)
def test_stale_attempt_changes_nothing_while_the_chunk_waits(store: SqlStore, name: str) -> None:
    make_planned_job(store, 1)
    claimed = claim_chunk(store, QUEUE)
    store.chunks.release(claimed, Release(ReleaseReason.INTERRUPT))
    before = _rows(store)
    with pytest.raises(LeaseLost):
        WRITES[name](store, claimed)
    assert _rows(store) == before


def test_second_plan_of_a_job_is_refused(store: SqlStore) -> None:
    submit_job(store)
    stale = claim_chunk(store)
    store.chunks.release(stale, Release(ReleaseReason.RESCUE))
    live = claim_chunk(store)
    store.chunks.commit(live, make_plan(live, 3))
    with pytest.raises(LeaseLost):
        store.chunks.commit(stale, make_plan(stale, 2))
    assert store.chunks.depths() == {QUEUE: 3}
    assert not find_violations(store)


def test_only_one_of_many_simultaneous_commits_is_applied(store: SqlStore) -> None:
    job = make_planned_job(store, 2)
    claimed = claim_chunk(store, QUEUE)

    def commit(_: int) -> bool:
        try:
            store.chunks.commit(claimed, Commit(make_part(claimed)))
        except LeaseLost:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(commit, range(16))) == 1
    assert store.jobs.get("acme", job.id).chunks_done == 1
    assert not find_violations(store)


def test_outcome_of_a_commit_can_be_read_afterwards(store: SqlStore) -> None:
    make_planned_job(store, 1)
    claimed = claim_chunk(store, QUEUE)
    stored = make_part(claimed)
    assert not store.chunks.is_committed(claimed, stored.key)
    store.chunks.commit(claimed, Commit(stored))
    assert store.chunks.is_committed(claimed, stored.key)
    assert not store.chunks.is_committed(claimed, stored.key + "x")


def test_late_stitch_of_an_ended_job_is_refused(store: SqlStore) -> None:
    job = make_finished_job(store)
    before = _rows(store)
    stitch = run_sql(store, "SELECT id FROM chunks WHERE step = 'stitch'")[0].id
    (chunk,) = [row for row in store.jobs.finished_chunks(job.id) if row.idx == 0]
    forged = Claim(job, chunk, 1000)
    assert chunk.id != stitch
    with pytest.raises(LeaseLost):
        store.chunks.commit(forged, make_result(forged))
    assert _rows(store) == before
