from __future__ import annotations

import pytest
from sqlalchemy.dialects import postgresql

from jobs.errors import NotFound
from jobs.sql import SqlStore, job_store
from tests.job_factories import make_planned_job, submit_job


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
