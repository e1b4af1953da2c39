"""Every invariant's query finds its violation: rows are corrupted on purpose, past the database's own constraints."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jobs.job import Idempotency
from jobs.sql import SqlStore
from jobs.storage.object_keys import reference_key
from jobs.stored_object import StoredObject
from jobs.voice import NewVoice
from tests.job_factories import (
    QUEUE,
    claim_chunk,
    find_violations,
    make_finished_job,
    make_planned_job,
    new_job,
    new_voice,
    run_sql,
    submit_job,
)


def _corrupt(store: SqlStore, statement: str) -> None:
    """Run SQL although a CHECK forbids it."""
    if store._db.is_postgres:
        checks = run_sql(
            store,
            "SELECT conrelid::regclass AS owner, conname FROM pg_constraint WHERE contype = 'c' AND conname ~ '^ck_'",
        )
        for check in checks:
            run_sql(store, f"ALTER TABLE {check.owner} DROP CONSTRAINT {check.conname}")
        run_sql(store, statement)
    else:
        connection = store._db.engine.raw_connection()
        connection.cursor().execute("PRAGMA ignore_check_constraints = ON")
        connection.cursor().execute(statement)
        connection.cursor().execute("PRAGMA ignore_check_constraints = OFF")
        connection.close()


def _submit_with_key(store: SqlStore) -> None:
    store.jobs.submit(new_job(), Idempotency("/r", "k", "f"))


def _make_running_job(store: SqlStore) -> None:
    make_planned_job(store, 2)
    claim_chunk(store, QUEUE)


def _make_job_with_webhook(store: SqlStore) -> None:
    make_finished_job(store, webhook_url="https://example.com/")


def _make_spoken_job(store: SqlStore) -> None:
    """Two parts of 1.5 s each, and a result that is as long as both."""
    make_finished_job(store)
    for step, seconds in (("work", 1.5), ("stitch", 3.0)):
        run_sql(store, f"""UPDATE chunks SET notes = '{{"duration_s": {seconds}}}' WHERE step = '{step}'""")


def _make_cancelled_job(store: SqlStore) -> None:
    job = make_planned_job(store, 2)
    claim_chunk(store, QUEUE)
    store.jobs.cancel("acme", job.id)


VIOLATIONS: list[tuple[str, Callable[[SqlStore], object], str]] = [
    ("01", _submit_with_key, "UPDATE idempotency SET job_id = 'job_missing'"),
    ("01", submit_job, "UPDATE chunks SET step = 'work', round = 7"),
    ("02", submit_job, "UPDATE chunks SET state = 'failed', finished_at = 1"),
    ("02", _make_job_with_webhook, "UPDATE jobs SET state = 'running', finished_at = NULL"),
    ("03", _make_job_with_webhook, "UPDATE jobs SET updated_at = updated_at + 1"),
    ("03", _make_job_with_webhook, "UPDATE chunk_events SET at = at + 60000 WHERE to_state = 'running'"),
    ("04", _make_job_with_webhook, "UPDATE jobs SET state = 'running'"),
    ("04", _make_job_with_webhook, "UPDATE chunks SET finished_at = NULL"),
    ("05", _make_running_job, "UPDATE chunks SET lease_owner = NULL"),
    ("05", _make_running_job, "UPDATE chunks SET state = 'ready'"),
    (
        "06",
        _make_job_with_webhook,
        "INSERT INTO chunk_events (chunk_id, fence, at, from_state, to_state) SELECT chunk_id, fence, "
        "at, from_state, to_state FROM chunk_events WHERE to_state = 'succeeded'",
    ),
    ("06", _make_job_with_webhook, "UPDATE chunks SET fence = fence + 1"),
    ("06", _make_job_with_webhook, "DELETE FROM chunk_events"),
    ("07", _make_running_job, "UPDATE chunk_events SET fence = 2 WHERE to_state = 'running'"),
    ("07", _make_job_with_webhook, "UPDATE chunk_events SET fence = 0 WHERE to_state = 'succeeded'"),
    ("08", _make_job_with_webhook, "UPDATE jobs SET chunks_done = 1"),
    ("08", _make_job_with_webhook, "UPDATE jobs SET units_done = units_done + 1"),
    ("08", make_planned_job, "UPDATE jobs SET chunk_total = 5"),
    ("09", _make_job_with_webhook, "UPDATE chunks SET result_sha256 = NULL WHERE step = 'work'"),
    ("09", _make_job_with_webhook, "UPDATE jobs SET result = NULL"),
    ("09", _make_job_with_webhook, "UPDATE chunks SET state = 'cancelled' WHERE step = 'stitch'"),
    ("10", make_planned_job, "UPDATE jobs SET units_total = units_total + 1"),
    ("10", make_planned_job, "UPDATE chunks SET idx = 9 WHERE idx = 1"),
    ("10", make_planned_job, """UPDATE chunks SET span = '{"start": 5.0, "end": 9.5}' WHERE step = 'work'"""),
    ("10", _make_spoken_job, """UPDATE chunks SET notes = '{"duration_s": 3.1}' WHERE step = 'stitch'"""),
    ("10", _make_spoken_job, """UPDATE chunks SET notes = '{"duration_s": 1.4}' WHERE step = 'work' AND idx = 1"""),
    ("11", _make_job_with_webhook, "DELETE FROM webhook_deliveries"),
    ("12", _make_cancelled_job, "UPDATE chunk_events SET at = at + 60000"),
    ("12", _make_cancelled_job, "UPDATE jobs SET cancel_requested_at = cancel_requested_at - 31000"),
    ("13", _make_running_job, "UPDATE chunks SET error_count = 6"),
    ("13", _make_running_job, "UPDATE chunks SET crash_count = 4"),
    ("13", _make_running_job, "UPDATE chunks SET rescue_count = 21"),
    ("15", _make_running_job, "UPDATE chunks SET tenant_id = 'other'"),
    ("15", _make_job_with_webhook, "UPDATE chunks SET result_key = 'jobs/other/x/parts/1'"),
    ("15", _make_job_with_webhook, "UPDATE webhook_deliveries SET tenant_id = 'other'"),
    ("15", _make_job_with_webhook, "UPDATE jobs SET input_key = 'jobs/other/x/input/1'"),
    ("16", _submit_with_key, "UPDATE idempotency SET tenant_id = 'other'"),
]


@pytest.mark.parametrize(("number", "make", "statement"), VIOLATIONS)
def test_violation_is_found(store: SqlStore, number: str, make: Callable[[SqlStore], object], statement: str) -> None:
    make(store)
    assert not find_violations(store)
    _corrupt(store, statement)
    found = {name.partition("_")[0] for name in find_violations(store)}
    assert number in found


def test_missing_delivery_to_an_endpoint_is_found(store: SqlStore) -> None:
    store.endpoints.create("acme", "https://example.com/", ())
    run_sql(store, "UPDATE webhook_endpoints SET updated_at = updated_at - 1000")
    make_finished_job(store)
    assert not find_violations(store)
    run_sql(store, "DELETE FROM webhook_deliveries")
    assert list(find_violations(store)) == ["11_one_delivery_for_each_listener"]


def test_every_invariant_but_the_brokers_is_checked(store: SqlStore) -> None:
    assert [int(name[:2]) for name in store.maintenance.audit()] == [*range(1, 14), 15, 16]
    assert {number for number, _, _ in VIOLATIONS} == {name[:2] for name in store.maintenance.audit()}


def test_at_most_twenty_rows_are_shown(store: SqlStore) -> None:
    for _ in range(25):
        submit_job(store)
    run_sql(store, "UPDATE chunks SET rescue_count = 21")
    assert len(find_violations(store)["13_limits_hold"]) == 20


def test_recording_under_the_prefix_of_another_tenant_is_found(store: SqlStore) -> None:
    voice = new_voice(1)
    stray = StoredObject(reference_key("other", voice.id, "upload"), "f" * 64, 1)
    store.voices.add(NewVoice(voice.id, "acme", "Ann", stray))
    assert [row["id"] for row in find_violations(store)["15_one_tenant_throughout"]] == [voice.id]
