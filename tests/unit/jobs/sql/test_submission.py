from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.dialects import postgresql

from jobs.errors import Conflict
from jobs.job import Idempotency
from jobs.sql import SqlStore, submission
from tests.job_factories import new_job, run_sql, submit_job

KEY = Idempotency("/tts/synthesize", "key-1", "a" * 64)
DAY_MS = 86_400_000


def test_job_and_plan_are_one_statement_on_postgres() -> None:
    text = str(submission._INSERT_BOTH.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
    assert text.startswith("WITH")
    assert text.count("INSERT INTO") == 2
    assert text.count(";") == 0


def test_key_is_bound_once(sqlite_store: SqlStore) -> None:
    first = sqlite_store.jobs.submit(new_job(), KEY)
    sqlite_store.jobs.submit(new_job(), KEY)
    [row] = run_sql(sqlite_store, "SELECT * FROM idempotency")
    assert (row.tenant_id, row.route, row.key, row.job_id) == ("acme", KEY.route, KEY.key, first.job.id)
    assert run_sql(sqlite_store, "SELECT count(*) FROM jobs")[0][0] == 1


def test_failed_submission_binds_no_key(sqlite_store: SqlStore) -> None:
    taken = submit_job(sqlite_store).id
    with pytest.raises(Conflict):
        sqlite_store.jobs.submit(new_job(id=taken), KEY)
    assert run_sql(sqlite_store, "SELECT * FROM idempotency") == []
    assert not sqlite_store.jobs.submit(new_job(), KEY).replayed


@pytest.mark.parametrize(("is_lasting", "at_least_ms"), [(False, DAY_MS), (True, 99 * 365 * DAY_MS)])
def test_key_expires_after_a_day_and_a_lasting_one_practically_never(
    sqlite_store: SqlStore, is_lasting: bool, at_least_ms: int
) -> None:
    now_ms = sqlite_store.maintenance.now_ms()
    sqlite_store.jobs.submit(new_job(), replace(KEY, is_lasting=is_lasting))
    [row] = run_sql(sqlite_store, "SELECT expires_at FROM idempotency")
    assert row.expires_at - now_ms >= at_least_ms
    assert (row.expires_at - now_ms < 2 * DAY_MS) is not is_lasting


@pytest.mark.parametrize(("deadline_s", "deadline_ms"), [(None, 7 * DAY_MS), (0.0005, 0), (1.5, 1500)])
def test_deadline_is_the_requests_or_the_default(
    sqlite_store: SqlStore, deadline_s: float | None, deadline_ms: int
) -> None:
    job = submit_job(sqlite_store, deadline_s=deadline_s)
    assert job.deadline_at - job.created_at == deadline_ms
    stored = sqlite_store.jobs.get("acme", job.id)
    assert abs(stored.deadline_at - stored.created_at - deadline_ms) <= 1


@pytest.mark.parametrize(("retain_s", "retain_ms"), [(None, 30 * DAY_MS), (0.0, 0), (2.5, 2500)])
def test_retention_is_the_requests_or_the_default(
    sqlite_store: SqlStore, retain_s: float | None, retain_ms: int
) -> None:
    submit_job(sqlite_store, retain_s=retain_s)
    assert run_sql(sqlite_store, "SELECT retain_ms FROM jobs")[0].retain_ms == retain_ms


def test_webhook_urls_of_two_tenants_are_two_endpoints(sqlite_store: SqlStore) -> None:
    for tenant_id in ("acme", "acme", "other"):
        submit_job(sqlite_store, tenant_id=tenant_id, webhook_url="https://example.com/hook")
    rows = run_sql(sqlite_store, "SELECT tenant_id FROM webhook_endpoints WHERE adhoc ORDER BY tenant_id")
    assert [row.tenant_id for row in rows] == ["acme", "other"]


def test_webhook_url_enables_its_endpoint_again(sqlite_store: SqlStore) -> None:
    submit_job(sqlite_store, webhook_url="https://example.com/hook")
    [endpoint] = sqlite_store.endpoints.list("acme")
    sqlite_store.endpoints.update("acme", endpoint.id, enabled=False)
    submit_job(sqlite_store, webhook_url="https://example.com/hook")
    assert [each.disabled_at for each in sqlite_store.endpoints.list("acme")] == [None]
