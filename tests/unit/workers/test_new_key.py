"""The first key of a tenant, made at the database."""

from __future__ import annotations

import pytest

from jobs.sql import SqlStore
from workers import new_key


@pytest.fixture
def migrated(sqlite_url, monkeypatch, tmp_path):
    """The settings of a process that has a migrated database; its store."""
    monkeypatch.setenv("VOICEMILL_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("VOICEMILL_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("VOICEMILL_SECRET_KEY", "the secret key of this one test, long enough")
    store = SqlStore(sqlite_url)
    yield store
    store.close()


def test_printed_secret_opens_the_tenant(migrated, capsys):
    assert new_key.main(["--tenant", "acme", "--scopes", "submit,admin"]) == 0
    key = migrated.keys.find(capsys.readouterr().out.strip())
    assert (key.tenant_id, key.name, set(key.scopes)) == ("acme", "first", {"submit", "admin"})


def test_second_key_of_a_tenant_leaves_the_first_alone(migrated, capsys):
    secrets = [new_key.main(["--tenant", "acme"]) or capsys.readouterr().out.strip() for _ in range(2)]
    assert {migrated.keys.find(secret).tenant_id for secret in secrets} == {"acme"}
    assert len(migrated.keys.list("acme")) == 2


@pytest.mark.parametrize("scopes", ["", "read,write"])
def test_unknown_scope_is_refused_with_the_choices(migrated, capsys, scopes):
    with pytest.raises(SystemExit) as ended:
        new_key.main(["--tenant", "acme", "--scopes", scopes])
    assert ended.value.code == 2
    assert "read, submit, stream, admin" in capsys.readouterr().err
    assert migrated.keys.list("acme") == []


def test_tenant_that_could_not_be_part_of_an_object_key_is_refused(migrated, capsys):
    assert new_key.main(["--tenant", "../acme"]) == 2
    assert "../acme" in capsys.readouterr().err
