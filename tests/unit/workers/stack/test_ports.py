"""Ports that are free, taken, or answer nothing."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from jobs.errors import Misconfigured
from workers.stack.ports import free_port, listens, read_status, require_free


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def test_a_taken_port_is_refused_by_name(server: socket.socket) -> None:
    port = server.getsockname()[1]
    with pytest.raises(Misconfigured, match=str(port)) as refused:
        require_free(port)
    assert refused.value.field == "--port"


def test_a_port_listens_or_does_not(server: socket.socket) -> None:
    assert listens(server.getsockname()[1])
    assert not listens(free_port())


def test_without_an_answer_there_is_no_status() -> None:
    assert read_status(free_port(), "/jobs") is None
