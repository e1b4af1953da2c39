"""The connection of a command: one attempt first, retries afterwards."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path

import pytest

from framework.cli.connection import connect
from framework.client.errors import NotConfigured, Unreachable
from framework.client.retry_policy import RetryPolicy
from tests.unit.framework.cli.conftest import Voicemill
from tests.unit.framework.wire_server import KEY, WireServer


@pytest.fixture(autouse=True)
def _server(wire: WireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEMILL_URL", wire.url)
    monkeypatch.setenv("VOICEMILL_API_KEY", KEY)


def test_connected_client_retries_later_requests(wire: WireServer) -> None:
    with connect() as client:
        assert client.retries == RetryPolicy()
    assert [request.path for request in wire.requests] == ["/audio/health"]


def test_unhealthy_server_is_connected_all_the_same(wire: WireServer) -> None:
    wire.answer_next(503, b'{"status": "down"}', path="/audio/health")
    connect().close()


def test_lost_response_is_reported_without_a_retry(wire: WireServer) -> None:
    wire.drop_next(path="/audio/health")
    with pytest.raises(Unreachable):
        connect()
    assert len(wire.requests) == 1


def test_missing_server_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        monkeypatch.setenv("VOICEMILL_URL", f"http://127.0.0.1:{reserved.getsockname()[1]}")
        with pytest.raises(Unreachable, match="`voicemill up`"):
            connect()


@pytest.mark.parametrize(
    ("status", "body", "headers", "message"),
    [
        (200, b"<html>Welcome</html>", {}, "is no Voicemill server: it answered 200"),
        (200, b'{"hello": "world"}', {}, "is no Voicemill server: its health has another form"),
        (200, b"[1, 2]", {}, "is no Voicemill server: it answered 200"),
        (200, b'"ok"', {}, "is no Voicemill server: it answered 200"),
        (204, b"", {}, "is no Voicemill server: it answered 204"),
        (404, b"<html>Not found</html>", {}, "is no Voicemill server: it answered 404"),
        (404, b'{"message": "no such route"}', {}, "is no Voicemill server: it answered 404"),
        (401, b"Who are you?", {}, "is no Voicemill server: it answered 401"),
        (500, b"", {}, "is no Voicemill server: it answered 500"),
        (301, b"", {"Location": "https://example.com/"}, "redirects to https://example.com/: set VOICEMILL_URL"),
    ],
)
def test_another_kind_of_server_is_named_with_the_cure(
    wire: WireServer, voicemill: Voicemill, status: int, body: bytes, headers: dict[str, str], message: str
) -> None:
    wire.answer_next(status, body, path="/audio/health", headers=headers)
    result = voicemill("jobs")
    assert result.exit_code != 0
    assert message in result.stderr
    assert "VOICEMILL_URL" in result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_proxy_without_its_server_is_no_other_kind_of_server(wire: WireServer, voicemill: Voicemill) -> None:
    wire.answer_next(503, b"<html>Try later</html>", path="/audio/health")
    result = voicemill("jobs")
    assert (result.exit_code, "retry later" in result.stderr, "no Voicemill" in result.stderr) == (1, True, False)


def test_answer_of_another_form_is_an_error_of_the_server(wire: WireServer, voicemill: Voicemill) -> None:
    wire.answer_next(200, b'{"items": []}', path="/jobs")
    result = voicemill("jobs")
    assert result.exit_code == 1
    assert "has another form than expected: is this address a Voicemill server?" in result.stderr


@pytest.mark.parametrize("sent", [b"+PONG\r\n", b"SSH-2.0-OpenSSH_9.6\r\n", b""])
def test_server_that_speaks_no_http_is_named_with_the_cure(
    monkeypatch: pytest.MonkeyPatch, voicemill: Voicemill, sent: bytes
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(10_000)
                connection.sendall(sent)

        thread = threading.Thread(target=answer)
        thread.start()
        monkeypatch.setenv("VOICEMILL_URL", f"http://127.0.0.1:{server.getsockname()[1]}")
        result = voicemill("jobs")
        thread.join()
    assert result.exit_code == 1
    assert "See whether a Voicemill server runs there" in result.stderr
    assert "VOICEMILL_URL" in result.stderr


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8080", "ftp://a", "http://", "http://a b", f"http://{'a' * 70}", "http://[1"]
)
def test_address_that_is_none_is_named_with_the_variable(
    monkeypatch: pytest.MonkeyPatch, voicemill: Voicemill, url: str
) -> None:
    monkeypatch.setenv("VOICEMILL_URL", url)
    result = voicemill("jobs")
    assert result.exit_code in (1, 2)
    assert "VOICEMILL_URL" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_wrong_key_is_named_with_the_variable(monkeypatch: pytest.MonkeyPatch, voicemill: Voicemill) -> None:
    monkeypatch.setenv("VOICEMILL_API_KEY", "vm_wrong")
    result = voicemill("jobs")
    assert result.exit_code == 2
    assert "Set VOICEMILL_API_KEY to a key of this server" in result.stderr


def test_server_that_is_not_configured_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOICEMILL_URL")
    with pytest.raises(NotConfigured):
        connect()


@pytest.mark.parametrize(
    "arguments",
    [
        ("jobs",),
        ("models",),
        ("voices",),
        ("keys", "list"),
        ("transcribe", "talk.wav", "--no-wait"),
        ("speak", "Hello.", "--no-wait"),
    ],
)
def test_data_directory_names_the_server_whatever_the_environment_says(
    wire: WireServer, voicemill: Voicemill, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("VOICEMILL_URL", "http://127.0.0.1:9")
    Path("talk.wav").write_bytes(b"RIFF")
    Path("stack").mkdir()
    Path("stack/client.json").write_text(json.dumps({"base_url": wire.url, "api_key": KEY}))
    result = voicemill(*arguments, "--data-dir", "stack")
    assert result.exit_code == 0, result.stderr
    assert wire.requests


def test_data_directory_without_a_server_is_named(voicemill: Voicemill) -> None:
    result = voicemill("jobs", "--data-dir", "nowhere")
    assert result.exit_code == 2
    assert "nowhere/client.json does not exist" in result.stderr
