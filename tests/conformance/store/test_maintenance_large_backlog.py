"""A sweeper that was away for long: what one pass does stays bounded, however much waits, and nothing is forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from jobs.sql import SqlStore
from tests.job_factories import claim_chunk, run_sql, submit_job

JOBS = 100_000
#: Jobs, or chunks, that one pass repairs of a kind.
LIMIT = 200
#: Statements for one of them: to lock it, to look at it, to change it, to write what follows.
MOST_FOR_ONE = 12


@pytest.fixture
def crowded(store: SqlStore) -> SqlStore:
    """A store with copies of one job whose plan chunk runs, all of a dead worker and past their lease."""
    submit_job(store)
    claim_chunk(store)
    numbers = (
        f"generate_series(1, {JOBS}) AS numbers(n)"
        if store._db.is_postgres
        else f"(WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < {JOBS}) SELECT n FROM up)"
    )
    for table, changed in (
        ("jobs", {"id": "'job_' || n"}),
        ("chunks", {"id": "'chk_' || n", "job_id": "'job_' || n", "lease_expires_at": "n"}),
    ):
        with store._db.engine.begin() as connection:
            columns = [column["name"] for column in sa.inspect(connection).get_columns(table)]
            values = ", ".join(changed.get(name, name) for name in columns)
            connection.execute(
                sa.text(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table}, {numbers}")
            )
    return store


@contextmanager
def counted_statements(store: SqlStore) -> Iterator[Counter[str]]:
    """How many statements are sent, by their first word, and the most rows that one of them changes."""
    found: Counter[str] = Counter()

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        verb = statement.split()[0]
        found[verb] += 1
        if verb in ("UPDATE", "DELETE"):
            found["rows"] = max(found["rows"], cursor.rowcount)

    sa.event.listen(store._db.engine, "after_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(store._db.engine, "after_cursor_execute", note)


def test_a_hundred_thousand_lost_chunks_overdue_and_deleted_jobs_take_bounded_passes(crowded: SqlStore) -> None:
    with counted_statements(crowded) as found:
        assert crowded.maintenance.sweep(may_rescue=True).rescued == LIMIT
    assert found.total() - found["rows"] < 50 + MOST_FOR_ONE * LIMIT
    assert found["rows"] <= LIMIT
    rescued = run_sql(crowded, "SELECT lease_expires_at FROM chunks WHERE state = 'running' ORDER BY lease_expires_at")
    assert rescued[0][0] == LIMIT + 1, "the oldest ones first"

    run_sql(crowded, "UPDATE jobs SET deadline_at = 1")
    with counted_statements(crowded) as found:
        assert crowded.maintenance.sweep(may_rescue=False).expired == LIMIT
    assert found.total() - found["rows"] < 50 + MOST_FOR_ONE * LIMIT

    run_sql(crowded, "UPDATE jobs SET delete_at = 1, finished_at = 1, state = 'expired', deleted_at = NULL")
    run_sql(
        crowded, "UPDATE chunks SET state = 'cancelled', lease_owner = NULL, lease_expires_at = NULL, finished_at = 1"
    )
    with counted_statements(crowded) as found:
        due = crowded.maintenance.due_for_purge()
        for job in due:
            crowded.maintenance.purge(job.id)
    assert len(due) == 50 and found["rows"] <= 50
    assert len(crowded.maintenance.due_for_purge()) == 50, "the next ones"
