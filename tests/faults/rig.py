"""The test rig of the fault tests: real services, real worker processes, and a record of all acknowledged jobs.

    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url) as rig:
        rig.start_workers("cpu", "slow")
        rig.submit(12, chunks=6, seconds=0.3)
        … faults …
        rig.wait_until_ended(60)
        rig.expect_all_succeeded()

Leases, heartbeats and the sweeper's trust window are short, so that a fault and the recovery take seconds; the protocol
is that of production. The audit runs every second in the background, and once more at the end.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from jobs.errors import JobsError, StoreUnavailable
from jobs.job import Job, NewJob
from jobs.secret_box import SecretBox
from jobs.settings import Settings
from jobs.sql import SqlStore
from jobs.sql.tables import chunk_events, chunks
from jobs.storage.from_settings import open_storage
from pipelines.requests import SynthesisRequest
from tests.services.machine_speed import LoadAwareDeadline, deadline, poll
from tests.services.process import Child, free_port
from tests.services.protocol_times import ProtocolTimes
from workers.maintenance.audit import check

ROOT = Path(__file__).parents[2]
TENANT = "local"
_SECRET = "the secret key of the fault rig, 32 characters and more"
#: A line for each test, with the faults that it caused; shown at the end of a test run.
REPORTS: list[str] = []

_MODELS = """
[[model]]
name = "slow"
kind = "tts"
family = "slow"
target = "tests.faults.slow_family:load_synthesiser"
engines = ["numpy"]
languages = ["*"]
default_voice = "tone"
voices_target = "pipelines.families.tone:voices"
sample_rate_hz = 16000
slots = 4
speed = 2000.0
chunk_characters = 120
stall_s = {stall_s}
options = ["speed"]
auto = false
"""


def short_and_long(short: int, long: int) -> pytest.MarkDecorator:
    """The test's argument `times`: how many faults it causes here, and how many under `make soak`."""
    long_one = pytest.param(long, id="long", marks=[pytest.mark.soak, pytest.mark.timeout(4 * 3600)])
    return pytest.mark.parametrize("times", [pytest.param(short, id="short"), long_one])


@dataclass
class AcknowledgedJob:
    """A job that was acknowledged to a client."""

    id: str
    #: The text to synthesise: equal texts must give equal audio.
    text: str
    at: float = field(default_factory=time.monotonic)


