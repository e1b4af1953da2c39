"""The API as it runs: a granian process over a migrated SQLite file and a directory, with a key of every scope."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

from jobs.settings import Settings
from jobs.sql import SqlStore, open_store
from jobs.storage.directory_storage import DirectoryStorage
from jobs.storage.object_keys import MARKER_KEY, storage_id_key
from jobs.worker import WorkerInfo, WorkerRow
from migrations import upgrade

from .machine_speed import deadline
from .process import Child, free_port

TENANT = "local"
SCOPES = ("read", "submit", "stream", "admin")
#: Those of httpx.
_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20)


class ApiServer:
    """`start()`, then `stop()`. `store` and `storage` are the server's."""

    def __init__(self, directory: Path, *, env: Mapping[str, str] | None = None, workers: int = 1) -> None:
        """`workers`: processes that answer requests."""
        self._workers = workers
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.objects = directory / "objects"
        self._env = {
            "VOICEMILL_DATA_DIR": str(directory),
            "VOICEMILL_PUBLIC_URL": self.url,
            "VOICEMILL_LOG_JSON": "true",
            # Tests have one tenant, which may take all places.
            "VOICEMILL_MAX_TENANT_WAITERS": "200",
            "VOICEMILL_MAX_KEY_WAITERS": "200",
            **(env or {}),
        }
        self._log = directory / "api.log"
        directory.mkdir(parents=True, exist_ok=True)
        settings = Settings(data_dir=directory, database_url=self._env.get("VOICEMILL_DATABASE_URL"))
        upgrade(settings.resolved_database_url())
        self.store: SqlStore = open_store(settings)
        self.storage = DirectoryStorage(self.objects)
        self.store.keys.ensure_tenant(TENANT)
        _, self.key = self.store.keys.create(TENANT, "test", SCOPES)

    def start(self) -> ApiServer:
        """Start the process and wait until it answers."""
        command = [
            sys.executable,
            "-m",
            "granian",
            "--interface",
            "rsgi",
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--workers",
            str(self._workers),
            "--log-level",
            "warning",
            "api.rsgi:server",
        ]
        self.process = Child(command, log=self._log, env=self._env, cwd=Path(__file__).parents[2])
        self.process.wait_ready(self._is_ready)
        return self

    def stop(self) -> None:
        """End the process and close the store."""
        self.process.stop()
        self.store.close()

    def client(self, *, limits: httpx.Limits = _LIMITS) -> httpx.Client:
        """An HTTP client with the key."""
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=deadline(60), trust_env=False, limits=limits)

    def register_worker(self, queue: str, models: Mapping[str, object]) -> None:
        """Register a live worker of the queue."""
        info = WorkerInfo.from_json({"models": dict(models)})
        row = WorkerRow(id=f"test:host:{queue}:1", queues=[queue], slots=1, device="cpu", last_seen=0, info=info)
        self.store.workers.register(row)

    def worker_pid(self) -> int:
        """The process of the server that handles requests."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[-1])

    def list_object_keys(self) -> list[str]:
        """Keys of all objects in the storage, drafts included, but for those of the installation itself."""
        found = sorted(str(path.relative_to(self.objects)) for path in self.objects.rglob("*") if path.is_file())
        own = (MARKER_KEY, storage_id_key(self.store.maintenance.paired_storage_id() or "none"))
        return [key for key in found if key not in own]

    def read_log(self) -> str:
        """The output of the process so far."""
        return self._log.read_text(errors="replace")

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/audio/health", timeout=deadline(30), trust_env=False).status_code == 200
        except httpx.TransportError:
            return False
