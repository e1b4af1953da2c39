"""Exceptions as problem documents (RFC 9457). The only module that knows both. Internal errors show no details."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from jobs.errors import (
    Conflict,
    CorruptObject,
    Deleted,
    IdempotencyMismatch,
    InvalidKey,
    JobsError,
    NotFinished,
    NotFound,
    Unavailable,
    UnsafeAddress,
)
from pipelines.errors import BadInput, EngineFailure, InputTooLarge, ModelUnavailable, PipelineError

from .context import current_services
from .errors import FieldError, RequestError

MEDIA_TYPE = "application/problem+json"
log = structlog.get_logger("api")

#: First match wins, so subclasses stand before their parents.
STATUS_OF: Sequence[tuple[type[Exception], int]] = (
    (IdempotencyMismatch, 422),
    (Conflict, 409),
    (NotFinished, 409),
    (NotFound, 404),
    (Deleted, 410),
    (InvalidKey, 404),
    (UnsafeAddress, 422),
    (Unavailable, 503),
    (CorruptObject, 503),
    (InputTooLarge, 413),
    (BadInput, 422),
    (ModelUnavailable, 422),
    (EngineFailure, 500),
)

#: Retry-After in seconds of retryable problems, by status, where the error has none of its own.
RETRY_AFTER_S = {408: 1, 409: 1, 429: 1, 503: Unavailable.retry_after_s}

#: Codes for errors of the web framework.
CODE_OF_STATUS = {
    400: "malformed",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "timeout",
    411: "length_required",
    413: "too_large",
    414: "uri_too_long",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
}

DETAIL_OF_STATUS = {
    404: "There is nothing at this address.",
    405: "This address does not take that method; see the Allow header.",
    416: "The object has no such range of bytes.",
}


def install_problems(app: Flask) -> None:
    """Turn every exception of every route into a problem document."""
    app.register_error_handler(RequestError, request_error_response)
    app.register_error_handler(JobsError, _handle_known)
    app.register_error_handler(PipelineError, _handle_known)
    app.register_error_handler(HTTPException, _handle_http)
    app.register_error_handler(Exception, _handle_unexpected)


def problem_response(
    status: int,
    code: str,
    detail: str,
    *,
    retryable: bool = False,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document as a response."""
    response = Response(
        json.dumps(problem_document(status, code, detail, retryable=retryable, errors=errors)),
        status=status,
        content_type=MEDIA_TYPE,
    )
    for name, value in (headers or {}).items():
        response.headers[name] = value
    if retryable and status in RETRY_AFTER_S and "Retry-After" not in response.headers:
        response.headers["Retry-After"] = str(RETRY_AFTER_S[status])
    return response


def request_error_response(error: RequestError) -> Response:
    """A refused request as a response."""
    return problem_response(
        error.status,
        error.code,
        error.detail,
        retryable=error.retryable,
        errors=error.errors,
        headers=error.headers,
    )


def problem_document(
    status: int, code: str, detail: str, *, retryable: bool = False, errors: Sequence[FieldError] = ()
) -> dict[str, Any]:
    """The members of a problem document."""
    body: dict[str, Any] = {
        "type": problem_url(code),
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": f"urn:voicemill:request:{g.get('request_id', '-')}",
        "code": code,
        "retryable": retryable,
    }
    if errors:
        body["errors"] = [{"field": error.field, "code": error.code, "detail": error.detail} for error in errors]
    return body


def error_document(error: JobsError | PipelineError) -> dict[str, Any]:
    """The problem document of an error, for a response that has already begun."""
    return problem_document(_status(error), error.code, error.detail, retryable=error.retryable)


def problem_url(code: str) -> str:
    """Where the kind of problem is explained (api/problems/)."""
    return f"{current_services().settings.public_url.rstrip('/')}/problems/{code}"


def find_status(kind: type[Exception]) -> int:
    """The status of an error class of jobs or pipelines; 500 for one that no client can change."""
    return next((status for known, status in STATUS_OF if issubclass(kind, known)), 500)


def _status(error: Exception) -> int:
    return find_status(type(error))


def _handle_known(error: JobsError | PipelineError) -> Response:
    status = _status(error)
    if status == 500:
        return _handle_unexpected(error)
    detail = error.for_caller if isinstance(error, PipelineError) else error.detail
    errors = [FieldError(error.field, error.code, detail)] if error.field and status in (413, 422) else []
    headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, Unavailable) else {}
    return problem_response(status, error.code, detail, retryable=error.retryable, errors=errors, headers=headers)


def _handle_http(error: HTTPException) -> Response:
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()  # type: ignore[return-value]  # a redirect of the router
    if error.code == 500:
        return _handle_unexpected(getattr(error, "original_exception", None) or error)
    kept = {
        name: value for name, value in error.get_headers() if name.lower() not in {"content-type", "content-length"}
    }
    code = CODE_OF_STATUS.get(error.code, "refused")
    detail = DETAIL_OF_STATUS.get(error.code) or error.description or HTTPStatus(error.code).phrase
    return problem_response(error.code, code, detail, headers=kept)


def _handle_unexpected(error: BaseException) -> Response:
    log.error("request_failed", path=request.path, method=request.method, exc_info=error)
    return problem_response(
        500, "internal", "The server failed to answer; its log has the reason under this request's id."
    )
