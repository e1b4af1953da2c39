"""Metrics for Prometheus: counted requests, what the database holds at each scrape, and what the workers report.

Requests are counted per process. With several server processes set `PROMETHEUS_MULTIPROC_DIR` to a directory that is
emptied at start: prometheus-client then sums over all processes, whichever of them is scraped.
"""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from platform import python_version

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from api.services import Services
from jobs.dispatch.dispatch import Dispatch
from jobs.errors import JobsError
from jobs.settings import shared_metrics_folder
from jobs.states import CPU_QUEUE, JobState
from jobs.storage.storage import Storage
from jobs.store.maintenance import AUDITED_INVARIANTS
from jobs.webhooks.delivery import WEBHOOK_QUEUE
from jobs.worker import PROTECTIONS, WorkerRow
from jobs.worker_counters import COUNTERS

from .request_metrics import RequestMetrics, delete_dead_processes

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUILD: Mapping[tuple[str, ...], float] = {(version("voicemill"), python_version()): 1.0}


def render_metrics(services: Services) -> bytes:
    """The text that Prometheus scrapes. A database that is down shows as `voicemill_database_up` 0."""
    return generate_latest(_requests_registry(services.request_metrics)) + generate_latest(_database_registry(services))


def _requests_registry(metrics: RequestMetrics) -> CollectorRegistry:
    """The requests of all processes where prometheus-client shares them through files, else of this process."""
    folder = shared_metrics_folder()
    if folder is None or not folder.is_dir():
        return metrics.registry
    delete_dead_processes(folder)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))
    return registry


def _database_registry(services: Services) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_DatabaseCollector(services))
    return registry


class _DatabaseCollector:
    """What is read anew at each scrape: the same from every process."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        yield _gauge("voicemill_build_info", "Always 1; the labels say what runs.", ("version", "python"), _BUILD)
        for name, component in (("broker", self._services.dispatch), ("storage", self._services.storage)):
            up = GaugeMetricFamily(f"voicemill_{name}_up", f"1 if the {name} is available, else 0.")
            up.add_metric([], _is_up(component))
            yield up
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
        rows = self._services.workers.rows()
        served = {queue for row in rows for queue in row.queues} | {CPU_QUEUE, WEBHOOK_QUEUE}
        zeros = dict.fromkeys(sorted(served), 0.0)
        states = dict.fromkeys(JobState, 0.0) | dict(store.jobs.count_by_state())
        yield _gauge("voicemill_jobs", "Jobs by state.", ("state",), {(state,): n for state, n in states.items()})
        yield _by_queue("voicemill_queue_depth", "Ready chunks by queue.", zeros | dict(store.chunks.depths()))
        backlog = store.maintenance.backlog()
        ages = {queue: age / 1000 for queue, age in backlog.chunk_age_ms.items()}
        yield _by_queue("voicemill_oldest_ready_seconds", "Age of the ready chunk that waits longest.", zeros | ages)
        yield _gauge("voicemill_webhook_backlog", "Webhooks not delivered yet.", (), {(): backlog.webhooks})
        yield _gauge(
            "voicemill_oldest_webhook_seconds",
            "Age of the webhook that waits longest.",
            (),
            {(): backlog.webhook_age_ms / 1000},
        )
        yield from _worker_metrics(rows, zeros)
        yield _stored_metric(rows)
        yield from _resource_metrics(rows)
        yield from _worker_counters(rows)


def _is_up(component: Dispatch | Storage) -> float:
    try:
        component.check()
    except JobsError:
        return 0.0
    return 1.0


def _worker_metrics(rows: Sequence[WorkerRow], zeros: Mapping[str, float]) -> Iterator[Metric]:
    """Which workers there are, what their audits found and what their sandboxes lack."""
    counts = Counts(queue for row in rows for queue in row.queues)
    yield _by_queue(
        "voicemill_workers",
        "Registered workers by queue: those whose registration is at most a minute old.",
        {**zeros, **counts},
    )
    yield _gauge(
        "voicemill_audit_violations",
        "Violations at the sweeper's last audit, by invariant.",
        ("invariant",),
        {(name,): count for name, count in _audit_violations(rows).items()},
    )
    yield _gauge(
        "voicemill_sandbox_unprotected",
        "1 where the kernel does not keep the worker's sandboxes from files or system calls, else 0.",
        ("worker", "what"),
        {
            (row.id, what): float(what in row.info.unprotected)
            for row in rows
            if row.info.has_sandboxes
            for what in PROTECTIONS
        },
    )


def _stored_metric(rows: Sequence[WorkerRow]) -> Metric:
    """The latest sums of any worker; no series before the first audit of a stack."""
    reports = [row.info.stored for row in rows if row.info.stored is not None]
    latest = max(reports, key=lambda report: report.at_ms, default=None)
    return _gauge(
        "voicemill_stored_bytes",
        "Bytes of the objects that the database records, by kind, at the sweeper's last audit.",
        ("kind",),
        {(kind,): float(total) for kind, total in latest.by_kind.items()} if latest is not None else {},
    )


def _resource_metrics(rows: Sequence[WorkerRow]) -> Iterator[Metric]:
    """Memory and disk space of the workers."""
    yield _gauge(
        "voicemill_worker_memory_bytes",
        "Resident memory of the worker process.",
        ("worker",),
        {(row.id,): row.info.rss_bytes or 0 for row in rows},
    )
    yield _gauge(
        "voicemill_worker_free_bytes",
        "Free disk space for the files of the worker's chunks.",
        ("worker",),
        {(row.id,): row.info.free_bytes for row in rows if row.info.free_bytes is not None},
    )
    yield _gauge(
        "voicemill_worker_short_of_space",
        "1 while the worker starts no chunk because its disk is nearly full, else 0.",
        ("worker",),
        {(row.id,): float(row.info.is_short_of_space) for row in rows if row.info.is_short_of_space is not None},
    )
    yield _gauge(
        "voicemill_engine_memory_bytes",
        "Resident memory of an engine process and its children.",
        ("worker", "engine"),
        {(row.id, str(n)): rss for row in rows for n, rss in enumerate(row.info.engine_rss_bytes or ())},
    )


def _worker_counters(rows: Sequence[WorkerRow]) -> Iterator[Metric]:
    """The sums of each worker."""
    families = {
        counter.name: CounterMetricFamily(counter.name, counter.documentation, labels=["worker", *counter.labels])
        for counter in COUNTERS
    }
    for row in rows:
        for value in row.info.counters or ():
            families[value.name].add_metric([row.id, *value.labels], value.value)
    yield from families.values()


def _audit_violations(rows: Sequence[WorkerRow]) -> dict[str, float]:
    """The most that any worker reports, by invariant; zero for one that none has found violated."""
    found = dict.fromkeys(AUDITED_INVARIANTS, 0.0)
    for row in rows:
        for invariant, count in (row.info.audit or {}).items():
            found[invariant] = max(found.get(invariant, 0.0), float(count))
    return found


def _by_queue(name: str, documentation: str, values: Mapping[str, float]) -> Metric:
    return _gauge(name, documentation, ("queue",), {(queue,): value for queue, value in values.items()})


def _gauge(name: str, documentation: str, labels: Sequence[str], values: Mapping[tuple[str, ...], float]) -> Metric:
    gauge = GaugeMetricFamily(name, documentation, labels=labels)
    for key, number in values.items():
        gauge.add_metric(key, number)
    return gauge
