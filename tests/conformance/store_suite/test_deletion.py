"""Deleted and expired jobs: what is left, and in which order it goes."""

from __future__ import annotations

import pytest

from jobs.errors import Deleted, LeaseLost
from jobs.job import Commit, InputObject
from jobs.sql_store import SqlStore
from jobs.states import JobState
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
    rows = str(sql(store, "SELECT params, result, labels FROM jobs") + sql(store, "SELECT span, notes FROM chunks"))
    assert "secret" not in rows
    assert "idx" not in rows
    with pytest.raises(Deleted):
        store.job("acme", job.id)
    assert not broken(store)


def test_delete_of_a_running_job_cancels_it_and_waits_for_its_chunk(store: SqlStore) -> None:
    job = planned(store, 2)
    running = claim(store, QUEUE)
    assert store.mark_deleted("acme", job.id).state is JobState.CANCELLED
    store.blank(job.id)
    assert store.due_for_deletion() == []  # not while something may still be stored
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
