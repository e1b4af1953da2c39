from __future__ import annotations

from typing import Any

import pytest

from jobs.errors import NotFound
from jobs.sql import SqlStore
from jobs.states import JobState
from tests.job_factories import QUEUE, claim_chunk, make_planned_job, run_sql, submit_job


def _chunk_reasons(store: SqlStore) -> dict[str, Any]:
    rows = run_sql(store, "SELECT reason, count(*) AS n FROM chunk_events WHERE to_state = 'cancelled' GROUP BY reason")
    return {row.reason: row.n for row in rows}


@pytest.mark.parametrize(("call", "reason"), [("cancel", "cancel"), ("delete", "deleted")])
def test_waiting_chunks_are_cancelled_with_their_reason(sqlite_store: SqlStore, call: str, reason: str) -> None:
    job = make_planned_job(sqlite_store, 3)
    claim_chunk(sqlite_store, QUEUE)
    getattr(sqlite_store.jobs, call)("acme", job.id)
    assert _chunk_reasons(sqlite_store) == {reason: 2}


def test_deleted_open_job_ends_at_once_though_a_chunk_runs(sqlite_store: SqlStore) -> None:
    job = make_planned_job(sqlite_store, 1)
    claim_chunk(sqlite_store, QUEUE)
    deleted = sqlite_store.jobs.delete("acme", job.id)
    assert deleted.state is JobState.CANCELLED
    assert deleted.finished_at is not None
    assert deleted.deleted_at is not None


@pytest.mark.parametrize("call", ["cancel", "delete"])
def test_job_of_another_tenant_is_not_found_and_stays_open(sqlite_store: SqlStore, call: str) -> None:
    job = submit_job(sqlite_store)
    with pytest.raises(NotFound):
        getattr(sqlite_store.jobs, call)("other", job.id)
    assert sqlite_store.jobs.get("acme", job.id).cancel_requested_at is None
    assert sqlite_store.jobs.get("acme", job.id).finished_at is None
