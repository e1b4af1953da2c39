"""The proxy of the fault tests injects the faults that it names, and counts them."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.faults.proxy import Proxy
from tests.services.machine_speed import deadline, poll
from tests.services.process import free_port


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that echoes in lower case."""
    server_socket = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            while data := connection.recv(65536):
                connection.sendall(data.lower())

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(server_socket.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield server_socket.getsockname()[1]
    server_socket.shutdown(socket.SHUT_RDWR)
    server_socket.close()


@pytest.fixture
def proxy(echo: int) -> Iterator[Proxy]:
    proxy = Proxy(echo).start()
    yield proxy
    proxy.stop()


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=deadline(30))


def exchange(connection: socket.socket, data: bytes) -> bytes:
    connection.sendall(data)
    answer = b""
    while len(answer) < len(data) and (block := connection.recv(65536)):
        answer += block
    return answer


def is_silent(connection: socket.socket) -> bool:
    connection.settimeout(0.2)
    try:
        connection.recv(1)
    except TimeoutError:
        return True
    finally:
        connection.settimeout(20)
    return False


def test_everything_passes_unchanged_by_default(proxy: Proxy) -> None:
    with connect(proxy) as one, connect(proxy) as two:
        assert exchange(one, b"ABC") == b"abc"
        assert exchange(two, b"X" * 1_000_000) == b"x" * 1_000_000
    assert proxy.connections == 2
    assert not proxy.faults


def test_a_half_close_passes(proxy: Proxy) -> None:
    with connect(proxy) as connection:
        connection.sendall(b"LAST")
        connection.shutdown(socket.SHUT_WR)
        assert connection.makefile("rb").read() == b"last"


def test_a_delay_delays_each_way(proxy: Proxy) -> None:
    with connect(proxy) as connection:
        exchange(connection, b"WARM")
        proxy.delay(0.15)
        began = time.monotonic()
        assert exchange(connection, b"ABC") == b"abc"
        # A lower bound: a slow machine cannot violate it.
        assert time.monotonic() - began >= 0.3
    assert proxy.faults["delayed"] == 2


@pytest.mark.parametrize("direction", ["up", "down"])
def test_dropped_bytes_are_lost_and_the_connection_stays_open(proxy: Proxy, direction) -> None:
    with connect(proxy) as connection:
        proxy.drop(direction)
        connection.sendall(b"LOST")
        assert is_silent(connection)
        assert proxy.faults["dropped"] == 1
        proxy.restore()
        assert exchange(connection, b"FOUND") == b"found"


def test_new_connections_are_accepted_while_bytes_are_dropped(proxy: Proxy) -> None:
    proxy.drop()
    with connect(proxy) as connection:
        connection.sendall(b"HELLO")
        assert is_silent(connection)


def test_a_change_is_made_one_way_and_counted(proxy: Proxy) -> None:
    proxy.change(lambda block: block.replace(b"a", b"?"), "down")
    with connect(proxy) as connection:
        assert exchange(connection, b"aBa") == b"?b?"
        assert exchange(connection, b"bbb") == b"bbb"
    assert proxy.faults == {"changed": 1}


def test_a_connection_is_cut_after_so_many_bytes(proxy: Proxy) -> None:
    proxy.cut_after(5, "down")
    with connect(proxy) as connection:
        connection.sendall(b"ABCDEFGH")
        assert connection.makefile("rb").read() == b"abcde"
    assert proxy.faults == {"cut": 1}


def test_live_connections_are_reset(proxy: Proxy) -> None:
    with connect(proxy) as one, connect(proxy) as two:
        exchange(one, b"A")
        exchange(two, b"A")
        assert proxy.reset_now() == 2
        for connection in (one, two):
            with pytest.raises(ConnectionResetError):
                connection.recv(1)
    with connect(proxy) as three:
        assert exchange(three, b"A") == b"a"
    assert proxy.faults["reset"] == 2


def test_a_block_that_meets_the_condition_resets_by_chance(proxy: Proxy) -> None:
    proxy.reset_when(lambda block: b"COMMIT" in block, "up", chance=0.5)
    ends = []
    for _ in range(40):
        with connect(proxy) as connection:
            assert exchange(connection, b"BEGIN") == b"begin"
            try:
                ends.append(exchange(connection, b"COMMIT"))
            except ConnectionResetError:
                ends.append(b"reset")
    assert set(ends) == {b"commit", b"reset"}
    assert ends.count(b"reset") == proxy.faults["reset"]


def test_connections_are_refused_until_restored(proxy: Proxy) -> None:
    with connect(proxy) as connection:
        exchange(connection, b"A")
        proxy.refuse()
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    with pytest.raises(ConnectionError), connect(proxy) as connection:
        exchange(connection, b"A")
        raise AssertionError("a refused connection answered")
    assert poll(lambda: proxy.faults["refused"] == 1, deadline_s=10)
    proxy.restore()
    with connect(proxy) as connection:
        assert exchange(connection, b"A") == b"a"


def test_without_a_server_clients_see_a_broken_connection() -> None:
    proxy = Proxy(free_port()).start()
    answer = b""
    with contextlib.suppress(ConnectionError), connect(proxy) as connection:
        answer = exchange(connection, b"A")
    proxy.stop()
    assert answer == b""
    assert proxy.connections == 1


def test_a_stopped_proxy_closes_delayed_connections(echo: int) -> None:
    proxy = Proxy(echo).start()
    proxy.delay(3600)
    with connect(proxy) as connection:
        connection.sendall(b"A")
        assert poll(lambda: proxy.faults["delayed"] == 1, deadline_s=10)
        proxy.stop()
        with contextlib.suppress(ConnectionError):
            assert connection.recv(10) in (b"", b"a")
