"""Submits and whole jobs per second, compared with a plain Celery application of the same durability."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg

from tests.benchmarks.deployment import KeepAliveClient, measure_rate, run_deployment
from tests.benchmarks.plain_celery import TABLE
from tests.benchmarks.report import Section, format_range, median
from tests.faults.rig import ROOT, Rig
from tests.services.machine_speed import poll
from tests.services.process import Child, free_port

_TEXT = "The mill by the river turns at night, and what it grinds is words."
_BODY = {"text": _TEXT, "model": "tone", "format": "wav"}


class PlainCelery:
    """The processes of the baseline, on the rig's database and broker."""

    def __init__(self, rig: Rig) -> None:
        self._url = rig.environment["VOICEMILL_DATABASE_URL"].replace("+psycopg", "")
        self._env = {
            **rig.environment,
            "PLAIN_DATABASE_URL": self._url,
            "PLAIN_DIRECTORY": str(rig.directory / "plain"),
            "PLAIN_BROKER_URL": rig.environment["VOICEMILL_BROKER_URL"],
        }
        (rig.directory / "plain").mkdir()
        with psycopg.connect(self._url) as connection:
            connection.execute(TABLE)
        self._directory = rig.directory
        self.base_url = f"http://127.0.0.1:{free_port()}"
        self._children: list[Child] = []

    def start_api(self) -> None:
        args = [
            sys.executable,
            "-m",
            "granian",
            "--interface",
            "wsgi",
            "--host",
            "127.0.0.1",
            "--port",
            self.base_url.rpartition(":")[2],
            "--blocking-threads",
            "64",
            "--no-ws",
            "tests.benchmarks.plain_celery:app",
        ]
        self._start(args, "plain-api")
        call = KeepAliveClient(self.base_url, {})

        def answers() -> bool:
            try:
                return call.call("GET", "/")[0] == 404
            except OSError:
                call.close()
                return False

        assert poll(answers, deadline_s=60)

    def start_worker(self, processes: int) -> None:
        args = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "tests.benchmarks.plain_celery:celery",
            "worker",
            "--pool=prefork",
            f"--concurrency={processes}",
            "--without-gossip",
            "--without-mingle",
            "--loglevel=INFO",
        ]
        child = self._start(args, "plain-worker")
        child.wait_ready(lambda: b" ready." in child.log.read_bytes(), deadline_s=60)

    def count_succeeded(self) -> int:
        with psycopg.connect(self._url) as connection:
            return _fetch_count(connection, "SELECT count(*) FROM plain_jobs WHERE state = 'succeeded'")

    def stop(self) -> None:
        for child in self._children:
            child.stop()

    def _start(self, args: list[str], name: str) -> Child:
        child = Child(args, log=self._directory / f"{name}.log", env=self._env, cwd=ROOT)
        self._children.append(child)
        return child


@contextmanager
def _run_plain(rig: Rig) -> Iterator[PlainCelery]:
    plain = PlainCelery(rig)
    try:
        yield plain
    finally:
        plain.stop()


def measure_submits(*, rounds: int = 5, seconds: float = 3.0) -> Section:
    """Accepted (committed) jobs per second over HTTP, without workers."""
    section = Section(
        "Durable submits per second",
        "A JSON text of one sentence; the answer is 202 after COMMIT. Clients keep their connection alive. "
        "`plain` is tests/benchmarks/plain_celery.py: insert, commit, `delay()`, 202, under the same server.",
        ("clients", "voicemill", "plain Celery", "ratio"),
    )
    with run_deployment() as rig, _run_plain(rig) as plain:
        plain.start_api()

        def ours() -> Callable[[int], Any]:
            caller = KeepAliveClient(rig.base_url, rig.headers)
            return lambda _: _expect(202, caller.call("POST", "/tts/synthesize", _BODY))

        def theirs() -> Callable[[int], Any]:
            caller = KeepAliveClient(plain.base_url, {})
            return lambda _: _expect(202, caller.call("POST", "/speak", {"text": _TEXT}))

        for clients in (1, 16):
            measure_rate(ours, clients=clients, seconds=1), measure_rate(theirs, clients=clients, seconds=1)
            us, them = [], []
            for _ in range(rounds):
                us.append(measure_rate(ours, clients=clients, seconds=seconds))
                them.append(measure_rate(theirs, clients=clients, seconds=seconds))
            section.rows.append((clients, format_range(us), format_range(them), f"{median(us) / median(them):.2f}"))
    return section


