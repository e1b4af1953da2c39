"""Which server is used, and which key is sent to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from framework.client.errors import NotConfigured
from framework.client.settings import data_dir, find_server

LOCAL = {"base_url": "http://127.0.0.1:8080/", "api_key": "vm_local", "webhook_secret": "whsec_x", "ws_url": None}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOICEMILL_DATA_DIR", str(tmp_path))
    return tmp_path


def write_client_json(home: Path, **changes: object) -> None:
    (home / "client.json").write_text(json.dumps({**LOCAL, **changes}))


def test_local_stack_is_found_by_its_file(home: Path) -> None:
    write_client_json(home)
    server = find_server()
    assert (server.base_url, server.api_key) == ("http://127.0.0.1:8080", "vm_local")
    assert server.webhook_secret == "whsec_x"


def test_environment_comes_before_the_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_client_json(home)
    monkeypatch.setenv("VOICEMILL_URL", "https://speech.example.org/")
    monkeypatch.setenv("VOICEMILL_API_KEY", "vm_remote")
    server = find_server()
    assert (server.base_url, server.api_key) == ("https://speech.example.org", "vm_remote")
    assert server.webhook_secret is None


def test_arguments_come_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEMILL_URL", "https://speech.example.org")
    monkeypatch.setenv("VOICEMILL_API_KEY", "vm_remote")
    server = find_server("http://other", "vm_other")
    assert (server.base_url, server.api_key) == ("http://other", "vm_other")


def test_local_key_never_goes_to_another_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_client_json(home)
    monkeypatch.setenv("VOICEMILL_URL", "https://speech.example.org")
    with pytest.raises(NotConfigured, match="set VOICEMILL_API_KEY"):
        find_server()


def test_another_key_for_the_local_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_client_json(home)
    monkeypatch.setenv("VOICEMILL_API_KEY", "vm_mine")
    assert find_server().api_key == "vm_mine"


def test_without_any_server_the_error_has_instructions(home: Path) -> None:
    with pytest.raises(NotConfigured, match=r"client\.json does not exist.*`voicemill up`.*VOICEMILL_URL"):
        find_server()


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"base_url": ""}'])
def test_damaged_file_is_named(home: Path, content: str) -> None:
    (home / "client.json").write_text(content)
    with pytest.raises(NotConfigured, match=r"client\.json .*writes it anew"):
        find_server()


def test_address_without_a_scheme_is_refused() -> None:
    with pytest.raises(NotConfigured, match="must begin with http"):
        find_server("127.0.0.1:8080", "vm_x")


def test_key_does_not_show_in_the_representation() -> None:
    assert "vm_secret" not in repr(find_server("http://x", "vm_secret"))


def test_data_directory_has_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOICEMILL_DATA_DIR")
    monkeypatch.setenv("HOME", "/home/someone")
    assert data_dir() == Path("/home/someone/.local/share/voicemill")
