"""Counts the requests of this process, and the clients that wait in it.

With `PROMETHEUS_MULTIPROC_DIR` prometheus-client keeps the values in files there, one of each process and kind.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

#: `…_created` series double the answer and tell nothing that is used.
disable_created_metrics()
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
#: The file of the gauges that count for living processes only.
_LIVE_FILE = re.compile(r"gauge_live[a-z]+_(\d+)\.db")


class RequestMetrics:
    """Requests of this process. The label `route` is the rule of a route, never a path with ids."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "voicemill_requests",
            "Requests by method, route and status.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "voicemill_request_seconds",
            "Seconds until the first byte of the response, without long polls and event streams.",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._wait_seconds = Histogram(
            "voicemill_wait_seconds",
            "Seconds of long polls until their response, and of event streams until their first byte.",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )

        self._waiters = Gauge(
            "voicemill_waiters",
            "Clients that wait in long polls and event streams.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        # A process may have the id, and so the file, of one that was killed while clients waited in it.
        self.set_waiters(0)

    def set_waiters(self, count: int) -> None:
        """Note how many clients wait in this process now."""
        self._waiters.set(count)

    def observe(self, method: str, route: str, status: int, seconds: float, *, waits: bool = False) -> None:
        """Count one request. `waits`: it asked to wait for its answer."""
        self._requests.labels(method, route, str(status)).inc()
        (self._wait_seconds if waits else self._seconds).labels(method, route).observe(seconds)


def delete_dead_processes(folder: Path) -> None:
    """Delete what processes that live no more counted as present. Their sums of requests stay."""
    for path in folder.iterdir():
        found = _LIVE_FILE.fullmatch(path.name)
        if found and not _is_alive(int(found[1])):
            path.unlink(missing_ok=True)  # another process may be scraped at the same time


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is another user's
    return True
