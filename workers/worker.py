"""A worker process without its Celery: engines, leases, claiming, housekeeping, and their order of start and stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from jobs.errors import JobsError, StoreUnavailable
from jobs.outbound.http_client import OutboundHttp, OutboundPolicy
from jobs.storage.ownership import mark_storage
from jobs.webhooks.message import WEBHOOK_QUEUE
from workers.chunks.consumer import Claiming
from workers.chunks.execution import Execution
from workers.chunks.heartbeat import LeaseKeeper
from workers.chunks.slots import Slots
from workers.chunks.workdir import Scratch
from workers.engines.engine import Engines
from workers.maintenance.sweeper import Sweeper
from workers.maintenance.worker_registration import Presence
from workers.webhooks.delivery_threads import Deliveries

from .wiring import Services

_log = structlog.get_logger(__name__)

#: Seconds for running chunks to be given back.
_GIVE_BACK_S = 10.0


@dataclass(frozen=True, slots=True)
class Pool:
    """What kind of worker this is."""

    #: `cpu`, `tts.espeak` …: how the worker is called.
    name: str
    queues: Sequence[str]
    slots: int
    device: str
    #: Also sends webhooks.
    delivers: bool = False


class Worker:
    """Everything of a worker but the way in which bells reach it."""

    def __init__(self, services: Services, pool: Pool, engines: Engines) -> None:
        settings, store = services.settings, services.store
        self.pool = pool
        self.id = services.worker_id(pool.name)
        self._services = services
        self._engines = engines
        self._keeper = LeaseKeeper(store, every_s=settings.heartbeat_s)
        self._scratch = Scratch(settings.data_dir / "scratch")
        execution = Execution(
            store, services.storage, services.dispatch, engines, services.catalog, settings, self._keeper, self._scratch
        )
        self.slots = Slots(pool.slots)
        self._claiming = Claiming(
            store=store,
            dispatch=services.dispatch,
            execution=execution,
            slots=self.slots,
            worker_id=self.id,
            lease_s=settings.lease_s,
        )
        self._sweeper = Sweeper(
            store,
            services.storage,
            services.dispatch,
            self.id,
            every_s=settings.sweep_s,
            trust_s=settings.rescue_trust_s,
        )
        self._presence = Presence(
            store, self.id, queues=self.queues, slots=pool.slots, device=pool.device, info=self._info
        )
        self._deliveries: Deliveries | None = None
        if pool.delivers:
            http = OutboundHttp(OutboundPolicy(settings.outbound_allow), timeout_s=settings.webhook_timeout_s)
            self._deliveries = Deliveries(store, http, self.id)
        self._stopping = threading.Lock()
        self._is_stopped = False

    @property
    def queues(self) -> list[str]:
        """Every queue that it listens to."""
        return [*self.pool.queues, *([WEBHOOK_QUEUE] if self.pool.delivers else [])]

    def answers(self) -> Mapping[str, Callable[[], int]]:
        """Queue → what its bell sets off."""
        answers: dict[str, Callable[[], int]] = {
            queue: partial(self._claiming.answer, queue) for queue in self.pool.queues
        }
        if self._deliveries is not None:
            answers[WEBHOOK_QUEUE] = self._deliveries.answer
        return answers

    def start(self) -> None:
        """Called when the engines are warm: from here on chunks may be claimed."""
        try:
            mark_storage(self._services.storage, self._services.store.installation_id())
        except JobsError as error:
            _log.warning("storage_not_marked", detail=error.detail)
        self._keeper.start()
        self._presence.start()
        self._engines.call_when_warm(self.ring_own)
        self._sweeper.start()
        if self._deliveries is not None:
            self._deliveries.start()

    def ring_own(self) -> None:
        """Work may have waited for this worker."""
        for queue in self.queues:
            self._services.dispatch.ring(queue, count=self.slots.total)
        self._presence.refresh()

    def stop(self, *, at_once: bool = False) -> None:
        """Claim nothing more; let short chunks finish, unless `at_once`; give the others back, uncharged.

        Takes a minute at most.
        """
        with self._stopping:
            if self._is_stopped:
                return
            self._is_stopped = True
            self._claiming.stop()
            self._sweeper.close()
            self._wait_for_chunks(0.0 if at_once else self._services.settings.grace_s)
            for lease in self._keeper.held():
                lease.interrupt()
            self._wait_for_chunks(_GIVE_BACK_S)
            try:
                if left := self._services.store.release_worker(self.id):
                    _log.warning("chunks_taken_back", count=left)
            except StoreUnavailable as error:
                _log.warning("chunks_left_to_the_sweeper", detail=error.detail)
            if self._deliveries is not None:
                self._deliveries.close()
            self._keeper.close()
            self._presence.close()
            self._engines.close()
            self._services.dispatch.close()
            self._scratch.close()

    def _wait_for_chunks(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while self._keeper.held() and time.monotonic() < until:
            time.sleep(0.05)

    def _info(self) -> Mapping[str, Any]:
        return {**self._engines.describe(), "audit": self._sweeper.audit}
