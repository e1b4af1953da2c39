from __future__ import annotations

from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from jobs.chunk import Release
from jobs.failure import ErrorClass, Failure
from jobs.retry_policy import CRASH_LIMIT, ERROR_LIMIT
from jobs.sql import SqlStore
from jobs.sql.chunk_queue import failures
from jobs.sql.chunk_queue.failures import Failures
from jobs.sql.clock import db_now_ms
from jobs.sql.tables import chunks
from jobs.states import JobState, ReleaseReason
from tests.job_factories import QUEUE, claim_chunk, expire_leases, make_planned_job, run_sql, skip_backoff

LIMIT = Failure(ErrorClass.ENGINE, "retries_exhausted", "The engine failed 5 times.")
POISON = Failure(ErrorClass.POISON, "poison", "This input killed the engine 3 times.")
LAST = Failure(ErrorClass.STORAGE, "no_space", "The disk is full.")


@pytest.mark.parametrize(
    ("limit", "last", "expected"), [(LIMIT, None, LIMIT), (LIMIT, LAST, LAST), (POISON, LAST, POISON)]
)
def test_error_of_the_job_is_the_last_failure_but_never_instead_of_poison(
    limit: Failure, last: Failure | None, expected: Failure
) -> None:
    assert failures._choose_failure(limit, Release(ReleaseReason.RETRY, failure=last)) == expected


def test_release_at_the_limit_leaves_the_full_count_and_its_reason(sqlite_store: SqlStore) -> None:
    job = make_planned_job(sqlite_store, 1)
    for _ in range(ERROR_LIMIT):
        skip_backoff(sqlite_store)
        sqlite_store.chunks.release(claim_chunk(sqlite_store, QUEUE), Release(ReleaseReason.RETRY))
    [row] = run_sql(sqlite_store, "SELECT id, state, error_count, fence FROM chunks WHERE step = 'work'")
    assert (row.state, row.error_count, row.fence) == ("failed", ERROR_LIMIT, ERROR_LIMIT)
    last = run_sql(
        sqlite_store, "SELECT reason FROM chunk_events WHERE chunk_id = :id ORDER BY id DESC LIMIT 1", id=row.id
    )
    assert last[0].reason == "retries_exhausted"
    ended = sqlite_store.jobs.get("acme", job.id)
    assert (ended.state, ended.attempts) == (JobState.FAILED, ERROR_LIMIT)


@pytest.mark.parametrize(
    ("release", "attempts"),
    [
        (Release(ReleaseReason.RETRY), 2),
        (Release(ReleaseReason.CRASH), 2),
        (Release(ReleaseReason.CRASH, charge=False), 1),
        (Release(ReleaseReason.SNOOZE), 1),
        (Release(ReleaseReason.INTERRUPT), 1),
    ],
)
def test_charged_release_is_an_attempt_of_the_job(sqlite_store: SqlStore, release: Release, attempts: int) -> None:
    job = make_planned_job(sqlite_store, 1)
    sqlite_store.chunks.release(claim_chunk(sqlite_store, QUEUE), release)
    assert sqlite_store.jobs.get("acme", job.id).attempts == attempts


def test_chunk_waits_for_the_longer_of_backoff_and_requested_delay(sqlite_store: SqlStore) -> None:
    make_planned_job(sqlite_store, 1)
    claimed = claim_chunk(sqlite_store, QUEUE)
    sqlite_store.chunks.release(claimed, Release(ReleaseReason.SNOOZE, delay_ms=1))
    short = run_sql(sqlite_store, "SELECT available_at FROM chunks WHERE state = 'ready'")[0].available_at
    assert short >= claimed.claimed_at + 4000  # the backoff of a snooze
    skip_backoff(sqlite_store)
    claimed = claim_chunk(sqlite_store, QUEUE)
    sqlite_store.chunks.release(claimed, Release(ReleaseReason.SNOOZE, delay_ms=3_600_000))
    long = run_sql(sqlite_store, "SELECT available_at FROM chunks WHERE state = 'ready'")[0].available_at
    assert long >= claimed.claimed_at + 3_600_000


def test_solo_mark_stays_over_later_releases(sqlite_store: SqlStore) -> None:
    make_planned_job(sqlite_store, 1)
    release = Release(ReleaseReason.CRASH, charge=False, solo=True)
    for _ in range(CRASH_LIMIT):
        sqlite_store.chunks.release(claim_chunk(sqlite_store, QUEUE), release)
        release = Release(ReleaseReason.INTERRUPT)
    assert claim_chunk(sqlite_store, QUEUE).chunk.solo


def test_chunk_whose_condition_no_longer_holds_is_not_requeued(sqlite_store: SqlStore) -> None:
    requeuing = Failures(sqlite_store._db, retry_base_s=1.0)
    make_planned_job(sqlite_store, 1)
    claimed = claim_chunk(sqlite_store, QUEUE)
    seen = SimpleNamespace(id=claimed.chunk.id, job_id=claimed.chunk.job_id)
    expired = chunks.c.lease_expires_at <= db_now_ms()
    assert not requeuing.requeue_if(seen, expired, Release(ReleaseReason.RESCUE))
    expire_leases(sqlite_store)
    assert requeuing.requeue_if(seen, expired, Release(ReleaseReason.RESCUE))
    assert not requeuing.requeue_if(seen, sa.true(), Release(ReleaseReason.RESCUE))  # it no longer runs
    assert claim_chunk(sqlite_store, QUEUE).chunk.rescue_count == 1
