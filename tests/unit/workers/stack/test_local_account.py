"""Secrets of the local stack from start to start."""

import json
import stat

from workers.stack.local_account import load_or_create_account, remove_client_file, write_client_file


def test_a_second_start_keeps_key_and_secrets(sqlite_store, tmp_path):
    first = load_or_create_account(sqlite_store, tmp_path)
    assert load_or_create_account(sqlite_store, tmp_path) == first
    assert sqlite_store.keys.find(first.api_key).tenant_id == "local"
    assert first.webhook_secret.startswith("whsec_")


def test_a_revoked_key_is_replaced(sqlite_store, tmp_path):
    first = load_or_create_account(sqlite_store, tmp_path)
    sqlite_store.keys.revoke("local", sqlite_store.keys.find(first.api_key).id)
    second = load_or_create_account(sqlite_store, tmp_path)
    assert second.api_key != first.api_key
    assert sqlite_store.keys.find(second.api_key) is not None


def test_another_database_gets_another_account(sqlite_store, tmp_path):
    (tmp_path / "account.json").write_text(
        json.dumps({"api_key": "vm_abc_def", "webhook_secret": "whsec_x", "flower_password": "p"})
    )
    account = load_or_create_account(sqlite_store, tmp_path)
    assert account.api_key != "vm_abc_def" and account.webhook_secret != "whsec_x"


def test_a_broken_file_is_no_obstacle(sqlite_store, tmp_path):
    (tmp_path / "account.json").write_text("[1, 2")
    assert sqlite_store.keys.find(load_or_create_account(sqlite_store, tmp_path).api_key) is not None


def test_files_are_for_their_owner_only(sqlite_store, tmp_path):
    account = load_or_create_account(sqlite_store, tmp_path)
    published = write_client_file(tmp_path, account, base_url="http://127.0.0.1:1", flower_url="http://127.0.0.1:2")
    for path in (published, tmp_path / "account.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_secrets_do_not_show_when_printed(sqlite_store, tmp_path):
    account = load_or_create_account(sqlite_store, tmp_path)
    assert account.api_key not in repr(account) and account.webhook_secret not in repr(account)


def test_withdrawing_takes_the_clients_file_and_keeps_the_account(sqlite_store, tmp_path):
    account = load_or_create_account(sqlite_store, tmp_path)
    path = write_client_file(tmp_path, account, base_url="http://127.0.0.1:1", flower_url="http://127.0.0.1:2")
    remove_client_file(tmp_path)
    remove_client_file(tmp_path)
    assert not path.exists()
    assert load_or_create_account(sqlite_store, tmp_path) == account