def measure_jobs(*, rounds: int = 3, jobs: int = 100) -> Section:
    """Jobs per second, from the first submit to the last result."""
    section = Section(
        "Whole jobs per second",
        f"{jobs} one-sentence jobs for `tone` from 4 clients, until the last result is stored and committed. "
        "voicemill: a cpu worker and a tone worker (plan, work and stitch are three chunks, each leased, fenced and "
        "committed with its stored part; the input is read in a sandbox). plain: one prefork worker with two "
        "processes, one task a job.",
        ("", "voicemill", "plain Celery", "ratio"),
    )
    with run_deployment("cpu", "tone", engines=2) as rig, _run_plain(rig) as plain:
        plain.start_api()
        plain.start_worker(2)
        us, them = [], []
        for _ in range(rounds):
            us.append(jobs / _time_jobs(rig, jobs))
            them.append(jobs / _time_plain_jobs(plain, jobs))
        section.rows.append(("jobs/s", format_range(us, 1), format_range(them, 1), f"{median(us) / median(them):.2f}"))
    return section


def _time_jobs(rig: Rig, jobs: int) -> float:
    target, began = _count_succeeded(rig) + jobs, time.monotonic()

    def submit(count: int) -> None:
        caller = KeepAliveClient(rig.base_url, rig.headers)
        for _ in range(count):
            _expect(202, caller.call("POST", "/tts/synthesize", _BODY))

    _run_in_threads(submit, jobs, 4)
    assert poll(lambda: _count_succeeded(rig) >= target, deadline_s=300, every_s=0.05)
    return time.monotonic() - began


def _fetch_count(connection: psycopg.Connection, query: LiteralString) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def _count_succeeded(rig: Rig) -> int:
    """The number of succeeded jobs, with the same kind of query as `PlainCelery.count_succeeded`."""
    with psycopg.connect(rig.environment["VOICEMILL_DATABASE_URL"].replace("+psycopg", "")) as connection:
        return _fetch_count(connection, "SELECT count(*) FROM jobs WHERE state = 'succeeded'")


def _time_plain_jobs(plain: PlainCelery, jobs: int) -> float:
    target, began = plain.count_succeeded() + jobs, time.monotonic()

    def submit(count: int) -> None:
        caller = KeepAliveClient(plain.base_url, {})
        for _ in range(count):
            _expect(202, caller.call("POST", "/speak", {"text": _TEXT}))

    _run_in_threads(submit, jobs, 4)
    assert poll(lambda: plain.count_succeeded() >= target, deadline_s=300, every_s=0.05)
    return time.monotonic() - began


def _run_in_threads(target: Callable[[int], object], total: int, threads: int) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(target, [total // threads] * threads))


def _expect(status: int, answer: tuple[int, Any]) -> Any:
    """The body of the answer, which must have this status."""
    assert answer[0] == status, answer
    return answer[1]


def measure_polling(*, rounds: int = 4, seconds: float = 3.0, pollers: int = 200) -> Section:
    """The effect of waiting clients on submits per second."""
    section = Section(
        "200 waiting clients",
        f"{pollers} clients hold `GET /jobs/{{id}}?wait=15` on jobs that do not end (no worker runs), while 4 clients "
        "submit. Rounds with and without them alternate; a round begins when the API holds all of them, or none.",
        ("", "submits per second"),
    )
    with run_deployment() as rig:
        ids = [
            _expect(202, KeepAliveClient(rig.base_url, rig.headers).call("POST", "/tts/synthesize", _BODY))["id"]
            for _ in range(pollers)
        ]

        def submit() -> Callable[[int], Any]:
            caller = KeepAliveClient(rig.base_url, rig.headers)
            return lambda _: _expect(202, caller.call("POST", "/tts/synthesize", _BODY))

        alone, watched = [], []
        measure_rate(submit, clients=4, seconds=1)
        for _ in range(rounds):
            # The API notices only at the end of a wait that its client is gone, and accepts no more waiters until then.
            assert poll(lambda: _count_waiters(rig) == 0, deadline_s=60, every_s=0.5)
            alone.append(measure_rate(submit, clients=4, seconds=seconds))
            child = _start_pollers(rig, ids)
            assert poll(lambda: _count_waiters(rig) == pollers, deadline_s=10, every_s=0.2)
            watched.append(measure_rate(submit, clients=4, seconds=seconds))
            assert _count_waiters(rig) == pollers
            child.stop()
        section.rows += [("nobody waits", format_range(alone)), (f"{pollers} wait", format_range(watched))]
        section.reading = f"Cost: {100 * (1 - median(watched) / median(alone)):.0f} % of the submit rate."
    return section


def _start_pollers(rig: Rig, ids: list[str]) -> Child:
    args = [sys.executable, "-m", "tests.benchmarks.pollers", rig.base_url, rig.headers["Authorization"], *ids]
    return Child(args, log=rig.directory / "pollers.log", env={"PYTHONPATH": str(ROOT)}, cwd=ROOT)


def _count_waiters(rig: Rig) -> int:
    text = _expect(200, KeepAliveClient(rig.base_url, rig.headers).call("GET", "/audio/metrics")).decode()
    return int(float(text.partition("\nvoicemill_waiters ")[2].partition("\n")[0]))
