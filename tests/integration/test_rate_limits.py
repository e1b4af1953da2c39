"""Rate limits that several API processes count in one Redis, which may stop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.http.errors import RateLimited
from api.http.rate_limits import RateLimits
from tests.services.redis import RedisServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path).start()
    yield server
    server.stop()


def refused(limits: RateLimits, tenant_id: str) -> bool:
    try:
        limits.count("requests", tenant_id)
    except RateLimited as error:
        assert int(error.headers["Retry-After"]) >= 1
        return True
    return False


def test_processes_of_one_broker_count_together(server: RedisServer) -> None:
    one, other = (RateLimits(broker_url=server.url, per_minute={"requests": 3}) for _ in range(2))
    answers = [refused(limits, "a") for limits in (one, other, one, other, one)]
    assert answers == [False, False, False, True, True]
    assert not refused(other, "b")


def test_each_process_counts_alone_while_redis_is_down(server: RedisServer) -> None:
    one, other = (RateLimits(broker_url=server.url, per_minute={"requests": 1}) for _ in range(2))
    assert not refused(one, "a")
    server.stop()
    assert [refused(limits, "a") for limits in (one, one, other, other)] == [False, True, False, True]
