"""The rig of the fault tests: real services behind proxies, real worker processes, a client that keeps its own log.

    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url) as rig:
        rig.start_worker("cpu"); rig.start_worker("tone")
        rig.submit(12, chunks=6, seconds=0.3)
        … faults …
        rig.wait_until_ended(60)
        rig.expect_all_succeeded()

Leases, heartbeats and the sweeper's trust are short, so that a fault and its repair fit into seconds; the protocol is
the one of production. The audit runs beside the load, and once more at the end.
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
from tests.services.machine_speed import Patience, deadline, poll
from tests.services.process import Child, free_port
from tests.services.protocol_times import ProtocolTimes
from workers.maintenance.audit import check

ROOT = Path(__file__).parents[2]
TENANT = "local"
_SECRET = "the secret key of the fault rig, 32 characters and more"
#: What each test really did: shown at the end of a test run.
REPORTS: list[str] = []

_MODELS = """
[[model]]
name = "slow"
kind = "tts"
family = "slow"
target = "tests.faults.slow_family:load_speaker"
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
class Acknowledged:
    """A job that a client was told of."""

    id: str
    #: What it speaks: equal texts must give equal audio.
    text: str
    at: float = field(default_factory=time.monotonic)


class Worker(Child):
    """A worker process of the rig, which can be found by what it is."""

    family: str = ""

    @property
    def engine_pids(self) -> list[int]:
        """Its children and theirs, as of now."""
        try:
            return [child.pid for child in psutil.Process(self.pid).children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


class Rig:
    """One deployment. Stops all that it started, by pid."""

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
        audits_beside: bool = True,
    ) -> None:
        """`database_url` and the others are what the processes use (a proxy's, perhaps); `store_url` and `objects_url`
        are the ways of the test itself to database and storage, past the faults. `settings`: more VOICEMILL_* values,
        without the prefix. `audits_beside`: the audit runs every second all the time, as no deployment does."""
        self.directory = directory
        self.data_dir = directory / "data"
        self.data_dir.mkdir(parents=True)
        self.times = ProtocolTimes()
        #: Seconds without a word from an engine at work that count as hung.
        self.stall_s = deadline(6.0)
        (self.data_dir / "models.toml").write_text(_MODELS.format(stall_s=self.stall_s))
        self.workers: list[Worker] = []
        self.acknowledged: list[Acknowledged] = []
        self.refused: list[int] = []
        #: Name of a fault → how often it was really caused.
        self.faults: dict[str, int] = {}
        #: A figure that the test measured, for its report.
        self.noted = ""
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
            store_url or database_url, box=SecretBox(_SECRET), retry_base_s=self.times.retry_base_s, pool_size=8
        )
        own_way = objects_url or storage_url
        self.storage = open_storage(
            Settings(data_dir=self.data_dir, storage_url=SecretStr(own_way) if own_way else None)
        )
        self._audit, self._audits_beside = AuditBeside(self.store), audits_beside
        self._api: Child | None = None
        self._key = ""
        self._texts = 0
        self.base_url = ""

    def __enter__(self) -> Rig:
        if self._audits_beside:
            self._audit.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._audits_beside:
            self._audit.stop()
        test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition("::")[2].partition(" (")[0]
        caused = ", ".join(f"{times} × {fault}" for fault, times in self.faults.items())
        REPORTS.append(
            f"{test}: {caused or 'no fault'}; {len(self.acknowledged)} jobs accepted, "
            f"{len(self.refused)} refused{self.noted and '; '}{self.noted}"
        )
        print("\n" + REPORTS[-1])
        for worker in self.workers:
            _continue(worker.pid)
            worker.kill()
        if self._api is not None:
            self._api.stop()
        self.store.close()

    # -- processes -----------------------------------------------------------------------------------------------------
    def start_worker(
        self, family: str, *, engines: int = 1, wait: bool = True, environment: Mapping[str, str] | None = None
    ) -> Worker:
        """A worker of `cpu`, `slow` or any other family; `environment` overrides variables for this one."""
        number = len(self.workers)
        env = {**self.environment, **(environment or {})}
        args = [sys.executable, "-m", "workers.controller", "--family", family, "--engines", str(engines)]
        worker = Worker(args, log=self.directory / f"{number:02}-{family}.log", env=env, cwd=ROOT)
        worker.family = family
        self.workers.append(worker)
        if wait:
            worker.wait_ready(lambda: b"worker_ready" in worker.log.read_bytes(), deadline_s=60)
        return worker

    def start_api(self) -> str:
        """The base URL of a granian process, which stays the same after `kill_api`."""
        if self._api is None or not self._api.is_alive:
            if not self.base_url:
                self.base_url = f"http://127.0.0.1:{free_port()}"
                _, self._key = self.store.create_key(TENANT, "rig", ["read", "submit", "admin"])
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
                "256",
                "--no-ws",
                "api.wsgi:app",
            ]
            env = {**self.environment, "VOICEMILL_PUBLIC_URL": self.base_url}
            self._api = Child(args, log=self.directory / "api.log", env=env, cwd=ROOT)
            self._api.wait_ready(lambda: _answers(f"{self.base_url}/audio/health"), deadline_s=90)
        return self.base_url

    def kill_api(self) -> None:
        """SIGKILL all processes of the API, as a lost node would."""
        assert self._api is not None
        processes = [*psutil.Process(self._api.pid).children(recursive=True), psutil.Process(self._api.pid)]
        for process in processes:
            process.kill()
        psutil.wait_procs(processes, timeout=deadline(10))
        self._api.kill()

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}"}

    def count(self, fault: str, times: int = 1) -> None:
        """Note a fault that was really caused."""
        self.faults[fault] = self.faults.get(fault, 0) + times

    # -- load ----------------------------------------------------------------------------------------------------------
    def text(self, *, chunks: int, seconds: float, word: str = "") -> str:
        """A text of so many chunks that cost so many engine seconds each; no two texts are equal."""
        self._texts += 1
        sentence = f"sleep:{seconds} {word} piece {{k}} of text {self._texts}, long enough to fill its chunk to the end"
        return "\n\n".join(sentence.format(k=k).ljust(110, "x") + "." for k in range(chunks))

    def submit(
        self, jobs: int, *, chunks: int = 4, seconds: float = 0.2, word: str = "", text: str = "", **fields: Any
    ) -> list[str]:
        """Submit over HTTP; 202 is an acknowledgement, 503 a refusal, all else a failure of the test.

        Each job has a text of its own, unless `text` is given."""
        base_url, ids = self.start_api(), []
        given = text
        with httpx.Client(base_url=base_url, headers=self.headers, timeout=deadline(15)) as client:
            for _ in range(jobs):
                text = given or self.text(chunks=chunks, seconds=seconds, word=word)
                answer = client.post("/tts/synthesize", json={"text": text, "model": "slow", "format": "wav", **fields})
                if answer.status_code == 503:
                    self.refused.append(answer.status_code)
                    continue
                assert answer.status_code == 202, answer.text
                ids.append(answer.json()["id"])
                self.acknowledge(ids[-1], text)
        return ids

    def acknowledge(self, job_id: str, text: str) -> None:
        """Note in the client's log that it was told of this job."""
        self.acknowledged.append(Acknowledged(job_id, text))

    def submit_past_api(self, jobs: int, *, chunks: int, seconds: float) -> list[str]:
        """Record jobs through the test's own store, which no fault spoils; the sweeper rings for them."""
        ids = []
        for _ in range(jobs):
            text = self.text(chunks=chunks, seconds=seconds)
            params = SynthesisRequest(text=text, model="slow", format="wav").model_dump(mode="json")
            job = self.store.accept(NewJob(TENANT, "tts.synthesize", "slow", params)).job
            ids.append(job.id)
            self.acknowledge(job.id, text)
        return ids

    # -- what has to hold ----------------------------------------------------------------------------------------------
    def job(self, job_id: str) -> Job:
        """Its row, past the API."""
        return self.store.job(TENANT, job_id)

    def jobs(self) -> list[Job]:
        """The rows of all acknowledged jobs."""
        known = [each.id for each in self.acknowledged]  # another thread may be adding to them
        found = self.store.states(known)
        lost = [job_id for job_id in known if job_id not in found]
        assert not lost, f"lost: {lost}"
        return [found[job_id] for job_id in known]

    def wait_until_ended(self, deadline_s: float) -> None:
        """Until every acknowledged job is terminal; the seconds are those of a quiet machine."""
        ended = poll(lambda: all(job.state.is_terminal for job in self.jobs()), deadline_s=deadline_s, every_s=0.1)
        assert ended, f"not terminal after {deadline_s} s: {self._unfinished()}\n{self.log_tails()}"

    def expect_all_succeeded(self) -> None:
        """0 lost, 0 failed, every invariant held throughout, results are whole."""
        failed = [(job.id, job.state, job.error) for job in self.jobs() if job.state != "succeeded"]
        assert not failed, f"{failed}\n{self.log_tails()}"
        self.expect_invariants()

    def expect_invariants(self) -> None:
        """The audit beside the load and at the end found nothing, and every object has the bytes that were written."""
        self._audit.look()
        assert not self._audit.violations, self._audit.violations
        broken = {name: rows for name, rows in check(self.store, self.storage, deep=True).items() if rows}
        assert not broken, broken

    def result_sha256(self, job_id: str, name: str = "audio.wav") -> str:
        """Checksum of a result file, read and counted anew."""
        [found] = [each for each in self.job(job_id).result["files"] if each["name"] == name]
        digest = hashlib.sha256()
        for block in self.storage.read(found["key"]):
            digest.update(block)
        assert digest.hexdigest() == found["sha256"]
        return digest.hexdigest()

    def events(self, to_state: str, reason: str | None = None) -> int:
        """How many chunk events there were of a kind: what the protocol really did."""
        query = sa.select(sa.func.count()).where(chunk_events.c.to_state == to_state)
        if reason is not None:
            query = query.where(chunk_events.c.reason == reason)
        return self._ask(query)[0][0] or 0

    def running(self, worker: Worker) -> int:
        """Chunks that this worker holds, as the database has it."""
        query = sa.select(sa.func.count()).where(
            chunks.c.state == "running", chunks.c.lease_owner.like(f"%:{worker.pid}")
        )
        return self._ask(query)[0][0] or 0

    def running_now(self) -> int:
        """Chunks that any worker holds."""
        return self._ask(sa.select(sa.func.count()).where(chunks.c.state == "running"))[0][0]

    def most_crashes(self) -> int:
        """The most engine deaths that any unfinished chunk has met alone."""
        query = sa.select(sa.func.max(chunks.c.crash_count)).where(chunks.c.state.in_(("ready", "running")))
        return self._ask(query)[0][0] or 0

    def event_times(self, to_state: str, reason: str | None = None) -> list[int]:
        """When the events of a kind happened, in milliseconds of the database's clock."""
        query = sa.select(chunk_events.c.at).where(chunk_events.c.to_state == to_state).order_by(chunk_events.c.at)
        if reason is not None:
            query = query.where(chunk_events.c.reason == reason)
        return [row.at for row in self._ask(query)]

    def repeated(self) -> float:
        """Share of all claims that were not a chunk's first."""
        query = sa.select(sa.func.count(), sa.func.count(chunk_events.c.chunk_id.distinct()))
        [(claims, first)] = self._ask(query.where(chunk_events.c.to_state == "running"))
        return (claims - first) / max(1, first)

    def charges(self) -> dict[str, int]:
        """What was charged to all chunks together."""
        columns = (chunks.c.error_count, chunks.c.crash_count, chunks.c.rescue_count)
        [sums] = self._ask(sa.select(*(sa.func.coalesce(sa.func.sum(column), 0) for column in columns)))
        return dict(zip(("errors", "crashes", "rescues"), map(int, sums), strict=True))

    def log_lines(self, event: str) -> int:
        """How often the workers' logs name an event."""
        return sum(worker.log.read_text(errors="replace").count(event) for worker in self.workers)

    def log_tails(self, lines: int = 15) -> str:
        """The end of every worker's log, for a failing test to show."""
        return "\n".join(
            f"--- {worker.log.name}\n" + "\n".join(worker.log.read_text(errors="replace").splitlines()[-lines:])
            for worker in self.workers
        )

    def _ask(self, query: sa.Select[Any]) -> Sequence[Any]:
        """Rows, past the protocol; a database that has just been killed is asked again for a while."""
        patience = Patience(30)
        while True:
            try:
                return self.store._db.read(lambda connection: connection.execute(query).all())
            except StoreUnavailable:
                if patience.is_over():
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


