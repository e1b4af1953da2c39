"""The text that Prometheus scrapes."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.ops.metrics import render_metrics
from jobs.errors import BrokerUnavailable, StorageUnavailable, StoreUnavailable
from jobs.states import JobState
from jobs.store.maintenance import AUDITED_INVARIANTS
from jobs.stored_object import STORED_KINDS, StoredBytes
from jobs.worker import WorkerInfo, WorkerRow
from jobs.worker_counters import CHUNKS, COUNTERS, ENGINE_STARTS, CounterValue
from tests.job_factories import run_sql, submit_job


def families(services):
    text = render_metrics(services).decode()
    return {family.name: family for family in text_string_to_metric_families(text)}


def test_every_metric_has_a_help_text(services):
    assert all(family.documentation.endswith(".") for family in families(services).values())


def test_workers_and_the_worst_audit_are_read_from_the_rows(services):
    for number, violations in enumerate((1, 3, 2)):
        info = WorkerInfo(audit={"05_running_means_owned": violations})
        queues = ["cpu", "webhook"] if number else ["cpu"]
        row = WorkerRow(id=f"a:b:w:{number}", queues=queues, slots=1, device="cpu", last_seen=0, info=info)
        services.store.workers.register(row)
    found = families(services)
    workers = {sample.labels["queue"]: sample.value for sample in found["voicemill_workers"].samples}
    assert workers == {"cpu": 3, "webhook": 2}
    violations = {sample.labels["invariant"]: sample.value for sample in found["voicemill_audit_violations"].samples}
    assert violations == dict.fromkeys(AUDITED_INVARIANTS, 0) | {"05_running_means_owned": 3}


def test_failing_database_shows_as_a_metric_of_its_own(services, monkeypatch):
    assert families(services)["voicemill_database_up"].samples[0].value == 1

    def down():
        raise StoreUnavailable

    monkeypatch.setattr(services.store.chunks, "depths", down)
    assert families(services)["voicemill_database_up"].samples[0].value == 0


def values(found, name, *labels):
    return {tuple(sample.labels[label] for label in labels): sample.value for sample in found[name].samples}


def test_what_does_not_occur_is_a_series_of_zeros(services):
    found = families(services)
    assert values(found, "voicemill_jobs", "state") == {(state.value,): 0 for state in JobState}
    for name in ("voicemill_queue_depth", "voicemill_oldest_ready_seconds", "voicemill_workers"):
        assert values(found, name, "queue") == {("cpu",): 0, ("webhook",): 0}
    assert values(found, "voicemill_webhook_backlog") == {(): 0}
    assert values(found, "voicemill_oldest_webhook_seconds") == {(): 0}
    assert all(value == 1 for value in values(found, "voicemill_build_info", "version", "python").values())


@pytest.mark.parametrize(
    ("part", "error", "metric"),
    [("dispatch", BrokerUnavailable, "voicemill_broker_up"), ("storage", StorageUnavailable, "voicemill_storage_up")],
)
def test_broker_and_storage_that_are_down_show(services, monkeypatch, part, error, metric):
    def down(_self):
        raise error

    assert values(families(services), metric) == {(): 1}
    monkeypatch.setattr(type(getattr(services, part)), "check", down)
    assert values(families(services), metric) == {(): 0}


def test_what_waits_longest_is_shown_by_queue(services):
    submit_job(services.store)
    run_sql(services.store, "UPDATE chunks SET available_at = available_at - 90000 WHERE state = 'ready'")
    found = families(services)
    assert values(found, "voicemill_queue_depth", "queue")[("cpu",)] == 1
    assert 90 <= values(found, "voicemill_oldest_ready_seconds", "queue")[("cpu",)] < 5000


def test_counts_of_workers_are_sums_by_worker(services):
    counters = [
        CounterValue(ENGINE_STARTS.name, (), 4.0),
        CounterValue(CHUNKS.name, ("espeak", "work", "succeeded"), 7.0),
        CounterValue(CHUNKS.name, ("espeak", "work", "retry"), 2.0),
    ]
    info = WorkerInfo(counters=counters, engine_rss_bytes=[10, 20], rss_bytes=30)
    services.store.workers.register(
        WorkerRow(id="a:b:w:1", queues=["cpu"], slots=1, device="cpu", last_seen=0, info=info)
    )
    found = families(services)
    assert values(found, ENGINE_STARTS.name, "worker") == {("a:b:w:1",): 4}
    assert values(found, CHUNKS.name, "model", "step", "outcome") == {
        ("espeak", "work", "succeeded"): 7,
        ("espeak", "work", "retry"): 2,
    }
    assert values(found, "voicemill_engine_memory_bytes", "engine") == {("0",): 10, ("1",): 20}
    assert values(found, "voicemill_worker_memory_bytes", "worker") == {("a:b:w:1",): 30}
    assert {counter.name for counter in COUNTERS} <= found.keys()


def test_stored_bytes_are_the_latest_that_any_worker_added_up(services):
    assert "voicemill_stored_bytes" in families(services), "its help text is there before the first audit"
    for number, (at_ms, size) in enumerate(((5, 1), (9, 2), (7, 3))):
        info = WorkerInfo(stored=StoredBytes(at_ms, dict.fromkeys(STORED_KINDS, size)))
        services.store.workers.register(WorkerRow(f"a:b:w:{number}", ("cpu",), 1, "cpu", last_seen=0, info=info))
    found = families(services)
    assert values(found, "voicemill_stored_bytes", "kind") == {(kind,): 2 for kind in STORED_KINDS}


def test_clients_that_wait_are_counted_until_they_leave(services):
    job = submit_job(services.store)
    assert values(families(services), "voicemill_waiters") == {(): 0}
    with services.watcher.watch(job), services.watcher.watch(job):
        assert values(families(services), "voicemill_waiters") == {(): 2}
    assert values(families(services), "voicemill_waiters") == {(): 0}


def test_the_disk_space_of_workers_is_shown(services):
    info = WorkerInfo(free_bytes=5, is_short_of_space=True)
    services.store.workers.register(WorkerRow("a:b:w:1", ("cpu",), 1, "cpu", last_seen=0, info=info))
    found = families(services)
    assert found["voicemill_worker_free_bytes"].samples[0].value == 5
    assert found["voicemill_worker_short_of_space"].samples[0].value == 1


def test_what_sandboxes_are_not_kept_from_is_shown(services):
    info = WorkerInfo(restrictions=["limits", "seccomp"])
    services.store.workers.register(WorkerRow("a:b:w:1", ("cpu",), 1, "cpu", last_seen=0, info=info))
    samples = families(services)["voicemill_sandbox_unprotected"].samples
    assert {sample.labels["what"]: sample.value for sample in samples} == {"files": 1, "system calls": 0}
