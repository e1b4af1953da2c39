from __future__ import annotations

from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import NoResultFound

from jobs.failure import ErrorClass, Failure
from jobs.sql import SqlStore
from jobs.sql.chunk_queue import transitions
from jobs.sql.database import Work
from jobs.sql.tables import chunks
from jobs.states import ChunkState, JobState
from tests.job_factories import (
    QUEUE,
    claim_chunk,
    count_chunk_states,
    expire_deadline,
    make_finished_job,
    make_planned_job,
    run_sql,
    submit_job,
)

T = TypeVar("T")


def write(store: SqlStore, work: Work[T]) -> T:
    return store._db.write(work)


def list_events(store: SqlStore, chunk_id: str) -> list[tuple[str, str, str | None]]:
    query = "SELECT from_state, to_state, reason FROM chunk_events WHERE chunk_id = :id ORDER BY id"
    return [tuple(row) for row in run_sql(store, query, id=chunk_id)]


def test_guard_of_a_write_asks_for_id_state_and_fence() -> None:
    query = sa.select(chunks.c.id).where(*transitions.still_held("chk_1", 7))
    text = str(query.compile(compile_kwargs={"literal_binds": True}))
    assert {"chunks.id = 'chk_1'", "chunks.state = 'running'", "chunks.fence = 7"} <= set(
        text.partition("WHERE ")[2].split(" AND ")
    )


def test_idle_values_give_up_lease_and_progress(sqlite_store: SqlStore) -> None:
    make_planned_job(sqlite_store, 1)
    chunk = claim_chunk(sqlite_store, QUEUE).chunk
    idle = sa.update(chunks).where(chunks.c.id == chunk.id).values(state="ready", **transitions.IDLE)
    write(sqlite_store, lambda connection: connection.execute(idle))
    [row] = run_sql(sqlite_store, "SELECT lease_owner, lease_expires_at, progress FROM chunks WHERE state = 'ready'")
    assert tuple(row) == (None, None, 0.0)


@pytest.mark.parametrize(("fence", "is_stopped"), [(0, False), (1, True), (2, False)])
def test_running_chunk_is_stopped_under_its_own_fence_only(
    sqlite_store: SqlStore, fence: int, is_stopped: bool
) -> None:
    job = make_planned_job(sqlite_store, 1)
    chunk = claim_chunk(sqlite_store, QUEUE).chunk
    stopped = write(
        sqlite_store,
        lambda connection: transitions.stop_running(
            connection, chunk.id, fence, state=ChunkState.CANCELLED, reason="test"
        ),
    )
    assert stopped is is_stopped
    assert ("cancelled" in count_chunk_states(sqlite_store, job)) is is_stopped
    events = list_events(sqlite_store, chunk.id)
    assert events[1:] == ([("running", "cancelled", "test")] if is_stopped else [])


@pytest.mark.parametrize("count", [0, 1, 3])
def test_each_transition_is_one_event(sqlite_store: SqlStore, count: int) -> None:
    moved = [(f"chk_{number}", number) for number in range(count)]
    write(
        sqlite_store,
        lambda connection: transitions.record_transitions(connection, iter(moved), "ready", "running", "test"),
    )
    rows = run_sql(sqlite_store, "SELECT chunk_id, fence, from_state, to_state, reason FROM chunk_events ORDER BY id")
    assert [tuple(row) for row in rows] == [(*each, "ready", "running", "test") for each in moved]


def test_cancel_of_waiting_chunks_leaves_running_and_ended_ones(sqlite_store: SqlStore) -> None:
    job = make_planned_job(sqlite_store, 3)
    claim_chunk(sqlite_store, QUEUE)
    write(sqlite_store, lambda connection: transitions.cancel_waiting(connection, job.id, "test"))
    assert count_chunk_states(sqlite_store, job) == {"succeeded": 1, "running": 1, "cancelled": 2}


def test_lean_lock_leaves_out_what_may_be_long(sqlite_store: SqlStore) -> None:
    job = make_finished_job(sqlite_store)

    def lock(connection: sa.Connection) -> tuple[Any, Any, Any]:
        return (
            transitions.lock_job(connection, job.id),
            transitions.lock_job(connection, job.id, lean=True),
            transitions.lock_job(connection, "job_0"),
        )

    full, lean, missing = write(sqlite_store, lock)
    assert set(full._fields) - set(lean._fields) == {"params", "result"}
    assert missing is None


@pytest.mark.parametrize("retain_s", [None, 10.0])
def test_end_of_a_job_dates_its_deletion_by_its_retention(sqlite_store: SqlStore, retain_s: float | None) -> None:
    job = submit_job(sqlite_store, retain_s=retain_s)
    if retain_s is None:
        run_sql(sqlite_store, "UPDATE jobs SET retain_ms = NULL")
    failure = Failure(ErrorClass.ENGINE, "x", "y")
    row = write(sqlite_store, lambda connection: transitions.close_job(connection, job, JobState.FAILED, error=failure))
    assert (row.state, row.error, row.updated_at) == ("failed", failure.to_json(), row.finished_at)
    assert row.delete_at == (None if retain_s is None else row.finished_at + 10_000)


def test_ended_job_cannot_end_again(sqlite_store: SqlStore) -> None:
    job = make_finished_job(sqlite_store)
    with pytest.raises(NoResultFound):
        write(sqlite_store, lambda connection: transitions.close_job(connection, job, JobState.FAILED))
    assert sqlite_store.jobs.get("acme", job.id) == job


@pytest.mark.parametrize(("is_cancelled", "state"), [(True, "cancelled"), (False, "expired")])
def test_stopping_job_ends_once_no_chunk_runs(sqlite_store: SqlStore, is_cancelled: bool, state: str) -> None:
    job = make_planned_job(sqlite_store, 2)
    chunk = claim_chunk(sqlite_store, QUEUE).chunk
    if is_cancelled:
        sqlite_store.jobs.cancel("acme", job.id)
    else:
        expire_deadline(sqlite_store, job)
    db = sqlite_store._db

    def end(connection: sa.Connection) -> tuple[str, str]:
        row = transitions.lock_job(connection, job.id)
        before = transitions.end_if_idle(db, connection, row).state
        transitions.stop_running(connection, chunk.id, chunk.fence, state=ChunkState.CANCELLED, reason="test")
        return before, transitions.end_if_idle(db, connection, row).state

    assert write(sqlite_store, end) == ("running", state)
    assert count_chunk_states(sqlite_store, job) == {"succeeded": 1, "cancelled": 2}


@pytest.mark.parametrize(
    ("cancelled_at", "deadline_at", "finished_at", "is_stopping", "wants_results"),
    [
        (None, 100, None, False, True),
        (None, 50, None, True, True),  # the sweep, not the commit, expires it
        (10, 100, None, True, False),
        (None, 100, 20, False, False),
    ],
)
def test_cancel_deadline_and_end_of_a_job_are_distinguished(
    cancelled_at: int | None, deadline_at: int, finished_at: int | None, is_stopping: bool, wants_results: bool
) -> None:
    job = SimpleNamespace(cancel_requested_at=cancelled_at, deadline_at=deadline_at, finished_at=finished_at)
    assert transitions.is_stopping(job, now_ms=50) is is_stopping
    assert transitions.wants_results(job) is wants_results
