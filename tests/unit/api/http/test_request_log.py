"""One line and one id per request."""

from __future__ import annotations

from structlog.testing import capture_logs

from tests.unit.api.conftest import TENANT


def test_line_names_the_route_and_the_key_but_no_text_and_no_secret(client, worker):
    worker()
    with capture_logs() as lines:
        answer = client.post("/tts/synthesize?utm=hunter2", json={"text": "hunter2"})
    (line,) = [line for line in lines if line["event"] == "request"]
    assert (line["method"], line["route"], line["status"]) == ("POST", "/tts/synthesize", answer.status_code)
    assert line["key"] and line["ms"] >= 0
    assert "hunter2" not in str(lines)
    assert client.environ_base["HTTP_AUTHORIZATION"].split()[1] not in str(lines)


def test_line_names_the_job_and_its_rule(client):
    with capture_logs() as lines:
        client.get(f"/jobs/job_{'0' * 32}")
        client.get("/jobs/hunter2")
    found = [(line["route"], line["job"]) for line in lines if line["event"] == "request"]
    assert found == [("/jobs/<job_id>", f"job_{'0' * 32}"), ("/jobs/<job_id>", None)]


def test_job_keeps_the_id_of_its_request(client, worker, services):
    worker()
    with capture_logs() as lines:
        answer = client.post("/tts/synthesize", json={"text": "hello"}, headers={"X-Request-Id": "request-17"})
    (line,) = [line for line in lines if line["event"] == "request"]
    assert line["job"] == answer.json["id"]
    assert services.store.jobs.get(TENANT, answer.json["id"]).request_id == "request-17"


def test_probes_leave_no_line(anyone):
    with capture_logs() as lines:
        anyone.get("/livez")
        anyone.get("/jobs")
    assert [(line["log_level"], line["route"]) for line in lines] == [("debug", "/livez"), ("info", "/jobs")]


def test_long_polls_are_timed_apart(client, worker, services):
    worker()
    job = client.post("/tts/synthesize", json={"text": "hello"}).json["id"]
    client.get(f"/jobs/{job}?wait=0.01")
    client.get(f"/jobs/{job}")
    counts = {
        (sample.name, sample.labels["route"]): sample.value
        for metric in services.request_metrics.registry.collect()
        for sample in metric.samples
        if sample.name.endswith("_seconds_count") and sample.labels["method"] == "GET"
    }
    assert counts == {
        ("voicemill_request_seconds_count", "/jobs/<job_id>"): 1,
        ("voicemill_wait_seconds_count", "/jobs/<job_id>"): 1,
    }


def test_unexpected_error_is_logged_with_its_cause(app, client):
    def broken():
        raise RuntimeError("the cause")

    app.add_url_rule("/broken", "broken", broken)
    with capture_logs() as lines:
        client.get("/broken")
    (line,) = [line for line in lines if line["event"] == "request_failed"]
    assert str(line["exc_info"]) == "the cause"
