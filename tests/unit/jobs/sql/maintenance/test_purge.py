from __future__ import annotations

from jobs.failure import ErrorClass, Failure
from jobs.sql import SqlStore
from tests.job_factories import QUEUE, claim_chunk, make_finished_job, make_planned_job, run_sql, submit_job


def test_tombstone_keeps_what_happened_and_nothing_of_the_user(sqlite_store: SqlStore) -> None:
    job = make_finished_job(
        sqlite_store, input_key="jobs/acme/x/input/1", input_sha256="a" * 64, input_bytes=7, labels={"who": "ann"}
    )
    sqlite_store.jobs.delete("acme", job.id)
    sqlite_store.maintenance.purge(job.id)
    left = sqlite_store.jobs.get_many([job.id])[job.id]
    [row] = run_sql(sqlite_store, "SELECT * FROM jobs")
    assert (row.params, row.labels, row.result) == ("{}", "{}", None)
    assert (left.input_key, left.input_sha256, left.input_bytes) == (None, None, None)
    assert (left.kind, left.model, left.state) == (job.kind, job.model, job.state)
    assert (left.created_at, left.finished_at) == (job.created_at, job.finished_at)
    assert (left.chunk_total, left.units_total) == (job.chunk_total, job.units_total)


def test_tombstone_of_a_failed_job_keeps_its_error(sqlite_store: SqlStore) -> None:
    failure = Failure(ErrorClass.ENGINE, "engine_failure", "x")
    job = make_planned_job(sqlite_store, 1)
    sqlite_store.chunks.fail(claim_chunk(sqlite_store, QUEUE), failure)
    sqlite_store.jobs.delete("acme", job.id)
    sqlite_store.maintenance.purge(job.id)
    assert sqlite_store.jobs.get_many([job.id])[job.id].error == failure


def test_chunks_of_other_jobs_stay(sqlite_store: SqlStore) -> None:
    job, other = make_finished_job(sqlite_store), make_finished_job(sqlite_store)
    sqlite_store.jobs.delete("acme", job.id)
    sqlite_store.maintenance.purge(job.id)
    assert {row.job_id for row in run_sql(sqlite_store, "SELECT job_id FROM chunks")} == {other.id}
    assert run_sql(sqlite_store, "SELECT count(*) FROM chunk_events")[0][0] == 8


def test_jobs_are_due_in_the_order_of_their_deletion(sqlite_store: SqlStore) -> None:
    made = [submit_job(sqlite_store).id for _ in range(3)]
    for place, job_id in enumerate((made[2], made[0], made[1])):
        sqlite_store.jobs.delete("acme", job_id)
        run_sql(sqlite_store, "UPDATE jobs SET deleted_at = :at WHERE id = :id", at=1000 + place, id=job_id)
    assert [job.id for job in sqlite_store.maintenance.due_for_purge(limit=2)] == [made[2], made[0]]


def test_purge_of_an_unknown_job_does_nothing(sqlite_store: SqlStore) -> None:
    sqlite_store.maintenance.purge("job_0")