class Worker(Child):
    """A worker process of the rig."""

    family: str = ""

    @property
    def engine_pids(self) -> list[int]:
        """Pids of all its descendants."""
        try:
            return [child.pid for child in psutil.Process(self.pid).children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def wait_until_ready(self) -> None:
        """Wait until it claims chunks."""
        self.wait_ready(lambda: b"worker_ready" in self.log.read_bytes(), deadline_s=60)


class Rig:
    """One deployment. Stops all processes that it started, by pid."""

    def __init__(
        self,
        directory: Path,
        *,
        database_url: str,
        broker_url: str,
        storage_url: str | None = None,
        store_url: str | None = None,
        objects_url: str | None = None,
        settings: Mapping[str, str] | None = None,
        stall_s: float = 6.0,
        runs_audit: bool = True,
    ) -> None:
        """`database_url`, `broker_url`, `storage_url`: used by the processes, perhaps through a proxy; `store_url`,
        `objects_url`: used by the test itself, without faults; `settings`: more VOICEMILL_* values, without the prefix;
        `stall_s`: the stall limit of `slow`, in idle-machine seconds; `runs_audit`: run the audit every second"""
        self.directory = directory
        self.data_dir = directory / "data"
        self.data_dir.mkdir(parents=True)
        self.times = ProtocolTimes()
        #: Wall seconds without a tick after which a running engine counts as hung.
        self.stall_s = deadline(stall_s)
        (self.data_dir / "models.toml").write_text(_MODELS.format(stall_s=self.stall_s))
        self.workers: list[Worker] = []
        self.acknowledged: list[AcknowledgedJob] = []
        self.refused: list[int] = []
        #: Counts of the faults that really happened, by name.
        self.faults: dict[str, int] = {}
        #: A measured figure, for the report.
        self.note = ""
        self.environment = {
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "ignore",
            **{
                f"VOICEMILL_{name}": value
                for name, value in {
                    "DATA_DIR": str(self.data_dir),
                    "DATABASE_URL": database_url,
                    "BROKER_URL": broker_url,
                    "SECRET_KEY": _SECRET,
                    **self.times.settings(),
                    **({"STORAGE_URL": storage_url} if storage_url else {}),
                    **(settings or {}),
                }.items()
            },
        }
        self.store = SqlStore(
            store_url or database_url, cipher=SecretBox(_SECRET), retry_base_s=self.times.retry_base_s, pool_size=8
        )
        direct_url = objects_url or storage_url
        self.storage = open_storage(
            Settings(data_dir=self.data_dir, storage_url=SecretStr(direct_url) if direct_url else None)
        )
        self._audit, self._runs_audit = BackgroundAudit(self.store), runs_audit
        self._api: Child | None = None
        self._key = ""
        self._texts = 0
        self.base_url = ""

    def __enter__(self) -> Rig:
        if self._runs_audit:
            self._audit.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._runs_audit:
            self._audit.stop()
        test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition("::")[2].partition(" (")[0]
        caused = ", ".join(f"{times} × {fault}" for fault, times in self.faults.items())
        REPORTS.append(
            f"{test}: {caused or 'no fault'}; {len(self.acknowledged)} jobs accepted, "
            f"{len(self.refused)} refused{self.note and '; '}{self.note}"
        )
        print("\n" + REPORTS[-1])
        for worker in self.workers:
            _resume_if_alive(worker.pid)
            worker.kill()
        if self._api is not None:
            self._api.stop()
        self.store.close()

    # -- processes -----------------------------------------------------------------------------------------------------
    def start_worker(
        self, family: str, *, engines: int = 1, wait: bool = True, environment: Mapping[str, str] | None = None
    ) -> Worker:
        """Start a worker of `cpu` or of a family such as `slow`; `environment` overrides variables for it."""
        number = len(self.workers)
        env = {**self.environment, **(environment or {})}
        args = [sys.executable, "-m", "workers.controller", "--family", family, "--engines", str(engines)]
        worker = Worker(args, log=self.directory / f"{number:02}-{family}.log", env=env, cwd=ROOT)
        worker.family = family
        self.workers.append(worker)
        if wait:
            worker.wait_until_ready()
        return worker

    def start_workers(self, *families: str) -> list[Worker]:
        """Start workers of these families at the same time; returns when all of them are ready."""
        workers = [self.start_worker(family, wait=False) for family in families]
        for worker in workers:
            worker.wait_until_ready()
        return workers

    def start_api(self) -> str:
        """Start the API unless it runs; returns its base URL, which stays the same after `kill_api`."""
        if self._api is None or not self._api.is_alive:
            if not self.base_url:
                self.base_url = f"http://127.0.0.1:{free_port()}"
                _, self._key = self.store.keys.create(TENANT, "rig", ["read", "submit", "admin"])
            args = [
                sys.executable,
                "-m",
                "granian",
                "--interface",
                "rsgi",
                "--host",
                "127.0.0.1",
                "--port",
                self.base_url.rpartition(":")[2],
                "--no-ws",
                "api.rsgi:server",
            ]
            env = {**self.environment, "VOICEMILL_PUBLIC_URL": self.base_url}
            self._api = Child(args, log=self.directory / "api.log", env=env, cwd=ROOT)
            self._api.wait_ready(lambda: _is_ready(f"{self.base_url}/audio/health"), deadline_s=90)
        return self.base_url

    def kill_api(self) -> None:
        """SIGKILL all processes of the API."""
        assert self._api is not None
        processes = [*psutil.Process(self._api.pid).children(recursive=True), psutil.Process(self._api.pid)]
        for process in processes:
            process.kill()
        psutil.wait_procs(processes, timeout=deadline(10))
        self._api.kill()

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}"}

    def count_fault(self, fault: str, times: int = 1) -> None:
        """Record a fault that really happened."""
        self.faults[fault] = self.faults.get(fault, 0) + times

    # -- load ----------------------------------------------------------------------------------------------------------
    def make_text(self, *, chunks: int, seconds: float, word: str = "") -> str:
        """A text of so many chunks that take so many engine seconds each; no two texts are equal."""
        self._texts += 1
        sentence = f"sleep:{seconds} {word} piece {{k}} of text {self._texts}, long enough to fill its chunk to the end"
        return "\n\n".join(sentence.format(k=k).ljust(110, "x") + "." for k in range(chunks))

    def submit(
        self, jobs: int, *, chunks: int = 4, seconds: float = 0.2, word: str = "", text: str = "", **fields: Any
    ) -> list[str]:
        """Submit over HTTP; returns the ids. 202 is an acknowledgement, 503 a rejection, all else fails the test.

        Each job has a text of its own, unless `text` is given."""
        base_url, ids = self.start_api(), []
        given = text
        with httpx.Client(base_url=base_url, headers=self.headers, timeout=deadline(15)) as client:
            for _ in range(jobs):
                text = given or self.make_text(chunks=chunks, seconds=seconds, word=word)
                answer = client.post("/tts/synthesize", json={"text": text, "model": "slow", "format": "wav", **fields})
                if answer.status_code == 503:
                    self.refused.append(answer.status_code)
                    continue
                assert answer.status_code == 202, answer.text
                ids.append(answer.json()["id"])
                self.acknowledge(ids[-1], text)
        return ids

    def acknowledge(self, job_id: str, text: str) -> None:
        """Record that the acceptance of a job was acknowledged to a client."""
        self.acknowledged.append(AcknowledgedJob(job_id, text))

    def submit_to_store(self, jobs: int, *, chunks: int, seconds: float) -> list[str]:
        """Submit jobs through the test's own store, without faults; the sweeper notifies the workers."""
        ids = []
        for _ in range(jobs):
            text = self.make_text(chunks=chunks, seconds=seconds)
            params = SynthesisRequest(text=text, model="slow", format="wav").model_dump(mode="json")
            job = self.store.jobs.submit(NewJob(TENANT, "tts.synthesize", "slow", params)).job
            ids.append(job.id)
            self.acknowledge(job.id, text)
        return ids

    # -- what must hold ------------------------------------------------------------------------------------------------
    def job(self, job_id: str) -> Job:
        """The row of a job."""
        return self.store.jobs.get(TENANT, job_id)

    def jobs(self) -> list[Job]:
        """The rows of all acknowledged jobs."""
        known = [each.id for each in self.acknowledged]  # another thread may be adding to them
        found = self.store.jobs.get_many(known)
        lost = [job_id for job_id in known if job_id not in found]
        assert not lost, f"lost: {lost}"
        return [found[job_id] for job_id in known]

    def wait_until_ended(self, deadline_s: float) -> None:
        """Wait until every acknowledged job is terminal; seconds of an idle machine."""
        ended = poll(lambda: all(job.state.is_terminal for job in self.jobs()), deadline_s=deadline_s, every_s=0.1)
        assert ended, f"not terminal after {deadline_s} s: {self._unfinished()}\n{self.read_log_tails()}"

    def expect_all_succeeded(self) -> None:
        """No job is lost or failed, all invariants held at all times, and all objects are intact."""
        failed = [(job.id, job.state, job.error) for job in self.jobs() if job.state != "succeeded"]
        assert not failed, f"{failed}\n{self.read_log_tails()}"
        self.expect_invariants()

    def expect_invariants(self) -> None:
        """Neither the background audit nor a deep audit now found a violation."""
        self._audit.run_once()
        assert not self._audit.violations, self._audit.violations
        broken = {name: rows for name, rows in check(self.store.maintenance, self.storage, deep=True).items() if rows}
        assert not broken, broken

    def result_sha256(self, job_id: str, name: str = "audio.wav") -> str:
        """SHA-256 of a result file, computed from the stored bytes."""
        result = self.job(job_id).result
        assert result is not None, f"{job_id} has no result"
        [found] = [each for each in result["files"] if each["name"] == name]
        digest = hashlib.sha256()
        for block in self.storage.read(found["key"]):
            digest.update(block)
        assert digest.hexdigest() == found["sha256"]
        return digest.hexdigest()

    def count_events(self, to_state: str, reason: str | None = None) -> int:
        """The number of chunk events of a kind."""
        query = sa.select(sa.func.count()).where(chunk_events.c.to_state == to_state)
        if reason is not None:
            query = query.where(chunk_events.c.reason == reason)
        return self._query(query)[0][0] or 0

    def count_running(self, worker: Worker | None = None) -> int:
        """The number of running chunks, of one worker or of all."""
        query = sa.select(sa.func.count()).where(chunks.c.state == "running")
        if worker is not None:
            query = query.where(chunks.c.lease_owner.like(f"%:{worker.pid}"))
        return self._query(query)[0][0] or 0

    def max_crash_count(self) -> int:
        """The highest crash count of an unfinished chunk."""
        query = sa.select(sa.func.max(chunks.c.crash_count)).where(chunks.c.state.in_(("ready", "running")))
        return self._query(query)[0][0] or 0

    def read_event_times(self, to_state: str, reason: str | None = None) -> list[int]:
        """The times of the chunk events of a kind, in milliseconds of the database's clock."""
        query = sa.select(chunk_events.c.at).where(chunk_events.c.to_state == to_state).order_by(chunk_events.c.at)
        if reason is not None:
            query = query.where(chunk_events.c.reason == reason)
        return [row.at for row in self._query(query)]

    def repeated_share(self) -> float:
        """Repeated claims as a share of first claims."""
        columns = sa.func.count(), sa.func.count(chunk_events.c.chunk_id.distinct())
        query = sa.select(*columns).where(chunk_events.c.to_state == "running")
        [counts] = self._query(query)
        claims, first = map(int, counts)
        return (claims - first) / max(1, first)

    def read_charges(self) -> dict[str, int]:
        """The sums of the counts that are charged to chunks."""
        columns = (chunks.c.error_count, chunks.c.crash_count, chunks.c.rescue_count)
        [sums] = self._query(sa.select(*(sa.func.coalesce(sa.func.sum(column), 0) for column in columns)))
        return dict(zip(("errors", "crashes", "rescues"), map(int, sums), strict=True))

    def count_log_lines(self, event: str) -> int:
        """The number of occurrences in the workers' logs."""
        return sum(worker.log.read_text(errors="replace").count(event) for worker in self.workers)

    def read_log_tails(self, lines: int = 15) -> str:
        """The end of every worker's log, for the message of a failing test."""
        return "\n".join(
            f"--- {worker.log.name}\n" + "\n".join(worker.log.read_text(errors="replace").splitlines()[-lines:])
            for worker in self.workers
        )

    def _query(self, query: sa.Select[*tuple[Any, ...]]) -> Sequence[Any]:
        """Rows of any query; retried while the database restarts."""
        limit = LoadAwareDeadline(30)
        while True:
            try:
                return self.store._db.read(lambda connection: connection.execute(query).all())
            except StoreUnavailable:
                if limit.has_expired():
                    raise
                time.sleep(0.2)

    def _unfinished(self) -> str:
        return json.dumps(
            [
                (job.id, str(job.state), job.chunks_done, job.chunk_total)
                for job in self.jobs()
                if not job.state.is_terminal
            ]
        )


