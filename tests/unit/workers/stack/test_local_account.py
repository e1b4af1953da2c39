"""Secrets of the local stack from start to start."""

import json
import stat

from workers.stack.local_account import open_account, publish, withdraw


def test_a_second_start_keeps_key_and_secrets(sqlite_store, tmp_path):
    first = open_account(sqlite_store, tmp_path)
    assert open_account(sqlite_store, tmp_path) == first
    assert sqlite_store.key_for(first.api_key).tenant_id == "local"
    assert first.webhook_secret.startswith("whsec_")


def test_a_revoked_key_is_replaced(sqlite_store, tmp_path):
    first = open_account(sqlite_store, tmp_path)
    sqlite_store.revoke_key("local", sqlite_store.key_for(first.api_key).id)
    second = open_account(sqlite_store, tmp_path)
    assert second.api_key != first.api_key
    assert sqlite_store.key_for(second.api_key) is not None


def test_another_database_gets_another_account(sqlite_store, tmp_path):
    (tmp_path / "account.json").write_text(
        json.dumps({"api_key": "vm_abc_def", "webhook_secret": "whsec_x", "flower_password": "p"})
    )
    account = open_account(sqlite_store, tmp_path)
    assert account.api_key != "vm_abc_def" and account.webhook_secret != "whsec_x"


def test_a_broken_file_is_no_obstacle(sqlite_store, tmp_path):
    (tmp_path / "account.json").write_text("[1, 2")
    assert sqlite_store.key_for(open_account(sqlite_store, tmp_path).api_key) is not None


def test_files_are_for_their_owner_only(sqlite_store, tmp_path):
    account = open_account(sqlite_store, tmp_path)
    published = publish(tmp_path, account, base_url="http://127.0.0.1:1", flower_url="http://127.0.0.1:2")
    for path in (published, tmp_path / "account.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_secrets_do_not_show_when_printed(sqlite_store, tmp_path):
    account = open_account(sqlite_store, tmp_path)
    assert account.api_key not in repr(account) and account.webhook_secret not in repr(account)


def test_withdrawing_takes_the_clients_file_and_keeps_the_account(sqlite_store, tmp_path):
    account = open_account(sqlite_store, tmp_path)
    path = publish(tmp_path, account, base_url="http://127.0.0.1:1", flower_url="http://127.0.0.1:2")
    withdraw(tmp_path)
    withdraw(tmp_path)
    assert not path.exists()
    assert open_account(sqlite_store, tmp_path) == account
