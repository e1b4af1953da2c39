"""Cancelling a job in every phase, and what its running chunks may still do."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from jobs.chunk import Commit, Release
from jobs.errors import LeaseLost, NotFound
from jobs.failure import ErrorClass, Failure
from jobs.job import Job
from jobs.sql import SqlStore
from jobs.states import JobState, ReleaseReason
from tests.job_factories import (
    QUEUE,
    claim_chunk,
    count_chunk_states,
    find_violations,
    make_part,
    make_plan,
    make_planned_job,
    make_result,
    make_worked_job,
    submit_job,
)

#: A job of which a chunk of the step is ready.
MAKE_JOB: dict[str, Callable[[SqlStore], Job]] = {
    "plan": submit_job,
    "work": make_planned_job,
    "stitch": make_worked_job,
}
ERROR = Failure(ErrorClass.BAD_INPUT, "bad_input", "Nothing can be read.")


def test_cancelled_job_ends_at_once_when_nothing_runs(store: SqlStore) -> None:
    job = make_planned_job(store, 2)
    ended = store.jobs.cancel("acme", job.id)
    assert ended.state is JobState.CANCELLED
    assert ended == store.jobs.get("acme", job.id)
    assert count_chunk_states(store, job) == {"succeeded": 1, "cancelled": 2}
    assert not find_violations(store)


def test_a_job_of_another_tenant_is_neither_cancelled_nor_deleted(store: SqlStore) -> None:
    job = submit_job(store)
    for end in (store.jobs.cancel, store.jobs.delete):
        with pytest.raises(NotFound):
            end("other", job.id)
    assert store.jobs.get("acme", job.id) == job


def test_cancelled_job_ends_when_its_last_running_chunk_stops(store: SqlStore) -> None:
    job = make_planned_job(store, 3)
    first, second = claim_chunk(store, QUEUE), claim_chunk(store, QUEUE)
    assert store.jobs.cancel("acme", job.id).state is JobState.RUNNING
    store.chunks.stop(first)
    assert store.jobs.get("acme", job.id).state is JobState.RUNNING
    store.chunks.stop(second)
    assert store.jobs.get("acme", job.id).state is JobState.CANCELLED
    assert count_chunk_states(store, job) == {"succeeded": 1, "cancelled": 3}
    assert not find_violations(store)


@pytest.mark.parametrize("step", MAKE_JOB)
def test_commit_after_cancel_is_refused_and_ends_the_job(store: SqlStore, step: str) -> None:
    job = MAKE_JOB[step](store)
    claimed = claim_chunk(store, QUEUE if step == "work" else "cpu")
    store.jobs.cancel("acme", job.id)
    commit = {"plan": make_plan(claimed), "work": Commit(make_part(claimed)), "stitch": make_result(claimed)}[step]
    with pytest.raises(LeaseLost):
        store.chunks.commit(claimed, commit)
    assert store.jobs.get("acme", job.id).state is JobState.CANCELLED
    assert not find_violations(store)


@pytest.mark.parametrize("reason", list(ReleaseReason))
def test_released_chunk_of_a_cancelled_job_ends(store: SqlStore, reason: ReleaseReason) -> None:
    job = make_planned_job(store, 1)
    claimed = claim_chunk(store, QUEUE)
    store.jobs.cancel("acme", job.id)
    store.chunks.release(claimed, Release(reason))
    assert store.jobs.get("acme", job.id).state is JobState.CANCELLED


def test_failure_after_cancel_ends_the_job_as_cancelled(store: SqlStore) -> None:
    job = make_planned_job(store, 2)
    claimed = claim_chunk(store, QUEUE)
    store.jobs.cancel("acme", job.id)
    store.chunks.fail(claimed, ERROR)
    ended = store.jobs.get("acme", job.id)
    assert (ended.state, ended.error) == (JobState.CANCELLED, None)


def test_cancel_of_an_ended_job_changes_nothing(store: SqlStore) -> None:
    job = make_planned_job(store, 1)
    store.chunks.fail(claim_chunk(store, QUEUE), ERROR)
    before = store.jobs.get("acme", job.id)
    assert store.jobs.cancel("acme", job.id) == before
    assert store.jobs.get("acme", job.id) == before


def test_second_cancel_keeps_the_time_of_the_first(store: SqlStore) -> None:
    job = make_planned_job(store, 1)
    claim_chunk(store, QUEUE)
    first = store.jobs.cancel("acme", job.id)
    assert store.jobs.cancel("acme", job.id).cancel_requested_at == first.cancel_requested_at


def test_concurrent_cancel_and_commit_leave_a_consistent_job(store: SqlStore) -> None:
    """Either the last commit came first, or the cancel did: never a stitched cancel, never an open job of nothing."""
    jobs = [make_planned_job(store, 1) for _ in range(12)]
    claims = [claim_chunk(store, QUEUE) for _ in jobs]

    def commit(number: int) -> None:
        try:
            store.chunks.commit(claims[number], Commit(make_part(claims[number])))
        except LeaseLost:
            pass

    def cancel(number: int) -> None:
        store.jobs.cancel("acme", jobs[number].id)

    with ThreadPoolExecutor(8) as threads:
        done = [threads.submit(step, number) for number in range(len(jobs)) for step in (commit, cancel)]
        for each in done:
            each.result()
    assert {store.jobs.get("acme", job.id).state for job in jobs} == {JobState.CANCELLED}
    assert store.chunks.depths() == {}
    assert not find_violations(store)
