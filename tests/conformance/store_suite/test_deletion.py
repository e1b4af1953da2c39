"""Deleted and expired jobs: what is left, and in which order it goes."""

from __future__ import annotations

import pytest

from jobs.errors import Deleted, LeaseLost
from jobs.job import Commit, InputObject, Release
from jobs.sql import SqlStore
from jobs.states import JobState, ReleaseReason
from tests.job_factories import QUEUE, broken, claim, finished, part, planned, sql


def test_deleted_job_leaves_a_blank_tombstone(store: SqlStore) -> None:
    job = finished(store, params={"text": "secret"}, input_key="jobs/acme/x/input/1")
    marked = store.mark_deleted("acme", job.id)
    assert marked.deleted_at is not None
    assert store.mark_deleted("acme", job.id) == marked
    assert [due.id for due in store.due_for_deletion()] == [job.id]
    store.blank(job.id)
    assert store.due_for_deletion() == []
    left = store.states([job.id])[job.id]
    assert (left.state, left.result, left.input_key) == (JobState.SUCCEEDED, None, None)
    assert "secret" not in str(sql(store, "SELECT * FROM jobs"))
    assert sql(store, "SELECT id FROM chunks") == sql(store, "SELECT id FROM chunk_events") == []
    with pytest.raises(Deleted):
        store.job("acme", job.id)
    assert not broken(store)


def test_delete_of_a_running_job_cancels_it_and_waits_for_its_chunk(store: SqlStore) -> None:
    job = planned(store, 2)
    running = claim(store, QUEUE)
    assert store.mark_deleted("acme", job.id).state is JobState.CANCELLED
    store.blank(job.id)
    assert store.due_for_deletion() == []  # not while something may still be stored
    assert "Hi." not in str(sql(store, "SELECT * FROM jobs"))
    assert store.beat([running], lease_ms=1000, progress={})[running.chunk.id].stop
    with pytest.raises(LeaseLost):
        store.commit(running, Commit(part(running)))
    assert [due.id for due in store.due_for_deletion()] == [job.id]
    store.blank(job.id)
    assert store.due_for_deletion() == []
    assert not broken(store)


def test_job_is_due_when_its_time_has_come(store: SqlStore) -> None:
    due = finished(store, retain_s=10.0)
    kept, later = finished(store), planned(store, 1, retain_s=10.0)
    assert due.delete_at == due.finished_at + 10_000
    assert store.due_for_deletion() == []
    sql(store, "UPDATE jobs SET delete_at = :at WHERE id = :id", at=store.now_ms(), id=due.id)
    (found,) = store.due_for_deletion()
    assert found.id == due.id
    # Marked first: a crash before its objects are gone leaves a tombstone, not a job without files.
    with pytest.raises(Deleted):
        store.job("acme", due.id)
    assert [job.id for job in store.jobs("acme").jobs] == [later.id, kept.id]


def test_blank_spares_a_job_that_was_not_deleted(store: SqlStore) -> None:
    job = finished(store)
    store.blank(job.id)
    assert store.job("acme", job.id) == job


def test_storage_must_hold_parts_and_files_of_succeeded_jobs(store: SqlStore) -> None:
    gone, job = finished(store), finished(store)
    planned(store, 1)
    store.mark_deleted("acme", gone.id)
    ((job_id, objects),) = store.objects()
    assert job_id == job.id
    assert InputObject(f"jobs/acme/{job.id}/result/1/audio.wav", "f" * 64, 12) in objects
    assert len(objects) == 5  # plan, two works, stitch, one file
    assert store.objects(after=job_id) == []


def test_deliveries_about_a_deleted_job_are_still_sent_and_then_forgotten(store: SqlStore) -> None:
    told, untold = (planned(store, 1, webhook_url=f"https://example.com/{number}") for number in range(2))
    store.cancel("acme", told.id)
    delivery = store.claim_delivery("w", lease_ms=1000)
    assert delivery is not None
    store.finish_delivery(delivery, status=200, error=None, next_at_ms=None, disable=False)
    for job in (told, untold):
        store.mark_deleted("acme", job.id)
        store.blank(job.id)
    assert [row.subject_id for row in sql(store, "SELECT subject_id FROM webhook_deliveries")] == [untold.id]
    late = store.claim_delivery("w", lease_ms=1000)
    assert late is not None
    assert late.payload["data"]["id"] == untold.id
    assert not broken(store)


def test_attempt_on_a_job_that_is_gone_is_refused(store: SqlStore) -> None:
    job = planned(store, 1)
    stale = claim(store, QUEUE)
    store.release(stale, Release(ReleaseReason.INTERRUPT))
    store.mark_deleted("acme", job.id)
    store.blank(job.id)
    assert not store.beat([stale], lease_ms=1000, progress={})[stale.chunk.id].alive
    with pytest.raises(LeaseLost):
        store.commit(stale, Commit(part(stale)))
    assert not store.committed(stale, part(stale).key)
