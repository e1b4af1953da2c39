"""The connection of a command: one attempt first, retries afterwards."""

from __future__ import annotations

import socket

import pytest

from framework.cli.connection import connect
from framework.client.errors import NotConfigured, Unreachable
from framework.client.retry_policy import RetryPolicy
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


def test_server_that_is_not_configured_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOICEMILL_URL")
    with pytest.raises(NotConfigured):
        connect()
