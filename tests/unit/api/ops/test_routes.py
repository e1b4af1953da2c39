"""Health, settings and metrics."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from jobs.errors import BrokerUnavailable, StorageUnavailable, StoreUnavailable
from jobs.worker import WorkerInfo, WorkerRow


def samples(answer):
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_health_is_terse_without_a_key_and_by_component_for_the_admin(anyone, client, client_of, worker):
    worker()
    assert anyone.get("/audio/health").json == {"status": "ok"} | {"components": None, "workers": None, "queues": None}
    body = client.get("/audio/health").json
    assert body["components"]["database"]["status"] == "ok"
    assert body["components"]["storage"]["status"] == "ok"
    assert body["workers"] == 1
    assert client_of(scopes=["read"]).get("/audio/health").status_code == 403


@pytest.mark.parametrize("part", ["storage", "database"])
def test_health_is_503_while_a_part_is_down(anyone, client, services, monkeypatch, part):
    def down(_self):
        raise StorageUnavailable if part == "storage" else StoreUnavailable

    method = (services.storage, "check") if part == "storage" else (services.store.maintenance, "now_ms")
    monkeypatch.setattr(type(method[0]), method[1], down)
    answer = anyone.get("/audio/health")
    assert (answer.status_code, answer.json["status"]) == (503, "down")
    assert answer.headers["Retry-After"] == "1"


def test_storage_of_another_installation_degrades(anyone, client, settings):
    (settings.data_dir / "objects" / "installation").unlink()
    (settings.data_dir / "objects" / "installation").write_text("another")
    answer = anyone.get("/audio/health")
    assert (answer.status_code, answer.json["status"]) == (200, "degraded")
    assert "another installation" in client.get("/audio/health").json["components"]["storage"]["detail"]


def test_lost_broker_degrades_for_the_admin_alone(anyone, client, dispatch, monkeypatch):
    def down(_self):
        raise BrokerUnavailable

    monkeypatch.setattr(type(dispatch), "check", down)
    assert client.get("/audio/health").json["components"]["broker"]["status"] == "degraded"
    answer = anyone.get("/audio/health")
    assert (answer.status_code, answer.json["status"]) == (200, "ok")


def test_settings_are_shown_without_their_secrets(client, services):
    services.settings.secret_key = None
    body = client.get("/audio/config").json["settings"]
    assert body["max_waiters"] == services.settings.max_waiters
    from pydantic import SecretStr

    services.settings.database_url = SecretStr("postgresql+psycopg://app:hunter2@db/x")
    answer = client.get("/audio/config")
    assert "hunter2" not in answer.text
    assert answer.json["settings"]["database_url"] == "**********"


def test_metrics_have_jobs_queues_workers_and_requests(client, worker, services):
    worker()
    services.store.workers.register(
        WorkerRow(
            id="test:host:cpu:9",
            queues=["cpu"],
            slots=1,
            device="cpu",
            last_seen=0,
            info=WorkerInfo(audit={"05_running_has_owner": 2, "06_one_success": 0}),
        )
    )
    client.post("/tts/synthesize", json={"text": "Hello."})
    client.get("/jobs/job_" + "0" * 32)
    found = samples(client.get("/audio/metrics"))
    assert found["voicemill_jobs", (("state", "accepted"),)] == 1
    assert found["voicemill_queue_depth", (("queue", "cpu"),)] == 1
    assert found["voicemill_workers", (("queue", "tts.espeak"),)] == 1
    assert found["voicemill_audit_violations", (("invariant", "05_running_has_owner"),)] == 2
    assert found["voicemill_database_up", ()] == 1
    labels = (("method", "POST"), ("route", "/tts/synthesize"), ("status", "202"))
    assert found["voicemill_requests_total", labels] == 1
    labels = (("method", "GET"), ("route", "/jobs/<job_id>"), ("status", "404"))
    assert found["voicemill_requests_total", labels] == 1
    assert found["voicemill_request_seconds_count", (("method", "POST"), ("route", "/tts/synthesize"))] == 1


def test_metrics_are_for_this_machine_and_the_admin(anyone, client_of):
    assert anyone.get("/audio/metrics").status_code == 200
    far = {"REMOTE_ADDR": "203.0.113.9"}
    assert anyone.get("/audio/metrics", environ_base=far).status_code == 401
    proxied = anyone.get("/audio/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
    assert proxied.status_code == 401
    assert client_of(scopes=["admin"]).get("/audio/metrics", environ_base=far).status_code == 200
    assert client_of(scopes=["read"]).get("/audio/metrics").status_code == 403


def test_metrics_of_production_need_a_key_also_on_the_same_machine(anyone, client_of, services, monkeypatch):
    monkeypatch.setattr(type(services.settings), "is_embedded", False)
    assert anyone.get("/audio/metrics").status_code == 401
    assert client_of(scopes=["admin"]).get("/audio/metrics").status_code == 200


def test_metrics_are_served_while_the_database_is_down(anyone, services, monkeypatch):
    def down():
        raise StoreUnavailable

    monkeypatch.setattr(services.store.jobs, "count_by_state", down)
    answer = anyone.get("/audio/metrics")
    assert answer.status_code == 200
    assert samples(answer)["voicemill_database_up", ()] == 0
