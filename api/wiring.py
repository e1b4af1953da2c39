"""Puts the API's parts together. The only file of api/ that names adapters."""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog
from flask import current_app

from api.http.auth import Keyring
from api.jobs.waiting import Watcher
from api.models.live_workers import LiveWorkers
from api.ops.health import HealthWatch
from api.ops.metrics import Metrics
from api.submission.uncertain_inputs import Orphans
from jobs.dispatch.celery_dispatch import CeleryDispatch
from jobs.dispatch.dispatch import Dispatch, NullDispatch
from jobs.errors import JobsError
from jobs.outbound.address import OutboundPolicy
from jobs.secret_box import SecretBox, open_secret_box
from jobs.settings import Settings
from jobs.sql import open_store
from jobs.storage.from_settings import open_storage
from jobs.storage.ownership import mark_storage
from jobs.storage.storage import Storage
from jobs.store import Store
from pipelines.catalog.catalog import Catalog

EXTENSION = "voicemill"
log = structlog.get_logger("api")


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a view may ask; one per process, shared by its threads."""

    settings: Settings
    store: Store
    storage: Storage
    dispatch: Dispatch
    secret_box: SecretBox
    catalog: Catalog
    keyring: Keyring
    workers: LiveWorkers
    watcher: Watcher
    orphans: Orphans
    outbound: OutboundPolicy
    metrics: Metrics = field(default_factory=Metrics)
    health: HealthWatch = field(default_factory=HealthWatch)

    def close(self) -> None:
        """Stop the threads; what the dispatcher still holds is sent for a second at most."""
        self.watcher.close()
        self.orphans.close()
        self.dispatch.close()


def services() -> Services:
    """The services of the app that handles this request."""
    return current_app.extensions[EXTENSION]


def wire(settings: Settings) -> Services:
    """The services that the settings ask for. Raises Misconfigured."""
    store = open_store(settings, open_secret_box(settings))
    workers = LiveWorkers(store)

    def slots_of(queue: str) -> int:
        return sum(row.slots for row in workers.serving(queue)) or 1

    dispatch: Dispatch = NullDispatch()
    if settings.broker_url is not None:
        dispatch = CeleryDispatch(settings.broker_url.get_secret_value(), slots_of=slots_of)
    storage = open_storage(settings)
    try:
        mark_storage(storage, store.installation_id())
    except JobsError as error:
        log.warning("storage_not_marked", code=error.code)  # a worker will; until then nothing is deleted
    return assemble(settings, store=store, storage=storage, dispatch=dispatch)


def assemble(settings: Settings, *, store: Store, storage: Storage, dispatch: Dispatch) -> Services:
    """The services around three given adapters."""
    return Services(
        settings=settings,
        store=store,
        storage=storage,
        dispatch=dispatch,
        secret_box=open_secret_box(settings),
        catalog=Catalog.read(settings.data_dir / "models.toml"),
        keyring=Keyring(store, trust_s=settings.api_cache_keys_s),
        workers=LiveWorkers(store),
        watcher=Watcher(store, max_waiters=settings.max_waiters),
        orphans=Orphans(store, storage),
        outbound=OutboundPolicy(settings.outbound_allow),
    )
