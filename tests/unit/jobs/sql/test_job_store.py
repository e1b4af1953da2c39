from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.dialects import postgresql

from jobs.errors import NotFound
from jobs.sql import SqlStore, job_store
from jobs.states import JobState
from tests.job_factories import QUEUE, claim_chunk, make_planned_job, run_sql, submit_job


def test_versions_on_postgres_take_all_ids_as_one_parameter() -> None:
    compiled = job_store._VERSIONS.compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]
    assert list(compiled.params) == ["ids"]
    assert str(compiled).count("ANY (%(ids)s") == 2


def test_page_of_exactly_the_limit_is_the_last(sqlite_store: SqlStore) -> None:
    for _ in range(2):
        submit_job(sqlite_store)
    assert sqlite_store.jobs.list("acme", limit=2).next is None
    assert sqlite_store.jobs.list("acme", limit=1).next is not None
    assert sqlite_store.jobs.list("nobody", limit=1).next is None


@pytest.mark.parametrize("name", ["$.a", "a.b", "a'b", 'a"b', "", "%"])
def test_label_names_are_data_and_not_paths(sqlite_store: SqlStore, name: str) -> None:
    wanted = submit_job(sqlite_store, labels={name: "1"})
    submit_job(sqlite_store, labels={"a": "1", "b": "1"})
    assert [job.id for job in sqlite_store.jobs.list("acme", labels={name: "1"}).jobs] == [wanted.id]


def test_plan_of_an_unknown_job_is_not_found(sqlite_store: SqlStore) -> None:
    with pytest.raises(NotFound):
        sqlite_store.jobs.plan_chunk("job_0")


def test_finished_chunks_start_after_an_idx(sqlite_store: SqlStore) -> None:
    job = make_planned_job(sqlite_store, 0)
    assert sqlite_store.jobs.finished_chunks(job.id) == []
    assert sqlite_store.jobs.finished_chunks("job_0") == []


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
