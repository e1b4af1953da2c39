"""The sizes of all objects, as the rows tell them."""

from __future__ import annotations

from jobs.chunk import ChunkNotes, Commit, PlanFile
from jobs.sql import SqlStore
from jobs.stored_object import StoredObject
from tests.job_factories import (
    claim_chunk,
    make_finished_job,
    make_part,
    make_planned_job,
    make_work_chunks,
    new_voice,
    run_sql,
    submit_job,
)


def test_a_store_without_objects_says_zero_of_every_kind(store: SqlStore) -> None:
    stored = store.maintenance.stored_bytes()
    assert stored.by_kind == {"input": 0, "part": 0, "result": 0, "voice": 0}
    assert abs(stored.at_ms - store.maintenance.now_ms()) < 60_000


def test_inputs_parts_results_and_voices_are_added_up(store: SqlStore) -> None:
    job = make_finished_job(store, 2)
    assert job.result is not None
    submit_job(store, input_key="jobs/acme/other/input/1", input_sha256="a" * 64, input_bytes=1000)
    submit_job(store, input_key="jobs/acme/another/input/1", input_sha256="b" * 64, input_bytes=500)
    files = sum(file["bytes"] for file in job.result["files"])
    store.voices.add(new_voice(1))
    voices = run_sql(store, "SELECT sum(reference_bytes) FROM voices")[0][0]
    # A plan and two work chunks of 12 bytes; the part of the stitch is a file of the result.
    assert store.maintenance.stored_bytes().by_kind == {"input": 1500, "part": 36, "result": files, "voice": voices}


def test_files_of_a_plan_are_parts(store: SqlStore) -> None:
    submit_job(store)
    claim = claim_chunk(store)
    notes = ChunkNotes(files=[PlanFile(name, StoredObject(f"jobs/x/y/plan/1/{name}", "a" * 64, 50)) for name in "ab"])
    store.chunks.commit(
        claim,
        Commit(make_part(claim), notes=notes, new_chunks=make_work_chunks(1), units_total=10.0, unit="characters"),
    )
    assert store.maintenance.stored_bytes().by_kind["part"] == 112


def test_a_purged_job_has_no_objects(store: SqlStore) -> None:
    job = make_finished_job(store, input_key="jobs/acme/x/input/1", input_sha256="a" * 64, input_bytes=1000)
    make_planned_job(store, 1)
    run_sql(store, "UPDATE jobs SET delete_at = 1, deleted_at = 1 WHERE id = :id", id=job.id)
    store.maintenance.purge(job.id)
    assert store.maintenance.stored_bytes().by_kind == {"input": 0, "part": 12, "result": 0, "voice": 0}
