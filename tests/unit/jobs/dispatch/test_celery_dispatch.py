"""The circuit breaker and the connection of notifications; with a real broker: tests/integration."""

from __future__ import annotations

import ssl

import pytest

from jobs.dispatch import celery_dispatch
from jobs.dispatch.celery_dispatch import CeleryDispatch, _Breaker, broker_options, broker_tls


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(celery_dispatch.time, "monotonic", lambda: self.now)


def test_a_breaker_stays_open_longer_after_each_failure_and_closes_upon_a_success(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch)
    breaker = _Breaker(longest_pause_s=1.0)
    assert not breaker.is_open
    assert [breaker.fail() for _ in range(4)] == [0.25, 0.5, 1.0, 1.0]
    assert breaker.is_open
    clock.now = 1.1
    assert not breaker.is_open
    breaker.succeed()
    assert breaker.fail() == 0.25


@pytest.mark.parametrize(
    ("url", "is_verified"), [("rediss://h/0", True), ("amqps://h", True), ("redis://h/0", False), ("amqp://h", False)]
)
def test_a_certificate_is_verified_wherever_the_url_asks_for_tls(url: str, is_verified: bool) -> None:
    assert broker_tls(url) == ({"ssl_cert_reqs": ssl.CERT_REQUIRED} if is_verified else None)


def test_a_half_open_connection_is_noticed() -> None:
    options = broker_options(timeout_s=1.0, connect_timeout_s=2.0)
    assert (options["socket_timeout"], options["socket_connect_timeout"]) == (1.0, 2.0)
    assert options["health_check_interval"] > 0


def test_nothing_is_published_after_close_or_while_the_breaker_is_open() -> None:
    dispatch = CeleryDispatch("redis://127.0.0.1:1/0")
    dispatch._breaker.fail()
    dispatch.notify("cpu")
    assert dispatch._pending == {}
    dispatch._breaker.succeed()
    dispatch.close()
    dispatch.notify("cpu")
    assert dispatch._pending == {}
    assert dispatch._thread.ident is None, "no thread was started for it"
