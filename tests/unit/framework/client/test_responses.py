"""Responses of any server or proxy become values or exceptions."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from framework.client.errors import Deleted, InvalidRequest, ServerError, Unavailable
from framework.client.responses import parse_json, parse_problem, parse_retry_after


def test_json_of_a_success_is_returned() -> None:
    assert parse_json(202, {}, b'{"id": "job_1"}') == {"id": "job_1"}


def test_empty_body_is_none() -> None:
    assert parse_json(204, {}, b"") is None


def test_web_page_is_reported_as_no_voicemill_server() -> None:
    with pytest.raises(ServerError, match="is this address a Voicemill server"):
        parse_json(200, {}, b"<html>")


def test_accepted_error_status_is_a_success() -> None:
    assert parse_json(503, {}, b'{"status": "down"}', accepted=frozenset({503})) == {"status": "down"}
    with pytest.raises(Deleted):
        parse_json(410, {}, b"{}", accepted=frozenset({503}))


def test_problem_document_is_parsed() -> None:
    body = {
        "type": "urn:voicemill:problem:invalid",
        "title": "Unprocessable",
        "status": 422,
        "detail": "Invalid field: speed.",
        "code": "invalid",
        "retryable": False,
        "limit": 2,
        "errors": [{"field": "speed", "code": "less_than_equal", "detail": "At most 2."}],
    }
    error = parse_problem(422, {"x-request-id": "req_7"}, json.dumps(body).encode())
    assert isinstance(error, InvalidRequest)
    assert (error.status, error.code, error.detail, error.retryable) == (422, "invalid", "Invalid field: speed.", False)
    assert [(entry.field, entry.detail) for entry in error.errors] == [("speed", "At most 2.")]
    assert error.request_id == "req_7"
    assert error.problem["limit"] == 2


@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b"[]", b'"no"', b"\xff\xfe"])
def test_error_response_of_a_proxy_is_parsed_too(body: bytes) -> None:
    error = parse_problem(502, {}, body)
    assert isinstance(error, Unavailable)
    assert error.retryable
    assert error.detail


def test_fields_of_other_validators_are_understood() -> None:
    error = parse_problem(
        422, {}, json.dumps({"errors": [{"loc": ["body", "speed"], "msg": "too fast"}, "odd"]}).encode()
    )
    assert [(entry.field, entry.detail) for entry in error.errors] == [("body.speed", "too fast")]


@pytest.mark.parametrize(("value", "seconds"), [("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("soon", None), ("", None)])
def test_retry_after_in_seconds(value: str, seconds: float | None) -> None:
    assert parse_retry_after({"retry-after": value}) == seconds


def test_retry_after_as_a_date() -> None:
    assert parse_retry_after({"retry-after": format_datetime(datetime.now(UTC) - timedelta(hours=1))}) == 0.0
    in_an_hour = parse_retry_after(
        {"retry-after": format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)}
    )
    assert in_an_hour is not None
    assert 3000 < in_an_hour <= 3600


def test_no_retry_after_is_none() -> None:
    assert parse_retry_after({}) is None
