"""A server on a real socket, and clients that know only it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from framework.client.blocking_client import Client
from framework.client.retry_policy import RetryPolicy
from tests.unit.framework.wire_server import KEY, WireServer

#: As many retries as by default, without the pauses.
QUICK = RetryPolicy(first_delay_s=0.001)


@pytest.fixture
def wire() -> Iterator[WireServer]:
    server = WireServer().start()
    yield server
    server.stop()


@pytest.fixture
def client(wire: WireServer) -> Iterator[Client]:
    with Client(wire.url, KEY, retries=QUICK) as client:
        yield client


@pytest.fixture(autouse=True)
def _no_server_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A server on the developer's machine must not be found."""
    monkeypatch.delenv("VOICEMILL_URL", raising=False)
    monkeypatch.delenv("VOICEMILL_API_KEY", raising=False)
    monkeypatch.setenv("VOICEMILL_DATA_DIR", str(tmp_path_factory.mktemp("no-server")))


def start_thread(action: Callable[[], object]) -> threading.Thread:
    """Run `action` in a thread, which the test joins."""
    thread = threading.Thread(target=action)
    thread.start()
    return thread
