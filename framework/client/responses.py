"""HTTP answers as values or exceptions. Pure: knows status codes, headers and JSON, no connection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from .errors import OF_STATUS, ApiError, FieldError, InvalidRequest, ServerError

_CLIENT_ERRORS = range(400, 500)


def read_json(status: int, headers: Mapping[str, str], body: bytes, *, accepted: frozenset[int] = frozenset()) -> Any:
    """The answer's JSON, None without a body. Raises the ApiError that the status and the problem document stand for.

    Statuses in `accepted` count as success whatever they are.
    """
    if status >= 400 and status not in accepted:
        raise problem(status, headers, body)
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError as error:
        raise ServerError(
            "The answer is not JSON: is this address a Voicemill server?", status=status, code="not_json"
        ) from error


def problem(status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """The exception for a refused request; also for answers of a proxy in between, which are no problem documents."""
    document = _document(body)
    cls = OF_STATUS.get(status) or (InvalidRequest if status in _CLIENT_ERRORS else ServerError)
    return cls(
        document.get("detail"),
        status=status,
        code=document.get("code"),
        title=document.get("title"),
        errors=[_field_error(entry) for entry in document.get("errors") or () if isinstance(entry, dict)],
        retryable=document.get("retryable"),
        retry_after_s=retry_after(headers),
        request_id=headers.get("x-request-id"),
        problem=document,
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a `Retry-After` header, which holds seconds or a date; None where it is absent or nonsense."""
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


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _field_error(entry: Mapping[str, Any]) -> FieldError:
    field = entry.get("field") or entry.get("pointer") or entry.get("loc") or "?"
    if isinstance(field, list):
        field = ".".join(str(part) for part in field)
    return FieldError(str(field), str(entry.get("detail") or entry.get("msg") or entry.get("message") or ""))
