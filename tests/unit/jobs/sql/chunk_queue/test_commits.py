from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from jobs.chunk import ChunkNotes, Commit, ReusedChunk
from jobs.errors import Conflict, LeaseLost
from jobs.sql import SqlStore
from jobs.sql.chunk_queue import commits
from jobs.states import JobState, Step
from jobs.stored_object import StoredObject
from tests.job_factories import (
    QUEUE,
    claim_chunk,
    count_chunk_states,
    make_finished_job,
    make_part,
    make_plan,
    make_planned_job,
    make_work_chunks,
    run_sql,
    submit_job,
)


def list_steps(store: SqlStore) -> list[str]:
    return [row.step for row in run_sql(store, "SELECT step FROM chunks ORDER BY step")]


def test_provenance_keeps_the_earlier_value_of_a_name() -> None:
    job = SimpleNamespace(provenance={"engine": "torch"})
    notes = ChunkNotes(engine_s=1.0, provenance={"engine": "onnx", "model": "tone"})
    assert commits._merge_provenance(job, notes) == {"engine": "torch", "model": "tone"}
    assert commits._merge_provenance(job, ChunkNotes()) == {"engine": "torch"}


def test_stitch_chunk_appears_with_the_last_part(sqlite_store: SqlStore) -> None:
    make_planned_job(sqlite_store, 2)
    first, last = claim_chunk(sqlite_store, QUEUE), claim_chunk(sqlite_store, QUEUE)
    sqlite_store.chunks.commit(first, Commit(make_part(first)))
    assert "stitch" not in list_steps(sqlite_store)
    sqlite_store.chunks.commit(last, Commit(make_part(last)))
    assert list_steps(sqlite_store) == ["plan", "stitch", "work", "work"]


def test_committed_chunk_holds_no_lease(sqlite_store: SqlStore) -> None:
    make_planned_job(sqlite_store, 1)
    claimed = claim_chunk(sqlite_store, QUEUE)
    sqlite_store.chunks.heartbeat([claimed], lease_ms=1000, progress={claimed.chunk.id: 3.0})
    sqlite_store.chunks.commit(claimed, Commit(make_part(claimed), notes=ChunkNotes(engine_s=1.0)))
    [row] = run_sql(
        sqlite_store,
        "SELECT lease_owner, lease_expires_at, progress, result_key, finished_at FROM chunks WHERE step = 'work'",
    )
    assert tuple(row)[:4] == (None, None, 0.0, make_part(claimed).key)
    assert row.finished_at >= claimed.claimed_at


def test_commit_that_the_database_refuses_changes_nothing(sqlite_store: SqlStore) -> None:
    job = make_planned_job(sqlite_store, 2)
    claimed = claim_chunk(sqlite_store, QUEUE)
    taken = make_work_chunks(1)  # idx 0 of round 1 is there already
    with pytest.raises(Conflict):
        sqlite_store.chunks.commit(claimed, Commit(make_part(claimed), new_chunks=taken))
    assert count_chunk_states(sqlite_store, job) == {"succeeded": 1, "running": 1, "ready": 1}
    assert sqlite_store.jobs.get("acme", job.id).chunks_done == 0
    sqlite_store.chunks.commit(claimed, Commit(make_part(claimed)))


def test_commit_after_a_cancel_is_logged_as_late(sqlite_store: SqlStore) -> None:
    job = make_planned_job(sqlite_store, 1)
    claimed = claim_chunk(sqlite_store, QUEUE)
    sqlite_store.jobs.cancel("acme", job.id)
    with pytest.raises(LeaseLost):
        sqlite_store.chunks.commit(claimed, Commit(make_part(claimed)))
    last = run_sql(sqlite_store, "SELECT to_state, reason FROM chunk_events ORDER BY id DESC LIMIT 1")[0]
    assert tuple(last) == ("cancelled", "late")


def test_commit_for_a_job_that_is_not_there_is_refused(sqlite_store: SqlStore) -> None:
    make_planned_job(sqlite_store, 1)
    claimed = claim_chunk(sqlite_store, QUEUE)
    lost = replace(claimed, chunk=replace(claimed.chunk, job_id="job_0"))
    with pytest.raises(LeaseLost):
        sqlite_store.chunks.commit(lost, Commit(make_part(claimed)))


def test_reused_chunks_succeed_in_the_commit_of_the_plan(sqlite_store: SqlStore) -> None:
    parent = make_finished_job(sqlite_store, 2)
    kept = sqlite_store.jobs.finished_chunks(parent.id)[1]
    child = submit_job(sqlite_store, parent_id=parent.id)
    claimed = claim_chunk(sqlite_store)
    copy = StoredObject(f"jobs/acme/{child.id}/parts/copy", "c" * 64, 5)
    sqlite_store.chunks.commit_reused(claimed, [ReusedChunk(kept, copy)], make_plan(claimed, 2))
    [reused] = sqlite_store.jobs.finished_chunks(child.id)
    assert (reused.idx, reused.fence, reused.part) == (1, 0, copy)
    events = run_sql(sqlite_store, "SELECT * FROM chunk_events WHERE chunk_id = :id", id=reused.id)
    assert [(row.from_state, row.to_state, row.reason) for row in events] == [("blocked", "succeeded", "adopted")]
    assert sqlite_store.jobs.get("acme", child.id).state is JobState.RUNNING


def test_unknown_outcome_is_read_by_key_and_fence(sqlite_store: SqlStore) -> None:
    make_planned_job(sqlite_store, 1)
    claimed = claim_chunk(sqlite_store, QUEUE)
    sqlite_store.chunks.commit(claimed, Commit(make_part(claimed)))
    later = replace(claimed, chunk=replace(claimed.chunk, fence=claimed.chunk.fence + 1))
    assert sqlite_store.chunks.is_committed(claimed, make_part(claimed).key)
    assert not sqlite_store.chunks.is_committed(later, make_part(claimed).key)
    assert claimed.chunk.step is Step.WORK
