"""All kinds of faults for one deployment, by name; counted only where they had an effect.

    with deployment(tmp_path, s3_server, s3_url) as rig, … :
        chaos = Chaos(rig, …)
        chaos.start_workers()
        chaos.inject("kill -9 of a worker")

When `inject` returns, the fault is over and its cause repaired; what is still broken then the product has to repair.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from jobs.errors import StoreUnavailable
from migrations import upgrade
from tests.faults.proxy import Proxy
from tests.faults.rig import Rig, Worker, pause, resume
from tests.services.machine_speed import deadline, poll
from tests.services.postgres import PostgresServer
from tests.services.redis import RedisServer
from tests.services.s3 import S3Server

#: Seconds that a fault with a length lasts.
_OUTAGE_S = 2.0


class Chaos:
    """A deployment with a proxy on every connection, and servers that may be killed. Start and stop it with `with`."""

    def __init__(self, directory: Path, s3_server: S3Server, s3_url: str, *, seed: int = 0) -> None:
        self._choose = random.Random(seed)
        self._database = PostgresServer()
        broker_directory = directory / "redis"
        broker_directory.mkdir(parents=True)
        self._broker = RedisServer(broker_directory)
        self._directory, self._s3_server, self._s3_url = directory, s3_server, s3_url
        self.workers: list[Worker] = []
        self.kinds: Mapping[str, Callable[[], bool]] = {
            "kill -9 of a worker": self._kill_worker,
            "kill -9 of an engine": self._kill_engine,
            "SIGSTOP of a worker": self._freeze_worker,
            "FLUSHALL": self._flush,
            "kill -9 of Redis": self._kill_broker,
            "crash of the database": self._crash_database,
            "reset of all links": self._reset_links,
            "refusing storage": self._refuse_storage,
            "kill -9 of the API": self._kill_api,
        }

    def __enter__(self) -> Chaos:
        database = self._database.start()
        broker = self._broker.start()
        url = database.url(database.create_database())
        upgrade(url)
        self.links = {
            "database": Proxy(database.port).start(),
            "broker": Proxy(broker.port).start(),
            "storage": Proxy(self._s3_server.port).start(),
        }
        self.rig = Rig(
            self._directory,
            database_url=_replace_port(url, database.port, self.links["database"]),
            broker_url=_replace_port(broker.url, broker.port, self.links["broker"]),
            storage_url=_replace_port(self._s3_url, self._s3_server.port, self.links["storage"]),
            store_url=url,
            objects_url=self._s3_url,
        ).__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.rig.__exit__(*error)
        for link in self.links.values():
            link.stop()
        self._broker.stop()
        self._database.close()

    def start_workers(self, *families: str) -> None:
        """Start workers that may be killed; a killed worker is replaced."""
        self.workers += self.rig.start_workers(*families)

    def inject(self, kind: str) -> bool:
        """Cause a fault of this kind and repair its cause. False where it could have no effect."""
        hit = self.kinds[kind]()
        if hit:
            self.rig.count_fault(kind)
        return hit

    # -- the kinds -----------------------------------------------------------------------------------------------------
    def _kill_worker(self) -> bool:
        victim = self._busy_worker()
        if victim is None:
            return False
        victim.kill()
        self.workers.remove(victim)
        self.workers.append(self.rig.start_worker(victim.family))
        return True

    def _kill_engine(self) -> bool:
        victim = self._busy_worker("slow")
        # After a third crash alone the error of the job would rightly be poison.
        if victim is None or self.rig.max_crash_count() >= 2:
            return False
        for pid in victim.engine_pids:
            try:
                if "workers.engines.child" in " ".join(psutil.Process(pid).cmdline()):
                    os.kill(pid, signal.SIGKILL)
                    return True
            except (psutil.NoSuchProcess, ProcessLookupError):
                continue
        return False

    def _freeze_worker(self) -> bool:
        victim = self._busy_worker()
        if victim is None:
            return False
        pause(victim.pid)
        time.sleep(self.rig.times.lease_s * self._choose.uniform(0.5, 3))
        resume(victim.pid)
        return True

    def _flush(self) -> bool:
        self._broker.flush()
        return True

    def _kill_broker(self) -> bool:
        self._broker.kill()
        time.sleep(self._choose.uniform(0, _OUTAGE_S))
        self._broker.start()
        return True

    def _crash_database(self) -> bool:
        self._database.stop(immediate=True)
        time.sleep(self._choose.uniform(0, _OUTAGE_S))
        self._database.start()
        return True

    def _reset_links(self) -> bool:
        return sum(link.reset_now() for link in self.links.values()) > 0

    def _refuse_storage(self) -> bool:
        link = self.links["storage"]
        before = link.faults.total()
        link.refuse()
        time.sleep(_OUTAGE_S)
        link.restore()
        return link.faults.total() > before

    def _kill_api(self) -> bool:
        self.rig.kill_api()
        self.rig.start_api()
        return True

    def _busy_worker(self, family: str | None = None) -> Worker | None:
        """A random worker that runs chunks, of this family or of any; None where there is none."""
        busy = [each for each in self.workers if family in (None, each.family) and self.rig.count_running(each)]
        return self._choose.choice(busy) if busy else None


class LoadClient(threading.Thread):
    """Submits jobs at a bounded rate, each with an idempotency key until it is acknowledged; sometimes cancels one."""

    def __init__(self, rig: Rig, *, every_s: float, chunks: int, seconds: float, most_open: int, seed: int = 0) -> None:
        super().__init__(name="client", daemon=True)
        self._rig, self._every_s, self._most_open = rig, every_s, most_open
        self._chunks, self._seconds = chunks, seconds
        self._choose = random.Random(seed)
        self._closing = threading.Event()
        #: Requests that were sent again because the API or the database was down.
        self.repeated = 0
        self.cancelled: set[str] = set()

    def close(self) -> None:
        """Stop submitting; returns after the response to the last request."""
        self._closing.set()
        self.join(deadline(60))

    def run(self) -> None:
        number = 0
        while not self._closing.wait(self._every_s):
            try:
                still_open = [job.id for job in self._rig.jobs() if not job.state.is_terminal]
            except StoreUnavailable:
                continue
            if len(still_open) < self._most_open:
                number += 1
                self._submit(f"soak-{number}")
            elif still_open and self._choose.random() < 0.2:
                self._cancel(self._choose.choice(still_open))

    def _submit(self, key: str) -> None:
        text = self._rig.make_text(chunks=self._chunks, seconds=self._seconds)
        body = {"text": text, "model": "slow", "format": "wav"}
        answer = self._request("/tts/synthesize", json=body, headers={"Idempotency-Key": key})
        assert answer.status_code == 202, answer.text
        self._rig.acknowledge(answer.json()["id"], text)

    def _cancel(self, job_id: str) -> None:
        self._request(f"/jobs/{job_id}/cancel")
        self.cancelled.add(job_id)
        self._rig.count_fault("cancel")

    def _request(self, path: str, *, json: Any = None, headers: Mapping[str, str] | None = None) -> httpx.Response:
        headers = {**self._rig.headers, **(headers or {})}
        while True:
            try:
                answer = httpx.post(
                    f"{self._rig.base_url}{path}", json=json, headers=headers, timeout=deadline(15), trust_env=False
                )
                if answer.status_code not in (409, 503):
                    return answer
            except httpx.TransportError:
                pass
            self.repeated += 1
            time.sleep(0.5)


@contextmanager
def run_client(client: LoadClient) -> Iterator[LoadClient]:
    """Run the client until the block ends."""
    client.start()
    try:
        yield client
    finally:
        client.close()


def measure_recovery_s(rig: Rig, *, deadline_s: float) -> float | None:
    """Seconds from now, the end of a fault, until a chunk succeeds; None where no job is open."""
    started, before = time.monotonic(), rig.count_events("succeeded")
    if all(job.state.is_terminal for job in rig.jobs()):
        return None
    assert poll(lambda: rig.count_events("succeeded") > before, deadline_s=deadline_s), rig.read_log_tails()
    return time.monotonic() - started


def _replace_port(url: str, port: int, link: Proxy) -> str:
    assert f":{port}/" in url or f":{port}&" in url or url.endswith(f":{port}"), url
    return url.replace(f":{port}", f":{link.port}")
