"""What the outbound client decides before and after the network: addresses, limits, words."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator

import httpcore
import pytest

from jobs.errors import OutboundUnavailable, UnsafeAddress
from jobs.outbound import http_client
from jobs.outbound.address import OutboundPolicy
from jobs.outbound.http_client import OutboundHttp, resolve_by_system
from tests.services.machine_speed import deadline

TLS = ssl.create_default_context()


def post(url: str, *addresses: str) -> None:
    OutboundHttp(OutboundPolicy(), resolve=lambda host, port: addresses, tls=TLS).post(url, headers={}, body=b"{}")


@pytest.mark.parametrize("addresses", [["10.0.0.1"], ["127.0.0.1", "::1"], ["fe80::1%eth0"]])
def test_name_with_private_addresses_only_is_refused(addresses: list[str]) -> None:
    with pytest.raises(UnsafeAddress):
        post("https://receiver.example/", *addresses)


def test_name_without_an_address_is_unavailable() -> None:
    with pytest.raises(OutboundUnavailable, match="no address"):
        post("https://receiver.example/")


def test_only_public_addresses_of_a_name_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[tuple[str, int]] = []

    def connect(self: object, host: str, port: int, timeout: float) -> None:
        tried.append((host, port))
        raise httpcore.ConnectError

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    with pytest.raises(OutboundUnavailable, match="does not accept the connection"):
        post("https://receiver.example:8443/", "10.0.0.1", "8.8.8.8", "::1", "2606:4700::1111")
    assert tried == [("8.8.8.8", 8443), ("2606:4700::1111", 8443)]


def test_url_is_checked_before_its_name_is_resolved() -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise AssertionError("resolved")

    with pytest.raises(UnsafeAddress):
        OutboundHttp(OutboundPolicy(), resolve=resolve, tls=TLS).post("http://receiver.example/", headers={}, body=b"")


def test_system_resolver_lists_each_address_once() -> None:
    assert list(resolve_by_system("127.0.0.1", 443)) == ["127.0.0.1"]


def test_body_is_cut_at_the_limit_and_kept_where_the_connection_broke() -> None:
    def blocks(*, breaks: bool) -> Iterator[bytes]:
        yield b"abcd"
        yield b"efgh"
        if breaks:
            raise httpcore.RemoteProtocolError
        raise AssertionError("read on")

    assert http_client._read_limited(blocks(breaks=False), 6) == b"abcdef"
    assert http_client._read_limited(blocks(breaks=True), 100) == b"abcdefgh"


class Stream(httpcore.NetworkStream):
    """A peer that takes three seconds for every step."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self.limits = clock, list[float | None]()

    def _step(self, timeout: float | None) -> None:
        self.limits.append(timeout)
        self._clock.now += 3

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._step(timeout)
        return b"x"

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._step(timeout)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        self._step(timeout)
        return self

    def close(self) -> None:
        return


class Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now


def test_all_steps_of_an_exchange_share_one_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(http_client, "time", clock)
    stream = Stream(clock)
    timed = http_client._TimedStream(stream, http_client._Deadline(10.0)).start_tls(TLS, "receiver.example", None)
    timed.write(b"x", None)
    timed.read(1, None)
    timed.read(1, 99.0)
    assert stream.limits == [10.0, 7.0, 4.0, 1.0]
    for step in (lambda: timed.read(1), lambda: timed.write(b"x"), lambda: timed.start_tls(TLS)):
        with pytest.raises(TimeoutError):
            step()


def test_connecting_takes_no_longer_than_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[float] = []

    def connect(self: object, host: str, port: int, timeout: float) -> None:
        limits.append(timeout)
        raise httpcore.ConnectTimeout

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    http = OutboundHttp(OutboundPolicy(), resolve=lambda host, port: ["8.8.8.8"], tls=TLS, timeout_s=2.0)
    with pytest.raises(OutboundUnavailable, match="in time"):
        http.post("https://receiver.example/", headers={}, body=b"{}")
    assert len(limits) == 1 and limits[0] <= 2.0


def test_a_resolver_that_hangs_is_left_behind_at_the_deadline() -> None:
    class Expiring(http_client._Deadline):
        def left(self, at_most: float | None = None) -> float:
            return 0.01

    answered = threading.Event()
    with pytest.raises(TimeoutError):
        http_client._run_with_deadline(Expiring(1.0), lambda: answered.wait(deadline(2)))
    answered.set()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "its name cannot be resolved"),
        (httpcore.ConnectError("[Errno 111] 10.0.0.1"), "it does not accept the connection"),
        (httpcore.RemoteProtocolError("10.0.0.1"), "its answer is not HTTP"),
        (ConnectionResetError("10.0.0.1"), "the connection broke"),
    ],
)
def test_description_for_the_tenant_names_no_address(error: Exception, words: str) -> None:
    assert http_client._describe(error) == words
