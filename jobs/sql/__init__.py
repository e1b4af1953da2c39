"""The store on SQL: Postgres or SQLite. The only package that knows SQLAlchemy."""

from __future__ import annotations

from jobs.settings import Settings
from jobs.sql.chunk_queue.chunk_queue import SqlChunkQueue
from jobs.sql.chunk_queue.failures import Failures
from jobs.sql.maintenance.maintenance import SqlMaintenance
from jobs.sql.maintenance.sweep import Sweep
from jobs.sql.webhooks.deliveries import SqlWebhookDeliveries
from jobs.sql.webhooks.endpoints import Cipher, NoCipher, SqlWebhookEndpoints
from jobs.store import Store

from .cancellation import JobCanceller
from .database import Database
from .job_store import SqlJobStore
from .key_store import SqlKeyStore
from .submission import JobRecorder
from .voice_store import SqlVoiceStore
from .worker_registry import SqlWorkerRegistry

__all__ = ["SqlStore", "open_store"]


class SqlStore:
    """`jobs.store.Store` on one database, which `migrations.upgrade` has prepared. Threads may share one."""

    def __init__(
        self,
        url: str,
        *,
        cipher: Cipher | None = None,
        deadline_s: float = 7 * 86_400,
        retain_s: float | None = 30 * 86_400,
        retry_base_s: float = 10.0,
        pool_size: int = 10,
    ) -> None:
        """`url`: SQLAlchemy's. `cipher` encrypts webhook secrets. The rest: see the settings of the same names.

        `pool_size`: most connections at once; a call that gets none within a second raises StoreUnavailable.
        """
        self._db = db = Database(url, pool_size=pool_size)
        cipher = cipher or NoCipher()
        failures = Failures(db, retry_base_s=retry_base_s)
        self.jobs = SqlJobStore(db, JobRecorder(db, deadline_s=deadline_s, retain_s=retain_s), JobCanceller(db))
        self.chunks = SqlChunkQueue(db, failures)
        self.endpoints = SqlWebhookEndpoints(db, cipher)
        self.deliveries = SqlWebhookDeliveries(db, self.endpoints, cipher)
        self.voices = SqlVoiceStore(db)
        self.keys = SqlKeyStore(db)
        self.workers = SqlWorkerRegistry(db, failures)
        self.maintenance = SqlMaintenance(db, Sweep(db, failures, self.workers))

    def close(self) -> None:
        """Close the connections."""
        self._db.close()


def open_store(settings: Settings, cipher: Cipher | None = None, *, pool_size: int = 10) -> SqlStore:
    """The store of the settings' database. Embedded, jobs are kept unless their request has a retention."""
    return SqlStore(
        settings.resolved_database_url(),
        cipher=cipher,
        deadline_s=settings.deadline_s,
        retain_s=None if settings.is_embedded else settings.retain_s,
        retry_base_s=settings.retry_base_s,
        pool_size=pool_size,
    )


def _conforms(store: SqlStore) -> Store:
    # For the type checker: every port is there.
    return store
