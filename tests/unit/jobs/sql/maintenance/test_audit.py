from __future__ import annotations

import re

import pytest

from jobs.sql import SqlStore
from jobs.sql.maintenance import audit
from tests.job_factories import make_finished_job, run_sql


def test_every_name_has_a_number_in_order_and_words() -> None:
    names = list(audit._QUERIES)
    assert names == sorted(names)
    assert all(re.fullmatch(r"\d\d(_[a-z]+)+", name) for name in names)


@pytest.mark.parametrize("name", audit._QUERIES)
def test_query_only_reads(name: str) -> None:
    words = set(re.findall(r"[A-Z]{5,}", audit._QUERIES[name]))
    assert words & {"INSERT", "UPDATE", "DELETE", "LIMIT"} == set()
    assert set(re.findall(r"{(\w+)}", audit._QUERIES[name])) <= {"now", "start", "end", "result_s", "part_s"}


def test_empty_database_violates_nothing(sqlite_store: SqlStore) -> None:
    found = sqlite_store.maintenance.audit()
    assert list(found) == list(audit._QUERIES)
    assert not any(found.values())


def test_violating_rows_are_shown_with_their_columns(sqlite_store: SqlStore) -> None:
    job = make_finished_job(sqlite_store)
    run_sql(sqlite_store, "UPDATE jobs SET updated_at = finished_at + 5")
    [row] = sqlite_store.maintenance.audit()["03_an_ended_job_does_not_change"]
    assert row["id"] == job.id
    assert row["updated_at"] - row["finished_at"] == 5
