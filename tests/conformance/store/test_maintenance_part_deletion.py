"""Jobs that gave their parts up when they succeeded, until their objects are deleted."""

from __future__ import annotations

from dataclasses import replace

from jobs.job import Job
from jobs.sql import SqlStore
from tests.job_factories import claim_chunk, find_violations, make_finished_job, make_result, make_worked_job


def finish_without_parts(store: SqlStore) -> Job:
    job = make_worked_job(store)
    stitch = claim_chunk(store)
    store.chunks.commit(stitch, replace(make_result(stitch), drops_parts=True))
    return store.jobs.get(job.tenant_id, job.id)


def due(store: SqlStore) -> list[str]:
    return [job.id for job in store.maintenance.due_for_part_deletion()]


def test_parts_are_dropped_by_the_commit_of_the_success(store: SqlStore) -> None:
    kept, dropped = make_finished_job(store), finish_without_parts(store)
    assert kept.parts_dropped_at is None
    assert dropped.parts_dropped_at == dropped.finished_at
    assert due(store) == [dropped.id]
    assert not find_violations(store)


def test_a_job_stays_due_until_its_parts_are_deleted(store: SqlStore) -> None:
    first, second = finish_without_parts(store), finish_without_parts(store)
    store.maintenance.record_parts_deleted(first.id)
    assert due(store) == [second.id]
    store.maintenance.record_parts_deleted(second.id)
    store.maintenance.record_parts_deleted(second.id)
    assert due(store) == []
    assert not find_violations(store)


def test_a_deleted_job_is_left_to_the_purge(store: SqlStore) -> None:
    job = finish_without_parts(store)
    store.jobs.delete("acme", job.id)
    assert due(store) == []


def test_of_a_job_without_parts_only_the_result_must_be_there(store: SqlStore) -> None:
    kept, dropped = make_finished_job(store), finish_without_parts(store)
    found = dict(store.maintenance.stored_objects())
    assert len(found[kept.id]) == 5  # plan, two parts, stitch, a file
    assert len(found[dropped.id]) == 2


def test_dropped_parts_do_not_count_as_stored(store: SqlStore) -> None:
    finish_without_parts(store)
    assert store.maintenance.stored_bytes().by_kind["part"] == 0
    make_finished_job(store)
    assert store.maintenance.stored_bytes().by_kind["part"] == 36