class BackgroundAudit(threading.Thread):
    """Checks all invariants every second; an unreachable database is no violation."""

    def __init__(self, store: SqlStore) -> None:
        super().__init__(name="audit", daemon=True)
        self._store = store
        self._closing = threading.Event()
        self.violations: dict[str, Sequence[Mapping[str, Any]]] = {}

    def run_once(self) -> None:
        """Run one audit and keep its violations."""
        self.violations.update({name: rows for name, rows in self._store.maintenance.audit().items() if rows})

    def run(self) -> None:
        while not self._closing.wait(1.0):
            try:
                self.run_once()
            except JobsError:
                continue

    def stop(self) -> None:
        self._closing.set()
        self.join(deadline(30))


def pause(pid: int) -> None:
    """SIGSTOP a process and its descendants."""
    _signal([*psutil.Process(pid).children(recursive=True), psutil.Process(pid)], signal.SIGSTOP)


def resume(pid: int) -> None:
    """SIGCONT the processes that `pause` stopped."""
    _signal([psutil.Process(pid), *psutil.Process(pid).children(recursive=True)], signal.SIGCONT)


def _resume_if_alive(pid: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        resume(pid)


def _signal(processes: Sequence[psutil.Process], sign: signal.Signals) -> None:
    for process in processes:
        # A process may have ended meanwhile.
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            os.kill(process.pid, sign)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(url, timeout=deadline(2)).status_code < 600
    except httpx.TransportError:
        return False
