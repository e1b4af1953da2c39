"""The text that Prometheus scrapes."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from api.ops.metrics import render_metrics
from jobs.errors import StoreUnavailable
from jobs.worker import WorkerInfo, WorkerRow


def families(services):
    text = render_metrics(services).decode()
    return {family.name: family for family in text_string_to_metric_families(text)}


def test_every_metric_has_a_help_text(services):
    assert all(family.documentation.endswith(".") for family in families(services).values())


def test_workers_and_the_worst_audit_are_read_from_the_rows(services):
    for number, violations in enumerate((1, 3, 2)):
        info = WorkerInfo(audit={"05_running_has_owner": violations})
        queues = ["cpu", "webhooks"] if number else ["cpu"]
        row = WorkerRow(id=f"a:b:w:{number}", queues=queues, slots=1, device="cpu", last_seen=0, info=info)
        services.store.workers.register(row)
    found = families(services)
    workers = {sample.labels["queue"]: sample.value for sample in found["voicemill_workers"].samples}
    assert workers == {"cpu": 3, "webhooks": 2}
    assert [sample.value for sample in found["voicemill_audit_violations"].samples] == [3]


def test_failing_database_shows_as_a_metric_of_its_own(services, monkeypatch):
    assert families(services)["voicemill_database_up"].samples[0].value == 1

    def down():
        raise StoreUnavailable

    monkeypatch.setattr(services.store.chunks, "depths", down)
    assert families(services)["voicemill_database_up"].samples[0].value == 0
