from __future__ import annotations

import base64

import pytest

from jobs.errors import Conflict, Misconfigured
from jobs.sql import SqlStore
from jobs.sql.webhooks import endpoints
from jobs.sql.webhooks.endpoints import NoCipher
from tests.job_factories import run_sql, submit_job

URL = "https://example.com/hook"


def test_secret_has_the_format_of_standard_webhooks() -> None:
    secret = endpoints._new_secret()
    prefix, _, encoded = secret.partition("_")
    assert prefix == "whsec"
    assert len(base64.b64decode(encoded, validate=True)) == 32
    assert secret != endpoints._new_secret()


def test_process_without_the_key_reports_the_setting(sqlite_url: str) -> None:
    store = SqlStore(sqlite_url)
    with pytest.raises(Misconfigured) as caught:
        store.endpoints.create("acme", URL, ())
    assert caught.value.field == "VOICEMILL_SECRET_KEY"
    with pytest.raises(Misconfigured):
        NoCipher().decrypt("x")
    assert submit_job(store, webhook_url=URL).id  # needs no secret
    store.close()


def test_default_secret_is_created_once_and_replaced_by_a_rotation(sqlite_store: SqlStore) -> None:
    db = sqlite_store._db

    def ensure() -> str:
        return db.write(lambda connection: sqlite_store.endpoints.ensure_default_secret(connection, "acme"))

    first = ensure()
    assert ensure() == first
    sqlite_store.endpoints.rotate_default_secret("acme")
    assert ensure() != first


def test_second_switching_off_keeps_the_time_of_the_first(sqlite_store: SqlStore) -> None:
    endpoint, _ = sqlite_store.endpoints.create("acme", URL, ())
    sqlite_store.endpoints.update("acme", endpoint.id, enabled=False)
    run_sql(sqlite_store, "UPDATE webhook_endpoints SET disabled_at = 5")
    assert sqlite_store.endpoints.update("acme", endpoint.id, enabled=False).disabled_at == 5


def test_update_changes_only_what_is_given(sqlite_store: SqlStore) -> None:
    endpoint, _ = sqlite_store.endpoints.create("acme", URL, ["job.failed"])
    assert sqlite_store.endpoints.update("acme", endpoint.id) == endpoint
    assert sqlite_store.endpoints.update("acme", endpoint.id, events=[]).events == ()
    assert sqlite_store.endpoints.get("acme", endpoint.id).url == URL


def test_pending_deliveries_of_a_deleted_endpoint_fail_with_the_reason(sqlite_store: SqlStore) -> None:
    endpoint, _ = sqlite_store.endpoints.create("acme", URL, ())
    sqlite_store.endpoints.send_test("acme", endpoint.id)
    sqlite_store.endpoints.delete("acme", endpoint.id)
    [row] = run_sql(sqlite_store, "SELECT state, last_error, finished_at FROM webhook_deliveries")
    assert (row.state, row.last_error) == ("failed", "the endpoint was deleted")
    assert row.finished_at is not None


def test_secret_of_an_adhoc_endpoint_cannot_be_rotated(sqlite_store: SqlStore) -> None:
    submit_job(sqlite_store, webhook_url=URL)
    [endpoint] = sqlite_store.endpoints.list("acme")
    with pytest.raises(Conflict, match="default secret"):
        sqlite_store.endpoints.rotate_secret("acme", endpoint.id)
