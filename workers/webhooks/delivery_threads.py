"""Webhook deliveries of a cpu worker: a few threads of their own, so that a slow receiver holds up no chunk."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import structlog

from jobs.errors import StoreUnavailable
from jobs.outbound.http_client import OutboundHttp
from jobs.store import Store
from workers.periodic import Periodic

from .delivery import deliver_one

_log = structlog.get_logger(__name__)

#: Deliveries under way at once.
_AT_ONCE = 4
#: Seconds between looks for deliveries whose time has come.
_EVERY_S = 2.0


class Deliveries:
    """Sends what is due, at a bell and every few seconds."""

    def __init__(self, store: Store, http: OutboundHttp, worker_id: str) -> None:
        self._store = store
        self._http = http
        self._worker_id = worker_id
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="webhook")
        self._lock = threading.Lock()
        self._active = 0
        self._closing = threading.Event()
        self._timer = Periodic("webhook-timer", self.answer, every_s=_EVERY_S)

    def start(self) -> None:
        """Begin to look for due deliveries."""
        self._timer.start()

    def answer(self) -> int:
        """A bell: see what is due, in a thread of our own. Returns how many threads look now."""
        with self._lock:
            if self._active < _AT_ONCE and not self._closing.is_set():
                self._active += 1
                self._threads.submit(self._send)
            return self._active

    def close(self) -> None:
        """Finish what is being sent and begin nothing more."""
        self._closing.set()
        self._timer.close()
        self._threads.shutdown(wait=True)

    def _send(self) -> None:
        try:
            while not self._closing.is_set() and deliver_one(self._store, self._http, self._worker_id):
                # There was one, so there may be more: have them sent beside the next one of this thread.
                self.answer()
        except StoreUnavailable as error:
            _log.warning("delivery_postponed", detail=error.detail)
        finally:
            with self._lock:
                self._active -= 1
