"""API keys."""

from __future__ import annotations

import pytest

from jobs.errors import NotFound
from jobs.sql import SqlStore
from tests.job_factories import sql


def test_key_is_found_by_its_secret(store: SqlStore) -> None:
    key, secret = store.create_key("acme", "laptop", ["read", "submit"])
    assert secret.startswith(f"vm_{key.id}_")
    found = store.key_for(secret)
    assert found is not None
    assert (found.id, found.tenant_id, found.name, found.scopes) == (key.id, "acme", "laptop", ("read", "submit"))
    assert store.keys("acme")[0].last_used_at is not None


@pytest.mark.parametrize(
    "forge",
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
def test_forged_secret_finds_nothing(store: SqlStore, forge: str) -> None:
    key, secret = store.create_key("acme", "laptop", [])
    assert store.key_for(forge.format(id=key.id, rest=secret.removeprefix(f"vm_{key.id}_"))) is None


def test_revoked_and_expired_keys_find_nothing(store: SqlStore) -> None:
    revoked, revoked_secret = store.create_key("acme", "a", [])
    _, expired_secret = store.create_key("acme", "b", [], expires_in_s=3600)
    assert store.key_for(expired_secret) is not None
    store.revoke_key("acme", revoked.id)
    sql(store, "UPDATE api_keys SET expires_at = :at WHERE expires_at IS NOT NULL", at=store.now_ms())
    assert store.key_for(revoked_secret) is None
    assert store.key_for(expired_secret) is None
    assert len(store.keys("acme")) == 2


def test_use_is_noted_once_a_minute(store: SqlStore) -> None:
    _, secret = store.create_key("acme", "a", [])
    store.key_for(secret)
    sql(store, "UPDATE api_keys SET last_used_at = last_used_at - 30000")
    (before,) = store.keys("acme")
    store.key_for(secret)
    assert store.keys("acme") == [before]
    sql(store, "UPDATE api_keys SET last_used_at = last_used_at - 31000")
    store.key_for(secret)
    assert store.keys("acme")[0].last_used_at > before.last_used_at


def test_keys_belong_to_their_tenant(store: SqlStore) -> None:
    key, _ = store.create_key("acme", "a", [])
    store.ensure_tenant("other")
    store.ensure_tenant("other")
    assert store.keys("other") == []
    with pytest.raises(NotFound):
        store.revoke_key("other", key.id)


def test_secret_is_not_in_the_database(store: SqlStore) -> None:
    key, secret = store.create_key("acme", "a", [])
    rest = secret.removeprefix(f"vm_{key.id}_")
    assert rest not in str(sql(store, "SELECT * FROM api_keys"))
