"""Answers of any server or proxy become values or exceptions."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from framework.client.errors import Deleted, InvalidRequest, ServerError, Unavailable
from framework.client.responses import problem, read_json, retry_after


def test_json_of_a_good_answer_is_returned() -> None:
    assert read_json(202, {}, b'{"id": "job_1"}') == {"id": "job_1"}


def test_empty_answer_is_none() -> None:
    assert read_json(204, {}, b"") is None


def test_web_page_at_the_address_is_told_apart_from_a_server() -> None:
    with pytest.raises(ServerError, match="is this address a Voicemill server"):
        read_json(200, {}, b"<html>")


def test_accepted_error_status_is_a_success() -> None:
    assert read_json(503, {}, b'{"status": "down"}', accepted=frozenset({503})) == {"status": "down"}
    with pytest.raises(Deleted):
        read_json(410, {}, b"{}", accepted=frozenset({503}))


def test_problem_document_is_read_whole() -> None:
    body = {
        "type": "urn:voicemill:problem:invalid",
        "title": "Unprocessable",
        "status": 422,
        "detail": "Mend speed.",
        "code": "invalid",
        "retryable": False,
        "limit": 2,
        "errors": [{"field": "speed", "code": "less_than_equal", "detail": "At most 2."}],
    }
    error = problem(422, {"x-request-id": "req_7"}, json.dumps(body).encode())
    assert isinstance(error, InvalidRequest)
    assert (error.status, error.code, error.detail, error.retryable) == (422, "invalid", "Mend speed.", False)
    assert [(entry.field, entry.detail) for entry in error.errors] == [("speed", "At most 2.")]
    assert error.request_id == "req_7"
    assert error.problem["limit"] == 2


@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b"[]", b'"no"', b"\xff\xfe"])
def test_answer_of_a_proxy_is_a_problem_too(body: bytes) -> None:
    error = problem(502, {}, body)
    assert isinstance(error, Unavailable)
    assert error.retryable
    assert error.detail


def test_fields_of_other_validators_are_understood() -> None:
    error = problem(422, {}, json.dumps({"errors": [{"loc": ["body", "speed"], "msg": "too fast"}, "odd"]}).encode())
    assert [(entry.field, entry.detail) for entry in error.errors] == [("body.speed", "too fast")]


@pytest.mark.parametrize(("value", "seconds"), [("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("soon", None), ("", None)])
def test_retry_after_in_seconds(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}) == seconds


def test_retry_after_as_a_date() -> None:
    assert retry_after({"retry-after": format_datetime(datetime.now(UTC) - timedelta(hours=1))}) == 0.0
    in_an_hour = retry_after({"retry-after": format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)})
    assert in_an_hour is not None
    assert 3000 < in_an_hour <= 3600


def test_no_retry_after_is_none() -> None:
    assert retry_after({}) is None
