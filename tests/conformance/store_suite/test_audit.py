"""Every invariant's query finds what breaks it: rows are spoilt on purpose, past the database's own constraints."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jobs.job import Idempotency
from jobs.sql import SqlStore
from tests.job_factories import QUEUE, accept, broken, claim, finished, new_job, planned, sql


def _spoil(store: SqlStore, statement: str) -> None:
    """Run SQL although a CHECK forbids it."""
    if store._db.is_postgres:
        checks = sql(
            store,
            "SELECT conrelid::regclass AS home, conname FROM pg_constraint WHERE contype = 'c' AND conname LIKE 'ck_%'",
        )
        for check in checks:
            sql(store, f"ALTER TABLE {check.home} DROP CONSTRAINT {check.conname}")
        sql(store, statement)
    else:
        connection = store._db.engine.raw_connection()
        connection.cursor().execute("PRAGMA ignore_check_constraints = ON")
        connection.cursor().execute(statement)
        connection.cursor().execute("PRAGMA ignore_check_constraints = OFF")
        connection.close()


def _accepted_with_key(store: SqlStore) -> None:
    store.accept(new_job(), Idempotency("/r", "k", "f"))


def _running(store: SqlStore) -> None:
    planned(store, 2)
    claim(store, QUEUE)


def _finished(store: SqlStore) -> None:
    finished(store, webhook_url="https://example.com/")


def _spoken(store: SqlStore) -> None:
    """Two parts of 1.5 s each, and a result that is as long as both."""
    finished(store)
    for step, seconds in (("work", 1.5), ("stitch", 3.0)):
        sql(store, f"""UPDATE chunks SET notes = '{{"duration_s": {seconds}}}' WHERE step = '{step}'""")


def _cancelled(store: SqlStore) -> None:
    job = planned(store, 2)
    claim(store, QUEUE)
    store.cancel("acme", job.id)


SPOILT: list[tuple[str, Callable[[SqlStore], object], str]] = [
    ("01", _accepted_with_key, "UPDATE idempotency SET job_id = 'job_lost'"),
    ("01", accept, "UPDATE chunks SET step = 'work', round = 7"),
    ("02", accept, "UPDATE chunks SET state = 'failed', finished_at = 1"),
    ("02", _finished, "UPDATE jobs SET state = 'running', finished_at = NULL"),
    ("03", _finished, "UPDATE jobs SET updated_at = updated_at + 1"),
    ("03", _finished, "UPDATE chunk_events SET at = at + 60000 WHERE to_state = 'running'"),
    ("04", _finished, "UPDATE jobs SET state = 'running'"),
    ("04", _finished, "UPDATE chunks SET finished_at = NULL"),
    ("05", _running, "UPDATE chunks SET lease_owner = NULL"),
    ("05", _running, "UPDATE chunks SET state = 'ready'"),
    (
        "06",
        _finished,
        "INSERT INTO chunk_events (chunk_id, fence, at, from_state, to_state) SELECT chunk_id, fence, "
        "at, from_state, to_state FROM chunk_events WHERE to_state = 'succeeded'",
    ),
    ("06", _finished, "UPDATE chunks SET fence = fence + 1"),
    ("06", _finished, "DELETE FROM chunk_events"),
    ("07", _running, "UPDATE chunk_events SET fence = 2 WHERE to_state = 'running'"),
    ("07", _finished, "UPDATE chunk_events SET fence = 0 WHERE to_state = 'succeeded'"),
    ("08", _finished, "UPDATE jobs SET chunks_done = 1"),
    ("08", _finished, "UPDATE jobs SET units_done = units_done + 1"),
    ("08", planned, "UPDATE jobs SET chunk_total = 5"),
    ("09", _finished, "UPDATE chunks SET result_sha256 = NULL WHERE step = 'work'"),
    ("09", _finished, "UPDATE jobs SET result = NULL"),
    ("09", _finished, "UPDATE chunks SET state = 'cancelled' WHERE step = 'stitch'"),
    ("10", planned, "UPDATE jobs SET units_total = units_total + 1"),
    ("10", planned, "UPDATE chunks SET idx = 9 WHERE idx = 1"),
    ("10", planned, """UPDATE chunks SET span = '{"start": 5.0, "end": 9.5}' WHERE step = 'work'"""),
    ("10", _spoken, """UPDATE chunks SET notes = '{"duration_s": 3.1}' WHERE step = 'stitch'"""),
    ("10", _spoken, """UPDATE chunks SET notes = '{"duration_s": 1.4}' WHERE step = 'work' AND idx = 1"""),
    ("11", _finished, "DELETE FROM webhook_deliveries"),
    ("12", _cancelled, "UPDATE chunk_events SET at = at + 60000"),
    ("12", _cancelled, "UPDATE jobs SET cancel_requested_at = cancel_requested_at - 31000"),
    ("13", _running, "UPDATE chunks SET error_count = 6"),
    ("13", _running, "UPDATE chunks SET crash_count = 4"),
    ("13", _running, "UPDATE chunks SET rescue_count = 21"),
    ("15", _running, "UPDATE chunks SET tenant_id = 'other'"),
    ("15", _finished, "UPDATE chunks SET result_key = 'jobs/other/x/parts/1'"),
    ("15", _finished, "UPDATE webhook_deliveries SET tenant_id = 'other'"),
    ("15", _finished, "UPDATE jobs SET input_key = 'jobs/other/x/input/1'"),
    ("16", _accepted_with_key, "UPDATE idempotency SET tenant_id = 'other'"),
]


@pytest.mark.parametrize(("number", "make", "statement"), SPOILT)
def test_violation_is_found(store: SqlStore, number: str, make: Callable[[SqlStore], object], statement: str) -> None:
    make(store)
    assert not broken(store)
    _spoil(store, statement)
    found = {name.partition("_")[0] for name in broken(store)}
    assert number in found


def test_listener_that_was_not_told_is_found(store: SqlStore) -> None:
    store.create_endpoint("acme", "https://example.com/", ())
    sql(store, "UPDATE webhook_endpoints SET updated_at = updated_at - 1000")
    finished(store)
    assert not broken(store)
    sql(store, "DELETE FROM webhook_deliveries")
    assert list(broken(store)) == ["11_one_delivery_for_each_listener"]


def test_every_invariant_but_the_brokers_is_asked_for(store: SqlStore) -> None:
    assert [int(name[:2]) for name in store.audit()] == [*range(1, 14), 15, 16]
    assert {number for number, _, _ in SPOILT} == {name[:2] for name in store.audit()}


def test_at_most_twenty_rows_are_shown(store: SqlStore) -> None:
    for _ in range(25):
        accept(store)
    sql(store, "UPDATE chunks SET rescue_count = 21")
    assert len(broken(store)["13_limits_hold"]) == 20
