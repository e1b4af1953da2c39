"""Clients that send, or read, as slowly as they can: the server answers everybody else, and each of them is counted."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from tests.services.api_server import ApiServer
from tests.services.machine_speed import deadline, poll

#: More than the server has threads.
CLIENTS = 60
THREADS = 24
KEY_TRANSFERS = 8
PROBES = ("/livez", "/readyz", "/audio/health")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    env = {
        "VOICEMILL_API_THREADS": str(THREADS),
        "VOICEMILL_MAX_KEY_TRANSFERS": str(KEY_TRANSFERS),
        "VOICEMILL_BODY_GRACE_S": str(deadline(3)),
    }
    server = ApiServer(tmp_path_factory.mktemp("api"), env=env).start()
    yield server
    server.stop()


def open_slow_uploads(server: ApiServer, count: int) -> list[socket.socket]:
    """Connections that promise a body and send its first byte."""
    head = (
        f"POST /tts/synthesize HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {server.key}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"
    )
    clients = []
    for _ in range(count):
        client = socket.create_connection(("127.0.0.1", server.port), timeout=deadline(60))
        client.sendall(head.encode())
        clients.append(client)
    return clients


def read_status(client: socket.socket) -> int:
    """The status that the client is answered with."""
    return int(client.recv(4096).split(b" ", 2)[1])


def test_clients_that_send_slowly_are_refused_and_everybody_else_is_served(server: ApiServer) -> None:
    clients = open_slow_uploads(server, CLIENTS)
    try:
        # While those that have a place keep it, all else is answered.
        with server.client() as client:
            assert [client.get(path).status_code for path in PROBES] == [200, 200, 200]
            assert client.get("/jobs").status_code == 200
            refused = client.post("/tts/synthesize", json={"text": "Hello.", "model": "tone"})
            assert refused.status_code in (202, 429)
        counts = Counter(read_status(client) for client in clients)
    finally:
        for one in clients:
            one.close()
    assert counts == {408: KEY_TRANSFERS, 429: CLIENTS - KEY_TRANSFERS}
    with server.client() as client:
        assert poll(
            lambda: client.post("/tts/synthesize", json={"text": "Hello.", "model": "tone"}).status_code == 202,
            deadline_s=30,
        )


def test_refused_client_is_told_what_to_do(server: ApiServer) -> None:
    clients = open_slow_uploads(server, KEY_TRANSFERS)
    try:
        with server.client() as client:

            def refused() -> httpx.Response | None:
                answer = client.post("/tts/synthesize", json={"text": "Hello.", "model": "tone"})
                return answer if answer.status_code == 429 else None

            answer = poll(refused, deadline_s=4)
            assert answer is not None
            assert answer.headers["Retry-After"] == "2"
            assert (answer.json()["code"], answer.json()["retryable"]) == ("too_many_transfers", True)
    finally:
        for one in clients:
            one.close()
