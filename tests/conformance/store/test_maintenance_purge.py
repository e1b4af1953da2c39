"""Deleted and expired jobs: what is left of them, and in which order it is removed."""

from __future__ import annotations

import pytest

from jobs.chunk import Commit, Release
from jobs.errors import Deleted, LeaseLost
from jobs.sql import SqlStore
from jobs.states import JobState, ReleaseReason
from tests.job_factories import (
    QUEUE,
    claim_chunk,
    find_violations,
    make_finished_job,
    make_part,
    make_planned_job,
    run_sql,
)


def test_purged_job_leaves_an_empty_tombstone(store: SqlStore) -> None:
    job = make_finished_job(store, params={"text": "secret"}, input_key="jobs/acme/x/input/1")
    marked = store.jobs.delete("acme", job.id)
    assert marked.deleted_at is not None
    assert store.jobs.delete("acme", job.id) == marked
    assert [due.id for due in store.maintenance.due_for_purge()] == [job.id]
    store.maintenance.purge(job.id)
    assert store.maintenance.due_for_purge() == []
    left = store.jobs.get_many([job.id])[job.id]
    assert (left.state, left.result, left.input_key) == (JobState.SUCCEEDED, None, None)
    assert "secret" not in str(run_sql(store, "SELECT * FROM jobs"))
    assert run_sql(store, "SELECT id FROM chunks") == run_sql(store, "SELECT id FROM chunk_events") == []
    with pytest.raises(Deleted):
        store.jobs.get("acme", job.id)
    assert not find_violations(store)


def test_delete_of_a_running_job_cancels_it_and_waits_for_its_chunk(store: SqlStore) -> None:
    job = make_planned_job(store, 2)
    running = claim_chunk(store, QUEUE)
    assert store.jobs.delete("acme", job.id).state is JobState.CANCELLED
    store.maintenance.purge(job.id)
    assert store.maintenance.due_for_purge() == []  # not while something may still be stored
    assert "Hi." not in str(run_sql(store, "SELECT * FROM jobs"))
    assert store.chunks.heartbeat([running], lease_ms=1000, progress={})[running.chunk.id].stop
    with pytest.raises(LeaseLost):
        store.chunks.commit(running, Commit(make_part(running)))
    assert [due.id for due in store.maintenance.due_for_purge()] == [job.id]
    store.maintenance.purge(job.id)
    assert store.maintenance.due_for_purge() == []
    assert not find_violations(store)


def test_job_past_its_retention_is_due_for_purge(store: SqlStore) -> None:
    due = make_finished_job(store, retain_s=10.0)
    kept, later = make_finished_job(store), make_planned_job(store, 1, retain_s=10.0)
    assert due.finished_at is not None
    assert due.delete_at == due.finished_at + 10_000
    assert store.maintenance.due_for_purge() == []
    run_sql(store, "UPDATE jobs SET delete_at = :at WHERE id = :id", at=store.maintenance.now_ms(), id=due.id)
    (found,) = store.maintenance.due_for_purge()
    assert found.id == due.id
    # Marked first: a crash before its objects are gone leaves a tombstone, not a job without files.
    with pytest.raises(Deleted):
        store.jobs.get("acme", due.id)
    assert [job.id for job in store.jobs.list("acme").jobs] == [later.id, kept.id]


def test_purge_leaves_a_job_that_was_not_deleted(store: SqlStore) -> None:
    job = make_finished_job(store)
    store.maintenance.purge(job.id)
    assert store.jobs.get("acme", job.id) == job


def test_purge_deletes_sent_deliveries_and_keeps_pending_ones(store: SqlStore) -> None:
    sent, pending = (make_planned_job(store, 1, webhook_url=f"https://example.com/{number}") for number in range(2))
    store.jobs.cancel("acme", sent.id)
    delivery = store.deliveries.claim("w", lease_ms=1000)
    assert delivery is not None
    store.deliveries.finish(delivery, status=200, error=None, next_at_ms=None, disable=False)
    for job in (sent, pending):
        store.jobs.delete("acme", job.id)
        store.maintenance.purge(job.id)
    assert [row.subject_id for row in run_sql(store, "SELECT subject_id FROM webhook_deliveries")] == [pending.id]
    late = store.deliveries.claim("w", lease_ms=1000)
    assert late is not None
    assert late.payload["data"]["id"] == pending.id
    assert not find_violations(store)


def test_attempt_on_a_purged_job_is_refused(store: SqlStore) -> None:
    job = make_planned_job(store, 1)
    stale = claim_chunk(store, QUEUE)
    store.chunks.release(stale, Release(ReleaseReason.INTERRUPT))
    store.jobs.delete("acme", job.id)
    store.maintenance.purge(job.id)
    assert not store.chunks.heartbeat([stale], lease_ms=1000, progress={})[stale.chunk.id].alive
    with pytest.raises(LeaseLost):
        store.chunks.commit(stale, Commit(make_part(stale)))
    assert not store.chunks.is_committed(stale, make_part(stale).key)
