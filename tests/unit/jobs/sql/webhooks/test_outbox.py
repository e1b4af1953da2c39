from __future__ import annotations

from collections.abc import Sequence

import pytest

from jobs.sql import SqlStore
from jobs.sql.webhooks import outbox
from tests.job_factories import make_finished_job, run_sql, submit_job

URL = "https://example.com/hook"


@pytest.mark.parametrize(
    ("events", "is_told"),
    [
        ((), True),
        (["job.succeeded"], True),
        (["job.failed", "job.succeeded"], True),
        (["job.failed"], False),
        (["job.succeeded.x"], False),
        (["job"], False),
    ],
)
def test_endpoint_gets_the_events_of_its_list(sqlite_store: SqlStore, events: Sequence[str], is_told: bool) -> None:
    sqlite_store.endpoints.create("acme", URL, events)
    make_finished_job(sqlite_store)
    assert bool(run_sql(sqlite_store, "SELECT * FROM webhook_deliveries")) is is_told


def test_disabled_deleted_and_foreign_endpoints_get_nothing(sqlite_store: SqlStore) -> None:
    disabled, _ = sqlite_store.endpoints.create("acme", URL + "1", ())
    sqlite_store.endpoints.update("acme", disabled.id, enabled=False)
    deleted, _ = sqlite_store.endpoints.create("acme", URL + "2", ())
    sqlite_store.endpoints.delete("acme", deleted.id)
    sqlite_store.endpoints.create("other", URL + "3", ())
    make_finished_job(sqlite_store)
    assert run_sql(sqlite_store, "SELECT * FROM webhook_deliveries") == []


def test_adhoc_endpoint_gets_the_events_of_its_own_jobs_only(sqlite_store: SqlStore) -> None:
    mine = submit_job(sqlite_store, webhook_url=URL)
    for job in (mine, submit_job(sqlite_store), submit_job(sqlite_store, webhook_url=URL + "2")):
        sqlite_store.jobs.cancel("acme", job.id)
    query = (
        "SELECT subject_id FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id WHERE url = :u"
    )
    assert [row.subject_id for row in run_sql(sqlite_store, query, u=URL)] == [mine.id]


def test_payload_has_type_utc_time_and_data() -> None:
    assert outbox.build_payload("job.failed", 1_767_225_600_007, {"id": "job_1"}) == {
        "type": "job.failed",
        "timestamp": "2026-01-01T00:00:00.007Z",
        "data": {"id": "job_1"},
    }


def test_event_of_a_subject_is_enqueued_once_for_each_endpoint(sqlite_store: SqlStore) -> None:
    ids = [sqlite_store.endpoints.create("acme", URL, ())[0].id for _ in range(2)]
    db = sqlite_store._db

    def enqueue(event_type: str, endpoint_ids: Sequence[str]) -> None:
        body = outbox.build_payload(event_type, 0, {})
        db.write(
            lambda connection: outbox.enqueue(
                db, connection, body, tenant_id="acme", subject_id="job_1", endpoint_ids=endpoint_ids
            )
        )

    enqueue("a", [])
    assert run_sql(sqlite_store, "SELECT * FROM webhook_deliveries") == []
    for _ in range(2):
        enqueue("a", ids)
    enqueue("b", ids[:1])
    rows = run_sql(sqlite_store, "SELECT event_type, state, attempt FROM webhook_deliveries ORDER BY event_type")
    assert [tuple(row) for row in rows] == [("a", "pending", 0), ("a", "pending", 0), ("b", "pending", 0)]
