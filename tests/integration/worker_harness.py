"""A worker without Celery: real store, storage, sandbox and engines, driven by the thread of the test."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jobs.child_environment import engine_environment
from jobs.chunk import Claim
from jobs.dispatch.dispatch import NullDispatch
from jobs.job import Job, NewJob
from jobs.settings import Settings
from jobs.sql import SqlStore
from jobs.storage.directory_storage import DirectoryStorage
from jobs.storage.object_keys import input_key
from jobs.storage.storage import Storage
from jobs.store import Store
from pipelines.catalog.catalog import Catalog
from pipelines.requests import parse
from tests.integration.misbehaving_family import models_toml
from tests.services.machine_speed import deadline
from workers.chunks.disk_space import DiskSpace
from workers.chunks.execution import Execution
from workers.chunks.heartbeat import LeaseKeeper
from workers.chunks.workdir import Workdirs
from workers.engines.engine import Engines
from workers.engines.messages import Lane
from workers.engines.pool import EnginePool

TENANT = "t"
QUEUES = ("cpu", "tts.moody", "tts.tone", "stt.tone", "stt.pocketsphinx", "speaker.resemblyzer")


class WorkerHarness:
    """Claims and runs chunks of the queues in `QUEUES`."""

    def __init__(self, directory: Path, store: SqlStore, sandboxes: Engines, *, models: str = "") -> None:
        """`models`: tables for models.toml beside those of the misbehaving family."""
        (directory / "models.toml").write_text(models_toml(directory) + models)
        self.directory = directory
        self.catalog = Catalog.read(directory / "models.toml")
        self.record = store
        #: What the execution sees: a test may put something in front of the real ones.
        self.store: Store = store
        self.objects = DirectoryStorage(directory / "objects")
        self.storage: Storage = self.objects
        self.settings = Settings(data_dir=directory)
        self.keeper = LeaseKeeper(store.chunks, every_s=3600)
        self.lease_ms = 60_000
        self._workdirs = Workdirs(directory / "scratch")
        self._sandboxes = sandboxes
        self._pools: dict[str, EnginePool] = {}
        store.keys.ensure_tenant(TENANT)

    def close(self) -> None:
        """Stop what was started."""
        for pool in self._pools.values():
            pool.close()
        self._workdirs.close()

    def accept(self, kind: str, params: Mapping[str, Any], source: bytes | None = None, **fields: Any) -> Job:
        """A recorded job, with its input stored."""
        job_id = f"job_{time.monotonic_ns():x}"
        stored: dict[str, Any] = {}
        if source is not None:
            part = self.objects.put_bytes(input_key(TENANT, job_id, "upload"), source)
            stored = {"input_key": part.key, "input_sha256": part.sha256, "input_bytes": part.bytes}
        request = parse(kind, params)
        new = NewJob(TENANT, kind, request.model, request.model_dump(mode="json"), id=job_id, **stored, **fields)
        return self.record.jobs.submit(new).job

    def engines(self, queue: str) -> Engines:
        """The engines of this queue."""
        if queue == "cpu":
            return self._sandboxes
        if queue not in self._pools:
            entries = [entry for entry in self.catalog.of_queue(queue) if "absent" not in entry.name]
            pool = EnginePool(
                self.catalog,
                entries,
                count=1,
                device="cpu",
                environment=engine_environment(),
                models_toml=self.directory / "models.toml",
            )
            assert pool.wait_until_loaded(deadline(60))
            self._pools[queue] = pool
        return self._pools[queue]

    def claim(self, queue: str, worker: str = "i:h:test:1") -> Claim | None:
        """The next chunk of a queue."""
        return self.record.chunks.claim([queue], worker, lease_ms=self.lease_ms)

    def run(self, claim: Claim) -> None:
        """Run a claimed chunk to its recorded end."""
        execution = Execution(
            self.store,
            self.storage,
            NullDispatch(),
            self.engines(claim.chunk.queue),
            self.catalog,
            self.settings,
            self.keeper,
            self._workdirs,
            DiskSpace((self.directory,), 0),
        )
        execution.run(claim, lane=Lane.BULK, claimed_at=time.monotonic())

    def run_in_thread(self, claim: Claim) -> threading.Thread:
        """The same beside the test."""
        thread = threading.Thread(target=self.run, args=(claim,))
        thread.start()
        return thread

    def step(self, *queues: str) -> Claim | None:
        """Claim and run one chunk of the first queue that has any."""
        for queue in queues or QUEUES:
            if (claim := self.claim(queue)) is not None:
                self.run(claim)
                return claim
        return None

    def run_all(self) -> None:
        """Until no chunk is ready."""
        while self.step():
            pass

    def job(self, job: Job) -> Job:
        """As it is now."""
        return self.record.jobs.get(TENANT, job.id)

    def chunks(self, job: Job) -> list[dict[str, Any]]:
        """The rows of a job's chunks, in order."""
        from sqlalchemy import text

        query = text("SELECT * FROM chunks WHERE job_id = :job ORDER BY step, round, idx")
        with self.record._db.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query, {"job": job.id})]

    def end_waits(self) -> None:
        """End the waits of the misbehaving family."""
        (self.directory / "go").touch()

    def calls(self) -> list[Path]:
        """A file for each call of the misbehaving family."""
        return sorted(self.directory.glob("call-*"))
