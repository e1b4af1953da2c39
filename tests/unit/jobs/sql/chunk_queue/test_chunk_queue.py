from __future__ import annotations

from jobs.chunk import Commit
from jobs.sql import SqlStore
from tests.job_factories import QUEUE, claim_chunk, make_part, make_planned_job, submit_job


def test_depths_count_ready_chunks_of_all_tenants_by_queue(sqlite_store: SqlStore) -> None:
    assert sqlite_store.chunks.depths() == {}
    make_planned_job(sqlite_store, 3)
    make_planned_job(sqlite_store, 2, tenant_id="other")
    make_planned_job(sqlite_store, 1, queue="stt.a")
    submit_job(sqlite_store)
    claim_chunk(sqlite_store, QUEUE)
    done = claim_chunk(sqlite_store, QUEUE)
    sqlite_store.chunks.commit(done, Commit(make_part(done)))
    assert sqlite_store.chunks.depths() == {QUEUE: 3, "stt.a": 1, "cpu": 1}
