"""Metrics for Prometheus: the counted requests, and jobs and queues as the database has them at each scrape.

Requests are counted per process. With several server processes set `PROMETHEUS_MULTIPROC_DIR` to a directory that is
emptied at start: prometheus-client then sums over all processes, whichever of them is scraped.
"""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from api.services import Services
from jobs.errors import JobsError
from jobs.worker import WorkerRow

from .request_metrics import RequestMetrics

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def render_metrics(services: Services) -> bytes:
    """The text that Prometheus scrapes. A database that is down shows as `voicemill_database_up` 0."""
    return generate_latest(_requests_registry(services.request_metrics)) + generate_latest(_database_registry(services))


def _requests_registry(metrics: RequestMetrics) -> CollectorRegistry:
    """The requests of all processes where prometheus-client shares them through files, else of this process."""
    registry = CollectorRegistry()
    try:
        MultiProcessCollector(registry)
    except ValueError:
        return metrics.registry
    return registry


def _database_registry(services: Services) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_DatabaseCollector(services))
    return registry


class _DatabaseCollector:
    """Metrics that are read from the database: the same from every process, but for the waiters."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("voicemill_database_up", "1 if the database is available, else 0.")
        try:
            yield from self._read()
        except JobsError:
            up.add_metric([], 0.0)
        else:
            up.add_metric([], 1.0)
        yield up

    def _read(self) -> Iterator[Metric]:
        store = self._services.store
        yield _gauge("voicemill_jobs", "Jobs by state.", "state", store.jobs.count_by_state())
        yield _gauge("voicemill_queue_depth", "Ready chunks by queue.", "queue", store.chunks.depths())
        rows = self._services.workers.rows()
        yield _gauge(
            "voicemill_workers",
            "Registered workers by queue: those whose registration is at most a minute old.",
            "queue",
            Counts(queue for row in rows for queue in row.queues),
        )
        yield _gauge(
            "voicemill_audit_violations",
            "Violations at the sweeper's last audit, by invariant.",
            "invariant",
            _audit_violations(rows),
        )
        waiters = GaugeMetricFamily(
            "voicemill_waiters", "Clients that wait in long polls and event streams, in this process."
        )
        waiters.add_metric([], self._services.watcher.waiters)
        yield waiters


def _audit_violations(rows: Sequence[WorkerRow]) -> dict[str, float]:
    """The most that any worker reports, by invariant."""
    found: dict[str, float] = {}
    for row in rows:
        for invariant, count in (row.info.audit or {}).items():
            found[invariant] = max(found.get(invariant, 0.0), float(count))
    return found


def _gauge(name: str, documentation: str, label: str, values: Mapping[str, float]) -> Metric:
    gauge = GaugeMetricFamily(name, documentation, labels=[label])
    for value, number in values.items():
        gauge.add_metric([value], number)
    return gauge
