"""Builds the services of a worker process. The only file of workers/ that names adapters."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.dispatch.dispatch import Dispatch
from jobs.dispatch.from_settings import open_dispatch
from jobs.errors import Misconfigured
from jobs.secret_box import open_secret_box
from jobs.settings import Settings
from jobs.sql import open_store
from jobs.storage.from_settings import open_storage
from jobs.storage.storage import Storage
from jobs.store import Store
from pipelines.catalog.catalog import Catalog

from .catalog_file import read_catalog
from .worker_id import WorkerId


@dataclass(frozen=True, slots=True)
class WorkerServices:
    """The services that every worker process uses."""

    settings: Settings
    store: Store
    storage: Storage
    dispatch: Dispatch
    catalog: Catalog

    def worker_id(self, pool: str) -> str:
        """The name of this process as a worker of the pool."""
        return str(WorkerId.of_this_process(self.store.maintenance.installation_id(), pool))


def wire(settings: Settings, *, threads: int = 6) -> WorkerServices:
    """The services that the settings ask for; `threads`: how many use the store at once. Raises Misconfigured."""
    store = open_store(settings, open_secret_box(settings), pool_size=threads)

    def slots_of(queue: str) -> int:
        return sum(worker.slots for worker in store.workers.list_live() if queue in worker.queues)

    dispatch = open_dispatch(settings, slots_of=slots_of)
    catalog = read_catalog(settings.data_dir)
    return WorkerServices(settings, store, open_storage(settings), dispatch, catalog)


def broker_url(settings: Settings) -> str:
    """Raises Misconfigured where there is none."""
    if settings.broker_url is None:
        raise Misconfigured(
            f"a worker needs VOICEMILL_BROKER_URL (redis://…), or a `voicemill up` that runs in {settings.data_dir}",
            field="VOICEMILL_BROKER_URL",
        )
    return settings.broker_url.get_secret_value()
