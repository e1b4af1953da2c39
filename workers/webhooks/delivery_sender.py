"""Threads of a cpu worker that send webhooks, so that a slow receiver delays no chunk."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import structlog

from jobs.errors import StoreUnavailable
from jobs.outbound.http_client import OutboundHttp
from jobs.store.webhook_deliveries import WebhookDeliveries
from jobs.webhooks.schedule import DeliveryOutcome
from jobs.worker_counters import WEBHOOK_ATTEMPTS, WorkerCounters
from workers.periodic import Periodic

from .delivery import MOST_OF_TENANT, deliver_one

_log = structlog.get_logger(__name__)

#: Deliveries that are sent at once.
_THREADS = 2 * MOST_OF_TENANT
#: Seconds between two polls for due deliveries.
_POLL_EVERY_S = 2.0


class DeliverySender:
    """Sends what is due, upon a notification and every few seconds."""

    def __init__(
        self, deliveries: WebhookDeliveries, http: OutboundHttp, worker_id: str, counters: WorkerCounters | None = None
    ) -> None:
        self._deliveries = deliveries
        self._http = http
        self._counters = counters or WorkerCounters()
        self._worker_id = worker_id
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="webhook")
        self._lock = threading.Lock()
        self._active_threads = 0
        self._closing = threading.Event()
        self._timer = Periodic("webhook-timer", self.consume, every_s=_POLL_EVERY_S)

    def start(self) -> None:
        """Begin to poll for due deliveries."""
        self._timer.start()

    def consume(self) -> int:
        """Consume a notification: send what is due, in a thread of ours. Returns how many threads are sending now."""
        with self._lock:
            if self._active_threads < _THREADS and not self._closing.is_set():
                self._active_threads += 1
                self._threads.submit(self._send)
            return self._active_threads

    def close(self) -> None:
        """Finish what is being sent and begin nothing more."""
        self._closing.set()
        self._timer.close()
        self._threads.shutdown(wait=True)

    def _send(self) -> None:
        try:
            while not self._closing.is_set() and deliver_one(
                self._deliveries, self._http, self._worker_id, when_attempted=self._count
            ):
                # There was one, so there may be more: have them sent in parallel to the next one of this thread.
                self.consume()
        except StoreUnavailable as error:
            _log.warning("delivery_postponed", detail=error.detail)
        finally:
            with self._lock:
                self._active_threads -= 1

    def _count(self, outcome: DeliveryOutcome) -> None:
        self._counters.add(WEBHOOK_ATTEMPTS, "delivered" if outcome.is_delivered else "failed")
