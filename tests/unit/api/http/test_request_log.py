"""One line and one id per request."""

from __future__ import annotations

from structlog.testing import capture_logs


def test_line_names_the_route_and_the_key_but_no_text_and_no_secret(client, worker):
    worker()
    with capture_logs() as lines:
        answer = client.post("/tts/synthesize?utm=hunter2", json={"text": "hunter2"})
    (line,) = [line for line in lines if line["event"] == "request"]
    assert (line["method"], line["route"], line["status"]) == ("POST", "/tts/synthesize", answer.status_code)
    assert line["key"] and line["ms"] >= 0
    assert "hunter2" not in str(lines)
    assert client.environ_base["HTTP_AUTHORIZATION"].split()[1] not in str(lines)


def test_line_of_a_job_has_its_rule_and_not_its_id(client):
    with capture_logs() as lines:
        client.get(f"/jobs/job_{'0' * 32}")
    assert [line["route"] for line in lines if line["event"] == "request"] == ["/jobs/<job_id>"]


def test_unexpected_error_is_logged_with_its_cause(app, client):
    def broken():
        raise RuntimeError("the cause")

    app.add_url_rule("/broken", "broken", broken)
    with capture_logs() as lines:
        client.get("/broken")
    (line,) = [line for line in lines if line["event"] == "request_failed"]
    assert str(line["exc_info"]) == "the cause"
