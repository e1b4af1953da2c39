"""The pages behind the types of problems."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "/jobs/job_none", None, "not_found"),
        ("GET", "/nothing/here", None, "not_found"),
        ("PUT", "/jobs", None, "method_not_allowed"),
        ("POST", "/tts/synthesize", {"text": ""}, "invalid"),
        ("POST", "/tts/synthesize", {"text": "Hello."}, "no_worker"),
        ("POST", "/tts/synthesize", {"text": "Hello.", "model": "unknown"}, "unsupported_option"),
    ],
)
def test_type_of_a_problem_can_be_opened_without_a_key(client, anyone, method, path, body, code):
    problem = client.open(path, method=method, json=body).json
    assert problem["code"] == code
    address = urlsplit(problem["type"])
    assert f"{address.scheme}://{address.netloc}" == "http://voicemill.test"
    explained = anyone.get(address.path)
    assert (explained.status_code, explained.json["code"]) == (200, code)
    assert explained.json["status"] == problem["status"] and explained.json["retryable"] is problem["retryable"]
    assert explained.json["meaning"] and explained.json["action"]


def test_a_browser_gets_a_page(anyone):
    page = anyone.get("/problems/no_worker", headers={"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"})
    assert page.content_type == "text/html; charset=utf-8"
    assert "<h1>no_worker</h1>" in page.text and "Retry-After" in page.text


def test_unknown_kind_is_not_found(anyone):
    answer = anyone.get("/problems/<b>")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_list_has_each_kind_once_in_alphabetical_order(anyone):
    codes = [kind["code"] for kind in anyone.get("/problems").json["data"]]
    assert codes == sorted(set(codes)) and "idempotency_mismatch" in codes
