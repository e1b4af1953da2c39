"""What the database itself refuses to hold."""

from __future__ import annotations

import pytest
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex

from jobs.errors import Conflict
from jobs.sql import SqlStore
from jobs.sql.tables import metadata
from tests.job_factories import QUEUE, claim_chunk, make_finished_job, make_planned_job, run_sql

URL = "https://example.com/hook"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE jobs SET state = 'paused'",
        "UPDATE jobs SET state = 'failed'",  # without finished_at
        "UPDATE jobs SET finished_at = 1",  # while it is open
        "UPDATE jobs SET priority = 3",
        "UPDATE jobs SET chunks_done = chunk_total + 1",
        "UPDATE jobs SET tenant_id = NULL",
        "UPDATE chunks SET step = 'sing'",
        "UPDATE chunks SET state = 'paused'",
        "UPDATE chunks SET state = 'running' WHERE state = 'ready'",  # without an owner
        "UPDATE chunks SET lease_owner = 'w' WHERE state = 'ready'",
        "UPDATE chunks SET lease_expires_at = NULL WHERE state = 'running'",
        "UPDATE chunks SET state = 'succeeded' WHERE state = 'ready'",  # without a result
        "UPDATE chunks SET fence = -1",
        "UPDATE chunks SET idx = 0 WHERE step = 'work'",  # the place of another
        "UPDATE chunks SET job_id = 'job_0'",
    ],
)
def test_impossible_job_or_chunk_is_refused(sqlite_store: SqlStore, statement: str) -> None:
    make_planned_job(sqlite_store, 2)
    claim_chunk(sqlite_store, QUEUE)
    with pytest.raises(Conflict):
        run_sql(sqlite_store, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE webhook_deliveries SET state = 'lost'",
        "UPDATE webhook_deliveries SET state = 'sending'",  # without an owner
        "UPDATE webhook_deliveries SET state = 'delivered'",  # without finished_at
        "UPDATE webhook_deliveries SET endpoint_id = 'whe_0'",
        "UPDATE webhook_endpoints SET adhoc = 0",  # without a secret
    ],
)
def test_impossible_delivery_or_endpoint_is_refused(sqlite_store: SqlStore, statement: str) -> None:
    make_finished_job(sqlite_store, webhook_url=URL)
    with pytest.raises(Conflict):
        run_sql(sqlite_store, statement)


@pytest.mark.parametrize("table", ["webhook_deliveries", "webhook_endpoints"])
def test_event_of_a_job_and_adhoc_endpoint_of_a_url_are_unique(sqlite_store: SqlStore, table: str) -> None:
    make_finished_job(sqlite_store, webhook_url=URL)
    run_sql(sqlite_store, f"CREATE TEMPORARY TABLE twin AS SELECT * FROM {table}")
    run_sql(sqlite_store, "UPDATE twin SET id = 'twin'")
    with pytest.raises(Conflict, match="UNIQUE"):
        run_sql(sqlite_store, f"INSERT INTO {table} SELECT * FROM twin")


def test_every_partial_index_is_partial_on_both_databases() -> None:
    indexes = [index for table in metadata.tables.values() for index in table.indexes]
    partial = 0
    for index in indexes:
        texts = [str(CreateIndex(index).compile(dialect=make())) for make in (postgresql.dialect, sqlite.dialect)]
        conditions = {text.partition(" WHERE ")[2] for text in texts}
        assert len(conditions) == 1, index.name
        partial += conditions != {""}
    assert partial > 10
