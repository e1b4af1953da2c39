"""The document: valid, complete, and true to what is served. The page that shows it needs no network."""

from __future__ import annotations

import re

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

#: Open to all on purpose.
OPEN = {("get", "/audio/health"), ("get", "/audio/metrics"), ("get", "/jobs/{job_id}/result")}


@pytest.fixture
def document(anyone):
    answer = anyone.get("/openapi.json")
    assert answer.status_code == 200
    return answer.json


def operations(document):
    return [(method, path, operation) for path, item in document["paths"].items() for method, operation in item.items()]


def test_document_is_valid_openapi_3_1(document):
    assert document["openapi"].startswith("3.1")
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_route_is_documented_and_every_documented_one_served(app, document):
    served = {
        (method.lower(), re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith(("/docs", "/openapi.json"))
    }
    assert served == {(method, path) for method, path, _ in operations(document)}


def test_every_route_asks_for_a_key_or_is_open_on_purpose(document, anyone):
    for method, path, operation in operations(document):
        if (method, path) in OPEN:
            assert operation["security"] == [{"key": []}, {}]
            continue
        assert operation["security"] == [{"key": []}], path
        answer = anyone.open(path.replace("{job_id}", "job_" + "0" * 32), method=method.upper())
        assert (answer.status_code, answer.json["code"]) == (401, "unauthorized"), path
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_every_route_documents_its_problems(document):
    for method, path, operation in operations(document):
        answers = operation["responses"]
        for status in {"500", "503"} - ({"503"} if path == "/audio/health" else set()):
            assert "application/problem+json" in answers[status]["content"], (method, path, status)
        if operation["security"] == [{"key": []}]:
            assert {"401", "403"} <= answers.keys(), path
        if "{" in path:
            assert "404" in answers, path
        if "requestBody" in operation:
            assert {"400", "413", "415", "422"} <= answers.keys(), path
        for status, answer in answers.items():
            assert answer["description"], (path, status)
            if int(status) >= 400 and path != "/audio/health":
                assert list(answer["content"]) == ["application/problem+json"], (path, status)


def test_fields_of_the_server_are_not_offered(document):
    for name in ("SynthesisRequest", "SynthesisForm", "TranscriptionForm"):
        properties = document["components"]["schemas"][name]["properties"]
        assert "source_type" not in properties and "source_name" not in properties
    assert "file" in document["components"]["schemas"]["TranscriptionForm"]["required"]


def test_operations_have_summaries_and_ids_of_their_own(document):
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    assert all(operation["summary"] for _, _, operation in operations(document))


def test_page_and_all_that_it_loads_come_from_this_server(anyone):
    page = anyone.get("/docs", follow_redirects=True)
    assert page.status_code == 200
    assert not re.findall(r"(?:src|href)=[\"'](?:https?:)?//", page.text)
    loaded = re.findall(r"(?:src|href)=\"(swagger/[^\"]+)\"", page.text)
    assert len(loaded) >= 3
    for path in loaded:
        with anyone.get(f"/docs/{path}") as answer:
            assert (answer.status_code, len(answer.data) > 1000) == (200, True), path
    assert '"../openapi.json"' in page.text
    assert "validatorUrl" in page.text and "null" in page.text
