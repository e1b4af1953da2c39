"""Webhook endpoints and their secrets."""

from __future__ import annotations

import pytest

from jobs.errors import Conflict, NotFound
from jobs.sql import SqlStore
from tests.job_factories import make_finished_job, run_sql, submit_job

URL = "https://example.com/hook"


def test_same_webhook_url_is_one_adhoc_endpoint(store: SqlStore) -> None:
    one, two = make_finished_job(store, webhook_url=URL), make_finished_job(store, webhook_url=URL)
    make_finished_job(store)
    (endpoint,) = store.endpoints.list("acme")
    assert endpoint.adhoc
    assert [record.subject_id for record in store.deliveries.list("acme", endpoint.id)] == [two.id, one.id]
    with pytest.raises(Conflict):
        store.endpoints.rotate_secret("acme", endpoint.id)


def test_endpoints_are_changed_and_deleted_by_their_tenant(store: SqlStore) -> None:
    endpoint, secret = store.endpoints.create("acme", URL, ())
    assert secret.startswith("whsec_")
    changed = store.endpoints.update("acme", endpoint.id, url=URL + "2", events=["job.failed"], enabled=False)
    assert (changed.url, changed.events, changed.disabled_at is None) == (URL + "2", ("job.failed",), False)
    assert store.endpoints.update("acme", endpoint.id, enabled=True).disabled_at is None
    assert store.endpoints.rotate_secret("acme", endpoint.id) != secret
    for call in (
        store.endpoints.get,
        store.endpoints.delete,
        store.endpoints.send_test,
        store.deliveries.list,
        store.endpoints.update,
    ):
        with pytest.raises(NotFound):
            call("other", endpoint.id)
    assert store.endpoints.list("other") == []
    store.endpoints.send_test("acme", endpoint.id)
    store.endpoints.delete("acme", endpoint.id)
    assert store.endpoints.list("acme") == []
    assert store.deliveries.claim("w", lease_ms=1000) is None
    with pytest.raises(NotFound):
        store.endpoints.get("acme", endpoint.id)


def test_secrets_are_encrypted_in_the_database(store: SqlStore) -> None:
    _, secret = store.endpoints.create("acme", URL, ())
    default = store.endpoints.rotate_default_secret("acme")
    kept = run_sql(store, "SELECT secret FROM webhook_endpoints UNION ALL SELECT webhook_secret FROM tenants")
    assert len(kept) == 2
    assert not {secret, default} & {row[0] for row in kept}


def test_submitting_with_a_webhook_url_needs_no_secret(store: SqlStore) -> None:
    assert submit_job(store, webhook_url=URL).id
