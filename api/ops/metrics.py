"""Numbers for Prometheus. Requests are counted here; jobs and queues are read from the database at each scrape.

Counts of requests are per process. With several server processes set `PROMETHEUS_MULTIPROC_DIR` to a directory that is
emptied at start: prometheus-client then sums them over all processes, whichever of them is scraped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from jobs.errors import JobsError

if TYPE_CHECKING:
    from api.wiring import Services

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """Counters of this process. Routes are labelled by their rule, never by a path with ids."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "voicemill_requests", "Requests by route and status.", ["method", "route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "voicemill_request_seconds",
            "Time to the answer's first byte; long polls and streams wait on purpose.",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)


def exposition(services: Services) -> bytes:
    """The text that Prometheus scrapes."""
    return generate_latest(_requests_registry(services.metrics)) + generate_latest(_shared_registry(services))


def _requests_registry(metrics: Metrics) -> CollectorRegistry:
    """All processes' counts where prometheus-client shares them through files, else this process's own."""
    registry = CollectorRegistry()
    try:
        MultiProcessCollector(registry)
    except ValueError:
        return metrics.registry
    return registry


def _shared_registry(services: Services) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_SharedState(services))
    return registry


class _SharedState:
    """What every process would say alike, read from the database."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("voicemill_database_up", "1 while the database answers.")
        try:
            yield from self._read()
        except JobsError:
            up.add_metric([], 0.0)
        else:
            up.add_metric([], 1.0)
        yield up

    def _read(self) -> Iterator[Metric]:
        store = self._services.store
        jobs = GaugeMetricFamily("voicemill_jobs", "Jobs by state.", labels=["state"])
        for state, number in store.job_counts().items():
            jobs.add_metric([state], number)
        yield jobs
        queues = GaugeMetricFamily("voicemill_queue_depth", "Chunks that wait, by queue.", labels=["queue"])
        for queue, depth in store.queue_depths().items():
            queues.add_metric([queue], depth)
        yield queues
        rows = self._services.workers.rows()
        workers = GaugeMetricFamily("voicemill_workers", "Workers seen in the last minute, by queue.", labels=["queue"])
        for queue in sorted({queue for row in rows for queue in row.queues}):
            workers.add_metric([queue], sum(queue in row.queues for row in rows))
        yield workers
        audit = GaugeMetricFamily(
            "voicemill_audit_violations", "Broken invariants at the sweeper's last audit.", labels=["invariant"]
        )
        found: dict[str, float] = {}
        for row in rows:
            for invariant, count in (row.info.get("audit") or {}).items():
                found[invariant] = max(found.get(invariant, 0.0), float(count))
        for invariant, count in sorted(found.items()):
            audit.add_metric([invariant], count)
        yield audit
        waiters = GaugeMetricFamily(
            "voicemill_waiters", "Clients held by long polls and event streams in this process."
        )
        waiters.add_metric([], self._services.watcher.waiters)
        yield waiters
