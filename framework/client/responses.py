"""HTTP responses as values or exceptions. Pure: knows status codes, headers and JSON, no connection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from .errors import ERROR_BY_STATUS, ApiError, FieldError, InvalidRequest, ServerError

_CLIENT_ERRORS = range(400, 500)


def parse_json(status: int, headers: Mapping[str, str], body: bytes, *, accepted: frozenset[int] = frozenset()) -> Any:
    """The JSON of a response, None for an empty body. Raises the ApiError of the status and the problem document.

    Statuses in `accepted` count as success.
    """
    if status >= 400 and status not in accepted:
        raise parse_problem(status, headers, body)
    if 300 <= status < 400:
        raise ServerError(
            f"The server redirects to {headers.get('location', 'another address')}: set VOICEMILL_URL to the address "
            "that it redirects to.",
            status=status,
            code="redirected",
        )
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError as error:
        if status >= 400:
            raise parse_problem(status, headers, body) from error
        raise unknown_answer("is not JSON", status) from error


def unknown_answer(what: str, status: int) -> ServerError:
    """The error for an answer that no Voicemill server gives; `what` is wrong with it."""
    return ServerError(
        f"The answer {what}: is this address a Voicemill server? Correct VOICEMILL_URL.",
        status=status,
        code="unknown_answer",
    )


def parse_problem(status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """The exception for an error response; also for those of a proxy in between, which are no problem documents."""
    document = _parse_document(body)
    cls = ERROR_BY_STATUS.get(status) or (InvalidRequest if status in _CLIENT_ERRORS else ServerError)
    return cls(
        document.get("detail"),
        status=status,
        code=document.get("code"),
        title=document.get("title"),
        errors=[_parse_field_error(entry) for entry in document.get("errors") or () if isinstance(entry, dict)],
        retryable=document.get("retryable"),
        retry_after_s=parse_retry_after(headers),
        request_id=headers.get("x-request-id"),
        problem=document,
    )


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a `Retry-After` header, which holds seconds or a date; None where it is absent or invalid."""
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _parse_document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _parse_field_error(entry: Mapping[str, Any]) -> FieldError:
    """Also understands the field errors of other validators: `pointer` or `loc`, `msg` or `message`."""
    field = entry.get("field") or entry.get("pointer") or entry.get("loc") or "?"
    if isinstance(field, list):
        field = ".".join(str(part) for part in field)
    return FieldError(str(field), str(entry.get("detail") or entry.get("msg") or entry.get("message") or ""))