class AuditBeside(threading.Thread):
    """Runs all invariants every second while faults happen; an unreachable database is no violation."""

    def __init__(self, store: SqlStore) -> None:
        super().__init__(name="audit", daemon=True)
        self._store = store
        self._closing = threading.Event()
        self.violations: dict[str, Sequence[Mapping[str, Any]]] = {}

    def look(self) -> None:
        """One audit; keeps what it finds."""
        self.violations.update({name: rows for name, rows in self._store.audit().items() if rows})

    def run(self) -> None:
        while not self._closing.wait(1.0):
            try:
                self.look()
            except JobsError:
                continue

    def stop(self) -> None:
        self._closing.set()
        self.join(deadline(30))


def pause(pid: int) -> None:
    """SIGSTOP a process and its children, as a frozen machine would."""
    _signal([*psutil.Process(pid).children(recursive=True), psutil.Process(pid)], signal.SIGSTOP)


def resume(pid: int) -> None:
    """SIGCONT what `pause` stopped."""
    _signal([psutil.Process(pid), *psutil.Process(pid).children(recursive=True)], signal.SIGCONT)


def _continue(pid: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        resume(pid)


def _signal(processes: Sequence[psutil.Process], sign: signal.Signals) -> None:
    for process in processes:
        # Children come and go, and the first one to go on may end another.
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            os.kill(process.pid, sign)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=deadline(2)).status_code < 600
    except httpx.TransportError:
        return False
