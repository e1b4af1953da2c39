"""Chunks that go back, fail or are stopped, and what that does to their job."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from jobs.errors import LeaseLost
from jobs.job import Commit, Release
from jobs.retry_policy import CRASH_LIMIT, ERROR_LIMIT, RESCUE_LIMIT
from jobs.sql import SqlStore
from jobs.states import JobState, Priority, ReleaseReason
from tests.job_factories import QUEUE, accept, broken, claim, part, plan, planned, result, sql, worked

ERROR = {"class": "bad_input", "code": "bad_input", "detail": "Nothing can be read.", "retryable": False}


def _states(store: SqlStore, job_id: str) -> dict[str, int]:
    rows = sql(store, "SELECT state, count(*) AS n FROM chunks WHERE job_id = :id GROUP BY state", id=job_id)
    return {row.state: row.n for row in rows}


def _no_backoff(store: SqlStore) -> None:
    sql(store, "UPDATE chunks SET available_at = :now WHERE state = 'ready'", now=store.now_ms())


def test_interrupted_chunk_is_ready_at_once_and_uncharged(store: SqlStore) -> None:
    job = planned(store, 1)
    store.release(claim(store, QUEUE), Release(ReleaseReason.INTERRUPT))
    again = claim(store, QUEUE)
    assert again.chunk.fence == 2
    assert (again.chunk.error_count, again.chunk.crash_count, again.chunk.rescue_count) == (0, 0, 0)
    assert store.job("acme", job.id).attempts == 1


def test_retried_chunk_waits_and_is_charged(store: SqlStore) -> None:
    job = planned(store, 1)
    store.release(claim(store, QUEUE), Release(ReleaseReason.RETRY, delay_ms=60_000))
    assert store.claim([QUEUE], "w", lease_ms=1000) is None
    _no_backoff(store)
    assert claim(store, QUEUE).chunk.error_count == 1
    assert store.job("acme", job.id).attempts == 2


@pytest.mark.parametrize(
    ("reason", "limit", "error_class"),
    [
        (ReleaseReason.RETRY, ERROR_LIMIT, "engine"),
        (ReleaseReason.CRASH, CRASH_LIMIT, "poison"),
        (ReleaseReason.RESCUE, RESCUE_LIMIT, "poison"),
    ],
)
def test_chunk_fails_with_its_job_at_the_limit(
    store: SqlStore, reason: ReleaseReason, limit: int, error_class: str
) -> None:
    job = planned(store, 3)
    neighbour = planned(store, 1, priority=Priority.BULK)
    for number in range(limit):
        assert store.job("acme", job.id).state is JobState.RUNNING, number
        _no_backoff(store)
        store.release(claim(store, QUEUE), Release(reason))
    ended = store.job("acme", job.id)
    assert ended.state is JobState.FAILED
    assert ended.error is not None
    assert ended.error["class"] == error_class
    assert _states(store, job.id) == {"succeeded": 1, "failed": 1, "cancelled": 2}
    rest = claim(store, QUEUE)
    assert rest.job.id == neighbour.id
    store.commit(rest, Commit(part(rest)))
    assert store.job("acme", neighbour.id).state is JobState.STITCHING
    assert not broken(store)


def test_limit_of_retries_keeps_the_last_error(store: SqlStore) -> None:
    job = planned(store, 1)
    error = {"class": "engine", "code": "engine_failure", "detail": "The model said no.", "retryable": True}
    for _ in range(ERROR_LIMIT):
        _no_backoff(store)
        store.release(claim(store, QUEUE), Release(ReleaseReason.RETRY, error=error))
    assert store.job("acme", job.id).error == error


def test_crash_in_company_is_not_charged_but_runs_alone_next_time(store: SqlStore) -> None:
    planned(store, 1)
    for _ in range(CRASH_LIMIT + 2):
        store.release(claim(store, QUEUE), Release(ReleaseReason.CRASH, charge=False, solo=True))
    again = claim(store, QUEUE)
    assert again.chunk.solo
    assert again.chunk.crash_count == 0


def test_snooze_has_no_limit(store: SqlStore) -> None:
    job = planned(store, 1)
    for _ in range(30):
        _no_backoff(store)
        store.release(claim(store, QUEUE), Release(ReleaseReason.SNOOZE))
    now = store.job("acme", job.id)
    assert (now.state, now.attempts) == (JobState.RUNNING, 1)


def test_failed_chunk_fails_its_job_and_cancels_what_waits(store: SqlStore) -> None:
    job = planned(store, 3)
    first, second = claim(store, QUEUE), claim(store, QUEUE)
    store.fail(first, ERROR)
    ended = store.job("acme", job.id)
    assert (ended.state, ended.error) == (JobState.FAILED, ERROR)
    assert _states(store, job.id) == {"succeeded": 1, "failed": 1, "cancelled": 1, "running": 1}
    assert store.beat([second], lease_ms=1000, progress={})[second.chunk.id].stop
    with pytest.raises(LeaseLost):
        store.commit(second, Commit(part(second)))
    assert _states(store, job.id) == {"succeeded": 1, "failed": 1, "cancelled": 2}
    assert store.job("acme", job.id) == ended
    assert not broken(store)


def test_failed_plan_and_failed_stitch_fail_the_job(store: SqlStore) -> None:
    unplanned = accept(store)
    store.fail(claim(store), ERROR)
    assert store.job("acme", unplanned.id).state is JobState.FAILED
    unstitched = worked(store)
    store.fail(claim(store), ERROR)
    assert store.job("acme", unstitched.id).state is JobState.FAILED
    assert not broken(store)


# -- cancel ----------------------------------------------------------------------------------------------------------
def test_cancelled_job_ends_at_once_when_nothing_runs(store: SqlStore) -> None:
    job = planned(store, 2)
    ended = store.cancel("acme", job.id)
    assert ended.state is JobState.CANCELLED
    assert ended == store.job("acme", job.id)
    assert _states(store, job.id) == {"succeeded": 1, "cancelled": 2}
    assert not broken(store)


def test_cancelled_job_ends_when_its_last_running_chunk_stops(store: SqlStore) -> None:
    job = planned(store, 3)
    first, second = claim(store, QUEUE), claim(store, QUEUE)
    assert store.cancel("acme", job.id).state is JobState.RUNNING
    store.end_stopped(first)
    assert store.job("acme", job.id).state is JobState.RUNNING
    store.end_stopped(second)
    assert store.job("acme", job.id).state is JobState.CANCELLED
    assert _states(store, job.id) == {"succeeded": 1, "cancelled": 3}
    assert not broken(store)


@pytest.mark.parametrize("step", ["plan", "work", "stitch"])
def test_commit_after_cancel_is_refused_and_ends_the_job(store: SqlStore, step: str) -> None:
    make = {"plan": accept, "work": lambda it: planned(it, 1), "stitch": worked}[step]
    job = make(store)
    claimed = claim(store, QUEUE if step == "work" else "cpu")
    store.cancel("acme", job.id)
    commit = {"plan": plan(claimed), "work": Commit(part(claimed)), "stitch": result(claimed)}[step]
    with pytest.raises(LeaseLost):
        store.commit(claimed, commit)
    assert store.job("acme", job.id).state is JobState.CANCELLED
    assert not broken(store)


@pytest.mark.parametrize("reason", list(ReleaseReason))
def test_released_chunk_of_a_cancelled_job_ends(store: SqlStore, reason: ReleaseReason) -> None:
    job = planned(store, 1)
    claimed = claim(store, QUEUE)
    store.cancel("acme", job.id)
    store.release(claimed, Release(reason))
    assert store.job("acme", job.id).state is JobState.CANCELLED


def test_failure_after_cancel_ends_the_job_as_cancelled(store: SqlStore) -> None:
    job = planned(store, 2)
    claimed = claim(store, QUEUE)
    store.cancel("acme", job.id)
    store.fail(claimed, ERROR)
    ended = store.job("acme", job.id)
    assert (ended.state, ended.error) == (JobState.CANCELLED, None)


def test_cancel_of_an_ended_job_changes_nothing(store: SqlStore) -> None:
    job = planned(store, 1)
    store.fail(claim(store, QUEUE), ERROR)
    before = store.job("acme", job.id)
    assert store.cancel("acme", job.id) == before
    assert store.job("acme", job.id) == before


def test_second_cancel_does_not_move_the_first(store: SqlStore) -> None:
    job = planned(store, 1)
    claim(store, QUEUE)
    first = store.cancel("acme", job.id)
    assert store.cancel("acme", job.id).cancel_requested_at == first.cancel_requested_at


def test_stopped_chunk_of_a_job_that_goes_on_is_put_back(store: SqlStore) -> None:
    job = planned(store, 1)
    store.end_stopped(claim(store, QUEUE))
    assert claim(store, QUEUE).job.id == job.id


def test_stopped_chunk_past_the_deadline_expires_its_job(store: SqlStore) -> None:
    job = planned(store, 2)
    claimed = claim(store, QUEUE)
    sql(store, "UPDATE jobs SET deadline_at = :at WHERE id = :id", at=store.now_ms() - 1, id=job.id)
    store.end_stopped(claimed)
    ended = store.job("acme", job.id)
    assert ended.state is JobState.EXPIRED
    assert ended.error is not None
    assert ended.error["code"] == "deadline"


def test_cancel_and_commit_at_once_leave_no_half_state(store: SqlStore) -> None:
    """Either the last commit came first, or the cancel did: never a stitched cancel, never an open job of nothing."""
    jobs = [planned(store, 1) for _ in range(12)]
    claims = [claim(store, QUEUE) for _ in jobs]

    def commit(number: int) -> None:
        try:
            store.commit(claims[number], Commit(part(claims[number])))
        except LeaseLost:
            pass

    def cancel(number: int) -> None:
        store.cancel("acme", jobs[number].id)

    with ThreadPoolExecutor(8) as threads:
        done = [threads.submit(step, number) for number in range(len(jobs)) for step in (commit, cancel)]
        for each in done:
            each.result()
    assert {store.job("acme", job.id).state for job in jobs} == {JobState.CANCELLED}
    assert store.queue_depths() == {}
    assert not broken(store)
