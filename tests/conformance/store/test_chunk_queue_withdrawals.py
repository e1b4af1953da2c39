"""Damaged parts: their chunks run again in the same job, and the stitch that found them waits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jobs.chunk import Chunk, ChunkNotes, Claim, Commit
from jobs.errors import LeaseLost
from jobs.failure import ErrorClass, Failure
from jobs.job import Job
from jobs.retry_policy import ERROR_LIMIT
from jobs.sql import SqlStore
from jobs.states import ChunkState, JobState
from tests.job_factories import (
    QUEUE,
    claim_chunk,
    count_chunk_states,
    expire_leases,
    find_violations,
    make_part,
    make_result,
    make_worked_job,
    run_sql,
    skip_backoff,
)

DAMAGE = Failure(ErrorClass.STORAGE, "corrupt_object", "The storage damaged it again and again.", retryable=True)


def withdraw(store: SqlStore, stitch: Claim, *chunks: Chunk) -> None:
    """Report damage and let its backoff pass."""
    store.chunks.withdraw(stitch, chunks, DAMAGE)
    skip_backoff(store)


def work_again(store: SqlStore) -> Claim:
    """Run the next work chunk to its commit."""
    claimed = claim_chunk(store, QUEUE)
    store.chunks.commit(claimed, Commit(make_part(claimed)))
    return claimed


def now(store: SqlStore, job: Job) -> Job:
    return store.jobs.get("acme", job.id)


def test_only_the_chunk_of_a_damaged_part_runs_again_and_then_the_stitch(store: SqlStore) -> None:
    job = make_worked_job(store, 3)
    stitch = claim_chunk(store)
    first, damaged, _ = store.jobs.finished_chunks(job.id)
    assert store.chunks.withdraw(stitch, [damaged], DAMAGE) == (QUEUE,)
    waiting = now(store, job)
    assert (waiting.state, waiting.chunks_done, waiting.units_done) == (JobState.RUNNING, 2, 20.0)
    assert waiting.attempts == 2
    assert count_chunk_states(store, job) == {"succeeded": 3, "ready": 1, "blocked": 1}
    assert not find_violations(store)
    assert store.chunks.claim(["cpu"], "w", lease_ms=1000) is None
    skip_backoff(store)
    again = work_again(store)
    assert (again.chunk.id, again.chunk.fence, again.chunk.error_count) == (damaged.id, damaged.fence + 1, 1)
    assert now(store, job).state is JobState.STITCHING
    parts = [chunk.part for chunk in store.jobs.finished_chunks(job.id)]
    assert parts[0] == first.part
    assert parts[1] == make_part(again) != damaged.part
    second_stitch = claim_chunk(store)
    assert (second_stitch.chunk.id, second_stitch.chunk.fence) == (stitch.chunk.id, stitch.chunk.fence + 1)
    store.chunks.commit(second_stitch, make_result(second_stitch))
    assert now(store, job).state is JobState.SUCCEEDED
    assert not find_violations(store)


def test_one_report_names_several_parts(store: SqlStore) -> None:
    job = make_worked_job(store, 3)
    withdraw(store, claim_chunk(store), *store.jobs.finished_chunks(job.id))
    assert (now(store, job).chunks_done, now(store, job).units_done) == (0, 0.0)
    for _ in range(3):
        work_again(store)
    stitch = claim_chunk(store)
    store.chunks.commit(stitch, make_result(stitch))
    assert not find_violations(store)


def test_late_report_withdraws_nothing(store: SqlStore) -> None:
    job = make_worked_job(store)
    late = claim_chunk(store)
    damaged = store.jobs.finished_chunks(job.id)[0]
    expire_leases(store)
    assert store.maintenance.sweep(may_rescue=True).rescued == 1
    claim_chunk(store)
    with pytest.raises(LeaseLost):
        store.chunks.withdraw(late, [damaged], DAMAGE)
    assert count_chunk_states(store, job) == {"succeeded": 3, "running": 1}


def test_report_that_is_sent_twice_counts_once(store: SqlStore) -> None:
    job = make_worked_job(store)
    stitch, damaged = claim_chunk(store), store.jobs.finished_chunks(job.id)[0]
    withdraw(store, stitch, damaged)
    with pytest.raises(LeaseLost):
        store.chunks.withdraw(stitch, [damaged], DAMAGE)
    assert work_again(store).chunk.error_count == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda chunk: replace(chunk, part=replace(chunk.part, key=chunk.part.key + "x")),
        lambda chunk: replace(chunk, notes=ChunkNotes(follow_ups=1)),
        lambda chunk: replace(chunk, part=None),
    ],
    ids=["another part", "with follow-ups", "no part"],
)
def test_what_cannot_be_made_again_stays_and_the_stitch_is_charged(store: SqlStore, change) -> None:
    job = make_worked_job(store)
    stitch, chunk = claim_chunk(store), store.jobs.finished_chunks(job.id)[0]
    withdraw(store, stitch, change(chunk))
    assert count_chunk_states(store, job) == {"succeeded": 3, "ready": 1}
    assert claim_chunk(store).chunk.error_count == 1


def test_part_of_another_job_is_never_withdrawn(store: SqlStore) -> None:
    other = make_worked_job(store, tenant_id="other")
    theirs = store.jobs.finished_chunks(other.id)[0]
    claim_chunk(store)
    make_worked_job(store)
    withdraw(store, claim_chunk(store), theirs)
    assert store.jobs.finished_chunks(other.id)[0].state is ChunkState.SUCCEEDED
    assert count_chunk_states(store, other) == {"succeeded": 3, "running": 1}


def test_part_that_is_damaged_each_time_fails_the_job_and_names_the_storage(store: SqlStore) -> None:
    job = make_worked_job(store)
    for _ in range(ERROR_LIMIT - 1):
        withdraw(store, claim_chunk(store), store.jobs.finished_chunks(job.id)[0])
        work_again(store)
        assert not find_violations(store)
    withdraw(store, claim_chunk(store), store.jobs.finished_chunks(job.id)[0])
    ended = now(store, job)
    assert (ended.state, ended.error) == (JobState.FAILED, DAMAGE)
    assert not find_violations(store)


def test_job_that_was_cancelled_meanwhile_ends(store: SqlStore) -> None:
    job = make_worked_job(store)
    stitch = claim_chunk(store)
    store.jobs.cancel("acme", job.id)
    withdraw(store, stitch, store.jobs.finished_chunks(job.id)[0])
    assert now(store, job).state is JobState.CANCELLED
    assert not find_violations(store)


def test_job_that_waits_for_a_part_can_be_cancelled(store: SqlStore) -> None:
    job = make_worked_job(store)
    withdraw(store, claim_chunk(store), store.jobs.finished_chunks(job.id)[0])
    store.jobs.cancel("acme", job.id)
    assert now(store, job).state is JobState.CANCELLED
    assert count_chunk_states(store, job) == {"succeeded": 2, "cancelled": 2}
    assert not find_violations(store)


def test_audit_finds_a_second_success_that_no_withdrawal_preceded(store: SqlStore) -> None:
    job = make_worked_job(store)
    withdraw(store, claim_chunk(store), store.jobs.finished_chunks(job.id)[0])
    work_again(store)
    assert not find_violations(store)
    run_sql(store, "DELETE FROM chunk_events WHERE from_state = 'succeeded'")
    assert "06_a_chunk_succeeds_once" in find_violations(store)
