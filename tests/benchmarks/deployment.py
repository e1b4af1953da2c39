"""The deployment of the benchmarks: a durable Postgres, a Redis, and the rig's processes with production's leases."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from migrations import upgrade
from tests.faults.rig import Rig
from tests.services.postgres import PostgresServer
from tests.services.redis import RedisServer

PRODUCTION = {"LEASE_S": "60", "HEARTBEAT_S": "15", "RESCUE_TRUST_S": "90", "SWEEP_S": "2", "RETRY_BASE_S": "10"}


@contextmanager
def run_services() -> Iterator[tuple[Path, PostgresServer, RedisServer]]:
    """A temporary directory, a durable Postgres and a Redis."""
    with TemporaryDirectory(prefix="voicemill-bench-") as name:
        directory = Path(name)
        (directory / "redis").mkdir()
        postgres, redis = PostgresServer(durable=True).start(), RedisServer(directory / "redis").start()
        try:
            yield directory, postgres, redis
        finally:
            redis.stop()
            postgres.close()


@contextmanager
def run_deployment(*families: str, engines: int = 1, storage_url: str | None = None) -> Iterator[Rig]:
    """A rig with an API and a worker for each family, on services of its own."""
    with run_services() as (directory, postgres, redis):
        url = postgres.url(postgres.create_database())
        upgrade(url)
        with Rig(
            directory / "rig",
            database_url=url,
            broker_url=redis.url,
            storage_url=storage_url,
            settings=PRODUCTION,
            runs_audit=False,
        ) as rig:
            rig.start_api()
            for family in families:
                rig.start_worker(family, engines=engines)
            yield rig


class KeepAliveClient:
    """A minimal HTTP client with one kept-alive connection, which leaves the CPU to the server."""

    def __init__(self, base_url: str, headers: dict[str, str]) -> None:
        host, _, port = base_url.removeprefix("http://").partition(":")
        self._connection = http.client.HTTPConnection(host, int(port), timeout=120)
        self._headers = headers

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and decoded JSON (or bytes)."""
        raw = json.dumps(body).encode() if body is not None and not isinstance(body, bytes) else body
        sent = {"Content-Type": "application/json", **self._headers, **headers}
        self._connection.request(method, path, raw, sent)
        answer = self._connection.getresponse()
        data = answer.read()
        is_json = "json" in (answer.getheader("Content-Type") or "")
        return answer.status, json.loads(data) if is_json else data

    def close(self) -> None:
        self._connection.close()


def measure_rate(make: Callable[[], Callable[[int], object]], *, clients: int, seconds: float) -> float:
    """Calls per second of `clients` threads in `seconds`; `make` returns a thread's function to call."""
    counts, stop = [0] * clients, threading.Event()

    def client(number: int) -> None:
        call = make()
        while not stop.is_set():
            call(counts[number])
            counts[number] += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - began)
