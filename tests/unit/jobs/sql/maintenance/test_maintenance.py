from __future__ import annotations

from typing import Any

import pytest

from jobs.errors import NotFound
from jobs.sql import SqlStore
from jobs.sql.maintenance import maintenance
from jobs.store.maintenance import ExpectedObject
from tests.job_factories import make_finished_job, run_sql


@pytest.mark.parametrize(
    ("result", "objects"),
    [
        (None, []),
        ({}, []),
        ({"files": []}, []),
        ({"files": [{"name": "a", "key": None}, {"name": "b"}]}, []),
        ({"files": [{"key": "k", "sha256": "s", "bytes": 3}, {"key": "l"}]}, [("k", "s", 3), ("l", None, None)]),
    ],
)
def test_files_of_a_result_are_those_that_have_a_key(result: Any, objects: list[tuple[Any, ...]]) -> None:
    assert maintenance._list_result_files(result) == [ExpectedObject(*each) for each in objects]


def test_stored_objects_come_page_by_page_in_the_order_of_ids(sqlite_store: SqlStore) -> None:
    made = [make_finished_job(sqlite_store, 1).id for _ in range(3)]
    first = sqlite_store.maintenance.stored_objects(limit=2)
    rest = sqlite_store.maintenance.stored_objects(after=first[-1][0], limit=2)
    assert [job_id for job_id, _ in [*first, *rest]] == made
    assert {len(objects) for _, objects in [*first, *rest]} == {4}  # plan, work, stitch, one file


def test_database_without_an_installation_id_names_the_cure(sqlite_store: SqlStore) -> None:
    run_sql(sqlite_store, "DELETE FROM installation")
    with pytest.raises(NotFound, match="python -m migrations"):
        sqlite_store.maintenance.installation_id()
