"""Chunks that are released, fail or are stopped, and the effect on their job."""

from __future__ import annotations

import pytest

from jobs.chunk import Commit, Release
from jobs.errors import LeaseLost
from jobs.failure import ErrorClass, Failure
from jobs.retry_policy import CRASH_LIMIT, ERROR_LIMIT, RESCUE_LIMIT
from jobs.sql import SqlStore
from jobs.states import JobState, Priority, ReleaseReason
from tests.job_factories import (
    QUEUE,
    claim_chunk,
    count_chunk_states,
    expire_deadline,
    find_violations,
    make_part,
    make_planned_job,
    make_worked_job,
    skip_backoff,
    submit_job,
)

ERROR = Failure(ErrorClass.BAD_INPUT, "bad_input", "Nothing can be read.")


def test_interrupted_chunk_is_ready_at_once_and_uncharged(store: SqlStore) -> None:
    job = make_planned_job(store, 1)
    store.chunks.release(claim_chunk(store, QUEUE), Release(ReleaseReason.INTERRUPT))
    again = claim_chunk(store, QUEUE)
    assert again.chunk.fence == 2
    assert (again.chunk.error_count, again.chunk.crash_count, again.chunk.rescue_count) == (0, 0, 0)
    assert store.jobs.get("acme", job.id).attempts == 1


def test_retried_chunk_waits_and_is_charged(store: SqlStore) -> None:
    job = make_planned_job(store, 1)
    store.chunks.release(claim_chunk(store, QUEUE), Release(ReleaseReason.RETRY, delay_ms=60_000))
    assert store.chunks.claim([QUEUE], "w", lease_ms=1000) is None
    skip_backoff(store)
    assert claim_chunk(store, QUEUE).chunk.error_count == 1
    assert store.jobs.get("acme", job.id).attempts == 2


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
    job = make_planned_job(store, 3)
    neighbour = make_planned_job(store, 1, priority=Priority.BULK)
    for number in range(limit):
        assert store.jobs.get("acme", job.id).state is JobState.RUNNING, number
        skip_backoff(store)
        store.chunks.release(claim_chunk(store, QUEUE), Release(reason))
    ended = store.jobs.get("acme", job.id)
    assert ended.state is JobState.FAILED
    assert ended.error is not None
    assert ended.error.error_class == error_class
    assert count_chunk_states(store, job) == {"succeeded": 1, "failed": 1, "cancelled": 2}
    rest = claim_chunk(store, QUEUE)
    assert rest.job.id == neighbour.id
    store.chunks.commit(rest, Commit(make_part(rest)))
    assert store.jobs.get("acme", neighbour.id).state is JobState.STITCHING
    assert not find_violations(store)


def test_limit_of_retries_keeps_the_last_error(store: SqlStore) -> None:
    job = make_planned_job(store, 1)
    error = Failure(ErrorClass.ENGINE, "engine_failure", "The model said no.", retryable=True)
    for _ in range(ERROR_LIMIT):
        skip_backoff(store)
        store.chunks.release(claim_chunk(store, QUEUE), Release(ReleaseReason.RETRY, failure=error))
    assert store.jobs.get("acme", job.id).error == error


def test_crash_of_a_shared_engine_is_uncharged_and_makes_the_chunk_solo(store: SqlStore) -> None:
    make_planned_job(store, 1)
    for _ in range(CRASH_LIMIT + 2):
        store.chunks.release(claim_chunk(store, QUEUE), Release(ReleaseReason.CRASH, charge=False, solo=True))
    again = claim_chunk(store, QUEUE)
    assert again.chunk.solo
    assert again.chunk.crash_count == 0


def test_snooze_has_no_limit(store: SqlStore) -> None:
    job = make_planned_job(store, 1)
    for _ in range(30):
        skip_backoff(store)
        store.chunks.release(claim_chunk(store, QUEUE), Release(ReleaseReason.SNOOZE))
    now = store.jobs.get("acme", job.id)
    assert (now.state, now.attempts) == (JobState.RUNNING, 1)


def test_failed_chunk_fails_its_job_and_cancels_waiting_chunks(store: SqlStore) -> None:
    job = make_planned_job(store, 3)
    first, second = claim_chunk(store, QUEUE), claim_chunk(store, QUEUE)
    store.chunks.fail(first, ERROR)
    ended = store.jobs.get("acme", job.id)
    assert (ended.state, ended.error) == (JobState.FAILED, ERROR)
    assert count_chunk_states(store, job) == {"succeeded": 1, "failed": 1, "cancelled": 1, "running": 1}
    assert store.chunks.heartbeat([second], lease_ms=1000, progress={})[second.chunk.id].stop
    with pytest.raises(LeaseLost):
        store.chunks.commit(second, Commit(make_part(second)))
    assert count_chunk_states(store, job) == {"succeeded": 1, "failed": 1, "cancelled": 2}
    assert store.jobs.get("acme", job.id) == ended
    assert not find_violations(store)


def test_failed_plan_and_failed_stitch_fail_the_job(store: SqlStore) -> None:
    unplanned = submit_job(store)
    store.chunks.fail(claim_chunk(store), ERROR)
    assert store.jobs.get("acme", unplanned.id).state is JobState.FAILED
    unstitched = make_worked_job(store)
    store.chunks.fail(claim_chunk(store), ERROR)
    assert store.jobs.get("acme", unstitched.id).state is JobState.FAILED
    assert not find_violations(store)


def test_stopped_chunk_of_a_continuing_job_is_released(store: SqlStore) -> None:
    job = make_planned_job(store, 1)
    store.chunks.stop(claim_chunk(store, QUEUE))
    assert claim_chunk(store, QUEUE).job.id == job.id


def test_stopped_chunk_past_the_deadline_expires_its_job(store: SqlStore) -> None:
    job = make_planned_job(store, 2)
    claimed = claim_chunk(store, QUEUE)
    expire_deadline(store, job)
    store.chunks.stop(claimed)
    ended = store.jobs.get("acme", job.id)
    assert ended.state is JobState.EXPIRED
    assert ended.error is not None
    assert ended.error.code == "deadline"
