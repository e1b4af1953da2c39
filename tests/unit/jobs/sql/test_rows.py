from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from jobs.api_key import ApiKey
from jobs.chunk import Chunk
from jobs.failure import ErrorClass, Failure
from jobs.job import Job
from jobs.sql import SqlStore, rows
from jobs.sql.tables import api_keys, chunks, jobs, metadata, webhook_deliveries, webhook_endpoints, workers
from jobs.states import ChunkState, Priority, Step
from jobs.stored_object import StoredObject
from jobs.webhooks.delivery import DeliveryRecord, Endpoint
from jobs.worker import WorkerRow
from tests.job_factories import make_planned_job, new_voice, submit_job


@pytest.mark.parametrize(
    ("convert", "table", "kind", "computed"),
    [
        (rows.to_job, jobs, Job, {"units_running"}),
        (rows.to_chunk, chunks, Chunk, {"part"}),
        (rows.to_key, api_keys, ApiKey, set()),
        (rows.to_worker, workers, WorkerRow, set()),
        (rows.to_endpoint, webhook_endpoints, Endpoint, set()),
        (rows.to_delivery_record, webhook_deliveries, DeliveryRecord, set()),
    ],
)
def test_every_field_is_the_column_of_its_name(
    convert: Callable[[Any], Any], table: sa.Table, kind: type[Any], computed: set[str]
) -> None:
    special = {
        "state": "running",
        "priority": 1,
        "step": "work",
        "error": None,
        "input_keys": [],
        "notes": {},
        "info": {},
        "queues": ["q"],
        "scopes": ["s"],
        "events": ["e"],
    }
    row = SimpleNamespace(**{column.name: special.get(column.name, column.name) for column in table.c})
    value = convert(row)
    names = {field.name for field in fields(kind)} - computed
    assert names <= set(table.c.keys())
    plain = names - special.keys()
    assert {name: getattr(value, name) for name in plain} == {name: name for name in plain}


def test_job_reads_back_with_its_error_priority_and_running_units(sqlite_store: SqlStore) -> None:
    job = submit_job(sqlite_store, priority=Priority.BULK)
    failure = Failure(ErrorClass.ENGINE, "engine_failure", "x", field="text", retryable=True)
    write = sa.update(jobs).values(error=failure.to_json(), state="failed", finished_at=1)
    query = sa.select(jobs, sa.literal(2.5).label("units_running"))

    def read(connection: sa.Connection) -> Job:
        connection.execute(write)
        return rows.to_job(connection.execute(query).one())

    found = sqlite_store._db.write(read)
    assert (found.id, found.error, found.priority, found.units_running) == (job.id, failure, Priority.BULK, 2.5)


def test_new_chunk_fills_every_column_that_must_not_be_null() -> None:
    job = SimpleNamespace(id="job_1", tenant_id="acme", priority=1, created_at=5)
    row = rows.new_chunk(job, step=Step.STITCH, queue="cpu", now_ms=7)
    required = {column.name for column in chunks.c if not column.nullable}
    assert required <= row.keys() <= set(chunks.c.keys())
    assert (row["age"], row["available_at"], row["fence"]) == (5, 7, 0)


def test_new_chunk_reads_back_as_a_ready_chunk(sqlite_store: SqlStore) -> None:
    job = make_planned_job(sqlite_store, 0)
    inputs = (StoredObject("jobs/acme/x/a", "a" * 64, 3), StoredObject("jobs/acme/x/b", "b" * 64, 4))

    def insert(connection: sa.Connection) -> Chunk:
        owner = connection.execute(sa.select(jobs)).one()
        row = rows.new_chunk(
            owner,
            step=Step.WORK,
            queue="q",
            round=2,
            idx=3,
            units=1.5,
            span={"start": 0.0},
            input_keys=inputs,
            now_ms=9,
        )
        connection.execute(sa.insert(chunks), row)
        return rows.to_chunk(connection.execute(sa.select(chunks).where(chunks.c.id == row["id"])).one())

    chunk = sqlite_store._db.write(insert)
    assert (chunk.job_id, chunk.tenant_id, chunk.state, chunk.step) == (job.id, "acme", ChunkState.READY, Step.WORK)
    assert (chunk.round, chunk.idx, chunk.units, chunk.span) == (2, 3, 1.5, {"start": 0.0})
    assert chunk.input_keys == inputs


def test_voice_reads_back_with_its_recording_as_one_object(sqlite_store: SqlStore) -> None:
    new = new_voice(1)
    sqlite_store.voices.add(new)
    query = sa.select(metadata.tables["voices"])
    found = sqlite_store._db.read(lambda connection: rows.to_voice(connection.execute(query).one()))
    assert (found.id, found.reference, found.language) == (new.id, new.reference, "en-GB")
