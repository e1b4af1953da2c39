"""A worker process without its Celery: engines, leases, consumer, maintenance, and their order of start and stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import structlog

from jobs.errors import JobsError, Misconfigured, NotMigrated, StoreUnavailable
from jobs.outbound.address import OutboundPolicy
from jobs.outbound.http_client import OutboundHttp
from jobs.settings import data_dir_errors
from jobs.storage.pairing import pair_storage
from jobs.webhooks.delivery import WEBHOOK_QUEUE
from jobs.worker import WorkerInfo
from jobs.worker_counters import WorkerCounters
from workers.chunks.consumer import Consumer
from workers.chunks.disk_space import DiskSpace
from workers.chunks.execution import Execution
from workers.chunks.heartbeat import LeaseKeeper
from workers.chunks.slots import Slots
from workers.chunks.workdir import Workdirs
from workers.engines.engine import Engines
from workers.maintenance.sweeper import Sweeper
from workers.maintenance.worker_registration import WorkerRegistration
from workers.webhooks.delivery_sender import DeliverySender

from .liveness import Liveness
from .wiring import WorkerServices

_log = structlog.get_logger(__name__)

#: Seconds for running chunks to be released.
_RELEASE_S = 10.0


@dataclass(frozen=True, slots=True)
class PoolConfig:
    """What kind of worker this is."""

    #: `cpu`, `tts.espeak` …: how the worker is called.
    name: str
    queues: Sequence[str]
    slots: int
    device: str
    #: Also sends webhooks.
    sends_webhooks: bool = False


class Worker:
    """Everything of a worker but the transport of its notifications."""

    def __init__(self, services: WorkerServices, pool: PoolConfig, engines: Engines) -> None:
        settings, store = services.settings, services.store
        self.pool = pool
        self.id = services.worker_id(pool.name)
        self._services = services
        self._engines = engines
        self._counters = WorkerCounters()
        self._keeper = LeaseKeeper(store.chunks, every_s=settings.heartbeat_s)
        with data_dir_errors(settings.data_dir):
            self._workdirs = Workdirs(settings.data_dir / "scratch")
        self._space = DiskSpace((settings.data_dir / "scratch", settings.data_dir), settings.min_free_bytes)
        execution = Execution(
            store,
            services.storage,
            services.dispatch,
            engines,
            services.catalog,
            settings,
            self._keeper,
            self._workdirs,
            self._space,
            self._counters,
        )
        self.slots = Slots(pool.slots)
        self._consumer = Consumer(
            chunks=store.chunks,
            dispatch=services.dispatch,
            execution=execution,
            slots=self.slots,
            worker_id=self.id,
            lease_s=settings.lease_s,
        )
        self._sweeper = Sweeper(
            store.maintenance,
            services.storage,
            services.dispatch,
            self.id,
            every_s=settings.sweep_s,
            trust_s=settings.rescue_trust_s,
            counters=self._counters,
        )
        self.liveness = Liveness(settings.data_dir, pool.name)
        self._registration = WorkerRegistration(
            store.workers,
            self.id,
            queues=self.queues,
            slots=pool.slots,
            device=pool.device,
            info=self._info,
            report_life=self.liveness.report,
        )
        self._delivery_sender: DeliverySender | None = None
        if pool.sends_webhooks:
            http = OutboundHttp(OutboundPolicy(settings.outbound_allow), timeout_s=settings.webhook_timeout_s)
            self._delivery_sender = DeliverySender(store.deliveries, http, self.id, self._counters)
        self._stopping = threading.Lock()
        self._is_stopped = False

    @property
    def queues(self) -> list[str]:
        """Every queue that it consumes."""
        return [*self.pool.queues, *([WEBHOOK_QUEUE] if self.pool.sends_webhooks else [])]

    def consumers(self) -> Mapping[str, Callable[[], int]]:
        """Queue → function that a notification of it calls."""
        consumers: dict[str, Callable[[], int]] = {
            queue: partial(self._consumer.consume, queue) for queue in self.pool.queues
        }
        if self._delivery_sender is not None:
            consumers[WEBHOOK_QUEUE] = self._delivery_sender.consume
        return consumers

    def pair_storage(self) -> None:
        """Pair the database with the storage; one that does not answer is no error.

        Raises Misconfigured where the database is paired with another storage, NotMigrated.
        """
        try:
            pair_storage(self._services.storage, self._services.store.maintenance)
        except (Misconfigured, NotMigrated):
            raise
        except JobsError as error:
            _log.warning("storage_not_marked", detail=error.for_operator())

    def start(self) -> None:
        """Called when the engines are warm: from here on chunks may be claimed. Raises Misconfigured."""
        # It was called before the engines were loaded too, and the storage may have been down then.
        self.pair_storage()
        self._keeper.start()
        self._registration.start()
        self._engines.call_when_warm(self.notify_own_queues)
        self._sweeper.start()
        if self._delivery_sender is not None:
            self._delivery_sender.start()

    def notify_own_queues(self) -> None:
        """Notify the workers of its queues: work may have waited for this one."""
        for queue in self.queues:
            self._services.dispatch.notify(queue, count=self.slots.total)
        self._registration.refresh()

    def stop(self, *, at_once: bool = False) -> None:
        """Claim nothing more; let short chunks finish, unless `at_once`; release the others, uncharged.

        Takes a minute at most.
        """
        with self._stopping:
            if self._is_stopped:
                return
            self._is_stopped = True
            self._consumer.stop()
            self._sweeper.close()
            self._wait_for_chunks(0.0 if at_once else self._services.settings.grace_s)
            for lease in self._keeper.leases():
                lease.interrupt()
            self._wait_for_chunks(_RELEASE_S)
            try:
                if left := self._services.store.workers.release(self.id):
                    _log.warning("chunks_released_at_stop", count=left)
            except StoreUnavailable as error:
                _log.warning("chunks_left_to_the_sweeper", detail=error.detail)
            if self._delivery_sender is not None:
                self._delivery_sender.close()
            self._keeper.close()
            self._registration.close()
            self._engines.close()
            self._services.dispatch.close()
            self._workdirs.close()
            self.liveness.close()

    def _wait_for_chunks(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while self._keeper.leases() and time.monotonic() < until:
            time.sleep(0.05)

    def _info(self) -> WorkerInfo:
        described = self._engines.describe()
        counters = [*(described.counters or ()), *self._counters.values()]
        return replace(
            described,
            audit=self._sweeper.audit,
            stored=self._sweeper.stored,
            counters=counters,
            free_bytes=self._space.free_bytes(),
            is_short_of_space=self._space.is_short(),
        )
