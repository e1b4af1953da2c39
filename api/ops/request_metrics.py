"""Counts the requests of this process."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

#: `…_created` series double the answer and tell nothing that is used.
disable_created_metrics()
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


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

    def observe(self, method: str, route: str, status: int, seconds: float, *, waits: bool = False) -> None:
        """Count one request. `waits`: it asked to wait for its answer."""
        self._requests.labels(method, route, str(status)).inc()
        (self._wait_seconds if waits else self._seconds).labels(method, route).observe(seconds)
