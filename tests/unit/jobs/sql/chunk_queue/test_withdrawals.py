"""What a withdrawal leaves in the rows; the behaviour is in tests/conformance/store/test_chunk_queue_withdrawals.py."""

from __future__ import annotations

from jobs.failure import ErrorClass, Failure
from jobs.sql import SqlStore
from tests.job_factories import claim_chunk, make_worked_job, run_sql

DAMAGE = Failure(ErrorClass.STORAGE, "corrupt_object", "Damaged.", retryable=True)


def test_a_withdrawn_chunk_names_no_object_and_its_events_say_why(sqlite_store: SqlStore) -> None:
    job = make_worked_job(sqlite_store)
    stitch, damaged = claim_chunk(sqlite_store), sqlite_store.jobs.finished_chunks(job.id)[0]
    sqlite_store.chunks.withdraw(stitch, [damaged], DAMAGE)
    [row] = run_sql(sqlite_store, "SELECT * FROM chunks WHERE id = :id", id=damaged.id)
    assert (row.state, row.result_key, row.result_sha256, row.result_bytes) == ("ready", None, None, None)
    assert (row.finished_at, row.notes, row.error_count, row.fence) == (None, "{}", 1, damaged.fence)
    events = run_sql(
        sqlite_store, "SELECT chunk_id, fence, from_state, to_state FROM chunk_events WHERE reason = 'damaged'"
    )
    assert [tuple(event) for event in events] == [
        (damaged.id, damaged.fence, "succeeded", "ready"),
        (stitch.chunk.id, stitch.chunk.fence, "running", "blocked"),
    ]
