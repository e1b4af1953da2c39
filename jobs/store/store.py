"""The store: everything that the platform records, as eight ports over one database. Implementation: jobs/sql.

Every method is one transaction (or one read). All times come from the database's clock. A database that does not
answer raises `StoreUnavailable`; methods that take a `Claim` are guarded by state *and* fence and raise `LeaseLost`.
Locks are taken in the order job, chunk, everywhere.
"""

from __future__ import annotations

from typing import Protocol

from .chunk_queue import ChunkQueue
from .job_store import JobStore
from .key_store import KeyStore
from .maintenance import Maintenance
from .voice_store import VoiceStore
from .webhook_deliveries import WebhookDeliveries
from .webhook_endpoints import WebhookEndpoints
from .worker_registry import WorkerRegistry


class Store(Protocol):
    """One database. Threads may share a store."""

    @property
    def jobs(self) -> JobStore: ...

    @property
    def chunks(self) -> ChunkQueue: ...

    @property
    def endpoints(self) -> WebhookEndpoints: ...

    @property
    def deliveries(self) -> WebhookDeliveries: ...

    @property
    def voices(self) -> VoiceStore: ...

    @property
    def keys(self) -> KeyStore: ...

    @property
    def workers(self) -> WorkerRegistry: ...

    @property
    def maintenance(self) -> Maintenance: ...
