from __future__ import annotations

import hashlib
from typing import Any

import pytest

from jobs.errors import NotFound
from jobs.sql import SqlStore
from jobs.sql.key_store import SqlKeyStore
from tests.job_factories import run_sql


class NoDatabase:
    """Fails a test that asks a database."""

    def read(self, work: object) -> None:
        raise AssertionError("asked")

    write = read


@pytest.mark.parametrize("secret", ["", "vm", "vm_", "vm__x", "vm_a", "vm_a_", "sk_a_b", "vm_a-b_c", "vm_ä_b", "_a_b"])
def test_malformed_secret_is_refused_without_asking_the_database(secret: str) -> None:
    database: Any = NoDatabase()
    assert SqlKeyStore(database).find(secret) is None


def test_only_the_hash_of_the_secret_part_is_stored(sqlite_store: SqlStore) -> None:
    key, secret = sqlite_store.keys.create("acme", "laptop", ["read"])
    rest = secret.removeprefix(f"vm_{key.id}_")
    [row] = run_sql(sqlite_store, "SELECT secret_sha256 FROM api_keys")
    assert row.secret_sha256 == hashlib.sha256(rest.encode()).hexdigest()
    assert len(rest) >= 40


def test_first_key_of_a_tenant_creates_the_tenant_once(sqlite_store: SqlStore) -> None:
    for name in ("a", "b"):
        sqlite_store.keys.create("acme", name, [])
    assert [row.id for row in run_sql(sqlite_store, "SELECT id FROM tenants")] == ["acme"]


def test_expiry_counts_from_the_databases_clock(sqlite_store: SqlStore) -> None:
    key, _ = sqlite_store.keys.create("acme", "a", [], expires_in_s=1.5)
    assert key.expires_at == pytest.approx(key.created_at + 1500, abs=1)
    assert sqlite_store.keys.create("acme", "b", [])[0].expires_at is None


def test_second_revocation_keeps_the_time_of_the_first(sqlite_store: SqlStore) -> None:
    key, _ = sqlite_store.keys.create("acme", "a", [])
    sqlite_store.keys.revoke("acme", key.id)
    run_sql(sqlite_store, "UPDATE api_keys SET revoked_at = 1")
    sqlite_store.keys.revoke("acme", key.id)
    assert sqlite_store.keys.list("acme")[0].revoked_at == 1
    with pytest.raises(NotFound):
        sqlite_store.keys.revoke("acme", "unknown")
