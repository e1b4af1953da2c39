"""API keys."""

from __future__ import annotations

import pytest

from jobs.errors import NotFound
from jobs.sql import SqlStore
from tests.job_factories import run_sql


def test_key_is_found_by_its_secret(store: SqlStore) -> None:
    key, secret = store.keys.create("acme", "laptop", ["read", "submit"])
    assert secret.startswith(f"vm_{key.id}_")
    found = store.keys.find(secret)
    assert found is not None
    assert (found.id, found.tenant_id, found.name, found.scopes) == (key.id, "acme", "laptop", ("read", "submit"))
    assert store.keys.list("acme")[0].last_used_at is not None


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "vm",
        "vm_",
        "vm__",
        "sk_{id}_{rest}",
        "vm_{id}_",
        "vm_{id}_x{rest}",
        "vm_0{id}_{rest}",
        "vm_{id}",
        "vm_ä_{rest}",
        "vm_\0_{rest}",
    ],
)
def test_forged_secret_finds_nothing(store: SqlStore, forged: str) -> None:
    key, secret = store.keys.create("acme", "laptop", [])
    assert store.keys.find(forged.format(id=key.id, rest=secret.removeprefix(f"vm_{key.id}_"))) is None


def test_revoked_and_expired_keys_find_nothing(store: SqlStore) -> None:
    revoked, revoked_secret = store.keys.create("acme", "a", [])
    _, expired_secret = store.keys.create("acme", "b", [], expires_in_s=3600)
    assert store.keys.find(expired_secret) is not None
    store.keys.revoke("acme", revoked.id)
    run_sql(store, "UPDATE api_keys SET expires_at = :at WHERE expires_at IS NOT NULL", at=store.maintenance.now_ms())
    assert store.keys.find(revoked_secret) is None
    assert store.keys.find(expired_secret) is None
    assert len(store.keys.list("acme")) == 2


def test_last_use_is_recorded_once_a_minute(store: SqlStore) -> None:
    _, secret = store.keys.create("acme", "a", [])
    store.keys.find(secret)
    run_sql(store, "UPDATE api_keys SET last_used_at = last_used_at - 30000")
    (before,) = store.keys.list("acme")
    store.keys.find(secret)
    assert store.keys.list("acme") == [before]
    run_sql(store, "UPDATE api_keys SET last_used_at = last_used_at - 31000")
    store.keys.find(secret)
    (after,) = store.keys.list("acme")
    assert (after.last_used_at or 0) > (before.last_used_at or 0)


def test_keys_belong_to_their_tenant(store: SqlStore) -> None:
    key, _ = store.keys.create("acme", "a", [])
    store.keys.ensure_tenant("other")
    store.keys.ensure_tenant("other")
    assert store.keys.list("other") == []
    with pytest.raises(NotFound):
        store.keys.revoke("other", key.id)


def test_secret_is_not_in_the_database(store: SqlStore) -> None:
    key, secret = store.keys.create("acme", "a", [])
    rest = secret.removeprefix(f"vm_{key.id}_")
    assert rest not in str(run_sql(store, "SELECT * FROM api_keys"))
